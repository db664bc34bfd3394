"""Verb: which environment stages run in here, why, and what is in it. Changes nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.environment.pins import packages_of
from branchline.core.policy import MakeEnvironment
from branchline.errors import BranchlineError
from branchline.flows.environments.asking import question_of
from branchline.flows.environments.using import found_for, wanted_of
from branchline.flows.reading import Reader

if TYPE_CHECKING:
    from collections.abc import Callable

    from branchline.core.environment.values import Package
    from branchline.flows.environments.asking import Question
    from branchline.flows.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The environment of a working tree.

    Attributes:
        is_made: Whether Branchline makes it here; else stages run in the user's own.
        own_python: Minor version of the Python that stages find without one.
        question: What the project wants.
        packages: What was found, or what the lock pins; None where it was not looked for.
        digest: Of the set; "" where it is not known.
        folder: Where the environment stands, or would stand; "" where it is not known.
        is_there: Whether it is made already.
        problem: Why the packages cannot be found; None where they can.
    """

    is_made: bool
    own_python: str
    question: Question
    packages: tuple[Package, ...] | None
    digest: str = ""
    folder: str = ""
    is_there: bool = False
    problem: BranchlineError | None = None


def show(project: Project, *, wants_made: bool, say: Callable[[str], None]) -> Shown:
    """Look.

    Args:
        project: Ports.
        wants_made: Whether packages are looked for although stages run in the user's own.
        say: Told what takes time.

    Raises:
        EnvironmentFailedError: A lock cannot be read, or no interpreter fits.
    """
    reader = Reader(project.workspace, project.meanings, project.policy.changes)
    question = question_of(project, reader)
    is_made = project.policy.environment.make is MakeEnvironment.ALWAYS
    own = project.machine.python_version()
    asked = question.asked
    if not (is_made or wants_made):
        pinned = packages_of(asked.complete) if asked.complete else None
        return Shown(is_made=False, own_python=own, question=question, packages=pinned)
    if not (question.file or asked.complete):
        return Shown(is_made=is_made, own_python=own, question=question, packages=())
    try:
        found = found_for(project, question, is_stopped=lambda: False, say=say)
    except BranchlineError as error:
        return Shown(
            is_made=is_made, own_python=own, question=question, packages=None, problem=error
        )
    if found is None:
        return Shown(is_made=is_made, own_python=own, question=question, packages=None)
    folder = project.environments.folder_of(wanted_of(project, question, found).digest)
    return Shown(
        is_made=is_made,
        own_python=own,
        question=question,
        packages=found.packages,
        digest=found.digest,
        folder=folder,
        is_there=os.path.isdir(folder),
    )
