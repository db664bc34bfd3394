"""Section `monitor` of a policy, checked already, into what the flows ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from branchline.config.units import seconds_of
from branchline.core.evidence.watched import TRAINING, Monitor, Retrain
from branchline.core.policy import Goal, MetricRule, PredictionColumns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.policy import Policy

_DEFAULT_ACTIONS = ({"do": "open_issue"},)


def monitor_of(policy: Policy) -> Monitor | None:
    """How a model is watched; None where branchline.yaml has no `monitor`."""
    section: Any = policy.sections.get("monitor")
    if not section:
        return None
    columns = section.get("columns") or {}
    actions = section.get("actions", _DEFAULT_ACTIONS)
    reference = section.get("reference", TRAINING)
    return Monitor(
        schedule=section.get("schedule", ""),
        run=section.get("run", ""),
        timeout_s=seconds_of(section.get("timeout", "30m")) or 1800.0,
        source=_clean(section.get("source", "")),
        reference=TRAINING if reference == "baseline" else reference,
        trained_on=_clean(section.get("trained_on", "")),
        min_rows=int(section.get("min_rows", 500)),
        limit=float(section.get("limit", 0.1)),
        limits=tuple((str(n), float(v)) for n, v in (columns.get("limits") or {}).items()),
        only=tuple(columns.get("only") or ()),
        exclude=tuple(columns.get("exclude") or ()),
        metrics=tuple(_bounds(name, rule) for name, rule in (section.get("metrics") or {}).items()),
        metrics_from=section.get("metrics_from", ""),
        labels=_labels(section.get("labels"), _clean(section.get("source", ""))),
        opens_issue=any(action["do"] in ("open_issue", "notify") for action in actions),
        retrain=next((_retrain(a) for a in actions if a["do"] == "retrain"), None),
    )


def reference_of(policy: Policy, asked: Monitor) -> str:
    """Which data in the record of the model in production are the reference; "" where none is.

    What `trained_on` says, else the one path that `data.validate` names.
    """
    from branchline.config.data_checks import data_settings

    if asked.reference != TRAINING or not asked.source:
        return ""
    validated = dict.fromkeys(one.path for one in data_settings(policy).validate)
    if asked.trained_on or len(validated) != 1:
        return asked.trained_on
    return next(iter(validated))


def watched_reference(policy: Policy) -> str:
    """Which data `monitor` will compare new data with; "" for none."""
    asked = monitor_of(policy) if "monitor" in policy.sections else None
    return reference_of(policy, asked) if asked is not None else ""


def _bounds(name: str, rule: Mapping[str, Any]) -> MetricRule:
    low, high = rule.get("min"), rule.get("max")
    return MetricRule(
        name=name,
        goal=Goal.MINIMIZE if low is None else Goal.MAXIMIZE,
        min=None if low is None else float(low),
        max=None if high is None else float(high),
    )


def _labels(section: Mapping[str, Any] | None, source: str) -> PredictionColumns | None:
    if not section:
        return None
    scores = section.get("score") or ()
    return PredictionColumns(
        path=_clean(section.get("path", source)),
        target=section["target"],
        scores=(scores,) if isinstance(scores, str) else tuple(scores),
        prediction=section.get("prediction", ""),
        query=section.get("query", ""),
        weight=section.get("weight", ""),
    )


def _retrain(action: Mapping[str, Any]) -> Retrain:
    seconds = seconds_of(action.get("cooldown", "7d"))
    return Retrain(
        cooldown_s=7 * 86400.0 if seconds is None else seconds,
        force=bool(action.get("force", False)),
    )


def _clean(path: str) -> str:
    return path.removeprefix("./").rstrip("/") or path
