"""A commit in a place of its own, with the environment that a run of it was recorded with.

Imported late, by `reproduce` alone.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from branchline.core.environment.aside import put_aside
from branchline.errors import EnvironmentFailedError
from branchline.render.reproduced import MAKES
from branchline.wiring.again import open_again

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from branchline.flows.project import Project
    from branchline.render.run_view import RunView

_LOCK = "lock:"
_CHANGED = ("PATH",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A fresh working tree.

    Attributes:
        project: Its ports.
        environment: Lock file whose packages are used, or `environment.make`; "" for none.
    """

    project: Project
    environment: str


@contextmanager
def open_recorded(
    root: str,
    view: RunView,
    commit: str,
    *,
    uses_lock: bool,
    without: tuple[str, ...] = (),
    say: Callable[[str], None],
    is_stopped: Callable[[], bool],
) -> Iterator[Place]:
    """Open a fresh working tree of a run's commit, in its environment.

    Where its lock file names exact versions, these are installed, for the Python that the record
    names if that is here. While it is open PATH is changed for this process and all it starts.

    Args:
        root: Of the clone.
        view: The run.
        commit: Its own, full hash.
        uses_lock: Whether packages may be installed; else those are used that are here.
        without: Environment variables that are not set meanwhile.
        say: Told, once, that something takes time.
        is_stopped: Asked often; True ends it.

    Raises:
        EnvironmentFailedError: The packages cannot be installed.
    """
    has_lock = any(name.startswith(_LOCK) for name in view.evidence.versions)
    with (
        tempfile.TemporaryDirectory(prefix="branchline-python-") as folder,
        put_aside(os.environ, (*_CHANGED, *without)),
    ):
        for name in without:
            os.environ.pop(name, None)
        if uses_lock and has_lock:
            _have_python_first(view.evidence.versions.get("python", ""), folder)
        with (
            open_again(root, commit, model=view.model or None) as project,
            ExitStack() as stack,
        ):
            made = _enter(project, stack, say, is_stopped) if uses_lock else ""
            yield Place(project=project, environment=made)


def _have_python_first(version: str, folder: str) -> None:
    """Have the interpreter of a minor version found first, if it is installed under its name."""
    minor = ".".join(version.split(".")[:2])
    found = shutil.which(f"python{minor}") if minor else None
    if not found or "/shims/" in found:
        return
    for name in ("python", "python3"):
        path = os.path.join(folder, name)
        with open(path, "w", encoding="utf-8") as script:
            # A link would lose the packages of a virtual environment.
            script.write(f'#!/bin/sh\nexec "{_quoted(found)}" "$@"\n')
        os.chmod(path, 0o700)
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


def _quoted(path: str) -> str:
    """A path as it stands between double quotes in a shell script."""
    for character in ("\\", '"', "$", "`"):
        path = path.replace(character, f"\\{character}")
    return path


@dataclass(slots=True)
class _Lines:
    """`flows.job.JobLog` whose lines are said."""

    say: Callable[[str], None]

    def write(self, line: str) -> None:
        """Say it without the word that stands in front in a job's log."""
        self.say(line.split(maxsplit=1)[-1])

    def follow(self, stage: str, path: str) -> None:
        """Nothing is followed."""

    def finish(self, stage: str) -> None:
        """Nothing is followed."""


@dataclass(slots=True)
class _Loose:
    """`flows.job.Grip` of something that nobody else wants."""

    stopped: Callable[[], bool]
    stations: list[str] = field(default_factory=list)

    def is_stopped(self) -> bool:
        """Whether it shall stop."""
        return self.stopped()

    def hold_key(self, key: str) -> int | None:  # noqa: ARG002 # nobody else makes it
        """Nobody else makes it."""
        return None

    def at(self, station: str) -> None:
        """Nobody asks."""
        self.stations.append(station)


def _enter(
    project: Project, stack: ExitStack, say: Callable[[str], None], is_stopped: Callable[[], bool]
) -> str:
    """Be in the environment of an exact lock file; says what made it, "" for nothing."""
    from branchline.core.policy import MakeEnvironment
    from branchline.flows.environment import environment_of
    from branchline.flows.exact_lock import exact_lock

    if project.policy.environment.make is MakeEnvironment.ALWAYS:
        return MAKES  # The run itself does.
    lock = exact_lock(project)
    if not lock:
        return ""
    environments = project.environments
    try:
        made = environment_of(project, environments, _Lines(say), _Loose(is_stopped))
    except EnvironmentFailedError as error:
        raise EnvironmentFailedError(
            error.message,
            todo="`branchline reproduce --environment here` uses the packages that are here.",
            details=error.details,
        ) from error
    if made is None:
        return ""
    stack.enter_context(environments.entered(made))
    return lock
