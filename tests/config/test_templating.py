"""`${...}`: what it names and how values are spelled, by DVC's rules."""

from __future__ import annotations

from typing import Any

import pytest

from branchline.config.expressions import ExpressionError, text_of
from branchline.config.templating import Context

VALUES: dict[str, Any] = {
    "lr": 0.001,
    "deep": {"a": {"b": "x y"}, "on": True, "off": False, "none": None},
    "models": ["rf", "gbm", {"name": "svm"}],
    "opts": {
        "n": 3,
        "name": "it's",
        "flag": True,
        "no": False,
        "dims": [1, "a b"],
        "sub": {"k": 0.5},
    },
}


@pytest.fixture
def context() -> Context:
    made = Context()
    made.add(VALUES, "params.yaml")
    return made


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("${lr}", 0.001, id="a-lone-reference-keeps-its-type"),
        pytest.param("${ lr }", 0.001, id="spaces-inside-do-not-count"),
        pytest.param("--lr ${lr}", "--lr 0.001", id="a-number-in-a-text"),
        pytest.param("on=${deep.on}", "on=true", id="true-in-a-text"),
        pytest.param("x=${deep.none}", "x=None", id="null-in-a-text"),
        pytest.param("${models[1]}", "gbm", id="an-index-in-brackets"),
        pytest.param("${models.2.name}", "svm", id="an-index-by-a-dot"),
        pytest.param("${deep[a][b]}", "x y", id="keys-in-brackets"),
        pytest.param(r"echo \${HOME} ${lr}", "echo ${HOME} 0.001", id="an-escape"),
        pytest.param(r"echo \${HOME}", "echo ${HOME}", id="only-an-escape"),
        pytest.param("$HOME {lr}", "$HOME {lr}", id="no-reference"),
        pytest.param(
            "t.py ${opts}",
            "t.py --n 3 --name 'it'\"'\"'s' --flag --dims 1 'a b' --sub.k 0.5",
            id="a-mapping-becomes-options",
        ),
    ],
)
def test_resolving_in_a_command(context: Context, text: str, value: object) -> None:
    assert context.resolve(text, key="cmd") == value


def test_parsing_options_change_the_spelling_of_options() -> None:
    options = {"bool": "boolean_optional", "list": "append"}

    text = text_of({"flag": False, "dims": [1, 2]}, options=options)

    assert text == "--no-flag --dims 1 --dims 2"


def test_keys_of_mappings_are_resolved_too(context: Context) -> None:
    assert context.resolve({"${models[0]}.json": {"cache": False}}, key="outs") == {
        "rf.json": {"cache": False}
    }


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        pytest.param(
            "${deeep.on}", "cmd", r"is not set .* did you mean \$\{deep.on\}", id="unknown"
        ),
        pytest.param("${models.9}", "cmd", "is not set", id="an-index-past-the-end"),
        pytest.param("${lr.x}", "cmd", "is not set", id="below-a-number"),
        pytest.param("${}", "cmd", "is no reference", id="nothing-inside"),
        pytest.param("${a..b}", "cmd", "is no reference", id="two-dots"),
        pytest.param(
            "x ${models}", "cmd", "is a list and cannot stand here", id="a-list-in-a-command"
        ),
        pytest.param(
            "${deep}", "deps", "is a mapping and cannot stand here", id="a-mapping-as-dep"
        ),
        pytest.param("x ${deep}", "outs", "is a mapping and cannot stand here", id="inside-a-path"),
    ],
)
def test_references_that_cannot_be_resolved(
    context: Context, text: str, key: str, message: str
) -> None:
    with pytest.raises(ExpressionError, match=message):
        context.resolve(text, key=key)


def test_mappings_are_merged_and_leaves_may_not_be_set_twice(context: Context) -> None:
    context.add({"deep": {"more": 1}}, "vars[0]")
    assert context.select("deep.more") == 1

    with pytest.raises(ExpressionError, match=r"vars\[1\] sets `deep.more`, which vars\[0\] sets"):
        context.add({"deep": {"more": 1}}, "vars[1]")


def test_a_copy_can_be_added_to_without_touching_the_original(context: Context) -> None:
    context.copy().add({"deep": {"new": 1}}, "vars[0]")

    with pytest.raises(ExpressionError):
        context.select("deep.new")


@pytest.mark.parametrize(
    ("loads", "message"),
    [
        pytest.param([("f", None), ("f", None)], "", id="whole-twice-is-fine"),
        pytest.param([("f", ["a"]), ("f", ["b"])], "", id="parts-that-do-not-overlap"),
        pytest.param([("f", ["a"]), ("f", ["a"])], "loaded twice", id="the-same-part-twice"),
        pytest.param([("f", None), ("f", ["a"])], "loaded twice", id="whole-then-part"),
        pytest.param([("f", ["a"]), ("f", None)], "loaded twice", id="part-then-whole"),
        pytest.param([("f", ["z"])], "f has no `z`", id="a-part-that-is-missing"),
        pytest.param([("g", None)], "g does not exist", id="a-file-that-is-missing"),
    ],
)
def test_files_are_loaded_whole_or_in_parts(
    loads: list[tuple[str, list[str] | None]], message: str
) -> None:
    context = Context()

    def load_all() -> None:
        for path, keys in loads:
            context.load(path, keys, lambda p: {"a": 1, "b": 2} if p == "f" else None)

    if message:
        with pytest.raises(ExpressionError, match=message):
            load_all()
    else:
        load_all()
        assert context.values == {"a": 1, "b": 2}
