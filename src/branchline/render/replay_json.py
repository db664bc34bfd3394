"""A replayed history as JSON. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.plan.replay import ALWAYS
from branchline.core.values import SCHEMA_VERSION
from branchline.render.replay import notes

if TYPE_CHECKING:
    from branchline.core.plan.replay import ModelAnswer, PushAnswer, Replay, Totals
    from branchline.core.values import JsonValue


def replay_to_json(replay: Replay) -> dict[str, JsonValue]:
    """The document of `branchline replay --json`."""
    price = replay.price
    return {
        "schema_version": SCHEMA_VERSION,
        "branch": replay.branch,
        "since": replay.since,
        "until": replay.until,
        "models": list(replay.models),
        "policies": [_policy(replay, policy) for policy in replay.policies],
        "price": None
        if price is None
        else {
            "name": price.name,
            "usd_per_hour": round(price.usd_per_minute * 60, 6),
            "dated": price.dated,
            "source": price.source,
            "rounds_up": price.rounds_up,
        },
        "notes": notes(replay),
        "pushes": [_push(push) for push in replay.pushes],
    }


def _policy(replay: Replay, policy: str) -> dict[str, JsonValue]:
    models: list[JsonValue] = [
        {"model": model, **_totals(replay.totals(policy, model=model))} for model in replay.models
    ]
    totals, always = replay.totals(policy), replay.totals(ALWAYS)
    return {
        "policy": policy,
        **_totals(totals),
        "saved_trainings": always.trainings - totals.trainings,
        "saved_minutes": _difference(_minutes(always), _minutes(totals)),
        "saved_usd": _difference(always.usd, totals.usd),
        "missed": [
            {
                "commit": missed.push.commit,
                "model": missed.model.model,
                "changed": list(missed.model.changed),
                "reason": missed.model.reason,
                "why_not": missed.why_not,
            }
            for missed in totals.missed
        ],
        "models": models,
    }


def _totals(totals: Totals) -> dict[str, JsonValue]:
    return {
        "pushes": totals.pushes,
        "trainings": totals.trainings,
        "minutes": _minutes(totals),
        "usd": totals.usd,
        "not_known": totals.unknown,
        "reused": totals.reused,
        "needless": totals.wasted,
    }


def _minutes(totals: Totals) -> float | None:
    return None if totals.seconds is None else totals.seconds / 60


def _difference(whole: float | None, part: float | None) -> float | None:
    return None if whole is None or part is None else whole - part


def _push(push: PushAnswer) -> dict[str, JsonValue]:
    return {
        "commit": push.commit,
        "subject": push.subject,
        "author": push.author,
        "pushed_at": push.pushed_at,
        "is_merge": push.is_merge,
        "files": len(push.files),
        "started": [
            {"policy": name, "trains": said.is_started, "reason": said.reason}
            for name, said in push.started.items()
        ],
        "models": [_model(model) for model in push.models],
    }


def _model(model: ModelAnswer) -> dict[str, JsonValue]:
    return {
        "model": model.model,
        "answer": model.answer.value,
        "reason": model.reason,
        "notes": list(model.notes),
        "stages": [
            {
                "stage": stage.stage,
                "answer": stage.answer.value,
                "reason": stage.reason,
                "key": stage.key,
                "changed": list(stage.changed),
            }
            for stage in model.stages
        ],
    }
