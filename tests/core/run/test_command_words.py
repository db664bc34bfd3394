"""What a command sets: read, replaced, and never more than one argument, whatever the value."""

from __future__ import annotations

import shlex
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from branchline.core.run.command_words import found_in, replaced, value_in
from branchline.core.run.spots import Spot, spot_of

if TYPE_CHECKING:
    from branchline.core.values import JsonValue

HOSTILE = st.sampled_from(
    ['"; rm -rf ~', "$(reboot)", "`id`", "a b", "it's", "", "-rf", "--", "${HOME}", "a\\", "*",
     "#x", "\\'", "a=b", "!!", "~", "é ∑", "\t", "null", "1", "true", "&& echo", "$LR"]
)  # fmt: skip
TEXTS = HOSTILE | st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cn"), exclude_characters="\ufeff")
)
NUMBERS = st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False)
PLAIN: st.SearchStrategy[Any] = TEXTS | NUMBERS
WORDS = st.sampled_from(
    ["data.csv", "--b=3", "-v", "'a b'", '"c d"', "x\\ y", "--name 'it is'", "optimizer.kind=adam"]
)


def spot(name: str, *, is_flag: bool = False) -> Spot:
    """The spot of a name that is one."""
    found = spot_of(name, is_flag=is_flag)
    assert found is not None
    return found


def arguments(command: str) -> list[str]:
    """What a program really gets, variables before it first: asked of a shell."""
    script = command.replace("python", 'printf "%s\\0" "$LR"', 1)
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, check=True, env={})
    return done.stdout.decode().split("\0")[:-1]


@pytest.mark.parametrize(
    ("command", "name", "value", "after"),
    [
        pytest.param("p t.py --lr 0.1 -v", "--lr", 0.3, "p t.py --lr 0.3 -v", id="apart"),
        pytest.param("p t.py --lr=0.1 -v", "--lr", 0.3, "p t.py --lr=0.3 -v", id="joined"),
        pytest.param("p t.py -l 0.1", "-l", 1e-05, "p t.py -l 1e-05", id="short"),
        pytest.param("p t.py", "--lr", 0.3, "p t.py --lr 0.3", id="added-at-the-end"),
        pytest.param("p t.py > log", "--lr", 1, "p t.py --lr 1 > log", id="before-a-redirection"),
        pytest.param("p t.py  # why", "--lr", 1, "p t.py --lr 1  # why", id="before-a-comment"),
        pytest.param("p t --lr 1e-3", "--lr", 0.001, "p t --lr 1e-3", id="the-same-number-stays"),
        pytest.param("p t m.n='a'", "hydra:m.n", "a", "p t m.n='a'", id="the-same-text-stays"),
        pytest.param("p t m.n=1", "hydra:m.n", True, "p t m.n=true", id="one-is-not-true"),
        pytest.param("p t.py --n 4", "--n", 8.0, "p t.py --n 8", id="a-whole-number-stays-one"),
        pytest.param("p t.py --lr '0.1'", "--lr", 0.3, "p t.py --lr '0.3'", id="its-quotes"),
        pytest.param("p t.py --k a", "--k", "-x", "p t.py --k=-x", id="text-like-an-option"),
        pytest.param("p t.py --k 1", "--k", -2, "p t.py --k -2", id="a-negative-number"),
        pytest.param("p t.py --k -1e-3", "--k", -1e-5, "p t.py --k=-1e-05", id="for-argparse"),
        pytest.param("p t.py --lr 1 -v", "--lr", None, "p t.py -v", id="null-leaves-it-out"),
        pytest.param("p a && p t.py --k 1", "--k", 2, "p a && p t.py --k 2", id="in-a-chain"),
        pytest.param(
            "p t.py \\\n --k 1 \\\n -v", "--k", 2, "p t.py \\\n --k 2 \\\n -v", id="lines"
        ),
        pytest.param("LR=1 p t.py", "$LR", 2, "LR=2 p t.py", id="a-variable"),
        pytest.param("p t.py", "$LR", "a b", "LR='a b' p t.py", id="a-variable-is-added-before"),
        pytest.param("A=1 LR=2 p t", "$LR", None, "A=1 p t", id="a-variable-is-left-out"),
        pytest.param("p t.py m.lr=1", "hydra:m.lr", 2, "p t.py m.lr=2", id="an-override"),
        pytest.param("p t.py +m.lr=1", "hydra:m.lr", 2, "p t.py +m.lr=2", id="its-plus-stays"),
        pytest.param("p t.py", "hydra:+m.lr", 2, "p t.py +m.lr=2", id="an-override-is-added"),
        pytest.param("p t.py 'm=a b'", "hydra:m", "c", "p t.py 'm=c'", id="quoted-as-a-whole"),
        pytest.param("p t.py", "hydra:m", [1, 2], "p t.py 'm=[1,2]'", id="a-list-of-hydra"),
        pytest.param("p -m a.t m=3", "hydra:m", 4, "p -m a.t m=4", id="in-a-module"),
        pytest.param("p t.py m=3", "hydra:m", None, "p t.py m=null", id="null-of-hydra"),
    ],
)
def test_replaced(command: str, name: str, value: JsonValue, after: str) -> None:
    made = replaced(command, spot(name), value)

    assert made == after


@pytest.mark.parametrize(
    ("command", "value", "after"),
    [
        pytest.param("p t.py --s data.csv", False, "p t.py data.csv", id="left-out"),
        pytest.param("p t.py --s data.csv", True, "p t.py --s data.csv", id="stays"),
        pytest.param("p t.py data.csv", True, "p t.py data.csv --s", id="added"),
        pytest.param("p t.py data.csv", False, "p t.py data.csv", id="not-there"),
        pytest.param("p t.py --s True x", False, "p t.py --s False x", id="written-as-a-value"),
        pytest.param("p t.py --s=true", False, "p t.py --s=false", id="joined-to-a-value"),
    ],
)
def test_a_flag(command: str, value: bool, after: str) -> None:
    flag = spot("--s", is_flag=True)

    made = replaced(command, flag, value)

    assert made == after
    assert value_in(made, flag, (True, False)) == (value,)


@pytest.mark.parametrize(
    ("command", "name", "words"),
    [
        pytest.param("p t.py --lr 1 --lr 2", "--lr", "2 times", id="twice"),
        pytest.param("p a --lr 1 && p b --lr 1", "--lr", "2 times", id="in-two-commands"),
        pytest.param("p t.py --lr ${train.lr}", "--lr", "${train.lr}", id="a-reference"),
        pytest.param('p t.py --lr="$LR"', "--lr", "put in later", id="a-variable-as-value"),
        pytest.param("p t.py --lr $(cat lr)", "--lr", "`$(`", id="a-command-as-value"),
        pytest.param("p t.py --lr `cat lr`", "--lr", "```", id="a-command-in-backquotes"),
        pytest.param("for s in 1 2; do p t.py --lr 1; done", "--lr", "`for`", id="a-loop"),
        pytest.param("(cd a; p t.py --lr 1)", "--lr", "`(`", id="a-subshell"),
        pytest.param("p t.py --lr 1 &", "--lr", "`&`", id="in-the-background"),
        pytest.param("p t.py --lr '1", "--lr", "nothing closes", id="an-open-quote"),
        pytest.param("p t.py <<X\n--lr 1\nX", "--lr", "`<<`", id="a-here-document"),
        pytest.param("p t.py --lr $'1'", "--lr", "nothing closes", id="quotes-of-bash"),
        pytest.param("p t.py --lr", "--lr", "without a value", id="without-a-value"),
        pytest.param("p a; p b", "--lr", "2 commands", id="nowhere-in-two"),
        pytest.param("p t.py -l 1", "-l", "taken for an option", id="minus-behind-a-short-one"),
        pytest.param("p run -- t.py", "--lr", "which side", id="nowhere-and-two-sides"),
        pytest.param("bash -ec 'p t.py'", "--lr", "runs a text", id="a-shell-in-the-shell"),
        pytest.param("LR=1; p --lr $LR", "$LR", "before it is set", id="filled-in-elsewhere"),
        pytest.param('LR=1 p --lr "${LR}"', "$LR", "before it is set", id="filled-in-before"),
        pytest.param("p t.py --n 64 32", "--n", "several values", id="an-option-with-two-numbers"),
        pytest.param("p t.py -m k=1,2", "hydra:k", "several times", id="a-sweep-of-hydra"),
        pytest.param("env A=1 p t.py", "$LR", "`env`", id="variables-by-env"),
    ],
)
def test_what_is_not_clear_is_refused(command: str, name: str, words: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        replaced(command, spot(name), "-x" if name == "-l" else 3)

    assert words in str(refused.value)


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\x0bb", "a\u2028b", "a\0b", "a\x85b", [1], {}])
def test_a_value_that_no_line_can_hold_is_refused(value: JsonValue) -> None:
    for name in ("--lr", "$LR"):
        with pytest.raises(ValueError, match=r"is no number|line break"):
            replaced("p t.py", spot(name), value)


@given(before=st.lists(WORDS), after=st.lists(WORDS), value=PLAIN, old=PLAIN)
@pytest.mark.parametrize("form", ["--lr {}", "--lr={}", "'--lr={}'"])
def test_an_option_is_read_back_and_nothing_else_changes(
    before: list[str], after: list[str], value: JsonValue, old: JsonValue, form: str
) -> None:
    base = " ".join(["python t.py", *before, "--lr 1", *after])
    if form != "--lr {}":
        base = base.replace("--lr 1", form.format(1))
    command = replaced(base, spot("--lr"), old)

    made = replaced(command, spot("--lr"), value)

    assert value_in(made, spot("--lr"), [value]) == (value,)
    words = shlex.split(made)
    left = len(shlex.split(" ".join(["python t.py", *before])))
    right = len(shlex.split(" ".join(after)))
    assert words[:left] == shlex.split(" ".join(["python t.py", *before]))
    assert words[len(words) - right :] == shlex.split(" ".join(after))
    assert len(words) - left - right == (1 if words[left].startswith("--lr=") else 2)


@given(before=st.lists(WORDS), value=PLAIN)
@pytest.mark.parametrize("name", ["--lr", "-l", "$LR"])
def test_what_is_added_is_read_back(before: list[str], value: JsonValue, name: str) -> None:
    assume(name != "-l" or not str(value).startswith("-"))
    command = " ".join(["python t.py", *before])

    made = replaced(command, spot(name), value)

    assert value_in(made, spot(name), [value]) == (value,)
    assert replaced(made, spot(name), None) == command


@given(value=PLAIN)
def test_an_override_is_read_back(value: JsonValue) -> None:
    made = replaced("python t.py a=1", spot("hydra:m.lr"), value)

    assert value_in(made, spot("hydra:m.lr")) == (value,)
    assert value_in(made, spot("hydra:a")) == (1,)
    assert len(shlex.split(made)) == 4


@pytest.mark.parametrize(
    "value",
    [
        '"; rm -rf ~',
        "$(echo hi)",
        "`id`",
        "it's",
        "-rf",
        "a\\",
        "*",
        "",
        "$LR",
        "!!",
        "~",
        "#",
        "\\'",
    ],
)
def test_a_shell_gives_a_hostile_value_as_one_argument(value: str) -> None:
    joined = spot("--k")

    got = arguments(replaced("LR=x python t.py --k 1 end", joined, value))
    set_before = arguments(replaced("python t.py end", spot("$LR"), value))

    assert got in (["", "t.py", "--k", value, "end"], ["", "t.py", f"--k={value}", "end"])
    # sh fills in "$LR" of the line before it sets it: the variable goes to the program alone.
    assert set_before == ["", "t.py", "end"]


@given(text=st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        found = found_in(text, spot("--lr"))
    except ValueError:
        return

    assert all(text[f.start : f.end] for f in found)


@given(text=st.lists(WORDS).map(" ".join))
def test_words_are_those_of_the_shell(text: str) -> None:
    from branchline.core.run.shell_words import simple_commands

    words = [word.value for command in simple_commands(text) for word in command.words]

    assert words == shlex.split(text)
