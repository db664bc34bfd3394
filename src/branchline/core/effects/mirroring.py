"""The mirror of a run for a tracker such as MLflow, as an effect. Serves the station `effects`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from branchline.core.effects.registering import rules_of
from branchline.core.effects.values import Mirror
from branchline.core.evidence.flatten import is_finite

if TYPE_CHECKING:
    from branchline.core.effects.values import Register
    from branchline.core.evidence import Evidence
    from branchline.core.policy import Policy
    from branchline.core.values import JsonValue, Outcome


def mirror_of(
    evidence: Evidence,
    policy: Policy,
    *,
    run: str,
    outcome: Outcome,
    registration: Register | None = None,
    started_at: str = "",
) -> Mirror | None:
    """The mirror that the policy asks for; None when it asks for none.

    Args:
        evidence: Of the run.
        policy: Its section `registry` names the tracker.
        run: Id of the record.
        outcome: Of its verdict.
        registration: What is registered of it; the tracker then gets the version as well.
        started_at: UTC, ISO 8601.
    """
    rules = rules_of(policy)
    if rules.kind == "git" or evidence.commit is None:
        return None
    metrics: dict[str, JsonValue] = {
        metric.name: metric.value
        for metric in evidence.metrics
        if metric.value is not None and is_finite(metric.value)
    }
    body: dict[str, JsonValue] = {
        "model": policy.model,
        "commit": evidence.commit,
        "branch": evidence.branch or "",
        "outcome": outcome.value,
        "key": registration.key if registration else _last_key(evidence),
        "started_at": started_at,
        "duration_s": evidence.duration_s,
        "metrics": metrics,
        "params": {name: _text(value) for name, value in sorted(evidence.params.items())},
        "versions": dict(evidence.versions),
        "data": dict(evidence.data),
        "digest": registration.digest if registration else "",
        "paths": dict(registration.paths) if registration else {},
    }
    return Mirror(kind=rules.kind, uri=rules.uri, run=run, body=body)


def _last_key(evidence: Evidence) -> str:
    return evidence.stages[-1].key if evidence.stages else ""


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
