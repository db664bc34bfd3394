"""`branchline new NAME`: a project from nothing that passes its own checks, tests and gate."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.cli.arguments import add_json
from branchline.errors import EXIT_FINE

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from branchline.cli.console import Console
    from branchline.core.values import JsonValue
    from branchline.wiring.new_project import NewProject, NewProjectPlan

__all__ = ["configure", "execute", "new_to_json"]

_MEANINGS = {
    ".github": "workflows, as `branchline workflows write` writes them",
    ".gitignore": "data, models and reports are not committed",
    "README.md": "what stands where, and what to change first",
    "branchline.yaml": "checks, data, gate, tests, search: the policy",
    "data": "rules that the data must keep",
    "dvc.yaml": "the stages: prepare, train, evaluate",
    "params.yaml": "what may be turned without touching code",
    "pyproject.toml": "settings of pytest and ruff",
    "requirements.txt": "the libraries",
    "src": "scripts of the stages; data, features, model and API",
    "tests": "of the code, the data, the model and the API",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of `branchline new`."""
    parser.add_argument(
        "path", metavar="NAME", help="name of the project, and of its folder; or a path to it"
    )
    parser.add_argument("--yes", action="store_true", help="make it without asking")
    add_json(parser)


def execute(options: argparse.Namespace, console: Console) -> int:
    """Say what would be made, ask at a terminal, make it, say what to type next."""
    from branchline.wiring.new_project import make_project, plan_project

    plan = plan_project(options.path)
    if options.json:
        console.json(new_to_json(plan, make_project(plan)))
        return EXIT_FINE
    if not options.yes and not _is_wanted(plan, console):
        console.note("nothing was made")
        return EXIT_FINE
    made = make_project(plan)
    _say_made(plan, made, options.path, console)
    return EXIT_FINE


def new_to_json(plan: NewProjectPlan, made: NewProject) -> dict[str, JsonValue]:
    """The new project as plain values; the shape stands in docs/reference."""
    from branchline.core.values import SCHEMA_VERSION

    return {
        "schema_version": SCHEMA_VERSION,
        "name": plan.name,
        "package": plan.package,
        "folder": plan.folder,
        "files": list(made.files),
        "commit": made.commit or None,
        "not_committed": made.not_committed or None,
    }


def _is_wanted(plan: NewProjectPlan, console: Console) -> bool:
    """Ask at a terminal; in a pipe or a script, having typed `new` is the answer."""
    import sys

    if not (console.is_terminal and sys.stdin.isatty()):
        return True
    from branchline.render.table import visible

    console.write(f"{visible(plan.folder)}/")
    _print_tree([*plan.files, ".github/workflows"], console)
    console.write()
    console.out.write("Make this project? [Y/n] ")
    console.out.flush()
    return sys.stdin.readline().strip().lower() in ("", "y", "yes")


def _print_tree(paths: Iterable[str], console: Console) -> None:
    tops = sorted({path.partition("/")[0] for path in paths})
    width = max(map(len, tops)) + 1
    folders = {path.partition("/")[0] for path in paths if "/" in path}
    for top in tops:
        shown = f"{top}/" if top in folders else top
        console.write(f"  {shown.ljust(width)}  {_MEANINGS[top]}")


def _say_made(plan: NewProjectPlan, made: NewProject, path: str, console: Console) -> None:
    from branchline.generate.workflows.text import shell_word
    from branchline.render.table import visible

    shown = visible(os.path.relpath(plan.folder))
    console.write(f"Made {shown}: {len(made.files)} files, package `{plan.package}`.")
    if made.commit:
        console.write(f"Committed as {made.commit} on main.")
    else:
        console.note(f"note: there is no commit yet: {visible(made.not_committed)}; all is staged")
    console.write()
    console.write("next:")
    steps = [
        (f"cd {shell_word(path)}", ""),
        ("pip install -r requirements.txt 'branchline[gate]'", "in an environment of its own"),
    ]
    if not made.commit:
        if made.needs_user:
            steps.append(("git config --global user.name NAME", ""))
            steps.append(("git config --global user.email ADDRESS", ""))
        steps.append(("git commit -m Start", "what is staged"))
    steps += [
        ("branchline run", "trains, tests, judges, records"),
        ("branchline gate selftest", "proof that the gate can fail"),
    ]
    width = max(len(words) for words, _ in steps)
    for words, meaning in steps:
        tail = f"   # {meaning}" if meaning else ""
        console.write(f"  {words.ljust(width) if tail else words}{tail}")
