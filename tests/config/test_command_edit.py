"""A command in YAML, changed in place: the style, the comments and all else stay."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.config.command_edit import edit_command, written_commands
from branchline.config.pipeline import load_pipeline
from branchline.core.documents.yaml import read_yaml
from branchline.core.pipeline import Stage
from branchline.core.run.command_words import replaced
from branchline.core.run.spots import spot_of
from branchline.errors import ConfigError

DVC = """\
# top
stages:
  prepare:
    cmd: python prepare.py   # first
  train:
    cmd: {cmd}
    deps: [train.py]  # kept
# end
"""


def stage_of(text: str, name: str = "train") -> Stage:
    """The stage of a dvc.yaml."""
    pipeline = load_pipeline(
        "", read={"dvc.yaml": text.encode()}.get, names=lambda _: [("dvc.yaml", False)], options={}
    )
    return next(stage for stage in pipeline.stages if stage.name.startswith(name))


def edited(text: str, value: Any, name: str = "--lr", item: int = 0) -> str:
    """The file with another value of an option."""
    stage = stage_of(text)
    written = written_commands(text.encode(), stage, model="m")[item]
    spot = spot_of(name)
    assert spot is not None
    new = replaced(written.text, spot, value)
    return edit_command(text.encode(), written, new, file="dvc.yaml").decode()


@pytest.mark.parametrize(
    ("cmd", "after"),
    [
        pytest.param("python t.py --lr 0.1 -v", "python t.py --lr 0.25 -v", id="plain"),
        pytest.param("'python t.py --lr 0.1'  # c", "'python t.py --lr 0.25'  # c", id="single"),
        pytest.param('"python t.py --lr 0.1"', '"python t.py --lr 0.25"', id="double"),
        pytest.param(
            "'python t.py ''a b'' --lr 0.1'",
            "'python t.py ''a b'' --lr 0.25'",
            id="quotes-in-single",
        ),
        pytest.param(
            '"python t.py \\"a b\\" --lr 0.1"', '"python t.py \\"a b\\" --lr 0.25"', id="in-double"
        ),
        pytest.param(
            ">-\n      python t.py\n      --lr 0.1\n      -v",
            ">-\n      python t.py\n      --lr 0.25\n      -v",
            id="folded",
        ),
        pytest.param(
            "|\n      python t.py --lr 0.1 -v\n",
            "|\n      python t.py --lr 0.25 -v\n",
            id="literal",
        ),
        pytest.param(
            "python t.py\n      --lr 0.1\n      -v",
            "python t.py\n      --lr 0.25\n      -v",
            id="lines",
        ),
        pytest.param(
            "[python a.py, python t.py --lr 0.1]", "[python a.py, python t.py --lr 0.25]", id="list"
        ),
        pytest.param(
            "\n    - python a.py\n    - python t.py --lr 0.1  # c",
            "\n    - python a.py\n    - python t.py --lr 0.25  # c",
            id="a-list-of-lines",
        ),
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_only_the_value_changes(cmd: str, after: str, ends: str) -> None:
    text = DVC.replace("{cmd}", cmd).replace("\n", ends)
    item = 1 if "a.py" in cmd else 0

    made = edited(text, 0.25, item=item)

    assert made == DVC.replace("{cmd}", after).replace("\n", ends)


def test_a_mark_at_the_beginning_stays() -> None:
    text = "\ufeff" + DVC.replace("{cmd}", "python t.py --lr 1")

    assert edited(text, 2) == text.replace("--lr 1", "--lr 2")


def test_what_a_plain_text_cannot_hold_is_quoted() -> None:
    text = DVC.replace("{cmd}", "python t.py --k a")

    made = edited(text, "x: y #z", "--k")

    assert made == text.replace("python t.py --k a", "\"python t.py --k 'x: y #z'\"")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(DVC.replace("{cmd}", "&c python t.py --lr 1"), id="an-anchor"),
        pytest.param(
            DVC.replace("{cmd}", "*p").replace("python prepare.py", "&p python t.py --lr 1"),
            id="an-alias",
        ),
        pytest.param(
            "stages:\n  a: &x {cmd: python t.py --lr 1}\n  train:\n    <<: *x\n    deps: [b]\n",
            id="a-merge",
        ),
        pytest.param(
            "stages:\n  train: &x {cmd: python t.py --lr 1}\n", id="an-anchor-of-the-stage"
        ),
    ],
)
def test_what_other_places_share_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="shared with other places"):
        edited(text, 2)


@pytest.mark.parametrize("style", ["|", ">"])
def test_what_a_block_cannot_hold_is_refused(style: str) -> None:
    text = DVC.replace("{cmd}", f"{style}\n      python t.py\n")
    (written,) = written_commands(text.encode(), stage_of(text), model="m")

    with pytest.raises(ConfigError, match="cannot be changed safely") as refused:
        edit_command(text.encode(), written, " \x07", file="dvc.yaml")

    assert "dvc.yaml:6" in str(refused.value)
    assert "in one line" in (refused.value.todo or "")


def test_a_stage_made_of_a_list_is_refused() -> None:
    text = "stages:\n  train:\n    foreach: [a, b]\n    do: {cmd: 'python t.py --lr 1 ${item}'}\n"

    with pytest.raises(ConfigError, match="several stages") as refused:
        edited(text, 2)

    assert "tune a parameter of a file" in (refused.value.todo or "").lower()


@pytest.mark.parametrize(
    ("text", "path"),
    [
        pytest.param("model: m\ntrain: python t.py\n", ("train",), id="short"),
        pytest.param("model: m\ntrain: {run: python t.py}\n", ("train", "run"), id="short-mapping"),
        pytest.param(
            "model: m\nstages: {train: {cmd: python t.py}}\n",
            ("stages", "train", "cmd"),
            id="inline",
        ),
        pytest.param(
            "models: {a: {train: python a.py}, m: {train: python t.py}}\n",
            ("models", "m", "train"),
            id="of-a-model",
        ),
        pytest.param(
            "models: {a: {train: python a.py}, m: {}}\ntrain: python t.py\n",
            ("train",),
            id="shared-by-models",
        ),
    ],
)
def test_where_branchline_yaml_has_a_command(text: str, path: tuple[str, ...]) -> None:
    stage = Stage(
        name="train", address="train", cmd=("python t.py",), cmd_is_list=False, wdir=".",
        file="branchline.yaml", line=2,
    )  # fmt: skip

    (written,) = written_commands(text.encode(), stage, model="m")

    assert (written.path, written.text) == (path, "python t.py")


VALUES = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cn"), exclude_characters="\ufeff")
) | st.sampled_from(["x: y", "a #b", "it's", '"', "\\", "{a}", "[", ", ", "${x}", "%", "@", "- a"])
STYLES = ["{}", "'{}'", '"{}"', "|\n      {}\n", ">\n      {}\n", "[{}, b]", "['{}', b]"]


@given(value=VALUES, style=st.sampled_from(STYLES))
def test_whatever_is_written_is_read_back(value: str, style: str) -> None:
    text = DVC.replace("{cmd}", style.format("python t.py --k abc -v"))
    stage = stage_of(text)
    written = written_commands(text.encode(), stage, model="m")[0]
    new = written.text.replace("abc", f"a{value}c")

    made = edit_command(text.encode(), written, new, file="dvc.yaml")

    again: Any = read_yaml(made, file="dvc.yaml").value
    cmd = again["stages"]["train"]["cmd"]
    assert (cmd[0] if isinstance(cmd, list) else cmd) == new
    assert again["stages"]["prepare"]["cmd"] == "python prepare.py"
    assert made.count(b"#") >= text.encode().count(b"#"), "comments stay"
