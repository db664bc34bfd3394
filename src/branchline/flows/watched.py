"""Everything on disk that a walk looked at: while it stands, so does the answer (`cli.quick`)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.changes.values import InputKind
from branchline.core.plan.view import MODE_SUFFIX
from branchline.core.policy import MakeEnvironment
from branchline.flows.gathered import CHAMPION_INPUT
from branchline.flows.unimported import siblings_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from branchline.core.plan.values import Plan
    from branchline.flows.plan import Planner
    from branchline.flows.project import Project


def watched_paths(
    project: Project, planner: Planner, plan: Plan, *, with_head: bool
) -> list[str] | None:
    """Absolute paths on which a plan that runs nothing depends.

    Args:
        project: Ports.
        planner: What was looked at.
        plan: Runs nothing.
        with_head: Whether the answer also depends on the commit (a run is recorded under it).

    Returns:
        Folders that count with all below them end in a slash; None when something counts that has
        no path (a declared environment variable, data outside the repository).
    """
    if has_no_path(project, planner):
        return None
    found = {os.path.join(project.root, path) for path in paths_inside(project, planner, plan)}
    # Results of other keys come and go without touching this answer.
    shards = tuple(f"/refs/branchline/results/{e.key[:2]}" for e in plan.stages if e.key)
    state = project.records.state_files()
    found.update(p for p in state if "/refs/branchline/results" not in p or p.endswith(shards))
    if any(gathered.untracked for gathered in planner.gathered.values()):
        found.add(os.path.join(project.repo.git_dir, "index"))
    if with_head:
        found.update(_tag_paths(project))
        found.update(_default_branch_paths(project))
        # Those that no stage makes are judged as they stand.
        found.update(os.path.join(project.root, path) for path in project.pipeline.metrics)
    else:
        found -= set(project.repo.head_files())
        # Their edit changes no decision, and the plan says so.
        found.update(os.path.join(project.root, path) for path in siblings_of(planner))
    found.update(_python_paths(project))
    return sorted(found)


def has_no_path(project: Project, planner: Planner) -> bool:
    """Whether something counts that has no path in the repository."""
    if any(CHAMPION_INPUT in gathered.inputs for gathered in planner.gathered.values()):
        return True  # Tags and the records of other runs say which model that is.
    if "data" in project.policy.sections:
        from branchline.flows.data_checks import has_no_lasting_answer

        if has_no_lasting_answer(project):
            return True
    if project.policy.environment.make is MakeEnvironment.ALWAYS:
        return True  # Hints stand in many files, and a day counts that no file tells.
    return bool(project.policy.environment.variables) or any(
        dep.is_external for stage in planner.stages for dep in stage.deps
    )


def paths_inside(project: Project, planner: Planner, plan: Plan) -> Iterator[str]:
    """Paths from the root on which a plan depends; a slash at the end means all below, too."""
    yield from project.config_files
    if "data" in project.policy.sections:
        from branchline.flows.data_checks import watched_data

        yield from watched_data(project)
    yield from project.pipeline.folders
    yield from (".python-version", ".dvcignore", ".gitignore", ".dvc/config", ".dvc/config.local")
    yield from project.lock_files.paths(planner.stages)
    yield from planner.inputs.surroundings.lock_files()
    if project.policy.environment.lock:
        yield project.policy.environment.lock  # it need not be there yet
    for gathered in planner.gathered.values():
        yield from gathered.probed
        yield from gathered.params
        for path, content in gathered.deps.items():
            yield f"{path}/" if content.is_folder else path
        for item in gathered.inputs.values():
            if item.kind in (InputKind.CODE, InputKind.DATA) and item.name not in gathered.deps:
                yield item.name.removesuffix(MODE_SUFFIX)
    for entry in plan.stages:
        yield from (seen.path for seen in entry.observed)
    for stage in planner.stages:
        for out in stage.outs:
            made = planner.producers.content(out.path)
            yield f"{out.path}/" if made is not None and made.is_folder else out.path


def _tag_paths(project: Project) -> Iterator[str]:
    """Where tags stand: one of them may name another baseline."""
    tags = os.path.join(project.repo.common_dir, "refs", "tags")
    yield tags
    for folder, inner, _ in os.walk(tags):
        yield from (os.path.join(folder, name) for name in inner)


def _default_branch_paths(project: Project) -> Iterator[str]:
    """What tells the default branch, whose newest passed run is the baseline."""
    for path in ("config", "refs/heads", "refs/remotes/origin/HEAD"):
        yield os.path.join(project.repo.common_dir, path)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedCode:
    """A code file that counts by its meaning.

    Attributes:
        digest: Of its meaning.
        recorded: Blob id or md5 of the bytes that the reused result was made with; "" if unknown.
        stages: Positions in the plan of the stages that use it.
    """

    digest: str
    recorded: str
    stages: tuple[int, ...]


def code_by_meaning(planner: Planner, plan: Plan) -> dict[str, WatchedCode]:
    """Code files of a plan that count by meaning, by path.

    One that any stage takes by its bytes, through a link, or was only seen to read, is left out.
    """
    found: dict[str, WatchedCode] = {}
    left_out = {seen.path for entry in plan.stages for seen in entry.observed}
    for position, entry in enumerate(plan.stages):
        before = {i.name: i.exact for i in entry.result.inputs} if entry.result else {}
        for item in entry.inputs:
            if item.kind is not InputKind.CODE or item.name.endswith(MODE_SUFFIX):
                continue
            digest, known = item.digest or "", found.get(item.name)
            if len(digest) != 64 or not digest.isalnum() or (known and known.digest != digest):
                left_out.add(item.name)
            found[item.name] = WatchedCode(
                digest=digest,
                recorded=before.get(item.name) or "",
                stages=(*(known.stages if known else ()), position),
            )
    is_folder = planner.inputs.reader.is_dir
    return {p: w for p, w in found.items() if p not in left_out and not is_folder(p)}


def listed_folders(project: Project, planner: Planner) -> set[str]:
    """Absolute folders that count by the names in them: where imports and dvc.yaml are looked for.

    An editor that writes a file anew moves its folder's times and none of its names.
    """
    found = set(project.pipeline.folders)
    for gathered in planner.gathered.values():
        found.update(gathered.probed)
    return {os.path.join(project.root, path) for path in found}


def _python_paths(project: Project) -> Iterator[str]:
    """The folders of PATH up to the one that holds Python, that Python, and what picks one."""
    home = project.machine.variable("HOME") or ""
    yield os.path.join(project.machine.variable("PYENV_ROOT") or f"{home}/.pyenv", "version")
    for folder in (project.root, home):
        yield os.path.join(folder, ".tool-versions")
    for folder in (project.machine.variable("PATH") or "").split(os.pathsep):
        yield folder or "."
        for name in ("python", "python3"):
            path = os.path.join(folder, name)
            if os.path.exists(path):
                yield path
                yield os.path.realpath(path)
                yield os.path.join(os.path.dirname(folder), "pyvenv.cfg")
                if name == "python":
                    return
