"""`branchline workflows write|check|suggest`: the workflows of GitHub Actions."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.cli.arguments import add_verbs
from branchline.cli.pages import write_page
from branchline.errors import EXIT_ERROR, EXIT_FINE, ConfigError, RepositoryError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from branchline.cli.console import Console
    from branchline.flows.workflow_files import Asked, FileState

__all__ = ["configure", "execute", "write_workflows"]

_FOLDERS = (".github/workflows", ".github/branchline")
_SUGGESTIONS = ("dependabot", "codeowners", "runner", "aws", "aws-trust")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs and their options."""
    verbs = add_verbs(parser)
    written = verbs.add_parser(
        "write",
        help="write them, from branchline.yaml",
        description="Write the workflows of GitHub Actions that branchline.yaml asks for.",
    )
    written.add_argument(
        "--force", action="store_true", help="also over files that were edited, or are not ours"
    )
    written.add_argument(
        "--diff", action="store_true", help="print what would change; write nothing"
    )
    verbs.add_parser(
        "check",
        help="exit with 1 where they are not what `write` would write",
        description="Compare the workflows with what branchline.yaml asks for.",
    )
    suggested = verbs.add_parser(
        "suggest",
        help="print a file to put beside them: " + ", ".join(_SUGGESTIONS),
        description="Print a file that goes with the workflows; it is yours to keep and change.",
    )
    suggested.add_argument("what", choices=_SUGGESTIONS, metavar="WHAT", help="which file")
    suggested.add_argument("--model", metavar="NAME", help="whose machine, for `runner`")
    suggested.add_argument(
        "--owner-id", type=int, default=0, metavar="N",
        help="number of the repository's owner, for `aws` (gh api repos/OWNER/NAME)",
    )  # fmt: skip
    suggested.add_argument(
        "--repository-id", type=int, default=0, metavar="N", help="number of the repository"
    )


def execute(options: argparse.Namespace, console: Console) -> int:
    """Do what the verb says."""
    root, asked, origin = _asked()
    if options.verb == "suggest":
        return _suggest(options, asked, origin, console)
    if options.verb == "write" and not options.diff:
        return _write(root, asked, console, is_forced=options.force)
    return _check(_states(root, asked), console, is_diff=options.verb == "write")


def write_workflows(console: Console) -> int:
    """What `branchline init --github` does after the settings are written."""
    root, asked, _ = _asked()
    return _write(root, asked, console, is_forced=False)


def _asked() -> tuple[str, Asked, str]:
    """The repository's root, what its settings ask for, and the URL of `origin`."""
    from branchline import wiring
    from branchline.flows.workflow_files import asked_files

    models = []
    for name in wiring.declared_models():
        with wiring.open_project(model=name) as project:
            models.append((project.policy, project.pipeline))
            root, branch = project.root, project.repo.default_branch()
    in_root = os.path.lexists(os.path.join(root, "branchline.yaml"))
    if not in_root and not wiring.folder_files(root):
        raise ConfigError(
            "there is no branchline.yaml, from which the workflows follow",
            todo="Write both with `branchline init --github`.",
        )
    asked = asked_files(models, default_branch=branch, remote=wiring.dvc_address(root))
    urls = {remote.name: remote.url for remote in wiring.open_remotes(root).remotes()}
    return root, asked, urls.get("origin", "")


def _states(root: str, asked: Asked) -> tuple[FileState, ...]:
    from branchline.flows.workflow_files import compare

    standing = {
        path: text for path in _paths(root, asked) if (text := _read(root, path)) is not None
    }
    return compare(asked.files, standing)


def _paths(root: str, asked: Asked) -> Iterator[str]:
    yield from asked.files
    for folder in _FOLDERS:
        place = os.path.join(root, folder)
        for name in sorted(os.listdir(place)) if os.path.isdir(place) else ():
            if name.endswith((".yml", ".yaml", ".txt")) and f"{folder}/{name}" not in asked.files:
                yield f"{folder}/{name}"


def _read(root: str, path: str) -> str | None:
    _refuse_outside(root, path)
    try:
        with open(os.path.join(root, path), encoding="utf-8", errors="replace", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RepositoryError(
            f"{path} cannot be read: {error.strerror}", todo="Look what stands there."
        ) from error


def _refuse_outside(root: str, path: str) -> None:
    """Refuse a path that a link leads out of the repository."""
    home, real = os.path.realpath(root), os.path.realpath(os.path.join(root, path))
    if os.path.commonpath([home, real]) != home:
        raise RepositoryError(
            f"{path} is a link to {real}, outside the repository",
            todo="Replace the link by a folder of the repository.",
        )


def _check(states: Sequence[FileState], console: Console, *, is_diff: bool) -> int:
    from branchline.flows.workflow_files import Standing
    from branchline.render.table import visible

    differing = [state for state in states if state.standing is not Standing.CURRENT]
    for state in differing:
        # A file that is not there says nothing by 300 lines.
        if is_diff or state.standing is not Standing.MISSING:
            for line in state.difference():
                console.write(visible(line))
    if is_diff:
        return EXIT_FINE
    if not differing:
        console.write(_all_current(len(states)))
        return EXIT_FINE
    for state in differing:
        console.note(f"{state.path}: {_SAID[state.standing.name]}")
    if any(state.is_by_hand for state in differing):
        console.note(
            "hint: bring into branchline.yaml what was edited, or rename the file;"
            " `branchline workflows write --force` writes over it"
        )
    else:
        console.note("hint: branchline workflows write")
    return EXIT_ERROR


def _all_current(number: int) -> str:
    are = "file is" if number == 1 else f"{number} files are"
    return f"The {are} what branchline.yaml asks for."


_SAID = {
    "MISSING": "is missing",
    "OUTDATED": "is from other settings, or another version of Branchline",
    "EDITED": "was edited by hand",
    "FOREIGN": "was not written by Branchline, and stands where its workflow should be",
    "LEFT_OVER": "is not asked for any more",
}


def _write(root: str, asked: Asked, console: Console, *, is_forced: bool) -> int:
    from branchline.flows.workflow_files import Standing

    states = _states(root, asked)
    if not is_forced:
        refused = [s for s in states if s.is_by_hand and s.standing is not Standing.CURRENT]
        if refused:
            raise UsageError(
                f"{refused[0].path} {_SAID[refused[0].standing.name]}; nothing was written",
                todo="See `branchline workflows write --diff`; --force writes over it.",
                details=[f"{state.path}: {_SAID[state.standing.name]}" for state in refused[1:]],
            )
    for state in states:
        if state.new is None:
            os.unlink(os.path.join(root, state.path))
            console.write(f"Removed {state.path}: it {_SAID[state.standing.name]}.")
        elif state.standing is not Standing.CURRENT:
            _write_file(root, state.path, state.new)
            console.write(f"Wrote {state.path}.")
    if all(state.standing is Standing.CURRENT for state in states):
        console.write(_all_current(len(states)))
    else:
        _say_next(asked, console)
    for note in asked.notes:
        console.note(f"note: {note}")
    return EXIT_FINE


def _write_file(root: str, path: str, text: str) -> None:
    """Write a file whole or not at all; folders are made."""
    target = os.path.join(root, path)
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
    except OSError as error:
        raise RepositoryError(
            f"{path} cannot be written: {error.strerror}", todo="Look what stands there."
        ) from error
    write_page("branchline workflows write", target, text)


def _say_next(asked: Asked, console: Console) -> None:
    """What GitHub has to be told besides, which no file can."""
    *others, last = (f"`{name}`" for name in asked.gates)
    gates = f"checks {', '.join(others)} and {last}" if others else f"check {last}"
    branch = asked.facts[0].default_branch
    console.write(f"next: commit them, and require the {gates} on {branch}")
    names = dict.fromkeys(
        name
        for facts in asked.facts
        for name in (
            facts.train_environment,
            facts.pull_environment,
            facts.register_environment if facts.registers else "",
            *(deploy.environment for deploy in facts.deploys),
        )
        if name
    )
    if names:
        listed = ", ".join(f"`{name}`" for name in names)
        word = "environment" if len(names) == 1 else "environments"
        console.write(f"      make the {word} {listed} in the repository's settings")
        console.write(
            "      (in a private repository, secrets of environments need a paid plan of GitHub,"
            " reviewers Enterprise)"
        )
    if any(facts.writes_beside_trainings for facts in asked.facts):
        console.note(
            "note: `report` and `register`, which may write, run on the same machines as trainings:"
            " what a branch left there could use their token; set github.runs_on to another runner"
        )
    if any(facts.tune and facts.tune.opens_pull_request for facts in asked.facts):
        console.write("      allow Actions to create pull requests (Settings, Actions, General)")


def _suggest(options: argparse.Namespace, asked: Asked, origin: str, console: Console) -> int:
    from branchline.generate import workflows

    if options.what == "dependabot":
        text = workflows.DEPENDABOT
    elif options.what == "codeowners":
        from branchline import wiring

        text = workflows.code_owners(asked.policies, wiring.recent_authors())
    elif options.what == "runner":
        text = _runner(options, asked, origin)
    else:
        text = _aws(options, asked, origin)
    console.out.write(text)
    return EXIT_FINE


def _runner(options: argparse.Namespace, asked: Asked, origin: str) -> str:
    from branchline.errors import UnknownNameError
    from branchline.generate import workflows

    names = [facts.model for facts in asked.facts]
    name = options.model or names[0]
    if name not in names:
        raise UnknownNameError(
            f"branchline.yaml declares no model `{name}`", todo=f"There is {', '.join(names)}."
        )
    chosen = names.index(name)
    policy = asked.policies[chosen]
    wants_gpu = any(resources.gpus for resources in policy.resources.values())
    return workflows.runner_script(
        asked.facts[chosen],
        repository=workflows.repository_name(policy, origin),
        wants_gpu=wants_gpu,
    )


def _aws(options: argparse.Namespace, asked: Asked, origin: str) -> str:
    from branchline.generate import workflows

    policy = asked.policies[0]
    owner, _, name = workflows.repository_name(policy, origin).partition("/")
    if not name:
        raise UsageError(
            "the repository on GitHub is not known: there is no remote `origin` on it",
            todo="Add github: {repository: OWNER/NAME} to branchline.yaml.",
        )
    repository = workflows.Repository(
        owner=owner, name=name, owner_id=options.owner_id, id=options.repository_id
    )
    if options.what == "aws-trust":
        return workflows.aws_trust(asked.facts, repository)
    return workflows.aws_script(asked.facts, repository, policy.store or asked.remote)
