"""Lock entries: made from stages and contents, spelled as JSON, read back."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.pipeline import Content, Dep, LockEntry, LockItem, Out, ParamsDep, Stage
from branchline.core.plan.entries import (
    entry_from_json,
    entry_of,
    entry_to_json,
    exact_key,
    exact_value,
    is_run_cacheable,
)

if TYPE_CHECKING:
    from branchline.core.values import JsonValue

STAGE = Stage(
    name="a",
    address="sub/dvc.yaml:a",
    cmd=("x",),
    cmd_is_list=False,
    wdir="sub",
    deps=(Dep(path="z", spelled="../z"), Dep(path="sub/b", spelled="b")),
    params=(
        ParamsDep(path="sub/a.yaml", spelled="a.yaml", keys=None),
        ParamsDep(path="sub/params.yaml", spelled="params.yaml", keys=("z", "b", "missing")),
    ),
    outs=(Out(path="sub/o", spelled="o"), Out(path="sub/m", spelled="m")),
    file="sub/dvc.yaml",
    line=1,
)
FILE = Content(md5="1" * 32, size_bytes=3)
FOLDER = Content(md5="2" * 32 + ".dir", size_bytes=5, nfiles=2)


def test_an_entry_is_sorted_as_dvc_sorts() -> None:
    params: dict[str, dict[str, JsonValue]] = {
        "sub/a.yaml": {"y": 1, "x": 2},
        "sub/params.yaml": {"b": 1, "z": None, "other": 2},
    }

    entry = entry_of(STAGE, deps={"z": FILE, "sub/b": FOLDER}, params=params, outs={"sub/m": FILE})

    assert entry_to_json(entry) == {
        "cmd": "x",
        "deps": [
            {"path": "../z", "hash": "md5", "md5": "1" * 32, "size": 3},
            {"path": "b", "hash": "md5", "md5": "2" * 32 + ".dir", "size": 5, "nfiles": 2},
        ],
        "params": {"params.yaml": {"b": 1, "z": None}, "a.yaml": {"x": 2, "y": 1}},
        "outs": [
            {"path": "m", "hash": "md5", "md5": "1" * 32, "size": 3},
            {"path": "o", "hash": "md5"},
        ],
    }
    assert list(entry.params or {}) == ["params.yaml", "a.yaml"]


def test_empty_parts_are_left_out() -> None:
    bare = replace(STAGE, deps=(), params=(), outs=())

    assert entry_to_json(entry_of(bare, deps={}, params={})) == {"cmd": "x"}


def test_commands_keep_their_shape() -> None:
    several = replace(STAGE, cmd=("x",), cmd_is_list=True)

    assert entry_to_json(entry_of(several, deps={}, params={}))["cmd"] == ["x"]


CONTENTS = st.builds(
    Content,
    md5=st.none() | st.just("a" * 32) | st.just("b" * 32 + ".dir"),
    size_bytes=st.none() | st.integers(min_value=0),
    nfiles=st.none() | st.integers(min_value=0),
    is_executable=st.booleans(),
    legacy=st.booleans(),
)
ITEMS = st.lists(
    st.builds(
        LockItem,
        spelled=st.text(),
        content=CONTENTS,
        extra=st.none() | st.just({"cloud": {"box": {"etag": "1"}}}),
    ),
    max_size=3,
).map(tuple)


@given(
    st.builds(
        LockEntry,
        cmd=st.none() | st.text() | st.lists(st.text(), min_size=1).map(tuple),
        deps=ITEMS,
        params=st.none() | st.just({"params.yaml": {"a": 1}}),
        outs=ITEMS,
    )
)
def test_what_is_spelled_is_read_back(entry: LockEntry) -> None:
    assert entry_from_json(entry_to_json(entry)) == entry


@pytest.mark.parametrize(
    ("value", "message"),
    [
        pytest.param(None, "an entry must be a mapping, not null", id="nothing"),
        pytest.param({"cmd": 1}, "cmd must be a text", id="command-is-a-number"),
        pytest.param({"deps": {"a": 1}}, "deps must be a list", id="deps-are-a-mapping"),
        pytest.param({"outs": ["a"]}, "outs: every entry", id="out-is-a-text"),
        pytest.param({"outs": [{"path": "a", "size": "1"}]}, "outs: a: size", id="size-is-a-text"),
        pytest.param({"outs": [{"path": "a", "nfiles": True}]}, "nfiles", id="nfiles-is-true"),
        pytest.param({"params": []}, "params must be a mapping", id="params-are-a-list"),
        pytest.param({"params": {"p": [1]}}, "params: p must", id="param-file-is-a-list"),
    ],
)
def test_another_shape_is_refused(value: JsonValue, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        entry_from_json(value)


def test_another_hash_than_md5_is_kept_and_not_taken_for_one() -> None:
    entry = entry_from_json({"cmd": "x", "outs": [{"path": "o", "hash": "etag", "etag": "1"}]})

    assert entry.outs[0].extra == {"etag": "1", "hash": "etag"}
    assert entry_to_json(entry)["outs"] == [{"path": "o", "etag": "1", "hash": "etag"}]


def test_the_exact_key_knows_outs_by_path_and_the_value_by_content() -> None:
    asked = entry_of(STAGE, deps={"z": FILE, "sub/b": FOLDER}, params={})
    known = entry_of(STAGE, deps={"z": FILE, "sub/b": FOLDER}, params={}, outs={"sub/m": FILE})

    assert exact_key(asked) == exact_key(known)
    assert exact_value(asked) != exact_value(known)


DEPS = {"z": FILE, "sub/b": FOLDER}


@pytest.mark.parametrize(
    ("stage", "deps", "expected"),
    [
        pytest.param(STAGE, DEPS, True, id="command-deps-and-outs"),
        pytest.param(replace(STAGE, always_changed=True), DEPS, False, id="always-changed"),
        pytest.param(replace(STAGE, deps=()), DEPS, False, id="no-deps"),
        pytest.param(replace(STAGE, outs=()), DEPS, False, id="no-outs"),
        pytest.param(STAGE, {"z": FILE}, False, id="a-dep-without-a-digest"),
        pytest.param(
            replace(STAGE, outs=(Out(path="o", spelled="o", persist=True),)),
            DEPS,
            False,
            id="persistent-out",
        ),
        pytest.param(
            replace(STAGE, deps=(Dep(path="s3://b/x", spelled="s3://b/x", is_external=True),)),
            {"s3://b/x": FILE},
            False,
            id="external-dep",
        ),
    ],
)
def test_what_the_run_cache_may_hold(
    stage: Stage, deps: dict[str, Content], expected: bool
) -> None:
    assert is_run_cacheable(stage, entry_of(stage, deps=deps, params={})) is expected
