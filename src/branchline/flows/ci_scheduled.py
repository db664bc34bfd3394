"""Whether a schedule trains at all: `retrain.when: drift` and `retrain.cooldown`, by the records.

Serves the verbs of a CI job. What is not known does not hold a training back.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from branchline.core.evidence.figures import duration
from branchline.core.policy import Do
from branchline.core.trigger.cron import cron_of, due_between
from branchline.core.trigger.events import EventKind
from branchline.core.trigger.values import TriggerKind
from branchline.core.verdict.health import Health
from branchline.flows.looks import looks_of
from branchline.flows.run_facts import run_fields

if TYPE_CHECKING:
    from branchline.core.policy import Policy
    from branchline.core.trigger.rules import Decision
    from branchline.flows.ci_setting import CiSetting
    from branchline.flows.project import Project

_BY_ITSELF = (TriggerKind.SCHEDULE.value, TriggerKind.DRIFT.value)
_OLD = 2


def decide(setting: CiSetting, policy: Policy) -> Decision:
    """What the event asks of a model; a schedule by what is recorded, too."""
    decision = setting.decide(policy)
    section: Any = policy.sections.get("retrain") or {}
    is_asked = section.get("when") == "drift" or section.get("cooldown") is not None
    if setting.event.kind is not EventKind.SCHEDULE or decision.do is Do.NOTHING or not is_asked:
        return decision
    with setting.project(policy.model) as project:
        project.policy = policy
        return scheduled(project, decision)


def scheduled(project: Project, decision: Decision) -> Decision:
    """What a schedule asks for, once the records were asked.

    Args:
        project: With the policy that counts.
        decision: By the event alone; it trains.
    """
    section: Any = project.policy.sections.get("retrain") or {}
    now = datetime.fromisoformat(project.machine.now())
    waits = _cooling(project, section.get("cooldown"), now)
    if waits:
        return replace(decision, do=Do.NOTHING, reason=f"{decision.reason}, but {waits}")
    if section.get("when") != "drift":
        return decision
    is_healthy, said = _last_state(project, now)
    do = Do.NOTHING if is_healthy else decision.do
    word = "but" if is_healthy else "and"
    return replace(decision, do=do, reason=f"{decision.reason}, {word} {said}")


def _cooling(project: Project, written: object, now: datetime) -> str:
    """Why it is too early; "" where it is not."""
    from branchline.config.units import seconds_of

    least_s = seconds_of(written)
    if not least_s:
        return ""
    newest: tuple[datetime, str] | None = None
    for run in project.records.runs(names=("run.json",)):
        fields = run_fields(run)
        trigger = fields.get("trigger")
        kind = trigger.get("kind") if isinstance(trigger, dict) else None
        if fields.get("model") != project.policy.model or kind not in _BY_ITSELF:
            continue
        try:
            at = datetime.fromisoformat(str(fields.get("started_at"))).astimezone(UTC)
        except ValueError:
            continue
        newest = max(newest or (at, run.run), (at, run.run))
    if newest is None:
        return ""
    age_s = (now - newest[0]).total_seconds()
    if age_s >= least_s:
        return ""
    return (
        f"`retrain.cooldown` is {written}, and run {newest[1]} was made by a schedule or for drift"
        f" {duration(max(0.0, age_s))} ago"
    )


def _last_state(project: Project, now: datetime) -> tuple[bool, str]:
    """Whether the model is known to be well, and a sentence on that."""
    from branchline.config.monitoring import monitor_of

    asked = monitor_of(project.policy)
    found = looks_of(project.records, project.policy.model).looks
    if not found:
        return (
            False,
            "`retrain.when` is drift: whether it drifts is not known, nobody looked",
        )
    last = found[-1]
    at = f"the look of {last.seen.at[:16]}Z"
    if asked is not None and asked.schedule:
        since = datetime.fromisoformat(last.seen.due or last.seen.at)
        try:
            missed = due_between(cron_of(asked.schedule), since, now)
        except ValueError:
            missed = _OLD
        if missed >= _OLD:
            return False, (
                f"`retrain.when` is drift: whether it drifts is not known, {missed} looks"
                f" were due since {at}"
            )
    if last.health is Health.HEALTHY:
        return True, f"`retrain.when` is drift, and {at} says healthy"
    if last.health is Health.DEGRADED:
        return False, f"{at} says degraded since {last.since[:16]}Z"
    return False, f"`retrain.when` is drift, and {at} does not know how the model is"
