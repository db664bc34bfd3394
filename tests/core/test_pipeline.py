"""Contents and DVC's digest of lock entries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.pipeline import Content, Out, Stage, run_cache_digest, without_sizes

if TYPE_CHECKING:
    from branchline.core.values import JsonValue


@pytest.mark.parametrize(
    ("md5", "is_folder"),
    [
        pytest.param(None, False, id="not-known"),
        pytest.param("0" * 32, False, id="a-file"),
        pytest.param("0" * 32 + ".dir", True, id="a-folder"),
    ],
)
def test_is_folder(md5: str | None, is_folder: bool) -> None:
    assert Content(md5=md5).is_folder is is_folder


def test_sizes_are_dropped_at_every_depth() -> None:
    value: dict[str, JsonValue] = {
        "size": 1,
        "deps": [{"path": "a", "size": 2, "nfiles": 3}],
        "cmd": "size",
    }

    assert without_sizes(value) == {"deps": [{"path": "a"}], "cmd": "size"}


def test_the_digest_is_that_of_dvc() -> None:
    """SHA-256 of `{"cmd": "x", "deps": [{"md5": "m", "path": "a"}]}`, made with sha256sum."""
    entry: JsonValue = {"deps": [{"path": "a", "md5": "m", "size": 4}], "cmd": "x"}

    assert run_cache_digest(entry) == (
        "0010899c35e84f42607d8468d44b6a05deaf3af07cab3295fc52fdc75506a7c5"
    )


@given(st.integers(), st.integers())
def test_sizes_never_enter_the_digest(one: int, other: int) -> None:
    first: JsonValue = {"outs": [{"path": "o", "size": one, "nfiles": one}]}
    second: JsonValue = {"outs": [{"path": "o", "size": other, "nfiles": other}]}

    assert run_cache_digest(first) == run_cache_digest(second)


@pytest.mark.parametrize(
    ("paths", "fits"),
    [
        pytest.param(["a", "b", "c"], True, id="all"),
        pytest.param(["a", "b"], True, id="an-optional-one-lacks"),
        pytest.param(["b", "c"], False, id="a-required-one-lacks"),
        pytest.param(["a", "d"], False, id="a-stranger"),
        pytest.param([], False, id="nothing"),
    ],
)
def test_optional_outputs_may_lack(paths: list[str], fits: bool) -> None:
    outs = (
        Out(path="a", spelled="a"),
        Out(path="b", spelled="b", is_optional=True),
        Out(path="c", spelled="c", is_optional=True),
    )

    assert stage_with(outs).leaves(paths) is fits
    assert stage_with(outs[1:]).leaves(["b"])
    assert not stage_with(outs[1:]).leaves([])
    assert stage_with(()).leaves([])


def stage_with(outs: tuple[Out, ...]) -> Stage:
    return Stage(
        name="s", address="s", cmd=("s",), cmd_is_list=False, wdir=".", outs=outs, file="f", line=1
    )
