"""The ports of a replay: a commit's files out of git's objects, and results that nobody made."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from branchline.core.policy import MakeEnvironment
from branchline.errors import BranchlineError
from branchline.flows.project import Project
from branchline.wiring.declared import CONFIG_FILE, folder_files, load_config, read_config
from branchline.wiring.opening import open_project
from branchline.wiring.projects import STATE_DIR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from branchline.adapters.git import Git
    from branchline.core.pipeline import Pipeline
    from branchline.core.policy import Policy
    from branchline.flows.replay.declared import DeclaredModel
    from branchline.flows.replay.model import Bench
    from branchline.flows.replay.walk import Scene
    from branchline.ports.past import Past, PastFiles


@contextmanager
def open_replay(start: str = ".") -> Iterator[Scene]:
    """Open the repository that holds a folder for a replay of its history.

    Args:
        start: Any folder of it.

    Raises:
        RepositoryError: No git repository.
    """
    from branchline.adapters.dvc.commit_files import CommitFiles
    from branchline.adapters.git import Git
    from branchline.adapters.git.past import GitPast
    from branchline.adapters.replayed import RememberedMeanings, ReplayedRecords, ReplayedStore
    from branchline.flows.replay.declared import Declarations
    from branchline.flows.replay.walk import Scene

    git = Git.open(start)
    root = git.places.root
    past = GitPast(git)
    files = CommitFiles(root, past, has_sha1=git.object_format() == "sha1")
    try:
        with open_project(start, model="") as here:
            shared: dict[str, Callable[[], object]] = {
                "meanings": partial(RememberedMeanings, here.meanings),
                "machine": lambda: here.machine,
            }
            meanings = RememberedMeanings(here.meanings)
            shared["meanings"] = lambda: meanings
            yield Scene(
                repo=here.repo,
                past=past,
                files=files,
                declarations=Declarations(
                    root,
                    files,
                    files.paths,
                    today=_declared_today(root),
                    name=os.path.basename(root) or "model",
                ),
                real=here.records,
                pretended=lambda: (ReplayedRecords(), ReplayedStore(here.store)),
                project=partial(_project, git, past, files, shared),
                today=_pipelines_today(root),
            )
    finally:
        past.close()


def _project(
    git: Git,
    past: Past,
    files: PastFiles,
    shared: dict[str, Callable[[], object]],
    declared: DeclaredModel,
    bench: Bench,
) -> Project:
    """One model's ports at the commit whose files stand."""
    from branchline.adapters.dvc.commit_locks import CommitLockFiles
    from branchline.adapters.git.commit_repo import CommitRepo
    from branchline.adapters.replayed import NoRunCache

    repo = CommitRepo(git, past, paths=files.paths, ignored=partial(_is_ignored, files))
    ports: dict[str, Callable[[], object]] = {
        **shared,
        "workspace": lambda: files,
        "store": lambda: bench.store,
        "records": lambda: bench.records,
        "run_cache": NoRunCache,
        "lock_files": partial(CommitLockFiles, files),
        "repo": lambda: repo,
        "policy": lambda: _as_files_say(declared.policy),
        "pipeline": lambda: declared.pipeline,
    }
    return Project(root=files.root, state_dir=os.path.join(files.root, STATE_DIR), ports=ports)


def _as_files_say(policy: Policy | None) -> Policy | None:
    """The policy with an environment that counts as its files say.

    Versions that these leave open would be looked for anew for each day of the history.
    """
    if policy is None or policy.environment.make is not MakeEnvironment.ALWAYS:
        return policy
    return replace(policy, environment=replace(policy.environment, make=MakeEnvironment.AUTO))


def _is_ignored(files: PastFiles, path: str) -> bool:
    """Whether the commit's .gitignore files name a path at which it has nothing."""
    from branchline.config.ignore import Patterns, is_ignored

    is_folder = path.endswith("/")
    parts = path.strip("/").split("/")
    stack: list[Patterns] = []
    for depth in range(len(parts)):
        above = "/".join(parts[:depth])
        data = files.read(f"{above}/.gitignore" if above else ".gitignore")
        if data is not None:
            stack.append(Patterns(data.decode("utf-8", "replace"), above or "."))
        here = "/".join(parts[: depth + 1])
        if is_ignored(stack, here, is_folder=is_folder or depth + 1 < len(parts)):
            return True
    return False


def _declared_today(root: str) -> dict[str, bytes]:
    """The branchline.yaml files in force and all dvc.yaml files of the working tree, by path."""
    from branchline.config.discovery import Walk, names_on_disk
    from branchline.config.pipeline import bytes_on_disk

    read = bytes_on_disk(root)
    found: dict[str, bytes] = {}
    try:
        walked = Walk(names_on_disk(root), read).pipeline_files()
        for path in (CONFIG_FILE, *folder_files(root), *walked):
            data = None if path.endswith(".dvc") else read(path)
            if data is not None:
                found[path] = data
    except BranchlineError:
        return found  # what cannot be read today is lent to no commit
    return found


def _pipelines_today(root: str) -> dict[str, Pipeline]:
    """Model -> its pipeline in the working tree; what cannot be read is left out."""
    from branchline.config.pipeline import load_pipeline

    found: dict[str, Pipeline] = {}
    try:
        names = [model.policy.model for model in read_config(root).models]
        for name in names:
            chosen = load_config(root, name if len(names) > 1 else None)[0]
            found[name] = load_pipeline(root, chosen.source)
    except BranchlineError:
        return found
    return found
