"""What the records say of costs: which stages ran, what is not known, which days count."""

from __future__ import annotations

import json

import pytest

from branchline.core.evidence import Evidence, Metric, StageFacts
from branchline.core.evidence.evidence_json import evidence_to_json
from branchline.core.run.costs import Did
from branchline.core.verdict.noise.trainings import Training, training_of, training_to_json
from branchline.errors import UsageError
from branchline.flows.cost import costs
from branchline.flows.history import view_of
from branchline.testing.records import FakeRecords

COMMIT = "a" * 40


def record(
    records: FakeRecords,
    run: str,
    *,
    at: str = "2026-01-31T12:00:00.000Z",
    action: str = "run",
    effects: tuple[str, ...] = (),
    took: float = 5.0,
    duration_s: float = 7.0,
) -> None:
    facts = StageFacts(stage="train", action=action, key="k", run=run, duration_s=took)
    changes = [{"name": "a.py", "effect": effect, "sentence": "s"} for effect in effects]
    texts = {
        "run.json": {
            "model": "m",
            "commit": COMMIT,
            "branch": "training/x",
            "started_at": at,
            "duration_s": duration_s,
        },
        "plan.json": {"stages": [{"stage": "train", "action": action, "changes": changes}]},
        "evidence.json": evidence_to_json(Evidence(stages=(facts,))),
    }
    records.add_run(run, {name: json.dumps(text).encode() for name, text in texts.items()})


@pytest.mark.parametrize(
    ("action", "effects", "did"),
    [
        pytest.param("run", ("model",), Did.TRAINED, id="ran"),
        pytest.param("reuse", ("none", "model"), Did.REUSED, id="another-run-had-made-it"),
        pytest.param("reuse", ("unknown",), Did.REUSED, id="a-change-of-unknown-effect-counts"),
        pytest.param("reuse", ("cosmetic", "none"), Did.COSMETIC, id="a-comment"),
        pytest.param("reuse", ("none",), Did.UNCHANGED, id="without-effect"),
        pytest.param("reuse", (), Did.UNCHANGED, id="nothing-changed"),
    ],
)
def test_what_a_recorded_run_did(action: str, effects: tuple[str, ...], did: Did) -> None:
    records = FakeRecords()
    record(records, "one", action=action, effects=effects)

    (run,) = costs(records, price=None).runs

    assert run.did is did
    assert (run.model, run.branch, run.seconds) == ("m", "training/x", 7.0)
    assert run.avoided_s == (0 if action == "run" else 5.0)


def test_a_duration_of_nought_is_one_that_nobody_took() -> None:
    records = FakeRecords()
    record(records, "one", action="reuse", took=0.0, duration_s=0.0)

    (run,) = costs(records, price=None).runs

    assert run.seconds is None
    assert run.avoided_s is None


def test_days_are_whole_and_both_count() -> None:
    records = FakeRecords()
    record(records, "before", at="2026-01-30T23:59:59.999Z")
    record(records, "first", at="2026-01-31T00:00:00.000Z")
    record(records, "last", at="2026-02-01T23:59:59.999Z")
    record(records, "after", at="2026-02-02T00:00:00.000Z")
    record(records, "undated", at="")

    found = costs(records, price=None, since="2026-01-31", until="2026-02-01")

    assert [run.run for run in found.runs] == ["first", "last"]
    assert found.undated == 1
    assert len(costs(records, price=None).runs) == 5


def test_a_record_that_cannot_be_read_is_left_out_and_counted() -> None:
    records = FakeRecords()
    record(records, "one")
    records.add_run("two", {"run.json": b"{}", "plan.json": b"{}", "evidence.json": b"{"})

    found = costs(records, price=None)

    assert [run.run for run in found.runs] == ["one"]
    assert found.unreadable == 1


def test_trainings_for_chance_count_with_the_branch_of_their_commit() -> None:
    records = FakeRecords()
    record(records, "one")
    training = Training(
        model="m",
        content="c" * 64,
        param="seed",
        seed=1,
        commit=COMMIT,
        metrics=(Metric(name="auc", value=0.5, text="0.5", file="m.json"),),
        duration_s=3.0,
        at="2026-02-01T00:00:00Z",
    )
    records.add_noise(training.place, json.dumps(training_to_json(training)).encode())
    records.add_noise("x/y", b"[]")
    (facts,) = (view_of(run).evidence for run in records.runs())
    own = training_of(facts, model="m", at="2026-01-31T12:00:00Z", duration_s=5.0)
    records.add_noise(own.place, json.dumps(training_to_json(own)).encode())

    found = costs(records, price=None)

    (one,) = found.chance
    assert (one.model, one.branch, one.seconds) == ("m", "training/x", 3.0)
    assert costs(records, price=None, until="2026-01-31").chance == ()


@pytest.mark.parametrize("word", ["2026", "yesterday", "2026-02-30"])
def test_what_is_no_day(word: str) -> None:
    with pytest.raises(UsageError, match=f"--since {word} is no day"):
        costs(FakeRecords(), price=None, since=word)
