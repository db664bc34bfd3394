from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from branchline.core.effects.registering import RegistryRules
from branchline.core.effects.values import Effect, Mirror, Promote, Register, SetCheck
from branchline.errors import EffectError, RegistryError
from branchline.flows.apply import Appliers, apply, apply_due, outbox_rows
from branchline.flows.apply_registry import RegistryAppliers, show_model
from branchline.ports.queue import PendingEffect
from branchline.testing.artifacts import FakeArtifacts
from branchline.testing.registry import BY, FakeRegistry, new_version
from branchline.testing.tracker import FakeTracker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.values import JsonValue
    from branchline.ports.tracker import Tracker

A, B, C = ("a" * 40, "b" * 40, "c" * 40)


@dataclass
class Outbox:
    """Effects in a list; what is done leaves it."""

    pending: list[PendingEffect] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    def add(self, *effects: Effect) -> None:
        for identity, body in outbox_rows(effects):
            number = len(self.pending) + len(self.done) + 1
            self.pending.append(
                PendingEffect(effect=number, identity=identity, job=None, body=body)
            )

    def due_effects(self, *, at: float, limit: int = 50) -> Sequence[PendingEffect]:
        return [effect for effect in self.pending if effect.next_at <= at][:limit]

    def effect_done(self, effect: int, *, at: float) -> None:
        self.done += [e.identity for e in self.pending if e.effect == effect]
        self.pending = [e for e in self.pending if e.effect != effect]

    def effect_failed(self, effect: int, *, error: str, next_at: float) -> None:
        self.pending = [
            replace(e, error=error, next_at=next_at, tries=e.tries + 1) if e.effect == effect else e
            for e in self.pending
        ]


def registration(
    commit: str, digest: str = "d1", stage: str = "", outcome: str = "passed"
) -> Register:
    return Register(
        model="m", commit=commit, run=commit[:7], digest=digest, paths={"model.pkl": digest},
        outcome=outcome, metrics={"auc": 0.9}, stage=stage, by=BY,
    )  # fmt: skip


@dataclass
class World:
    """The appliers over fakes."""

    registry: FakeRegistry = field(default_factory=FakeRegistry)
    tracker: FakeTracker = field(default_factory=FakeTracker)
    artifacts: FakeArtifacts = field(default_factory=lambda: FakeArtifacts({"d1": b"1"}))

    def table(self) -> Appliers:
        def tracker(kind: str, uri: str) -> Tracker:
            assert kind == "mlflow"
            return self.tracker

        return RegistryAppliers(
            registry=self.registry,
            rules=RegistryRules(),
            artifacts=self.artifacts,
            tracker=tracker,
        ).table()

    def stages(self) -> dict[str, str]:
        return {s: v.version for v in self.registry.versions("m") for s in v.stages}


def test_a_version_is_registered_once_with_its_stage() -> None:
    world = World()

    said = [apply(registration(A, stage="staging"), world.table()) for _ in range(2)]

    assert said == [
        "m@v1.0.0 is registered and has `staging`",
        "m@v1.0.0 holds these files already; `staging` has gone on since",
    ]
    assert len(world.registry.versions("m")) == 1
    assert len(world.registry.history("m")) == 1


def test_files_that_the_newest_version_holds_make_no_new_one() -> None:
    world = World()
    for commit, digest in ((A, "d1"), (B, "d1"), (C, "d2")):
        apply(registration(commit, digest), world.table())

    apply(registration("e" * 40, "d1"), world.table())  # back to the first model: that is news

    digests = [v.asked.digest for v in world.registry.versions("m") if v.asked]
    assert digests == ["d1", "d2", "d1"]


def test_a_late_registration_does_not_take_the_stage_from_a_newer_version() -> None:
    world = World()
    early, late = registration(A, stage="staging"), registration(B, "d2", stage="staging")
    world.registry.register(new_version(A))

    apply(late, world.table())
    apply(early, world.table())

    assert world.stages() == {"staging": "v1.0.1"}


def test_a_repeated_registration_does_not_undo_a_rollback() -> None:
    world = World()
    effects = [registration(A, stage="staging"), registration(B, "d2", stage="staging")]
    for effect in effects:
        apply(effect, world.table())
    world.registry.assign("m", "v1.0.0", "staging", by=BY, reason="rollback of v1.0.1")

    apply(effects[1], world.table())

    assert world.stages() == {"staging": "v1.0.0"}


@pytest.mark.parametrize("outcome", ["failed", "unknown", ""])
def test_an_effect_cannot_reach_a_protected_stage_without_a_verdict(outcome: str) -> None:
    world = World()
    apply(registration(A, outcome=outcome), world.table())

    for effect in (
        registration(A, stage="production", outcome=outcome),
        Promote(model="m", version="v1.0.0", stage="production", by=BY),
    ):
        with pytest.raises(RegistryError, match="may not get `production`"):
            apply(effect, world.table())

    assert world.stages() == {}


def test_promoting_twice_is_once() -> None:
    world = World()
    apply(registration(A), world.table())
    effect = Promote(model="m", version="v1.0.0", stage="production", by=BY)

    said = [apply(effect, world.table()) for _ in range(2)]

    assert said == ["m@v1.0.0 has `production`", "m@v1.0.0 had `production`"]
    assert len(world.registry.history("m")) == 1


def test_nobody_applies_what_nobody_knows() -> None:
    with pytest.raises(EffectError, match="SetCheck"):
        apply(SetCheck(commit=A, name="n", state="passed", summary=""), World().table())


def mirror(commit: str = A, digest: str = "d1") -> Mirror:
    body: dict[str, JsonValue] = {
        "model": "m", "commit": commit, "digest": digest,
        "paths": {"model.pkl": digest} if digest else {},
        "metrics": {"auc": 0.9, "odd": "x"}, "params": {"lr": "0.1"}, "versions": {"python": "3"},
        "duration_s": 3.5,
    }  # fmt: skip
    return Mirror(kind="mlflow", uri="${env:URI}", run=commit[:7], body=body)


def test_a_mirror_shows_run_version_and_stages() -> None:
    world = World()
    apply(registration(A, stage="staging"), world.table())

    apply(mirror(), world.table())

    (run,) = world.tracker.runs.values()
    assert (run.metrics, run.params) == ({"auc": 0.9}, {"lr": "0.1"})
    assert run.artifacts == {"model": "/fake/artifacts/aaaaaaa"}
    assert world.artifacts.laid["artifacts/aaaaaaa"] == {"model.pkl": b"1"}
    assert world.tracker.aliases == {("m", "staging"): "v1.0.0"}


def test_a_mirror_waits_for_its_registration() -> None:
    world = World()

    with pytest.raises(EffectError, match="waits until its model is registered"):
        apply(mirror(), world.table())

    assert world.tracker.runs == {}


def test_a_server_that_is_down_delays_the_mirror_and_nothing_else() -> None:
    world, outbox = World(), Outbox()
    outbox.add(mirror(), registration(A, stage="staging"), mirror(B, ""))
    world.tracker.error = EffectError("no answer from http://me:secret@example.org")

    for at in (0.0, 1.0, 2.0, 3.0, 7.0):
        apply_due(outbox, world.table(), at=at)

    assert world.stages() == {"staging": "v1.0.0"}
    waiting = {e.identity: (e.tries, e.next_at) for e in outbox.pending}
    assert list(waiting.values()) == [(3, 15.0), (3, 15.0)]
    assert all("secret" not in e.error and "no answer" in e.error for e in outbox.pending)
    world.tracker.error = None
    tried = apply_due(outbox, world.table(), at=20.0)
    assert [bool(t.sentence) for t in tried] == [True, True]
    assert outbox.pending == []
    assert world.tracker.aliases == {("m", "staging"): "v1.0.0"}


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{", '{"effect": "launch"}', '{"effect": "promote"}', "[" * 100_000],
    ids=["empty", "list", "half", "unknown", "bare", "deep"],
)
def test_an_effect_that_cannot_be_read_hinders_no_other(body: str) -> None:
    world, outbox = World(), Outbox()
    outbox.pending.append(PendingEffect(effect=99, identity="odd", job=None, body=body))
    outbox.add(registration(A))

    first, second = apply_due(outbox, world.table(), at=0.0)

    assert first.error
    assert second.error == ""
    assert [e.identity for e in outbox.pending] == ["odd"]


def test_a_mistake_of_ours_hinders_no_other() -> None:
    world, outbox = World(), Outbox()

    def broken(effect: Promote) -> str:
        raise ZeroDivisionError(effect.model)

    outbox.add(Promote(model="m", version="v1.0.0", stage="production", by=BY), registration(A))

    first, second = apply_due(outbox, {**world.table(), Promote: broken}, at=0.0)

    assert (first.error, second.error) == ("ZeroDivisionError: m", "")


def test_a_whole_model_is_shown_from_its_tags() -> None:
    world = World()
    for commit, digest in ((A, "d1"), (B, "d2")):
        apply(registration(commit, digest, stage="staging"), world.table())

    for _ in range(2):
        assert show_model(world.registry, world.tracker, RegistryRules(), "m") == (2, 0)

    assert set(world.tracker.versions) == {("m", "v1.0.0"), ("m", "v1.0.1")}
    assert world.tracker.aliases == {("m", "staging"): "v1.0.1"}
