"""Station `plan`: what an event of a CI asks of each model, in plain values. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.changes.values import ChangeEffect, InputKind
from branchline.core.plan.ci_machines import (
    DEFAULT_LABELS,
    MOST_LEGS,
    job_minutes,
    small_labels,
)
from branchline.core.plan.values import Action
from branchline.core.policy import Do
from branchline.errors import CiError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.plan.values import Plan, StagePlan
    from branchline.core.policy import Policy
    from branchline.core.trigger.rules import Decision

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_LONGEST_REASON = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedModel:
    """What is asked of one model.

    Attributes:
        model: Its name. decision: What the rules say. policy: Of the default branch.
        plan: Of its stages; None where nothing had to be planned.
        follows: Whether a verdict is wanted even where every result is there already: effects
            follow it, or it is not known, or it failed.
    """

    model: str
    decision: Decision
    policy: Policy
    plan: Plan | None = None
    follows: bool = False

    @property
    def trains(self) -> bool:
        """Whether a stage has to run, or may have to."""
        return self.plan is not None and not self.plan.is_empty

    @property
    def walks(self) -> bool:
        """Whether a job has to be started for it."""
        if self.decision.do is Do.NOTHING:
            return False
        return self.decision.do is Do.TUNE or self.trains or self.follows

    @property
    def is_withheld(self) -> bool:
        """Whether something would be trained, and the rules let nothing: it comes from a fork."""
        return self.trains and self.decision.do is Do.NOTHING

    @property
    def data_changed(self) -> bool:
        """Whether data of a stage that runs changed, or no run has seen them."""
        return any(_has_new_data(entry) for entry in _at_work(self.plan))

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of a machine on which all stages that run can run, in the order of the file."""
        found: dict[str, None] = {}
        for entry in _at_work(self.plan) or (self.plan.stages if self.plan else ()):
            found.update(dict.fromkeys(self.policy.resources_of(_name(entry.stage)).runs_on))
        sound = tuple(label for label in found if _LABEL.fullmatch(label))
        return sound or small_labels(self.policy)

    @property
    def minutes(self) -> int:
        """Minutes after which its job is given up; what the stages may take, and some to spare."""
        stages = (self.policy.resources_of(_name(entry.stage)) for entry in _at_work(self.plan))
        return job_minutes(stages, self.labels)


def outputs_of(asked: Sequence[AskedModel], *, reason: str) -> dict[str, str]:
    """Outputs of the deciding job.

    Args:
        asked: Each model of the commit.
        reason: A sentence.

    Returns:
        `should-train`, `training-changed`, `data-changed`, `withheld` (true or false), `kind`
        (train, tune or nothing), `matrix` and `labels` (JSON), `reason` (one line).

    Raises:
        CiError: More models are to be walked than a matrix takes; none is left out in silence.
    """
    walking = [one for one in asked if one.walks]
    if len(walking) > MOST_LEGS:
        raise CiError(
            f"{len(walking)} models have to be trained, and a matrix takes {MOST_LEGS}",
            todo="Share them among workflows: `branchline ci plan --models a,b` looks at some.",
        )
    kinds = [one.decision.do for one in walking]
    kind = Do.TUNE if Do.TUNE in kinds else Do.TRAIN if kinds else Do.NOTHING
    return {
        "should-train": _word(is_so=bool(walking)),
        "training-changed": _word(is_so=any(one.trains for one in walking)),
        "data-changed": _word(is_so=any(one.data_changed for one in walking)),
        "withheld": _word(is_so=any(one.is_withheld for one in asked)),
        "kind": kind.value,
        "matrix": _json({"include": [_row(one) for one in walking]}),
        "labels": _json(list(walking[0].labels if walking else DEFAULT_LABELS)),
        "reason": " ".join(reason.split())[:_LONGEST_REASON],
    }


def reason_of(asked: Sequence[AskedModel]) -> str:
    """Why a job is started, or none: one sentence for all models."""
    if not asked:
        return "no model was asked for"
    walking = [one for one in asked if one.walks]
    told = walking or asked
    first = told[0]
    several = f" ({len(told)} models)" if len(told) > 1 else ""
    why = first.decision.reason
    if first.decision.do is Do.NOTHING and first.plan is not None and not first.trains:
        # Of a fork: nothing is withheld where nothing would train.
        return f"nothing to train, every stage has its result{several}"
    if first.decision.do is not Do.NOTHING and not first.trains and first.plan is not None:
        rest = "what is reused is judged again" if first.follows else "every stage has its result"
        if first.decision.do is Do.TRAIN:
            return f"nothing to train, {rest}; {why}{several}"
    if first.trains and first.plan is not None:
        entry = _at_work(first.plan)[0]
        return f"{entry.stage}: {entry.reason}; {why}{several}"
    return f"{why}{several}"


def _row(one: AskedModel) -> dict[str, object]:
    return {
        "model": one.model,
        "kind": one.decision.do.value,
        "runs-on": list(one.labels),
        "timeout-minutes": one.minutes,
    }


def _at_work(plan: Plan | None) -> tuple[StagePlan, ...]:
    entries = plan.stages if plan else ()
    return tuple(entry for entry in entries if entry.action in (Action.RUN, Action.MAY_RUN))


def _has_new_data(entry: StagePlan) -> bool:
    counts = (ChangeEffect.MODEL, ChangeEffect.UNKNOWN)
    if any(c.kind is InputKind.DATA and c.effect in counts for c in entry.changes):
        return True
    return not entry.compared_with and any(item.kind is InputKind.DATA for item in entry.inputs)


def _name(address: str) -> str:
    """Name of a stage in its file, by which `resources` knows it."""
    return address.rpartition(":")[2]


def _word(*, is_so: bool) -> str:
    return "true" if is_so else "false"


def _json(value: object) -> str:
    """JSON on one line, ASCII only."""
    return json.dumps(value, separators=(",", ":"))
