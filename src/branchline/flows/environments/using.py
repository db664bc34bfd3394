"""Verb: find and make the environment of a working tree, and run inside of it.

Serves the stations `plan` (what was found enters the keys) and `run`.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from branchline.core.environment.pins import packages_of
from branchline.core.environment.values import Resolved
from branchline.core.policy import MakeEnvironment
from branchline.core.values import digest_of
from branchline.errors import EnvironmentFailedError
from branchline.flows.environments.asking import Question, question_of
from branchline.flows.environments.files import plain_here
from branchline.flows.reading import Reader
from branchline.ports.environments import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from branchline.flows.project import Project
    from branchline.ports.environments import Made

    Say = Callable[[str], None]


def is_made(project: Project) -> bool:
    """Whether stages run in an environment that Branchline makes, wherever they run."""
    return project.policy.environment.make is MakeEnvironment.ALWAYS


def question_here(project: Project) -> Question:
    """What the working tree of a project wants.

    Raises:
        EnvironmentFailedError: No file says which packages, or no interpreter fits.
    """
    reader = Reader(project.workspace, project.meanings, project.policy.changes)
    question = question_of(project, reader)
    if not question.file and not question.asked.complete:
        raise EnvironmentFailedError(
            "environment.make is `always`, and no file says which packages are needed",
            todo="Write a requirements.txt, an empty one where Python alone is enough; `branchline"
            " env repair` finds out what is imported.",
        )
    return question


def found_for(
    project: Project, question: Question, *, is_stopped: Callable[[], bool], say: Say
) -> Resolved | None:
    """The versions for a question; None when it was given up.

    Raises:
        EnvironmentFailedError: There are none.
    """
    asked = question.asked
    if asked.complete:
        return Resolved(
            packages=packages_of(asked.complete),
            python_version=asked.python_version,
            local=asked.local,
        )
    return project.environments.resolve(asked, is_stopped=is_stopped, say=say)


def looked_for(project: Project, question: Question) -> Resolved | str:
    """The versions for a question without running any code; or why they are not known so.

    Raises:
        EnvironmentFailedError: There are none, or they cannot be looked for here.
    """
    asked = question.asked
    if asked.complete:
        found = found_for(project, question, is_stopped=lambda: False, say=lambda _text: None)
        return found or "looking was given up"
    return project.environments.look(asked, plain_here(project, asked))


def wanted_of(project: Project, question: Question, found: Resolved) -> Wanted:
    """What is to be made for what was found."""
    asked = question.asked
    platform = project.machine.versions().get("platform", "")
    local = question.state if asked.local else ""
    digest = digest_of([found.digest, asked.python_version, platform, local, list(asked.no_build)])
    return Wanted(
        digest=digest,
        root=project.root,
        file=asked.file or "branchline-constraints.txt",
        text=asked.complete or found.text or "# nothing\n",
        is_whole=question.is_whole,
        python=asked.python,
        as_of=asked.as_of,
        no_build=asked.no_build,
        index=asked.index,
        local=asked.local,
    )


def made_for(
    project: Project, *, is_stopped: Callable[[], bool], say: Say
) -> tuple[Made, Resolved] | None:
    """The environment of a working tree; None when it was given up.

    Raises:
        EnvironmentFailedError: It cannot be made.
    """
    question = question_here(project)
    for note in question.notes:
        say(f"note: {note}")
    found = found_for(project, question, is_stopped=is_stopped, say=say)
    if found is None:
        return None
    wanted = wanted_of(project, question, found)
    made = project.environments.ensure(wanted, is_stopped=is_stopped, say=say)
    return None if made is None else (made, found)


@contextmanager
def in_environment(project: Project, *, is_stopped: Callable[[], bool], say: Say) -> Iterator[bool]:
    """Run in the environment of a working tree, where branchline.yaml asks for one.

    Yields:
        False when it was given up.
    """
    if not is_made(project):
        yield True
        return
    made = made_for(project, is_stopped=is_stopped, say=say)
    if made is None:
        yield False
        return
    with project.environments.entered(made[0]):
        yield True
