"""Sentences about what changed."""

from __future__ import annotations

import pytest

from branchline.core.changes.explain import changed_parts, compare, quoted
from branchline.core.changes.meaning import meaning_of
from branchline.core.changes.values import ChangeEffect, Input, InputKind
from branchline.core.policy import ChangeRules


def code(name: str, digest: str | None, exact: str, via: str = "declared") -> Input:
    return Input(kind=InputKind.CODE, name=name, digest=digest, exact=exact, via=via)


def item(kind: InputKind, name: str, value: str) -> Input:
    return Input(kind=kind, name=name, digest=f"digest of {value}", value=value)


@pytest.mark.parametrize(
    ("before", "after", "effect", "sentence"),
    [
        pytest.param(
            code("a.py", "1", "x"),
            code("a.py", "1", "y"),
            ChangeEffect.COSMETIC,
            "only comments or layout changed in `a.py`",
            id="comments",
        ),
        pytest.param(
            code("a.py", "1", "x"),
            code("a.py", "2", "y"),
            ChangeEffect.MODEL,
            "`a.py` changed in meaning: function `fit`",
            id="meaning",
        ),
        pytest.param(
            code("a.py", "1", "x"),
            code("a.py", "2", "y", "imported by t.py"),
            ChangeEffect.MODEL,
            "`a.py` changed in meaning: function `fit` (imported by t.py)",
            id="way",
        ),
        pytest.param(
            item(InputKind.PARAMETER, "params.yaml:lr", "0.1"),
            item(InputKind.PARAMETER, "params.yaml:lr", "0.01"),
            ChangeEffect.MODEL,
            "`params.yaml:lr` is 0.01, was 0.1",
            id="parameter",
        ),
        pytest.param(
            item(InputKind.COMMAND, "", "python a.py"),
            item(InputKind.COMMAND, "", "python b.py"),
            ChangeEffect.MODEL,
            "the command changed: it was `python a.py`",
            id="command",
        ),
        pytest.param(
            item(InputKind.ENVIRONMENT, "python", "3.11"),
            item(InputKind.ENVIRONMENT, "python", "3.12"),
            ChangeEffect.MODEL,
            "Python 3.12 instead of 3.11",
            id="python",
        ),
        pytest.param(
            item(InputKind.VARIABLE, "$SEED", ""),
            Input(kind=InputKind.VARIABLE, name="$SEED", digest="b"),
            ChangeEffect.MODEL,
            "the variable `$SEED` changed",
            id="variable",
        ),
        pytest.param(
            Input(kind=InputKind.DATA, name="d.csv", digest="a", exact="a"),
            Input(kind=InputKind.DATA, name="d.csv", digest="b", exact="b"),
            ChangeEffect.MODEL,
            "`d.csv` changed",
            id="data",
        ),
        pytest.param(
            None,
            code("b.py", "1", "x", "imported by a.py"),
            ChangeEffect.MODEL,
            "`b.py` is new (imported by a.py)",
            id="new",
        ),
        pytest.param(
            code("b.py", "1", "x"),
            None,
            ChangeEffect.MODEL,
            "`b.py` is no longer there, or no longer used",
            id="gone",
        ),
        pytest.param(
            Input(kind=InputKind.DATA, name="d", digest="a"),
            Input(kind=InputKind.DATA, name="d", digest=None, pending="prepare"),
            ChangeEffect.UNKNOWN,
            "`d` is made by `prepare`, which has to run first",
            id="pending",
        ),
    ],
)
def test_each_change_is_a_sentence(
    before: Input | None, after: Input | None, effect: ChangeEffect, sentence: str
) -> None:
    found = compare(
        [before] if before else [], [after] if after else [], parts=lambda *_: ("function `fit`",)
    )

    assert [(change.effect, change.sentence) for change in found.changes] == [(effect, sentence)]


def test_equal_inputs_give_no_change() -> None:
    same = [code("a.py", "1", "x"), item(InputKind.PARAMETER, "p:a", "1")]

    assert compare(same, list(reversed(same))).changes == ()


def test_an_edited_file_comes_before_those_that_came_or_went_with_it() -> None:
    before = [code("train.py", "1", "x"), code("a_old.py", "1", "z", "imported by train.py")]
    after = [code("train.py", "2", "y"), code("a_new.py", "1", "z", "imported by train.py")]

    sentences = [change.sentence for change in compare(before, after).changes]

    assert sentences == [
        "`train.py` changed in meaning",
        "`a_new.py` is new (imported by train.py)",
        "`a_old.py` is no longer there, or no longer used",
    ]


def test_changes_that_matter_come_first() -> None:
    before = [code("a.py", "1", "x"), code("b.py", "1", "x"), item(InputKind.COMMAND, "", "a")]
    after = [code("a.py", "1", "y"), code("b.py", "2", "y"), item(InputKind.COMMAND, "", "b")]

    assert [c.name for c in compare(before, after).changes] == ["", "b.py", "a.py"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a\nb.csv", "`a\\nb.csv`"),
        ('it\'s "x".csv', '`it\'s "x".csv`'),
        ("é.csv", "`é.csv`"),
        ("a`b\\c", "`a\\`b\\\\c`"),
        ("a\x1b[31m", "`a\\x1b[31m`"),
        ("a\u202eb", "`a\\u202eb`"),
        ("a\udce9", "`a\\udce9`"),
    ],
)
def test_odd_names_stay_on_their_line(name: str, expected: str) -> None:
    assert quoted(name) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("def f(): return 1\n", "def f(): return 2\n", ("function `f`",)),
        (
            "class A:\n  def m(self): return 1\n",
            "class A:\n  def m(self): return 2\n",
            ("method `A.m`",),
        ),
        ("LR = 1\n", "LR = 2\n", ("`LR`",)),
        ("x = 1\n", "x = 1\ndef g(): pass\n", ("function `g` is new",)),
        ("x = 1\ndef g(): pass\n", "x = 1\n", ("function `g` is gone",)),
        ("import a\n", "import b\n", ("the imports",)),
        ("f(1)\n", "f(2)\n", ("statements of the module",)),
        ("a = 1\nb = 2\n", "b = 2\na = 1\n", ("the order of its parts",)),
        ("a = 1\n", "a = 1  # one\n", ()),
    ],
)
def test_the_parts_that_changed_are_named(
    before: str, after: str, expected: tuple[str, ...]
) -> None:
    rules = ChangeRules()

    old, new = meaning_of("a.py", before.encode(), rules), meaning_of("a.py", after.encode(), rules)

    assert changed_parts(old, new) == expected


def test_a_file_that_counts_by_its_bytes_says_why() -> None:
    before, after = (
        meaning_of("a.py", f"{comment}print(__file__)\n".encode(), ChangeRules())
        for comment in ("", "# new\n")
    )

    (change,) = compare(
        [code("a.py", before.digest, "x")],
        [code("a.py", after.digest, "y")],
        parts=lambda *_: changed_parts(before, after),
    ).changes

    assert change.sentence == "`a.py` changed; all of its bytes count: uses __file__ (line 2)"
