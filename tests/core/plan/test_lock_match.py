"""dvc.lock compared with what is declared and present: DVC's own rules, and the stricter one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from branchline.core.pipeline import Content, LockEntry, LockItem
from branchline.core.plan.lock_match import match_lock, same_value

if TYPE_CHECKING:
    from branchline.core.values import JsonValue


def item(path: str, md5: str = "a", *, is_executable: bool = False) -> LockItem:
    return LockItem(spelled=path, content=Content(md5=md5, is_executable=is_executable))


LOCK = LockEntry(
    cmd="python train.py",
    deps=(item("data.csv"), item("train.py")),
    params={"params.yaml": {"depth": 4, "lr": 0.1}},
    outs=(item("model.pkl", "m"),),
)


def now(
    cmd: str | tuple[str, ...] = "python train.py",
    deps: tuple[LockItem, ...] = LOCK.deps,
    params: dict[str, dict[str, JsonValue]] | None = None,
    outs: tuple[str, ...] = ("model.pkl",),
) -> LockEntry:
    return LockEntry(
        cmd=cmd,
        deps=deps,
        params={"params.yaml": {"depth": 4, "lr": 0.1}} if params is None else params,
        outs=tuple(LockItem(spelled=path, content=Content(md5=None)) for path in outs),
    )


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(now(), id="the-same"),
        pytest.param(now(deps=LOCK.deps[::-1]), id="deps-in-another-order"),
        pytest.param(now(deps=LOCK.deps[:1]), id="a-dep-no-longer-declared"),
        pytest.param(now(params={"params.yaml": {"lr": 0.1}}), id="a-parameter-no-longer-listed"),
        pytest.param(now(params={"params.yaml": {"depth": 4.0}}), id="4-and-4.0"),
        pytest.param(
            now(deps=(item("data.csv", is_executable=True), item("train.py"))),
            id="the-x-bit-of-a-dep",
        ),
        pytest.param(now(outs=()), id="an-output-no-longer-declared"),
    ],
)
def test_vouches_for(entry: LockEntry) -> None:
    assert match_lock(entry, LOCK).is_equal


@pytest.mark.parametrize(
    ("entry", "word"),
    [
        pytest.param(now(cmd="python  train.py"), "command", id="one-more-space"),
        pytest.param(now(cmd=("python train.py",)), "command", id="a-list-of-one"),
        pytest.param(now(deps=(item("data.csv", "b"),)), "data.csv", id="other-data"),
        pytest.param(now(deps=(*LOCK.deps, item("new.csv"))), "new.csv", id="a-new-dep"),
        pytest.param(now(params={"params.yaml": {"lr": 0.2}}), "was 0.1", id="other-parameter"),
        pytest.param(now(params={"params.yaml": {"seed": 1}}), "seed", id="a-new-parameter"),
        pytest.param(now(params={"other.yaml": {"lr": 0.1}}), "other.yaml", id="another-file"),
        pytest.param(now(params={"params.yaml": {"depth": True}}), "depth", id="true-is-no-number"),
        pytest.param(now(outs=("model.pkl", "log.txt")), "log.txt", id="a-new-output"),
    ],
)
def test_does_not_vouch_for(entry: LockEntry, word: str) -> None:
    match = match_lock(entry, LOCK)

    assert not match.is_equal
    assert word in match.reasons[0]


def test_unknown_content_is_never_equal() -> None:
    unknown = LockItem(spelled="data.csv", content=Content(md5=None))

    assert not match_lock(
        now(deps=(unknown,)), LockEntry(cmd="python train.py", deps=(unknown,))
    ).is_equal


def test_a_legacy_digest_is_not_compared_with_a_new_one() -> None:
    legacy = LockItem(spelled="data.csv", content=Content(md5="a", legacy=True))

    assert not match_lock(
        now(deps=(item("data.csv"),)), LockEntry(cmd="python train.py", deps=(legacy,))
    ).is_equal


def test_says_what_the_definition_no_longer_names() -> None:
    match = match_lock(now(deps=LOCK.deps[:1], params={"params.yaml": {"lr": 0.1}}), LOCK)

    assert match.narrowed == ("train.py", "params.yaml:depth")


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        pytest.param(True, 1, False, id="true-and-1"),
        pytest.param([1, [2]], [1.0, [2]], True, id="nested-lists"),
        pytest.param({"a": [True]}, {"a": [1]}, False, id="true-deep-inside"),
        pytest.param({"a": 1, "b": 2}, {"b": 2, "a": 1}, True, id="order-of-keys"),
        pytest.param(math.nan, math.nan, True, id="nan-is-itself"),
        pytest.param("1", 1, False, id="text-and-number"),
        pytest.param([1], [1, 2], False, id="other-length"),
    ],
)
def test_same_value(left: JsonValue, right: JsonValue, *, expected: bool) -> None:
    assert same_value(left, right) is expected
