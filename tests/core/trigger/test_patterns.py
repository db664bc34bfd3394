"""GitHub's branch patterns: its own examples, and what must hold for any pattern."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.trigger.patterns import PatternError, matches, matches_any, parts_of

PLAIN = string.ascii_letters + string.digits + "._-/"
names = st.text(PLAIN, min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("pattern", "name", "is_match"),
    [
        pytest.param("main", "main", True, id="a-name-is-itself"),
        pytest.param("main", "main2", False, id="a-name-is-the-whole-name"),
        pytest.param("*", "main", True, id="star-is-a-name"),
        pytest.param("*", "feature/a", False, id="star-stops-at-a-slash"),
        pytest.param("*", "", True, id="star-is-nothing-too"),
        pytest.param("feature/*", "feature/my-branch", True, id="star-below-a-folder"),
        pytest.param("feature/*", "feature/a/b", False, id="star-is-one-folder"),
        pytest.param("feature/**", "feature/beta-a/my-branch", True, id="two-stars-cross"),
        pytest.param("feature/**", "feature", False, id="the-folder-itself-is-not-below-it"),
        pytest.param("**", "all/the/branches", True, id="two-stars-are-everything"),
        pytest.param("*feature", "mona-feature", True, id="star-at-the-start"),
        pytest.param("*feature", "ver-10-feature", True, id="star-over-dashes"),
        pytest.param("*feature", "x/feature", False, id="star-at-the-start-stops-too"),
        pytest.param("v2*", "v2.9", True, id="star-at-the-end"),
        pytest.param("v2*", "v2", True, id="star-at-the-end-is-nothing"),
        pytest.param("v[12].[0-9]+.[0-9]+", "v1.10.1", True, id="sets-and-plus"),
        pytest.param("v[12].[0-9]+.[0-9]+", "v3.0.0", False, id="a-set-holds-what-it-says"),
        pytest.param("v[12].[0-9]+.[0-9]+", "v1..1", False, id="plus-is-at-least-one"),
        pytest.param("*.jsx?", "page.js", True, id="question-mark-makes-optional"),
        pytest.param("*.jsx?", "page.jsx", True, id="question-mark-allows-one"),
        pytest.param("*.jsx?", "page.jsxx", False, id="question-mark-allows-no-two"),
        pytest.param("**/docs/**", "docs/a", True, id="folders-may-be-none"),
        pytest.param("**/docs/**", "x/y/docs/a", True, id="folders-may-be-many"),
        pytest.param("a/**/b", "a/b", True, id="folders-in-the-middle-may-be-none"),
        pytest.param("a/**/b", "ab", False, id="folders-in-the-middle-keep-their-slash"),
        pytest.param("a**/b", "ax/b", True, id="two-stars-inside-a-name"),
        pytest.param("[CD]at", "Cat", True, id="a-set"),
        pytest.param("[CD]at", "cat", False, id="case-counts"),
        pytest.param("[a-c_-]x", "-x", True, id="a-dash-at-the-end-of-a-set-is-itself"),
        pytest.param(r"a\*b", "a*b", True, id="an-escaped-star-is-a-star"),
        pytest.param(r"a\*b", "axb", False, id="an-escaped-star-is-nothing-else"),
        pytest.param(r"c\+\+", "c++", True, id="escaped-plus"),
        pytest.param("a.b", "axb", False, id="a-dot-is-a-dot"),
        pytest.param("a(b|c)$", "a(b|c)$", True, id="other-signs-are-themselves"),
        pytest.param("a*", "a\nb", True, id="a-newline-is-a-character"),
    ],
)
def test_matches(pattern: str, name: str, is_match: bool) -> None:
    assert matches(pattern, name) is is_match


@pytest.mark.parametrize(
    ("patterns", "name", "is_in"),
    [
        pytest.param([], "main", False, id="an-empty-list-lets-nothing-in"),
        pytest.param(["releases/**", "!releases/**-alpha"], "releases/10", True, id="in"),
        pytest.param(["releases/**", "!releases/**-alpha"], "releases/10-alpha", False, id="out"),
        pytest.param(["a*", "!ab*", "abc"], "abc", True, id="a-later-one-lets-in-again"),
        pytest.param(["!a", "a"], "a", True, id="nothing-can-be-taken-out-before-it-is-in"),
        pytest.param(["!a"], "b", False, id="only-negative-patterns-let-nothing-in"),
    ],
)
def test_matches_any(patterns: list[str], name: str, is_in: bool) -> None:
    assert matches_any(patterns, name) is is_in


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        pytest.param("", "empty", id="empty"),
        pytest.param("!", "empty", id="only-the-sign"),
        pytest.param("?a", "follows no character", id="question-mark-first"),
        pytest.param("*+", "follows no character", id="plus-after-a-star"),
        pytest.param("a?+", "follows no character", id="plus-after-a-question-mark"),
        pytest.param("a[bc", "not closed", id="open-set"),
        pytest.param("a[]", "must hold", id="empty-set"),
        pytest.param("a[!b]", "must hold", id="no-negated-sets"),
        pytest.param("a[z-a]", "backwards", id="range-backwards"),
        pytest.param("a\\", "escapes nothing", id="escape-at-the-end"),
    ],
)
def test_a_pattern_that_means_nothing_is_refused(pattern: str, words: str) -> None:
    with pytest.raises(PatternError, match=words):
        parts_of(pattern)


@given(names)
def test_a_plain_name_matches_itself_alone(name: str) -> None:
    assert matches(name, name)
    assert not matches(name, name + "x")
    assert not matches(name, "x" + name)


@given(names)
def test_two_stars_match_every_name(name: str) -> None:
    assert matches("**", name)
    assert matches("*", name) is ("/" not in name)


@given(names, names)
def test_below_a_folder_is_what_begins_with_it(folder: str, rest: str) -> None:
    # Its last part only: `**/` after a slash means folders, and may be none.
    folder = folder.replace("/", "-")

    assert matches(f"{folder}/**", f"{folder}/{rest}")
    assert matches(f"{folder}/*", f"{folder}/{rest}") is ("/" not in rest)


@given(st.text(string.printable, min_size=1, max_size=12))
def test_everything_escaped_is_only_itself(name: str) -> None:
    escaped = "".join(f"\\{char}" for char in name)

    assert matches(escaped, name)
    assert not matches(escaped, name + "a")


@given(st.text(PLAIN + "*?+[]!\\", max_size=12), names)
def test_a_pattern_is_refused_or_answers(pattern: str, name: str) -> None:
    try:
        parts_of(pattern)
    except PatternError:
        with pytest.raises(PatternError):
            matches(pattern, name)
    else:
        assert matches(pattern, name) in (True, False)
