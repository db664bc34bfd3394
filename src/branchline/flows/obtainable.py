"""Which models others can have, before a version is registered. Serves the station `effects`.

A version whose files stood on a machine that is gone is a name that nobody can load.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.effects.values import Mirror, Register
from branchline.core.pipeline import Content
from branchline.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.effects.values import Effect
    from branchline.flows.project import Project


def withheld(
    project: Project, effects: Sequence[Effect], *, stays: bool
) -> tuple[tuple[Effect, ...], tuple[str, ...]]:
    """Leave out registrations of files that nobody but this machine has, or nobody at all.

    Args:
        project: Its store and its remote are asked.
        effects: Of a run.
        stays: Whether this machine and its store are there after the job.

    Returns:
        The effects that follow, and a sentence for each registration that does not.
    """
    kept: list[Effect] = []
    said: list[str] = []
    for effect in effects:
        if isinstance(effect, Register):
            why = _why_missing(project, effect, stays=stays)
            if why:
                said.append(f"{effect.model}, run {effect.run}, is not registered: {why}")
                continue
        if isinstance(effect, Mirror) and said:
            continue  # it would wait for the registration
        kept.append(effect)
    return tuple(kept), tuple(said)


def _why_missing(project: Project, effect: Register, *, stays: bool) -> str:
    """Why others cannot have the files of a registration; "" when they can."""
    store = project.store
    for path, md5 in effect.paths.items():
        content = Content(md5=md5)
        if stays and store.has(content):
            continue
        try:
            is_there = bool(store.sends_to()) and store.is_elsewhere(content)
        except StoreError as error:
            told = " ".join(part for part in (error.message, error.todo) if part)
            return f"whether others can have `{path}` is not known: {told}"
        if is_there or _is_in_git(project, effect, path):
            continue
        if not store.sends_to():
            return (
                f"`{path}` stands on the machine that trained it and nowhere else; write"
                " `store: s3://bucket/prefix` (or a folder, gs://, azure://, ssh://) into"
                " branchline.yaml, or name a default remote of DVC (`dvc remote add -d NAME URL`)"
            )
        return (
            f"{store.sends_to()} does not have `{path}` (md5 {md5}): the job that trained it could"
            " not send it, and its log says why; run that job again, what is trained is reused"
        )
    return ""


def _is_in_git(project: Project, effect: Register, path: str) -> bool:
    """Whether the commit itself holds a file."""
    return project.repo.show(effect.commit, path) is not None
