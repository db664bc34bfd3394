"""The fakes pass the suites that the real adapters pass."""

from __future__ import annotations

import pytest

from branchline.ports.repo import Head, Tag
from branchline.testing.records import FakeRecords, RecordsContract, result_of, run_files
from branchline.testing.repo import FakeRepo, RepoContract

COMMIT = "1" * 40


class TestFakeRecords(RecordsContract):
    @pytest.fixture
    def records(self) -> FakeRecords:
        return FakeRecords()


class TestFakeRepo(RepoContract):
    @pytest.fixture
    def repo(self) -> FakeRepo:
        tag = Tag(name="m@v0.0.1", commit=COMMIT, tagged_at="2026-01-01T00:00:00Z", tagger="")
        return FakeRepo(
            head=Head(commit=COMMIT, short=COMMIT[:7], branch="main"),
            files={(COMMIT, "a.txt"): b"one\n"},
            history={COMMIT: [COMMIT]},
            tags=[tag],
            dirty=["b.txt"],
            ignored=["c.log"],
        )


def test_fake_records_travel() -> None:
    origin = FakeRecords()
    here = FakeRecords({"origin": origin})
    here.add_results([result_of("ab" * 32)])
    here.add_run("a", run_files("2026-01-01"))

    assert here.push("origin").sent == 2
    assert FakeRecords({"origin": origin}).fetch("origin").received == 2
