"""What each field of a replayed history's JSON means, with a sample that has them all."""

from __future__ import annotations

from branchline.core.plan.replay import (
    ALWAYS,
    BRANCHLINE,
    Answer,
    Durations,
    ModelAnswer,
    Price,
    PushAnswer,
    Replay,
    StageAnswer,
)
from branchline.core.trigger.filters import Started

_COUNTS = {
    "pushes": "integer: pushes on which it trains",
    "trainings": "integer: trainings of a model",
    "minutes": "number or null: of all of them; null where a duration is not known",
    "usd": "number or null: US dollars; null where a duration or the price is not known",
    "not_known": "integer: trainings for keys that cannot be known from git",
    "reused": "integer: results that were there although inputs had changed; Branchline's only",
    "needless": "integer: trainings of inputs that had their result",
}

FIELDS = {
    "schema_version": "integer: version of this document",
    "branch": "string: whose pushes",
    "since": "string: day of the first push; empty: there is none",
    "until": "string: day of the last push",
    "models": "array of strings: models that the history knows",
    "policies": "array: what each policy comes to; `branchline` is the last",
    "policies[].policy": "string: `always`, a workflow's file, `paths:...`, `branchline`",
    **{f"policies[].{name}": text for name, text in _COUNTS.items()},
    "policies[].saved_trainings": "integer: fewer than a training on every push",
    "policies[].saved_minutes": "number or null: the same in minutes",
    "policies[].saved_usd": "number or null: the same in US dollars",
    "policies[].missed": "array: pushes that it would not have trained although a model changed",
    "policies[].missed[].commit": "string: full hash of the push's commit",
    "policies[].missed[].model": "string: the model",
    "policies[].missed[].changed": "array of strings: inputs that changed",
    "policies[].missed[].reason": "string: what changed, a sentence",
    "policies[].missed[].why_not": "string: why the policy would not have trained",
    "policies[].models": "array: the same for each model",
    "policies[].models[].model": "string: its name",
    **{f"policies[].models[].{name}": text for name, text in _COUNTS.items()},
    "price": "object or null: what a minute was counted with; null: no price is known",
    "price.name": "string: in the price table, or as given",
    "price.usd_per_hour": "number: US dollars",
    "price.dated": "string: day on which it was read; empty: given by the user",
    "price.source": "string: whose list",
    "price.rounds_up": "boolean: each job is billed by whole minutes",
    "notes": "array of strings: what the figures rest on",
    "pushes": "array: oldest first",
    "pushes[].commit": "string: full hash",
    "pushes[].subject": "string: first line of the message",
    "pushes[].author": "string: name",
    "pushes[].pushed_at": "string: when it was committed, UTC, ISO 8601",
    "pushes[].is_merge": "boolean: its tip is a merge",
    "pushes[].files": "integer: paths that it changed",
    "pushes[].started": "array: the other policies",
    "pushes[].started[].policy": "string: its name",
    "pushes[].started[].trains": "boolean: it starts for this push",
    "pushes[].started[].reason": "string: why",
    "pushes[].models": "array: what Branchline does",
    "pushes[].models[].model": "string: its name",
    "pushes[].models[].answer": "string: `train`, `unknown` (trains, for a key cannot be known), "
    "`reuse` or `skip`",
    "pushes[].models[].reason": "string: why, a sentence",
    "pushes[].models[].notes": "array of strings: what was assumed",
    "pushes[].models[].stages": "array: in the order of the plan; empty: it cannot be read",
    "pushes[].models[].stages[].stage": "string: its address",
    "pushes[].models[].stages[].answer": "string: as of the model",
    "pushes[].models[].stages[].reason": "string: as `branchline plan` says it",
    "pushes[].models[].stages[].key": "string or null: null where it cannot be known",
    "pushes[].models[].stages[].changed": "array of strings: inputs that changed and count",
}

SAMPLE = Replay(
    branch="main",
    pushes=(
        PushAnswer(
            commit="c" * 40,
            short="c" * 7,
            subject="deeper trees",
            author="Ada",
            pushed_at="2026-01-31T12:00:00Z",
            is_merge=False,
            files=("params.yaml",),
            models=(
                ModelAnswer(
                    model="m",
                    answer=Answer.TRAIN,
                    reason="`params.yaml:depth` changed from 3 to 4",
                    stages=(
                        StageAnswer(
                            stage="train",
                            answer=Answer.TRAIN,
                            reason="`params.yaml:depth` changed from 3 to 4",
                            key="k" * 64,
                            changed=("params.yaml:depth",),
                            is_change=True,
                        ),
                    ),
                ),
            ),
            started={
                ALWAYS: Started(is_started=True, reason="every push"),
                "train.yml": Started(is_started=False, reason="no changed file matches a path"),
            },
        ),
    ),
    policies=("train.yml", ALWAYS, BRANCHLINE),
    durations=Durations(minutes=30),
    price=Price(name="github-gpu", usd_per_minute=0.052, dated="2026-11-27", source="a list"),
    notes=("what stood before the first push is taken for trained",),
)
