"""Station `run`: what recorded runs cost, and what those cost that did not have to be made.

Pure; `flows.cost` reads the records. A duration or a price that is not known stays None: it is
counted as not known, and no number is made up.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from branchline.core.plan.replay import Price

UNNAMED = "(none)"


class Did(Enum):
    """What a recorded run did about its model.

    Attributes:
        TRAINED: At least one stage ran.
        REUSED: Inputs that count had changed, and results for exactly these were there.
        COSMETIC: Only comments, layout or other words without effect had changed.
        UNCHANGED: Nothing had changed since the results were made.
    """

    TRAINED = "trained"
    REUSED = "reused"
    COSMETIC = "cosmetic"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageCost:
    """One stage of a recorded run.

    Attributes:
        stage: Its address.
        ran: Whether it ran; else its result was there.
        seconds: What it took: now, or when its result was made; None when not known.
        is_changed: Whether an input that counts had changed since what it was compared with.
        is_cosmetic: Whether something had changed that does not count.
    """

    stage: str
    ran: bool
    seconds: float | None
    is_changed: bool = False
    is_cosmetic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCost:
    """One recorded run.

    Attributes:
        run: Its id. model: Its model. branch: "" for none.
        at: UTC, ISO 8601; "" when not known.
        seconds: Wall time; None when not known.
        stages: In the order of the plan.
    """

    run: str
    model: str
    branch: str
    at: str
    seconds: float | None
    stages: tuple[StageCost, ...]

    @property
    def did(self) -> Did:
        """In one word; what changed most decides."""
        if any(stage.ran for stage in self.stages):
            return Did.TRAINED
        if any(stage.is_changed for stage in self.stages):
            return Did.REUSED
        if any(stage.is_cosmetic for stage in self.stages):
            return Did.COSMETIC
        return Did.UNCHANGED

    @property
    def avoided_s(self) -> float | None:
        """Seconds of the stages that did not run again; None when one is not known."""
        return _sum(stage.seconds for stage in self.stages if not stage.ran)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChanceCost:
    """A training that was made only to learn how much chance does.

    Attributes:
        model: Its model. branch: Of a run of the same commit; "" for none.
        at: UTC, ISO 8601; "" when not known. seconds: Wall time; None when not known.
    """

    model: str
    branch: str
    at: str
    seconds: float | None


class By(Enum):
    """What costs are told apart by."""

    BRANCH = "branch"
    MODEL = "model"
    MONTH = "month"

    def of(self, item: RunCost | ChanceCost) -> str:
        """The name under which a run is counted."""
        if self is By.MONTH:
            return item.at[:7] or UNNAMED
        return (item.branch if self is By.BRANCH else item.model) or UNNAMED


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """Seconds and money of several runs, as far as they are known.

    Attributes:
        seconds: Of those that are known; None when none of several is.
        usd: US dollars of the same; None without a price, or when nothing is known.
        unknown: How many runs are not in it, for their duration is not known.
    """

    seconds: float | None
    usd: float | None
    unknown: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What several recorded runs come to.

    Attributes:
        name: Of the branch, model or month; "" for all.
        runs: How many there are. trained, reused, cosmetic, unchanged: How many did so.
        chance: Trainings that were made only to learn how much chance does.
        spent: What ran took, those trainings included.
        avoided: What the stages that did not run again had taken.
        billed_minutes: Of what was spent, each run rounded as the price says; None: not known.
    """

    name: str
    runs: int
    trained: int
    reused: int
    cosmetic: int
    unchanged: int
    chance: int
    spent: Amount
    avoided: Amount
    billed_minutes: float | None

    @property
    def spared(self) -> int:
        """Runs in which no stage had to run."""
        return self.runs - self.trained

    @property
    def without(self) -> Amount:
        """What it had come to with every stage of every run trained."""
        return Amount(
            seconds=_sum((self.spent.seconds, self.avoided.seconds)),
            usd=_sum((self.spent.usd, self.avoided.usd)),
            unknown=self.spent.unknown + self.avoided.unknown,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The free minutes of a month.

    Attributes:
        month: As `2026-01`. free: Minutes.
        used: Of these, as far as the records know; None when not known.
    """

    month: str
    free: float
    used: float | None

    @property
    def left(self) -> float | None:
        """Minutes that are left, 0 when more were used; None when not known."""
        return None if self.used is None else max(0.0, self.free - self.used)


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Recorded runs and what they cost.

    Attributes:
        runs: Oldest first. chance: Trainings besides.
        price: None when none was given.
        unreadable: Runs whose records cannot be read; they are left out.
        undated: Runs that were left out, for their day is not known and days were asked for.
    """

    runs: tuple[RunCost, ...]
    chance: tuple[ChanceCost, ...] = ()
    price: Price | None = None
    unreadable: int = 0
    undated: int = 0

    def total(self) -> Bill:
        """All of it."""
        return bill("", self.runs, self.chance, self.price)

    def bills(self, by: By) -> tuple[Bill, ...]:
        """One bill for each branch, model or month: months in their order, others by cost."""
        items: tuple[RunCost | ChanceCost, ...] = (*self.runs, *self.chance)
        names = dict.fromkeys(by.of(item) for item in items)
        found = [
            bill(
                name,
                [run for run in self.runs if by.of(run) == name],
                [one for one in self.chance if by.of(one) == name],
                self.price,
            )
            for name in names
        ]
        if by is By.MONTH:
            return tuple(sorted(found, key=lambda one: one.name))
        return tuple(sorted(found, key=lambda one: (-(one.without.seconds or 0.0), one.name)))

    def budget(self, month: str, *, free: float) -> Budget:
        """The free minutes of a month, and how many of them are used."""
        runs = [run for run in self.runs if By.MONTH.of(run) == month]
        chance = [one for one in self.chance if By.MONTH.of(one) == month]
        used = bill(month, runs, chance, self.price).billed_minutes
        return Budget(month=month, free=free, used=used)


def bill(
    name: str, runs: Sequence[RunCost], chance: Sequence[ChanceCost], price: Price | None
) -> Bill:
    """What runs come to.

    A run is one job: where a machine is billed by whole minutes, each run is rounded up; trainings
    that only learn about chance happen inside of jobs, and are not.

    >>> runs = [
    ...     RunCost(
    ...         run=str(n),
    ...         model="m",
    ...         branch="b",
    ...         at="",
    ...         seconds=2700.0 if n < 9 else 0.0,
    ...         stages=(StageCost(stage="train", ran=n < 9, seconds=2700.0),),
    ...     )
    ...     for n in range(47)
    ... ]
    >>> from branchline.core.plan.replay import Price
    >>> price = Price(name="box", usd_per_minute=1.60 / 60)
    >>> told = bill("", runs, (), price)
    >>> told.trained, round(told.spent.usd, 2), round(told.without.usd, 2)
    (9, 10.8, 56.4)
    """
    spent_s = [run.seconds for run in runs]
    chance_s = [one.seconds for one in chance]
    # Where every stage ran, there is nothing of which something could be known.
    known = [(r.seconds, r.avoided_s) for r in runs if any(not s.ran for s in r.stages)]
    done = [run.did for run in runs]

    def money(seconds: float) -> float | None:
        return None if price is None else price.of(seconds)

    def plain(seconds: float) -> float | None:
        return None if price is None else seconds / 60 * price.usd_per_minute

    def more(pair: tuple[float | None, float | None]) -> float | None:
        took, avoided = pair
        if price is None or avoided is None:
            return None
        # Rounded minutes: only what the job had been billed for in addition was avoided.
        return price.of((took or 0.0) + avoided) - price.of(took or 0.0)

    return Bill(
        name=name,
        runs=len(runs),
        trained=done.count(Did.TRAINED),
        reused=done.count(Did.REUSED),
        cosmetic=done.count(Did.COSMETIC),
        unchanged=done.count(Did.UNCHANGED),
        chance=len(chance),
        spent=Amount(
            seconds=_known([*spent_s, *chance_s]),
            usd=_known([*_each(spent_s, money), *_each(chance_s, plain)]),
            unknown=[*spent_s, *chance_s].count(None),
        ),
        avoided=Amount(
            seconds=_known([avoided for _, avoided in known]),
            usd=_known([more(pair) for pair in known]),
            unknown=[avoided for _, avoided in known].count(None),
        ),
        billed_minutes=_minutes(spent_s, chance_s, price),
    )


def _minutes(
    spent: Sequence[float | None], chance: Sequence[float | None], price: Price | None
) -> float | None:
    def plain(seconds: float) -> float:
        return seconds / 60

    return _known([*_each(spent, price.minutes if price else plain), *_each(chance, plain)])


def _each(
    values: Iterable[float | None], change: Callable[[float], float | None]
) -> list[float | None]:
    return [None if value is None else change(value) for value in values]


def _known(values: Sequence[float | None]) -> float | None:
    """The sum of those that are known; None when there are some and none is known."""
    known = [value for value in values if value is not None]
    return None if values and not known else sum(known)


def _sum(values: Iterable[float | None]) -> float | None:
    found = list(values)
    known = [value for value in found if value is not None]
    return sum(known) if len(known) == len(found) else None
