"""Which pushes a workflow of GitHub's with filters starts for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.trigger.filters import MOST_FILES, PushFilter, started_by_paths, starts_for


@pytest.mark.parametrize(
    ("paths", "files", "is_started"),
    [
        pytest.param(["src/**"], ["src/a/b.py"], True, id="a-folder-at-any-depth"),
        pytest.param(["src/*"], ["src/a/b.py"], False, id="one-star-stops-at-a-slash"),
        pytest.param(["**.py"], ["deep/down/b.py"], True, id="two-stars-before-an-ending"),
        pytest.param(["src/**", "!**.md"], ["src/a.md"], False, id="a-later-pattern-takes-out"),
        pytest.param(["!**.md", "src/**"], ["src/a.md"], True, id="a-later-pattern-lets-in"),
        pytest.param(["src"], ["src/a.py"], False, id="a-folder-s-name-matches-no-file-of-it"),
        pytest.param(["**"], [], False, id="no-file-changed"),
    ],
)
def test_paths(paths: list[str], files: list[str], is_started: bool) -> None:
    said = started_by_paths(PushFilter(paths=tuple(paths)), files)

    assert said.is_started is is_started
    assert said.reason


@pytest.mark.parametrize(
    ("files", "is_started"),
    [
        pytest.param(["docs/a.md"], False, id="only-ignored-files"),
        pytest.param(["docs/a.md", "train.py"], True, id="one-that-is-not-ignored"),
        pytest.param([], False, id="no-file-changed"),
    ],
)
def test_paths_ignore(files: list[str], is_started: bool) -> None:
    assert started_by_paths(PushFilter(paths_ignore=("docs/**",)), files).is_started is is_started


def test_a_match_behind_the_first_300_files_starts_nothing() -> None:
    files = [f"docs/{n:04}.md" for n in range(MOST_FILES)] + ["src/train.py"]

    said = started_by_paths(PushFilter(paths=("src/**",)), files)

    assert not said.is_started
    assert "first 300" in said.reason


def test_of_more_than_a_thousand_commits_no_list_is_made() -> None:
    found = PushFilter(paths=("src/**",))

    assert starts_for(found, branch="main", files=["a"], commits=1_001).is_started
    assert not starts_for(found, branch="main", files=["a"], commits=1_000).is_started


@pytest.mark.parametrize(
    ("found", "is_started"),
    [
        pytest.param(PushFilter(), True, id="no-filter-at-all"),
        pytest.param(PushFilter(branches=("main", "release/**")), True, id="the-branch-is-named"),
        pytest.param(PushFilter(branches=("release/**",)), False, id="another-branch-is-named"),
        pytest.param(PushFilter(branches_ignore=("ma*",)), False, id="the-branch-is-ignored"),
        pytest.param(PushFilter(has_tags=True), False, id="tags-alone-keep-branches-out"),
        pytest.param(PushFilter(has_tags=True, branches=("main",)), True, id="tags-and-branches"),
    ],
)
def test_branches(found: PushFilter, is_started: bool) -> None:
    assert starts_for(found, branch="main", files=["a"]).is_started is is_started


@pytest.mark.parametrize(
    ("message", "is_started"),
    [
        pytest.param("fix [skip ci]", False, id="skip-ci"),
        pytest.param("fix\n\n[NO CI] please", False, id="anywhere-in-any-case"),
        pytest.param("fix\n\nskip-checks: true\n", False, id="the-trailer"),
        pytest.param("skip ci", True, id="without-brackets"),
    ],
)
def test_words_of_a_message_that_start_nothing(message: str, is_started: bool) -> None:
    assert (
        starts_for(PushFilter(), branch="m", files=["a"], message=message).is_started is is_started
    )


@given(st.lists(st.sampled_from(["a.py", "b/c.py", "d.md", "b/e.md"]), unique=True))
def test_what_is_ignored_by_one_list_is_what_the_other_lets_in(files: list[str]) -> None:
    ignoring = started_by_paths(PushFilter(paths_ignore=("**.md",)), files)
    naming = started_by_paths(PushFilter(paths=("**", "!**.md")), files)

    assert ignoring.is_started is naming.is_started
