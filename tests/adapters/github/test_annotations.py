"""Sentences at lines of a commit, on the judged forge: each once, whatever is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from branchline.adapters.github import GitHubAnnotations
from branchline.errors import ForgePermissionError
from branchline.ports.annotations import MOST_LINES
from branchline.ports.ci import Note, NoteLevel
from branchline.testing.annotations import AnnotationsContract, FakeAnnotations

if TYPE_CHECKING:
    from tests.adapters.github.conftest import Site

    from branchline.ports.annotations import Annotations


def note(line: int, text: str = "x", **more: Any) -> Note:
    level = more.pop("level", NoteLevel.ERROR)
    return Note(level=level, text=text, file=more.pop("file", "a.yaml"), line=line, **more)


def shown(site: Site, name: str = "branchline/m lines") -> list[list[tuple[str, int, str]]]:
    """Of each check run of that name, oldest first."""
    found = []
    listed = site.ask("GET", f"/commits/{site.head()}/check-runs")["check_runs"]
    for run in sorted((r for r in listed if r["name"] == name), key=lambda r: r["id"]):
        client = site.client()
        rows = client.pages(f"/repos/{site.name}/check-runs/{run['id']}/annotations")
        found.append([(r["path"], r["start_line"], r["message"]) for r in rows])  # type: ignore[index] # rows
    return found


def put(site: Site, notes: list[Note], token: str = "tok-bot") -> int:
    adapter = GitHubAnnotations(site.repository(token))
    return adapter.put(site.head(), "branchline/m lines", notes, summary="Why.")


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"method": "POST", "is_done": True}, id="the-answer-to-the-first"),
        pytest.param({"method": "PATCH", "is_done": True}, id="the-answer-to-a-batch"),
        pytest.param({"method": "PATCH", "after": 1}, id="the-second-batch"),
        pytest.param({"method": "PATCH", "status": 0, "is_done": True}, id="the-connection"),
    ],
)
def test_each_line_stands_once_whatever_is_lost(site: Site, fault: dict[str, Any]) -> None:
    notes = [note(line) for line in range(1, 121)]
    if fault:
        site.judged.break_next("check-runs", **fault)

    counts = [put(site, notes), put(site, [*notes, *notes])]

    assert counts == [120, 120]
    (rows,) = shown(site)
    assert rows == [("a.yaml", line, "x") for line in range(1, 121)]


def test_other_lines_take_the_place_of_those_before(site: Site) -> None:
    put(site, [note(1), note(2)])
    put(site, [note(2)])
    put(site, [note(2)])

    # GitHub shows the newest check run of a name.
    assert shown(site) == [[("a.yaml", 2, "x")]]


def test_what_strangers_wrote_is_text_and_of_bounded_length(site: Site) -> None:
    put(site, [note(3, "\0::error::\n" + "y" * 90_000, title="t" * 900)])

    ((row,),) = shown(site)
    assert row[2].startswith("\ufffd::error:: y")
    assert len(row[2]) < 9_000


def test_what_has_no_line_is_left_out_and_so_is_what_nobody_reads(site: Site) -> None:
    assert put(site, [note(0), note(1, file="")]) == 0
    assert shown(site) == []
    assert put(site, [note(line) for line in range(1, MOST_LINES + 50)]) == MOST_LINES


def test_the_permission_that_is_missing_is_named(site: Site) -> None:
    with pytest.raises(ForgePermissionError) as caught:
        put(site, [note(1)], token="tok-bot+statuses:write")

    assert "checks: " in caught.value.message


class TestGitHubAnnotations(AnnotationsContract):
    @pytest.fixture
    def annotations(self, site: Site) -> Annotations:
        return GitHubAnnotations(site.repository())

    @pytest.fixture
    def commit(self, site: Site) -> str:
        return site.head()


class TestFakeAnnotations(AnnotationsContract):
    @pytest.fixture
    def annotations(self) -> Annotations:
        return FakeAnnotations()

    @pytest.fixture
    def commit(self) -> str:
        return "c" * 40
