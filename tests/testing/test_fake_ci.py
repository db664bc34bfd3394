"""The fakes of a CI job and its remote pass the suites that the real ones pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from branchline.testing.ci import CiJobContract, FakeJob, FakeResultsFolder, ResultsFolderContract
from branchline.testing.ci_remote import CiRemoteContract, FakeCiRemote, FakeHeld, FakeSide

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.ports.ci import ResultsFolder
    from branchline.ports.ci_remote import CiRemote
    from branchline.testing.ci import Woken
    from branchline.testing.ci_remote import Place


@dataclass
class FakeWoken:
    job: FakeJob = field(default_factory=FakeJob)

    def outputs(self) -> Mapping[str, str]:
        return self.job.outputs

    def summary(self) -> str:
        return self.job.summary

    def annotations(self) -> Sequence[str]:
        return [note.text for note in self.job.notes]


class TestFakeJob(CiJobContract):
    @pytest.fixture
    def woken(self) -> Woken:
        return FakeWoken()


class TestFakeResultsFolder(ResultsFolderContract):
    @pytest.fixture
    def folder(self) -> ResultsFolder:
        return FakeResultsFolder()


class FakePlace:
    first, dev, head = "1" * 40, "2" * 40, "3" * 40
    address, bundle = "ada@example.org", "/nowhere/records.bundle"

    def __init__(self) -> None:
        def held(text: str, *parents: str) -> FakeHeld:
            return FakeHeld(files={"file": text}, parents=parents, committer=self.address)

        there = FakeSide(
            commits={
                self.first: held("1"),
                self.dev: held("2", self.first),
                self.head: held("2", self.dev),
            },
            branches={"main": self.head, "dev": self.dev},
            tags={"demo@v1.0.0": self.first, "other@v1.0.0": self.first},
        )
        self.remote = FakeCiRemote(there, [self.head])

    def tag_here(self, name: str, commit: str) -> None:
        self.remote.tags[name] = commit

    def tags_here(self) -> Sequence[str]:
        return sorted(self.remote.tags)

    def record_here(self, name: str) -> None:
        self.remote.records[name] = "4" * 40

    def beside(self) -> CiRemote:
        return FakeCiRemote(self.remote.there, [self.head], self.remote.bundles)

    def go_away(self) -> None:
        self.remote.is_away = True


class TestFakeCiRemote(CiRemoteContract):
    @pytest.fixture
    def place(self) -> Place:
        return FakePlace()
