"""The fakes pass the suites that the real adapters pass."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from branchline.core.pipeline import Content
from branchline.ports.environments import Wanted
from branchline.ports.repo import Head, Tag
from branchline.testing.artifacts import ArtifactsContract, FakeArtifacts
from branchline.testing.branches import FakeBranches
from branchline.testing.branches_contract import BranchesContract
from branchline.testing.environments import EnvironmentsContract, FakeEnvironments
from branchline.testing.records import FakeRecords, RecordsContract, result_of, run_files
from branchline.testing.registry import FakeRegistry, RegistryContract
from branchline.testing.repo import FakeRepo, RepoContract
from branchline.testing.tracker import FakeTracker, TrackerContract

if TYPE_CHECKING:
    from branchline.ports.artifacts import Artifacts
    from branchline.ports.tracker import Tracker

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


class TestFakeBranches(BranchesContract):
    @pytest.fixture
    def branches(self) -> FakeBranches:
        made = FakeBranches()
        made.move("main", made.root({"a.txt": b"one\n"}), expected=None)
        return made


class TestFakeRegistry(RegistryContract):
    @pytest.fixture
    def registry(self) -> FakeRegistry:
        return FakeRegistry()

    @pytest.fixture
    def commits(self) -> list[str]:
        return [str(number) * 40 for number in range(4)]


class TestFakeArtifacts(ArtifactsContract):
    @pytest.fixture
    def artifacts(self) -> FakeArtifacts:
        return FakeArtifacts()

    def put(self, artifacts: Artifacts, data: bytes) -> Content:
        assert isinstance(artifacts, FakeArtifacts)
        md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
        artifacts.objects[md5] = data
        return Content(md5=md5, size_bytes=len(data))

    def held(self, artifacts: Artifacts, folder: str) -> dict[str, bytes]:
        assert isinstance(artifacts, FakeArtifacts)
        return artifacts.laid[folder.removeprefix("/fake/")]

    def spoil(self, artifacts: Artifacts, content: Content, data: bytes | None) -> None:
        assert isinstance(artifacts, FakeArtifacts)
        artifacts.objects.pop(content.md5 or "")
        if data is not None:
            artifacts.objects[content.md5 or ""] = data


class TestFakeTracker(TrackerContract):
    @pytest.fixture
    def tracker(self) -> FakeTracker:
        return FakeTracker()

    def shown(self, tracker: Tracker, run_id: str) -> tuple[dict[str, str], dict[str, float]]:
        assert isinstance(tracker, FakeTracker)
        run = tracker.runs[run_id]
        return dict(run.params), dict(run.metrics)

    def counts(self, tracker: Tracker, model: str) -> tuple[int, int]:
        assert isinstance(tracker, FakeTracker)
        return len(tracker.runs), len(tracker.versions)


class TestFakeEnvironments(EnvironmentsContract):
    @pytest.fixture
    def environments(self) -> FakeEnvironments:
        return FakeEnvironments(impossible=frozenset({"absent"}))

    @pytest.fixture
    def wanted(self) -> dict[str, Wanted]:
        names = ("one", "two", "absent")
        return {n: Wanted(digest=n, root="/", file="requirements.txt") for n in names}
