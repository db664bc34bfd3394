"""Points of a space that hang on nothing that was found: every combination, or random. Pure.

A number is drawn from the seed, its place in the search and the name of its parameter. It depends
neither on a version of Python nor on what was drawn before: a search that was killed goes on as it
would have, and another parameter in the space moves none of the others.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from branchline.core.run.spaces import without_unmet
from branchline.errors import ConfigError
from branchline.flows.search import grid, refuse_empty, size_of, values_of
from branchline.ports.sampler import Proposal, Sampler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from branchline.core.run.studies import KeptTrial
    from branchline.core.run.trials import Trial
    from branchline.core.values import JsonValue
    from branchline.flows.search import Point, Search

_DIGITS = 6
_MOST_REPEATS = 1000
"""So many draws in a row that were there before: the space has no more."""
_BITS = 53


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """What a search tries.

    Attributes:
        tried: In this order. note: What is said of the choice; "" when nothing is.
    """

    tried: tuple[Point, ...]
    note: str = ""

    def with_note(self, note: str) -> Points:
        """The same, with another remark."""
        return replace(self, note=note)


class FixedPoints(Sampler):
    """A sampler that knows its points beforehand, and learns nothing.

    Args:
        points: In the order of the trials' numbers.
    """

    def __init__(self, points: Points) -> None:
        self.note = points.note
        self.tried = points.tried
        self.most: int | None = len(points.tried)

    def remember(self, kept: Sequence[KeptTrial]) -> None:
        """See the port; nothing is learned."""

    def ask(self, number: int) -> Proposal | None:
        """See the port."""
        if number > len(self.tried):
            return None
        return Proposal(number=number, point=self.tried[number - 1])

    def tell(self, proposal: Proposal, trial: Trial) -> None:
        """See the port; nothing is learned."""


def is_fixed(search: Search) -> bool:
    """Whether the points of a search are known beforehand.

    Every sampler takes every combination where there are no more than `trials`.
    """
    return kind_of(search) in ("grid", "random", "qmc")


def kind_of(search: Search) -> str:
    """How points are chosen in the end; where all are tried, `grid`."""
    is_grid = search.sampler == "grid" or (search.sampler != "random" and _is_small(search))
    return "grid" if is_grid else search.sampler or "tpe"


def points(search: Search, share: Callable[[int, int], float] | None = None) -> Points:
    """The points that a search tries: all that there are, or so many drawn.

    `grid` takes every combination in the order of the file; the others do where there are no more
    than `trials`, and draw elsewhere.

    Args:
        search: The search.
        share: Number of a draw, place of a parameter in the space -> from 0 to below 1; None draws
            from the seed.

    Raises:
        ConfigError: There is no space, or `grid` is asked for and a range has no step.
    """
    if kind_of(search) == "grid":
        tried = tuple(itertools.islice(_once(grid(search)), search.trials + 1))
        note = ""
        if len(tried) > search.trials:
            count = size_of(search)
            note = f"{count} combinations, the first {search.trials} are tried (tune.trials)"
        return Points(tried=tried[: search.trials], note=note)
    found = tuple(itertools.islice(drawn(search, share), search.trials))
    how = "at random" if share is None else "to fill the space evenly"
    return Points(
        tried=found, note=f"{len(found)} points are drawn {how} (tune.seed {search.seed})"
    )


def _is_small(search: Search) -> bool:
    """Whether there are values to combine, and no more combinations than trials."""
    try:
        return bool(search.space) and size_of(search) <= search.trials
    except ConfigError:
        return False


def _once(found: Iterator[Point]) -> Iterator[Point]:
    """Points without those that were there before: `when` makes equal ones."""
    seen: set[str] = set()
    for point in found:
        if repr(point) not in seen:
            seen.add(repr(point))
            yield point


def drawn(search: Search, share: Callable[[int, int], float] | None = None) -> Iterator[Point]:
    """Points of a space, each once, until there are no more; `share` as in `points`.

    Raises:
        ConfigError: There is no space, or a range on a logarithmic scale does not begin above 0.
    """
    refuse_empty(search)
    seen: set[str] = set()
    repeats = 0
    for number in itertools.count():
        shares = {
            name: unit(search.seed, number, name) if share is None else share(number, place)
            for place, name in enumerate(search.space)
        }
        whole = {n: value_at(n, written, shares[n]) for n, written in search.space.items()}
        point = without_unmet(search.space, whole)
        if repr(point) in seen:
            repeats += 1
            if repeats >= _MOST_REPEATS:
                return
            continue
        repeats = 0
        seen.add(repr(point))
        yield point


def unit(seed: int, number: int, name: str) -> float:
    """A number from 0 to below 1, evenly spread over all seeds, places and names.

    >>> 0 <= unit(1, 0, "lr") < 1, unit(1, 0, "lr") == unit(1, 0, "lr")
    (True, True)
    """
    digest = hashlib.sha256(f"{seed}:{number}:{name}".encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> (64 - _BITS)) / (1 << _BITS)


def value_at(name: str, written: Any, share: float) -> JsonValue:
    """The value of a parameter at a share of its range.

    Args:
        name: For messages.
        written: A list of values or a range, as under `tune.space`.
        share: From 0 to below 1.

    >>> value_at("lr", {"float": [0.001, 0.1], "log": True}, 0.5)
    0.01
    >>> value_at("depth", {"int": [2, 5]}, 0.99), value_at("kind", ["a", "b"], 0.4)
    (5, 'a')
    """
    if is_listed(written):
        values = values_of(name, written)
        return values[int(share * len(values))]
    kind = "int" if "int" in written else "float"
    low, high = written[kind]
    is_log = bool(written.get("log"))
    if is_log and low <= 0:
        raise ConfigError(
            f"tune.space.{name} begins at {low}, and a logarithmic scale has no such number",
            todo=f"Begin above 0, e.g. {name}: {{{kind}: [{high / 1000}, {high}], log: true}}.",
        )
    if kind == "int":
        # Each whole number owns what lies half a unit around it.
        whole = round(_between(low - 0.5, high + 0.5, share, is_log=is_log))
        return int(min(max(whole, low), high))
    real = float(f"{_between(low, high, share, is_log=is_log):.{_DIGITS}g}")
    return float(min(max(real, low), high))


def is_listed(written: Any) -> bool:
    """Whether a parameter has a list of values: choices, or a range with steps."""
    if isinstance(written, list | tuple) or "choice" in written:
        return True
    return written.get("step") is not None and not written.get("log")


def _between(low: float, high: float, share: float, *, is_log: bool) -> float:
    if is_log:
        return math.exp(math.log(low) + (math.log(high) - math.log(low)) * share)
    return low + (high - low) * share
