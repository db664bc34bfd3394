"""Names of references: hostile ones are refused and shown safely; neighbours that cannot be."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from branchline.core.trigger.refnames import (
    RefKind,
    bad_characters,
    conflict,
    explain_conflict,
    kind_of,
    shown,
    why_no_branch,
    why_refused,
)

HOSTILE = (
    "a;id", "a$(id)", "a`id`", 'a"b', "a'b", "a|b", "a&b", "a<b", "a{b}", "a%0Ab", "a#b", "a!b",
    "a(b)", "a$IFS", "${{x}}", "train/$(touch${IFS}pwn)", "@", "refs/heads/main", "train/é",
    "-x", "a/-x", "HEAD", "a\x1b[31m", "a\udcff", "x" * 201,
)  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_hostile_branch_is_refused(name: str) -> None:
    why = why_refused(f"refs/heads/{name}")

    assert why
    assert why.isprintable()
    assert "\udcff" not in why


@pytest.mark.parametrize(
    "ref",
    [
        "refs/heads/main", "refs/heads/train/x_1.2-b", "refs/heads/" + "a1" * 20,
        "refs/tags/v1.0", "refs/tags/model@v1.2.3", "refs/tags/model#production#4",
        "refs/tags/model#production!#5", "refs/tags/model@v1.2.3!", "refs/tags/sub=model@v1.0.0",
        "refs/branchline/results/ab/abcdef/0011", "refs/branchline/runs/abc1234-2",
        "refs/branchline/approvals/abc1234-2", "refs/branchline/noise/0a1b2c/7",
        "refs/branchline/answers/0a1b2c/20261127T223700Z-abc1234",
        "refs/notes/commits",
    ],
)  # fmt: skip
def test_a_plain_name_is_taken(ref: str) -> None:
    assert why_refused(ref) == ""


@pytest.mark.parametrize(
    "ref",
    ["refs/branchline/incoming/x", "refs/replace/a", "refs/pull/1/head", "refs/stash", "HEAD"],
)
def test_references_of_other_kinds_are_refused(ref: str) -> None:
    assert why_refused(ref)


def test_a_box_may_allow_more() -> None:
    assert why_refused("refs/heads/train/é", allowed="é") == ""
    assert why_refused("refs/heads/a@b", allowed="é")
    assert why_refused("refs/heads/a;b", allowed=";")


@given(st.text(max_size=5))
def test_no_setting_allows_what_a_shell_reads(allowed: str) -> None:
    for char in ";$`\"'|&<>(){}!*?[]\\ \n\t~^:":
        assert why_refused(f"refs/heads/a{char}b", allowed=allowed + char)
        assert char in bad_characters(allowed + char)


@given(st.text(alphabet="aé./-@{~ HEADlock", max_size=9))
@example("a..b")
@example("HEAD")
@example("-a")
@example("a.lock")
@example("refs/heads/a")
def test_what_git_takes_as_no_branch_is_refused(name: str) -> None:
    allowed = "@é"  # what a box may allow does not allow what git refuses
    git = subprocess.run(
        ["git", "check-ref-format", "--branch", name], capture_output=True, check=False
    )

    assert git.returncode == 0 or why_no_branch(name, allowed=allowed)


@pytest.mark.parametrize("name", ["main", "train/x", "a.b", "v1.2-rc_3", "lock"])
def test_what_can_be_a_branch(name: str) -> None:
    assert why_no_branch(name) == ""


@pytest.mark.parametrize(
    ("ref", "kind"),
    [
        ("refs/tags/m@v1.0.0", RefKind.REGISTRY),
        ("refs/tags/m@deprecated", RefKind.REGISTRY),
        ("refs/tags/a/b#prod#12", RefKind.REGISTRY),
        ("refs/tags/m#prod!", RefKind.REGISTRY),
        ("refs/tags/sub=m@v1.0.0", RefKind.REGISTRY),
        ("refs/tags/v1.0.0", RefKind.TAG),
        ("refs/tags/m@latest", RefKind.TAG),
        ("refs/heads/m@v1.0.0", RefKind.BRANCH),
    ],
)
def test_kinds(ref: str, kind: RefKind) -> None:
    assert kind_of(ref) is kind


@pytest.mark.parametrize(
    ("name", "existing", "other"),
    [
        pytest.param("models/x", {"models"}, "models", id="below-a-branch"),
        pytest.param("models/x/y", {"models"}, "models", id="deep-below-a-branch"),
        pytest.param("models", {"models/b", "models/a"}, "models/a", id="above-branches"),
        pytest.param("models", {"models-a", "main"}, "", id="beside-a-dash"),
        pytest.param("models/x", {"models/y"}, "", id="beside-a-sibling"),
        pytest.param("models", {"models"}, "", id="itself-is-no-neighbour"),
    ],
)
def test_conflict(name: str, existing: set[str], other: str) -> None:
    assert conflict(name, existing) == other


@pytest.mark.parametrize(
    ("name", "other", "instead"),
    [("models/x", "models", "models-x"), ("models", "models/x", "models/main")],
)
def test_a_conflict_names_what_could_stand_there(name: str, other: str, instead: str) -> None:
    sentence, wanted = explain_conflict(name, other)

    assert f"`{name}`" in sentence
    assert f"`{other}`" in sentence
    assert wanted == instead
    assert conflict(wanted, {other}) == ""


@given(st.text(max_size=100))
def test_what_is_shown_is_one_line_that_no_terminal_acts_on(text: str) -> None:
    quoted = shown(text)

    assert quoted.isprintable()
    assert len(quoted) < 600
    quoted.encode("utf-8")
