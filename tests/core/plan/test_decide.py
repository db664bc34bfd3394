"""One stage's decision: the order of trust, and that not known means run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.changes.values import Change, ChangeEffect, Input, InputKind
from branchline.core.pipeline import Content, Dep, LockEntry, LockItem, Out, Stage
from branchline.core.plan.decide import decide
from branchline.core.plan.values import (
    ABSENT,
    PRESENT,
    Action,
    Observed,
    Produced,
    Result,
    Source,
)
from branchline.core.plan.view import Availability, View, Where

if TYPE_CHECKING:
    from collections.abc import Sequence

STAGE = Stage(
    name="train",
    address="train",
    cmd=("python train.py",),
    cmd_is_list=False,
    wdir=".",
    deps=(Dep(path="data.csv", spelled="data.csv"),),
    outs=(Out(path="model.pkl", spelled="model.pkl"),),
    file="dvc.yaml",
    line=2,
)
INPUTS = (Input(kind=InputKind.DATA, name="data.csv", digest="d", exact="d"),)
ENTRY = LockEntry(
    cmd="python train.py",
    deps=(LockItem(spelled="data.csv", content=Content(md5="d")),),
    outs=(LockItem(spelled="model.pkl", content=Content(md5="m")),),
)
NOW = replace(ENTRY, outs=(LockItem(spelled="model.pkl", content=Content(md5=None)),))
RESULT = Result(
    key="k",
    stage="train",
    inputs=INPUTS,
    outs=(Produced(path="model.pkl", spelled="model.pkl", content=Content(md5="m")),),
    entry=ENTRY,
    run="abc1234",
    store="local:1",
)
VIEW = View(stage=STAGE, key="k", inputs=INPUTS, entry=NOW)


@dataclass
class World:
    """What the decision is told, set by each test."""

    records: Sequence[Result] = ()
    cached: LockEntry | None = None
    where: Where = Where.HERE
    files: dict[str, str] = field(default_factory=dict)
    found: Sequence[Change] = ()

    def recorded(self, key: str) -> Sequence[Result]:
        return [result for result in self.records if result.key == key]

    def holds(self, seen: Observed) -> bool:
        if seen.is_look:
            return (seen.path in self.files) is (seen.digest == PRESENT)
        return self.files.get(seen.path) == seen.digest

    def run_cached(self, entry: LockEntry) -> LockEntry | None:
        return self.cached

    def availability(self, outs: Sequence[Produced], *, store: str | None) -> Availability:
        paths = tuple(out.path for out in outs)
        return Availability(
            where=self.where,
            restore=paths if self.where is Where.STORE else (),
            missing=paths if self.where in (Where.GONE, Where.ELSEWHERE) else (),
        )

    def changes(self, before: Sequence[Input], after: Sequence[Input]) -> Sequence[Change]:
        return self.found


def change(effect: ChangeEffect, sentence: str, kind: InputKind = InputKind.CODE) -> Change:
    return Change(kind=kind, name="train.py", effect=effect, sentence=sentence)


def test_a_recorded_result_is_reused() -> None:
    plan = decide(VIEW, World(records=[RESULT]))

    assert (plan.action, plan.source, plan.result) == (Action.REUSE, Source.RECORD, RESULT)


def test_nothing_known_means_run() -> None:
    plan = decide(VIEW, World())

    assert (plan.action, plan.reason) == (Action.RUN, "no result yet")


def test_a_result_under_another_key_does_not_serve() -> None:
    plan = decide(VIEW, World(records=[replace(RESULT, key="other")]))

    assert plan.action is Action.RUN


@pytest.mark.parametrize(
    ("files", "action"),
    [
        pytest.param({"conf.yaml": "1"}, Action.REUSE, id="what-it-read-is-the-same"),
        pytest.param({"conf.yaml": "2"}, Action.RUN, id="what-it-read-differs"),
        pytest.param({}, Action.RUN, id="what-it-read-is-gone"),
    ],
)
def test_what_a_run_was_seen_to_read_counts(files: dict[str, str], action: Action) -> None:
    result = replace(RESULT, observed=(Observed(path="conf.yaml", digest="1"),))

    plan = decide(VIEW, World(records=[result], files=files))

    assert plan.action is action
    assert action is Action.REUSE or "conf.yaml" in plan.reason


@pytest.mark.parametrize(
    ("digest", "files", "action", "word"),
    [
        pytest.param(ABSENT, {}, Action.REUSE, "nothing", id="still-absent"),
        pytest.param(ABSENT, {"x": "1"}, Action.RUN, "looked for in vain", id="came"),
        pytest.param(PRESENT, {"x": "2"}, Action.REUSE, "nothing", id="still-there"),
        pytest.param(PRESENT, {}, Action.RUN, "is gone", id="went"),
    ],
)
def test_what_a_run_looked_for_counts(
    digest: str, files: dict[str, str], action: Action, word: str
) -> None:
    result = replace(RESULT, observed=(Observed(path="x", digest=digest),))

    plan = decide(replace(VIEW, last=result), World(records=[result], files=files))

    assert plan.action is action
    assert word in plan.reason


@pytest.mark.parametrize("by", ["lock", "run-cache"])
def test_dvc_vouches_for_nothing_that_a_record_of_the_same_key_contradicts(by: str) -> None:
    result = replace(RESULT, observed=(Observed(path="x", digest=ABSENT),))
    other = replace(RESULT, key="other", inputs=(), observed=(Observed(path="x", digest=PRESENT),))
    world = World(records=[result, other], files={"x": "1"}, cached=ENTRY)
    view = replace(VIEW, last=other, lock=ENTRY if by == "lock" else None)

    plan = decide(view, world)

    assert plan.action is Action.RUN


@pytest.mark.parametrize(
    ("where", "trust", "action"),
    [
        pytest.param(Where.HERE, True, Action.REUSE, id="in-the-workspace"),
        pytest.param(Where.STORE, True, Action.REUSE, id="in-the-store"),
        pytest.param(Where.REMOTE, False, Action.REUSE, id="in-a-remote"),
        pytest.param(Where.ELSEWHERE, True, Action.REUSE, id="kept-elsewhere-will-do-for-a-plan"),
        pytest.param(Where.ELSEWHERE, False, Action.RUN, id="kept-elsewhere-will-not-do-for-a-run"),
        pytest.param(Where.GONE, True, Action.RUN, id="gone"),
    ],
)
def test_a_result_serves_only_with_its_outputs(
    where: Where, action: Action, *, trust: bool
) -> None:
    plan = decide(replace(VIEW, trust_elsewhere=trust), World(records=[RESULT], where=where))

    assert plan.action is action


def test_a_gone_model_is_named() -> None:
    plan = decide(VIEW, World(records=[RESULT], where=Where.GONE))

    assert "`model.pkl` is gone" in plan.reason


@pytest.mark.parametrize("has_record", [True, False], ids=["a-record", "dvc-lock"])
def test_what_another_machine_keeps_is_not_said_to_be_gone(*, has_record: bool) -> None:
    world = World(records=[RESULT] if has_record else (), where=Where.ELSEWHERE)
    view = replace(VIEW, lock=None if has_record else ENTRY)

    planned, ran = (decide(replace(view, trust_elsewhere=trust), world) for trust in (True, False))

    (note,) = planned.notes
    assert "`model.pkl` is not on this machine: its result is known" in note
    assert ran.reason.endswith("`model.pkl` is not on this machine")


def test_what_dvc_lock_promises_and_no_store_has_is_not_said_to_be_gone() -> None:
    plan = decide(replace(VIEW, lock=ENTRY), World(where=Where.GONE))

    assert plan.reason.endswith("but `model.pkl` is not in the store")


def test_dvc_lock_vouches_for_declared_inputs() -> None:
    plan = decide(replace(VIEW, lock=ENTRY), World())

    assert (plan.action, plan.source) == (Action.REUSE, Source.LOCK)
    assert plan.reason.startswith("dvc.lock holds a result")


def test_the_lock_of_inline_stages_is_named_by_its_own_name() -> None:
    inline = replace(VIEW.stage, file="branchline.yaml")

    plan = decide(replace(VIEW, stage=inline, lock=ENTRY), World())

    assert plan.reason.startswith("branchline.lock holds a result")


def test_dvc_lock_does_not_vouch_for_undeclared_code() -> None:
    plan = decide(replace(VIEW, lock=ENTRY, uncovered=("model.py",)), World())

    assert plan.action is Action.RUN
    assert "`model.py` is used but not declared, so the lock file cannot say" in plan.reason


@pytest.mark.parametrize(
    "moved",
    [
        pytest.param(
            change(ChangeEffect.MODEL, "Python 3.12 instead of 3.11", InputKind.ENVIRONMENT),
            id="another-python",
        ),
        pytest.param(
            change(ChangeEffect.MODEL, "$SEED changed", InputKind.VARIABLE), id="another-variable"
        ),
        pytest.param(
            Change(
                kind=InputKind.CODE,
                name="train.py (mode)",
                effect=ChangeEffect.MODEL,
                sentence="`train.py` became executable",
            ),
            id="the-x-bit-of-the-entry-script",
        ),
    ],
)
@pytest.mark.parametrize("cached", [pytest.param(None, id="lock"), pytest.param(ENTRY, id="cache")])
def test_dvcs_files_do_not_vouch_for_what_they_do_not_know(
    moved: Change, cached: LockEntry | None
) -> None:
    was, now = (Input(kind=moved.kind, name=moved.name, digest=d) for d in ("was", "now"))
    last = replace(RESULT, inputs=(*INPUTS, was))
    view = replace(VIEW, key="k2", inputs=(*INPUTS, now), last=last, lock=None if cached else ENTRY)

    plan = decide(view, World(records=[last], found=[moved], cached=cached))

    assert (plan.action, plan.reason) == (Action.RUN, moved.sentence)


def test_the_run_cache_comes_last() -> None:
    plan = decide(VIEW, World(cached=ENTRY, where=Where.STORE))

    assert (plan.action, plan.source, plan.restore) == (
        Action.REUSE,
        Source.RUN_CACHE,
        ("model.pkl",),
    )


def test_the_run_cache_without_objects_is_no_result() -> None:
    assert decide(VIEW, World(cached=ENTRY, where=Where.ELSEWHERE)).action is Action.RUN


def test_a_cosmetic_change_reuses_and_says_so() -> None:
    cosmetic = change(ChangeEffect.COSMETIC, "only comments changed in `train.py`")

    plan = decide(replace(VIEW, last=RESULT), World(records=[RESULT], found=[cosmetic]))

    assert (plan.action, plan.reason) == (Action.REUSE, cosmetic.sentence)


def test_a_reverted_change_names_the_run_that_is_reused() -> None:
    last = replace(RESULT, key="k2", run="fff0000")
    back = change(ChangeEffect.MODEL, "`train.py` changed in meaning")

    plan = decide(replace(VIEW, last=last), World(records=[RESULT], found=[back]))

    assert plan.action is Action.REUSE
    assert "abc1234" in plan.reason


def test_a_pending_input_may_run() -> None:
    view = replace(VIEW, key=None, entry=None, pending=(("data.csv", "prepare"),))

    plan = decide(view, World(records=[RESULT]))

    assert plan.action is Action.MAY_RUN
    assert "`data.csv`, which `prepare` makes anew" in plan.reason


def test_a_pending_input_beside_a_change_of_its_own_runs() -> None:
    own = change(ChangeEffect.MODEL, "`train.py` changed in meaning: function `fit`")
    view = replace(VIEW, key=None, entry=None, pending=(("data.csv", "prepare"),), last=RESULT)

    plan = decide(view, World(found=[own]))

    assert (plan.action, plan.reason) == (Action.RUN, own.sentence)


@pytest.mark.parametrize(
    ("view", "action"),
    [
        pytest.param(
            replace(VIEW, stage=replace(STAGE, frozen=True), lock=ENTRY, key=None),
            Action.SKIP,
            id="frozen",
        ),
        pytest.param(replace(VIEW, force="asked for"), Action.RUN, id="forced"),
        pytest.param(
            replace(VIEW, stage=replace(STAGE, always_changed=True)),
            Action.RUN,
            id="always-changed",
        ),
        pytest.param(
            replace(VIEW, stage=replace(STAGE, deps=(), outs=())), Action.RUN, id="no-deps-no-outs"
        ),
    ],
)
def test_the_users_word_comes_first(view: View, action: Action) -> None:
    assert decide(view, World(records=[RESULT])).action is action


@pytest.mark.parametrize(
    ("inputs", "action"),
    [
        pytest.param(INPUTS, Action.REUSE, id="the-same-bytes"),
        pytest.param((replace(INPUTS[0], exact="other"),), Action.RUN, id="other-bytes"),
        pytest.param((replace(INPUTS[0], exact=None, digest=None),), Action.RUN, id="not-known"),
        pytest.param(
            (*INPUTS, Input(kind=InputKind.CODE, name="new.py", digest="n", exact="n")),
            Action.RUN,
            id="one-input-more",
        ),
        pytest.param((), Action.RUN, id="one-input-less"),
    ],
)
def test_another_version_of_our_reading_retrains_nothing(
    inputs: tuple[Input, ...], action: Action
) -> None:
    old = replace(RESULT, key="key-of-another-algorithm")

    plan = decide(replace(VIEW, inputs=inputs, last=old), World())

    assert plan.action is action


def test_the_same_bytes_under_another_command_run() -> None:
    def command(text: str) -> Input:
        return Input(kind=InputKind.COMMAND, name="", digest=text, value=text)

    old = replace(RESULT, key="old", inputs=(*INPUTS, command("a")))

    assert (
        decide(replace(VIEW, inputs=(*INPUTS, command("b")), last=old), World()).action
        is Action.RUN
    )


@pytest.mark.parametrize(
    ("stage", "digest"),
    [
        pytest.param(STAGE, "meaning>elsewhere.py", id="a-link-points-elsewhere"),
        pytest.param(replace(STAGE, cmd_is_list=True), "meaning", id="the-command-became-a-list"),
        pytest.param(
            replace(STAGE, outs=(Out(path="model.pkl", spelled="../model.pkl"),), wdir="sub"),
            "meaning",
            id="another-working-directory",
        ),
    ],
)
def test_the_same_bytes_in_another_setting_run(stage: Stage, digest: str) -> None:
    def code(text: str) -> Input:
        return Input(kind=InputKind.CODE, name="pkg/a.py", digest=text, exact="blob")

    old = replace(RESULT, key="old", inputs=(code("meaning"),))
    same = decide(replace(VIEW, inputs=(code("of another algorithm"),), last=old), World())

    plan = decide(replace(VIEW, stage=stage, inputs=(code(digest),), last=old), World())

    assert (same.action, plan.action) == (Action.REUSE, Action.RUN)


FROZEN = replace(VIEW, stage=replace(STAGE, frozen=True), lock=ENTRY, key="moved")


@pytest.mark.parametrize(
    ("view", "where", "action"),
    [
        pytest.param(FROZEN, Where.STORE, Action.REUSE, id="an-edited-output-comes-back"),
        pytest.param(FROZEN, Where.GONE, Action.RUN, id="a-lost-output-is-made-again"),
        pytest.param(replace(FROZEN, lock=None), Where.HERE, Action.RUN, id="never-made"),
        pytest.param(
            replace(FROZEN, lock=replace(ENTRY, cmd="python old.py")),
            Where.HERE,
            Action.RUN,
            id="another-command",
        ),
        pytest.param(
            replace(FROZEN, lock=replace(ENTRY, outs=())), Where.HERE, Action.RUN, id="a-new-output"
        ),
    ],
)
def test_a_frozen_stage_still_owes_its_outputs(view: View, where: Where, action: Action) -> None:
    assert decide(view, World(where=where)).action is action


def test_an_older_persistent_output_never_replaces_a_newer_one() -> None:
    stage = replace(STAGE, outs=(replace(STAGE.outs[0], persist=True),))

    plan = decide(replace(VIEW, stage=stage), World(records=[RESULT], where=Where.STORE))

    assert plan.action is Action.RUN


def test_a_result_that_is_here_is_preferred_to_one_that_must_be_restored() -> None:
    elsewhere = replace(RESULT, run="old")

    class OnlyLockHere(World):
        def availability(self, outs: Sequence[Produced], *, store: str | None) -> Availability:
            if store is None:
                return Availability(where=Where.HERE)
            return Availability(where=Where.STORE, restore=("model.pkl",))

    plan = decide(replace(VIEW, lock=ENTRY), OnlyLockHere(records=[elsewhere]))

    assert plan.source is Source.LOCK


@given(
    st.sampled_from(Where),
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, "other", "k"]),
    st.lists(st.sampled_from(["a", "b"]), max_size=2, unique=True),
)
def test_reuse_needs_a_voucher_and_outputs(
    where: Where,
    trust: bool,
    has_lock: bool,
    recorded_key: str | None,
    uncovered: list[str],
) -> None:
    records = [replace(RESULT, key=recorded_key)] if recorded_key else []
    view = replace(
        VIEW,
        trust_elsewhere=trust,
        lock=ENTRY if has_lock else None,
        uncovered=tuple(uncovered),
    )

    plan = decide(view, World(records=records, where=where))

    vouched = recorded_key == "k" or (has_lock and not uncovered)
    at_hand = (Where.HERE, Where.STORE, Where.REMOTE)
    to_be_had = where in at_hand or (where is Where.ELSEWHERE and trust)
    assert (plan.action is Action.REUSE) == (vouched and to_be_had)
