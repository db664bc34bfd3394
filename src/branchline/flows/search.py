"""What `tune:` of branchline.yaml says, as values. Serves the flow `tune_job` and train jobs."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from branchline.config.units import seconds_of
from branchline.core.directions import goal_written
from branchline.core.policy import Goal
from branchline.core.run.spaces import without_unmet
from branchline.core.run.stopping import Budget
from branchline.errors import ConfigError
from branchline.flows.fixed import as_choice
from branchline.flows.stop_rules import StopRules, stop_rules_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from branchline.core.policy import Replicates
    from branchline.core.values import JsonValue
    from branchline.flows.project import Project

Point = dict[str, "JsonValue"]
"""Parameter as written under `tune.space` -> the value that is tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """One thing that is optimised; `constraint` is metric -> bounds that a trial must keep."""

    metric: str
    goal: Goal = Goal.MAXIMIZE
    constraint: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeds:
    """How trials are repeated.

    Attributes:
        name: Parameter that holds the seed; "" where none is named.
        runs: Most trainings of a trial, from 1.
        top: Finalists that are confirmed. fresh: With how many seeds that no trial had; 0: none.
    """

    name: str = ""
    runs: int = 1
    top: int = 3
    fresh: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A search for the best parameters.

    Attributes:
        metric, goal: What is optimised; the first of several objectives.
        more: Further objectives; with any, a person chooses among the best.
        space: Parameter -> values or a range, as written.
        stages: Stages that a trial runs; empty means all.
        command: The user's own search; "" for none.
        write: File for the best values.
        trials: At most. further: So many more than are made, where that is asked for.
        choose: Number of the trial whose values a person wants; None: of the best.
        budget: Time, money, and when no further gain is likely.
        constraint: Metric -> bounds that a trial must keep.
        sampler: How points are chosen, as written; "" where nothing is written.
        seed: Of what is drawn.
        parallel: Trials at once. executor: Where they are made: local, ray.
        seeds: How trials are repeated.
        retry: How often a crashed trial is tried again.
        stop: When its trials are stopped early.
    """

    metric: str
    goal: Goal = Goal.MAXIMIZE
    more: tuple[Objective, ...] = ()
    space: Mapping[str, Any] = field(default_factory=dict)
    stages: tuple[str, ...] = ()
    command: str = ""
    write: str = "best_params.yaml"
    trials: int = 50
    further: int = 0
    choose: int | None = None
    budget: Budget = field(default_factory=Budget)
    constraint: Mapping[str, Any] = field(default_factory=dict)
    sampler: str = "grid"
    seed: int = 1
    parallel: int = 1
    executor: str = "local"
    seeds: Seeds = field(default_factory=Seeds)
    retry: int = 0
    stop: StopRules = field(default_factory=StopRules)

    @property
    def goals(self) -> tuple[Goal, ...]:
        """Of each objective."""
        return (self.goal, *(one.goal for one in self.more))

    def bounds(self) -> dict[str, tuple[float | None, float | None]]:
        """Metric -> (least, most) that a trial must keep; None where there is no bound."""
        found = {}
        for name, written in self.constraint.items():
            is_both = isinstance(written, dict)
            low = written.get("min") if is_both else None
            found[name] = (low, written.get("max") if is_both else written)
        return found

    def words(self) -> str:
        """What is searched for, as text: the same text for the same objective."""
        first = Objective(metric=self.metric, goal=self.goal, constraint=self.constraint)
        rows = [[one.metric, one.goal.value, dict(one.constraint)] for one in (first, *self.more)]
        return json.dumps([rows, sorted(self.stages)], sort_keys=True)


def searches(project: Project) -> bool:
    """Whether the project says how to search."""
    return bool(project.policy.sections.get("tune"))


def search_of(project: Project) -> Search:
    """The search that branchline.yaml asks for.

    Raises:
        ConfigError: It asks for none; says what to write.
    """
    section: Any = project.policy.sections.get("tune")
    if not section:
        from branchline.flows.search_example import search_example

        raise ConfigError(
            "branchline.yaml says nothing under `tune`, so there is nothing to search",
            todo=f"Write e.g. {search_example(project)}.",
        )
    first, *more = _objectives(section["objective"])
    seeds = _seeds(section, project.policy.gate.replicates)
    return Search(
        metric=first.metric,
        goal=first.goal,
        more=tuple(more),
        space={name: as_choice(item) for name, item in (section.get("space") or {}).items()},
        stages=tuple(section.get("stages", ())),
        command=section.get("run", ""),
        write=section.get("write", "best_params.yaml"),
        trials=int(section.get("trials", 50)),
        budget=_budget(section, seeds),
        constraint={name: b for one in (first, *more) for name, b in one.constraint.items()},
        sampler=section.get("sampler", ""),
        seed=int(section.get("seed", 1)),
        stop=stop_rules_of(section),
        parallel=int(section.get("parallel", 1)),
        executor=section.get("executor", "local"),
        seeds=seeds,
        retry=int(section.get("retry", 0)),
    )


def _objectives(written: Any) -> list[Objective]:
    rows = written if isinstance(written, list) else [written]
    return [
        Objective(
            metric=row["metric"],
            goal=goal_written(row["metric"], row.get("goal")),
            constraint=row.get("constraint") or {},
        )
        for row in rows
    ]


def _budget(section: Any, seeds: Seeds) -> Budget:
    money, stop = section.get("budget") or {}, section.get("stop") or {}
    return Budget(
        time_s=seconds_of(section.get("timeout")),
        cost=money.get("cost"),
        per_hour=float(money.get("per_hour", 0)),
        plateau=int(stop.get("plateau", 0)),
        min_gain=float(stop.get("min_gain", 0)),
        reserve=(seeds.top + 1) * seeds.fresh if seeds.name else 0,
    )


def _seeds(section: Any, gate: Replicates | None) -> Seeds:
    """The seed is named under `tune`, or under `gate`, which needs the same."""
    own, confirm = section.get("replicates") or {}, section.get("confirm") or {}
    return Seeds(
        name=str(own.get("seed") or (gate.seed if gate else "")),
        runs=int(own.get("runs", 1)),
        top=int(confirm.get("top", 3)),
        fresh=int(confirm.get("seeds", 3)),
    )


def own_search_stages(project: Project) -> frozenset[str]:
    """Stages that are the user's own search: they leave the file of the best values."""
    if not searches(project):
        return frozenset()
    write = search_of(project).write
    return frozenset(
        stage.address
        for stage in project.pipeline.stages
        if any(out.path == write for out in stage.outs)
    )


def refuse_own_search(project: Project, asked: Search) -> None:
    """See that there are trials to make.

    Raises:
        ConfigError: The project searches by a command of its own.
    """
    stages = sorted(own_search_stages(project))
    if asked.command or stages:
        how = f"`{asked.command}`" if asked.command else f"stage `{stages[0]}`"
        command = asked.command or f"branchline run {stages[0]}"
        raise ConfigError(
            f"this project searches by {how}, which leaves {asked.write}",
            todo=f"Type: {command}; or push to a tuning branch of a box.",
        )


def refuse_empty(search: Search) -> None:
    """See that something is searched for.

    Raises:
        ConfigError: There is no space; says what to write.
    """
    if not search.space:
        raise ConfigError(
            "tune.space is empty, so there is nothing to search",
            todo="Write e.g. space: {train.lr: [0.1, 0.01]}, or your own search as `run`.",
        )


def refuse_misfits(asked: Search) -> None:
    """See that something is searched for, and that the sampler can optimise what is asked.

    Raises:
        ConfigError: Says what to write instead.
    """
    refuse_empty(asked)
    if asked.more and asked.sampler in ("cmaes", "gp"):
        raise ConfigError(
            f"tune.sampler is {asked.sampler}, which optimises one objective, and there are"
            f" {len(asked.goals)}",
            todo="Write sampler: tpe or sampler: nsgaii.",
        )
    is_mixed = any(
        isinstance(w, list | tuple) or "choice" in w or w.get("when") for w in asked.space.values()
    )
    if asked.sampler == "cmaes" and is_mixed:
        raise ConfigError(
            "tune.sampler is cmaes, which searches numbers only, and tune.space has choices or"
            " conditions",
            todo="Write sampler: tpe, or give each parameter as {float: [...]} or {int: [...]}.",
        )


def grid(search: Search) -> Iterator[Point]:
    """Every combination of the values to try, in the order of the file; the last moves fastest.

    Raises:
        ConfigError: A range says no step, or there is no space; says what to write.
    """
    refuse_empty(search)
    axes = [values_of(name, written) for name, written in search.space.items()]
    for values in itertools.product(*axes):
        yield without_unmet(search.space, dict(zip(search.space, values, strict=True)))


def size_of(search: Search) -> int:
    """How many combinations there are."""
    count = 1
    for name, written in search.space.items():
        count *= len(values_of(name, written))
    return count


MOST_VALUES = 10_000


def values_of(name: str, written: Any) -> Sequence[JsonValue]:
    """The values of one parameter.

    Raises:
        ConfigError: It is a range without a step.

    >>> list(values_of("lr", {"float": [0.1, 0.4], "step": 0.1}))
    [0.1, 0.2, 0.3, 0.4]
    """
    if isinstance(written, list | tuple):
        return list(written)
    if "choice" in written:
        return list(written["choice"])
    kind = "int" if "int" in written else "float"
    low, high = written[kind]
    step = written.get("step")
    if step is None or written.get("log"):
        raise ConfigError(
            f"tune.space.{name} is a range from {low} to {high}"
            + (" on a logarithmic scale" if written.get("log") else " without a step")
            + "; a grid tries a list of values",
            todo=f"Write the values, e.g. {name}: [{low}, {high}], or a step: "
            f"{name}: {{{kind}: [{low}, {high}], step: ...}}.",
        )
    # In decimals: 0.1 + 0.1 + 0.1 is not 0.3 in binary, and a key would tell them apart.
    first, last, distance = (Decimal(str(item)) for item in (low, high, step))
    count = int((last - first) / distance) + 1
    if count > MOST_VALUES:
        raise ConfigError(f"tune.space.{name} has {count} values, at most {MOST_VALUES} are tried")
    found = [first + distance * index for index in range(count)]
    return [int(item) for item in found] if kind == "int" else [float(item) for item in found]
