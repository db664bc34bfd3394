"""What a search needs from outside: where its trials are kept, and what chooses its points."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from branchline.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from branchline.adapters.optuna.space import Axis
    from branchline.core.run.studies import Inherited
    from branchline.flows.search import Search
    from branchline.ports.sampler import Sampler
    from branchline.ports.studies import Studies


@contextmanager
def open_studies(folder: str) -> Iterator[Studies]:
    """The searches of a clone, or of a box; closed afterwards.

    Args:
        folder: Absolute path of the state folder.
    """
    from branchline.adapters.sqlite_ledger.studies import SqliteStudies

    studies = SqliteStudies(folder)
    try:
        yield studies
    finally:
        studies.close()


def sampler_of(asked: Search, taken: Inherited) -> Sampler:
    """What chooses the points of a search.

    Args:
        asked: The search.
        taken: What earlier searches left.

    Raises:
        ConfigError: A parameter has no such scale.
        MissingExtraError: The sampler is named, and not installed.
    """
    from branchline.flows.sampling import FixedPoints, is_fixed, points

    if is_fixed(asked):
        share = None
        if asked.sampler == "qmc":
            from branchline.adapters.optuna.sobol import Sobol

            share = Sobol(max(1, len(asked.space)), asked.seed).share
        return FixedPoints(points(asked, share))
    try:
        return _learning(asked, taken)
    except MissingExtraError:
        if asked.sampler:
            raise
        found = points(asked)
        note = f"{found.note}; with pip install 'branchline[tune]' a search learns from its trials"
        return FixedPoints(found.with_note(note))


def _learning(asked: Search, taken: Inherited) -> Sampler:
    from branchline.adapters.optuna import OptunaSampler, OptunaSettings

    settings = OptunaSettings(
        sampler=asked.sampler or "tpe",
        seed=asked.seed,
        goals=asked.goals,
        candidates=taken.candidates,
        constraint=asked.bounds(),
    )
    axes = [_axis(name, written) for name, written in asked.space.items()]
    return OptunaSampler(axes, settings, note=taken.note if taken.candidates else "")


def _axis(name: str, written: object) -> Axis:
    from branchline.adapters.optuna.space import Axis
    from branchline.flows.sampling import is_listed, value_at
    from branchline.flows.search import values_of

    if isinstance(written, list | tuple):
        return Axis(name=name, values=list(written), when={})
    assert isinstance(written, dict)  # noqa: S101 # the grammar says
    when = written.get("when") or {}
    if is_listed(written):
        is_ordered = "choice" not in written
        return Axis(name=name, values=values_of(name, written), is_ordered=is_ordered, when=when)
    value_at(name, written, 0.0)  # refuses what has no such scale
    kind = "int" if "int" in written else "float"
    low, high = written[kind]
    return Axis(
        name=name,
        low=low,
        high=high,
        is_whole=kind == "int",
        is_log=bool(written.get("log")),
        when=when,
    )
