"""The outbox of a real queue: what fails is there after a restart, what is done is gone."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from branchline.adapters.sql import SqlQueue, open_database
from branchline.core.effects.registering import RegistryRules
from branchline.core.effects.values import Mirror, Register
from branchline.errors import EffectError
from branchline.flows.apply import apply_due, outbox_rows
from branchline.flows.apply_registry import RegistryAppliers
from branchline.testing.registry import BY, FakeRegistry
from branchline.testing.tracker import FakeTracker

if TYPE_CHECKING:
    from pathlib import Path

COMMIT = "a" * 40


def test_effects_wait_in_the_queue_until_the_world_has_them(tmp_path: Path) -> None:
    registry, tracker = FakeRegistry(), FakeTracker()
    tracker.error = EffectError("no answer")
    table = RegistryAppliers(
        registry=registry, rules=RegistryRules(), tracker=lambda _kind, _uri: tracker
    ).table()
    rows = outbox_rows(
        [
            Mirror(
                kind="mlflow", uri="", run="r", body={"model": "m", "commit": COMMIT, "digest": "d"}
            ),
            Register(model="m", commit=COMMIT, run="r", digest="d", outcome="passed", by=BY),
        ]
    )
    queue = SqlQueue(open_database(str(tmp_path / "ledger.db")))
    for _ in range(2):
        queue.add_effects(rows, job=None, at=0.0)

    early = apply_due(queue, table, at=0.0)
    queue.close()
    queue = SqlQueue(open_database(str(tmp_path / "ledger.db")))
    (waiting,) = queue.due_effects(at=math.inf)
    tracker.error = None
    assert apply_due(queue, table, at=1.0) == ()
    (late,) = apply_due(queue, table, at=10.0)

    assert [bool(tried.error) for tried in early] == [True, False]
    assert (waiting.tries, waiting.next_at) == (1, 2.0)
    assert "waits until its model is registered" in waiting.error
    assert late.sentence == "run r and m@v1.0.0 are shown there"
    assert list(queue.due_effects(at=math.inf)) == []
    queue.close()
