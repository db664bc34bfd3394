"""What opens a project for commands and servers: `projects`, with working trees besides.

Apart from it because a working tree besides is itself opened by `projects`.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from branchline.wiring import projects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from branchline.config.settings_files import SettingsFiles
    from branchline.flows.project import Project
    from branchline.wiring.projects import Shared


@contextmanager
def open_project(
    start: str = ".",
    *,
    model: str | None = None,
    waiting: Callable[[str], None] | None = None,
) -> Iterator[Project]:
    """Open the project that holds a folder; see `projects.open_project`.

    Without a model that of the folder, where the folder declares one.
    """
    if model is None and not os.path.lexists(os.path.join(start, ".git")):
        from branchline.wiring.declared import model_here

        model = model_here(start)
    with projects.open_project(start, model=model, waiting=waiting) as project:
        project.scratch = partial(_scratch, project.root, None, model)
        project.beside = partial(_beside, project, None, model)
        yield project


@contextmanager
def open_checkout(
    start: str, *, model: str | None, branch: str, default_branch: str, law: SettingsFiles | None
) -> Iterator[Project]:
    """Open the checkout of a CI job: its code and stages, the default branch's rules."""
    with projects.open_project(
        start, model=model, branch=branch, default_branch=default_branch, law=law
    ) as project:
        project.scratch = partial(_scratch, project.root, None, model)
        project.beside = partial(_beside, project, None, model)
        yield project


@contextmanager
def open_worktree(root: str, shared: Shared, *, model: str | None = None) -> Iterator[Project]:
    """Open a job's worktree; see `projects.open_worktree`."""
    with projects.open_worktree(root, shared, model=model) as project:
        project.scratch = partial(_scratch, root, shared, model)
        project.beside = partial(_beside, project, shared, model)
        yield project


def _scratch(
    root: str,
    shared: Shared | None,
    model: str | None,
    commit: str | None,
    *,
    has_own_records: bool = False,
) -> AbstractContextManager[Project]:
    from branchline.wiring.scratch import open_scratch

    return open_scratch(root, shared, model, commit, has_own_records=has_own_records)


def _beside(
    project: Project, shared: Shared | None, model: str | None
) -> AbstractContextManager[Project]:
    from branchline.wiring.beside import open_beside

    return open_beside(project.root, project.state_dir, shared, model=model)
