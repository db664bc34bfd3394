"""A project from nothing, for `branchline new`: made in a folder beside, then renamed in one step.

Killed at any moment, either the whole project is there, or nothing but a hidden draft, which the
next `new` of that name takes away.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.errors import RepositoryError, UsageError
from branchline.generate.new_project import (
    ENDING,
    LONGEST_NAME,
    is_name,
    package_name,
    project_files,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NewProject", "NewProjectPlan", "make_project", "plan_project", "templates"]

_MESSAGE = (
    "Start {name}\n\nMade by `branchline new`: its checks, tests and gate pass as it stands.\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProjectPlan:
    """What would be made.

    Attributes:
        folder: Absolute path of the project; not there yet, or empty.
        name: Of the project and its model. package: Of its Python package.
        files: Path from the root -> text; the workflows follow when it is made.
    """

    folder: str
    name: str
    package: str
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProject:
    """What was made.

    Attributes:
        files: Paths from the root, sorted.
        commit: Short hash of the first commit; "" where there is none.
        not_committed: Why there is none; "" where there is one.
        needs_user: Whether that is because git knows no name of the user.
    """

    files: tuple[str, ...]
    commit: str
    not_committed: str = ""
    needs_user: bool = False


def plan_project(path: str) -> NewProjectPlan:
    """Look whether a project can be made at a path; makes nothing.

    Args:
        path: As typed: a name, or a path whose last part is one.

    Raises:
        UsageError: It is no name, or something stands there.
        RepositoryError: Its folder is not there, or inside a repository.
    """
    folder = os.path.abspath(path)
    name = os.path.basename(folder)
    if os.path.basename(path.rstrip("/")) in ("", ".", ".."):
        raise UsageError(
            f"branchline new: {path!r} names no new folder",
            todo="Give a name: branchline new my-model",
        )
    if not is_name(name):
        raise UsageError(
            f"branchline new: {name!r} cannot be the name of a model and of a Python package",
            todo=f"Use letters, digits, - and _ (at most {LONGEST_NAME}), a letter or digit at both"
            " ends.",
        )
    _refuse_place(folder)
    package = package_name(name, modules=sys.stdlib_module_names)
    files = project_files(templates(), name, package)
    return NewProjectPlan(folder=folder, name=name, package=package, files=files)


def make_project(plan: NewProjectPlan) -> NewProject:
    """Make the project: files, workflows, repository, first commit; all of it or nothing.

    Raises:
        RepositoryError: It cannot be written, or git refused.
        UsageError: Something stands there by now.
    """
    parent = os.path.dirname(plan.folder)
    _take_old_drafts_away(parent, plan.name)
    draft = os.path.join(parent, f".{plan.name}.{os.getpid()}.new")
    try:
        os.mkdir(draft)
        made = _fill(draft, plan)
        # Takes the place of nothing but an empty folder.
        os.rename(draft, plan.folder)
    except OSError as error:
        _refuse_place(plan.folder)
        raise RepositoryError(
            f"{plan.folder} cannot be made: {error.strerror}",
            todo="Check the permissions and the space of the folder above.",
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return made


def _fill(draft: str, plan: NewProjectPlan) -> NewProject:
    from branchline.adapters.git.new_repository import UNKNOWN_USER, commit_first, make_repository

    _write(draft, plan.files)
    git = make_repository(draft)
    workflows = _workflows(draft)
    _write(draft, workflows)
    paths = tuple(sorted({*plan.files, *workflows}))
    commit, reason = commit_first(git, paths, _MESSAGE.format(name=plan.name))
    return NewProject(
        files=paths, commit=commit, not_committed=reason, needs_user=reason == UNKNOWN_USER
    )


def _workflows(root: str) -> Mapping[str, str]:
    """What `branchline workflows write` would write there."""
    from branchline.flows.workflow_files import asked_files
    from branchline.wiring.projects import open_project

    with open_project(root) as project:
        branch = project.repo.default_branch()
        return asked_files([(project.policy, project.pipeline)], default_branch=branch).files


def _write(root: str, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        target = os.path.join(root, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w", encoding="utf-8", newline="") as file:
            file.write(text)


def templates() -> dict[str, str]:
    """The templates of the installed package: path from their folder -> text."""
    from branchline import generate

    top = os.path.join(os.path.dirname(os.path.abspath(generate.__file__)), "project")
    found = {}
    for folder, _, names in os.walk(top):
        for name in names:
            if name.endswith(ENDING):
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8", newline="") as file:
                    found[os.path.relpath(path, top).replace(os.sep, "/")] = file.read()
    return found


def _refuse_place(folder: str) -> None:
    """Refuse a place where something stands, or where a repository would lie in another."""
    parent = os.path.dirname(folder)
    if os.path.lexists(folder):
        if os.path.islink(folder) or not os.path.isdir(folder):
            raise UsageError(f"{folder} is there already", todo="Give another name.")
        if os.listdir(folder):
            raise UsageError(
                f"{folder} is there already, and not empty",
                todo="Give another name. For a project that is there, go into it and type:"
                " branchline init",
            )
        if os.path.samefile(folder, os.getcwd()):
            raise UsageError(
                f"{folder} is the folder that you are in",
                todo=f"Go up first: cd .. && branchline new {os.path.basename(folder)}",
            )
    if not os.path.isdir(parent):
        raise RepositoryError(f"there is no folder {parent}", todo="Make it first: mkdir -p")
    outer = _repository_above(parent)
    if outer:
        raise RepositoryError(
            f"{parent} is inside the git repository {outer}, and a project is a repository of its"
            " own",
            todo="Go out of it; or, for a model in that repository, type there: branchline init",
        )


def _repository_above(folder: str) -> str:
    """Root of the repository that holds a folder; "" when none does."""
    from branchline.adapters.git.plumbing import find_places

    try:
        return find_places(folder).root
    except RepositoryError:
        return ""


def _take_old_drafts_away(parent: str, name: str) -> None:
    """Drafts of this name whose process was killed."""
    pattern = re.compile(rf"\.{re.escape(name)}\.(\d+)\.new")
    try:
        entries = os.listdir(parent)
    except OSError:
        return
    for entry in entries:
        found = pattern.fullmatch(entry)
        if found and not _is_alive(int(found[1])):
            shutil.rmtree(os.path.join(parent, entry), ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
