"""Port `ci_remote`: a fake in memory, and what every implementation must do.

To check an implementation, inherit `CiRemoteContract` and give it a fixture `place`: a remote with
some commits, and a checkout of the newest one alone.
"""

# ruff: noqa: S101, D102 - a contract suite is made of assertions, and its names say what they show

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import pytest

from branchline.errors import RecordError, RepositoryError
from branchline.ports.ci_remote import CiRemote
from branchline.ports.records import Exchange

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LOOK = "demo/1-a"
RUN = "refs/branchline/runs/abc1234"
APPROVAL = "refs/branchline/approvals/abc1234"


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeHeld:
    """A commit of a fake remote: its files, its parents, and who committed it."""

    files: Mapping[str, str]
    parents: tuple[str, ...] = ()
    committer: str = ""


@dataclass
class FakeSide:
    """What the other side of a fake remote has.

    Attributes:
        commits: By hash. branches, tags, records: Name -> what it holds.
    """

    commits: dict[str, FakeHeld] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    records: dict[str, str] = field(default_factory=dict)


class FakeCiRemote(CiRemote):
    """A remote in memory.

    Args:
        there: The other side.
        here: Commits that the checkout has.
        bundles: Files of records by path; those that share it are jobs of one run.
    """

    def __init__(
        self,
        there: FakeSide,
        here: Sequence[str] = (),
        bundles: dict[str, dict[str, str]] | None = None,
    ) -> None:
        self.there, self.here = there, set(here)
        self.tags: dict[str, str] = {}
        self.records: dict[str, str] = {}
        self.bundles = {} if bundles is None else bundles
        self.is_away = False

    def has_commit(self, commit: str) -> bool:
        """See the port."""
        return commit in self.here

    def parents(self, commit: str) -> Sequence[str]:
        """See the port."""
        return self.there.commits[commit].parents if commit in self.here else ()

    def bring_branch(self, branch: str) -> str:
        """See the port."""
        self._reach()
        commit = self.there.branches.get(branch, "")
        self.here |= {commit} - {""}
        return commit

    def bring_commit(self, commit: str) -> bool:
        """See the port."""
        if commit in self.there.commits and not self.is_away:
            self.here.add(commit)
        return commit in self.here

    def bring_tags(self, prefixes: Sequence[str]) -> None:
        """See the port."""
        self._reach()
        wanted = {n: c for n, c in self.there.tags.items() if n.startswith(tuple(prefixes))}
        self.tags = {**wanted, **self.tags}

    def same_files(self, one: str, other: str) -> bool:
        """See the port."""
        if not {one, other} <= self.here:
            return False
        return self.there.commits[one].files == self.there.commits[other].files

    def is_empty_commit(self, commit: str) -> bool:
        """See the port."""
        parents = self.parents(commit)
        is_single = len(parents) == 1 and self.bring_commit(parents[0])
        return is_single and self.same_files(commit, parents[0])

    def branch_head(self, branch: str) -> str:
        """See the port."""
        self._reach()
        return self.there.branches.get(branch, "")

    def push_branch(self, branch: str, commit: str, *, expected: str) -> bool:
        """See the port."""
        self._reach()
        if self.there.branches.get(branch, "") != expected:
            return False
        self.there.branches[branch] = commit
        return True

    def tagged(self, name: str) -> str:
        """See the port."""
        self._reach()
        return self.there.tags.get(name, "")

    def push_tag(self, name: str) -> bool:
        """See the port."""
        self._reach()
        return self.there.tags.setdefault(name, self.tags[name]) == self.tags[name]

    def committer(self, commit: str) -> str:
        """See the port."""
        return self.there.commits[commit].committer if commit in self.here else ""

    def fetch_records(self) -> Exchange:
        """See the port."""
        return self._merged(self.there.records)

    def push_records(self) -> Exchange:
        """See the port."""
        if self.is_away:
            raise RecordError("the remote is away")
        new = {name: held for name, held in self.records.items() if name not in self.there.records}
        self.there.records |= new
        return Exchange(sent=len(new))

    def drop_looks(self, places: Sequence[str]) -> None:
        """See the port."""
        for place in places:
            self.there.records.pop(f"refs/branchline/looks/{place}", None)

    def record_names(self) -> frozenset[tuple[str, str]]:
        """See the port."""
        return frozenset(self.records.items())

    def pack_records(self, names: Sequence[str], path: str) -> int:
        """See the port."""
        kinds = ("refs/branchline/runs/", "refs/branchline/results/")
        wanted = {name: self.records[name] for name in names if name.startswith(kinds)}
        if wanted:
            self.bundles[path] = wanted
        return sum(len(name) + len(held) for name, held in wanted.items())

    def unpack_records(self, path: str) -> Exchange:
        """See the port."""
        if path not in self.bundles:
            raise RecordError(f"{path} holds no records that can be read")
        return self._merged(self.bundles[path])

    def _merged(self, others: Mapping[str, str]) -> Exchange:
        if self.is_away:
            raise RecordError("the remote is away")
        new = {name: held for name, held in others.items() if name not in self.records}
        self.records |= new
        return Exchange(received=len(new))

    def _reach(self) -> None:
        if self.is_away:
            raise RepositoryError("the remote is away")


class Place(Protocol):
    """A remote, and a checkout of one commit.

    Attributes:
        first, head: Commits of `main`, the newest of which is checked out: it has the files of the
            one before, which is the only one between them. dev: The commit between them, where the
            branch `dev` stands.
        address: Of who committed them.
        bundle: Path for a file of records.
    """

    first: str
    dev: str
    head: str
    address: str
    bundle: str

    @property
    def remote(self) -> CiRemote:
        """Between both."""
        ...

    def tag_here(self, name: str, commit: str) -> None:
        """Make a tag in the checkout."""
        ...

    def tags_here(self) -> Sequence[str]:
        """Names of the tags of the checkout, sorted."""
        ...

    def record_here(self, name: str) -> None:
        """Make a record in the checkout."""
        ...

    def beside(self) -> CiRemote:
        """The remote of another checkout, that of a later job."""
        ...

    def go_away(self) -> None:
        """From now on the remote cannot be reached."""
        ...


class CiRemoteContract(ABC):
    """What the remote of every checkout does. It has the tags `demo@v1.0.0` and `other@v1.0.0`."""

    @pytest.fixture
    @abstractmethod
    def place(self) -> Place:
        """A fresh one."""

    def test_commits_come_when_they_are_asked_for(self, place: Place) -> None:
        remote = place.remote

        assert remote.has_commit(place.head)
        assert not remote.has_commit(place.first)
        assert list(remote.parents(place.head)) == [place.dev]
        assert list(remote.parents("f" * 40)) == []
        assert remote.bring_commit(place.first)
        assert remote.has_commit(place.first)
        assert not remote.bring_commit("f" * 40)

    def test_a_branch_comes_with_its_newest_commit(self, place: Place) -> None:
        assert place.remote.bring_branch("dev") == place.dev
        assert place.remote.has_commit(place.dev)
        assert place.remote.bring_branch("gone") == ""
        assert place.remote.branch_head("dev") == place.dev
        assert place.remote.branch_head("gone") == ""

    def test_files_are_compared_and_not_history(self, place: Place) -> None:
        place.remote.bring_commit(place.first)
        place.remote.bring_commit(place.dev)

        assert place.remote.same_files(place.head, place.dev)
        assert not place.remote.same_files(place.head, place.first)
        assert place.remote.is_empty_commit(place.head)
        assert not place.remote.is_empty_commit(place.dev)
        assert not place.remote.is_empty_commit("f" * 40)

    def test_only_the_tags_that_are_asked_for_come(self, place: Place) -> None:
        place.remote.bring_tags(["demo@", "demo#"])
        place.remote.bring_tags(["demo@"])

        assert list(place.tags_here()) == ["demo@v1.0.0"]
        assert place.remote.tagged("demo@v1.0.0") == place.first
        assert place.remote.tagged("gone") == ""

    def test_a_tag_is_given_once_and_none_is_moved(self, place: Place) -> None:
        place.tag_here("passed/x", place.head)
        place.tag_here("demo@v1.0.0", place.head)

        assert [place.remote.push_tag("passed/x") for _ in range(2)] == [True, True]
        assert place.remote.tagged("passed/x") == place.head
        assert not place.remote.push_tag("demo@v1.0.0")
        assert place.remote.tagged("demo@v1.0.0") == place.first

    def test_a_branch_moves_only_from_where_it_was_expected(self, place: Place) -> None:
        assert place.remote.push_branch("training/x", place.head, expected="")
        assert place.remote.branch_head("training/x") == place.head
        assert not place.remote.push_branch("dev", place.head, expected="")
        assert not place.remote.push_branch("dev", place.head, expected=place.head)
        assert place.remote.branch_head("dev") == place.dev

    def test_who_committed_is_known_of_what_is_here(self, place: Place) -> None:
        assert place.remote.committer(place.head) == place.address
        assert place.remote.committer("f" * 40) == ""

    def test_records_go_to_the_remote_and_come_from_it(self, place: Place) -> None:
        place.record_here(RUN)

        assert place.remote.push_records().sent == 1
        assert place.remote.push_records().sent == 0
        other = place.beside()
        assert other.record_names() == frozenset()
        assert other.fetch_records().received == 1
        assert other.record_names() == place.remote.record_names()

    def test_looks_that_are_dropped_are_gone_from_the_remote(self, place: Place) -> None:
        place.record_here(f"refs/branchline/looks/{LOOK}")
        place.record_here(RUN)
        place.remote.push_records()

        place.remote.drop_looks([LOOK, "demo/2-gone"])
        place.remote.drop_looks([LOOK])

        other = place.beside()
        other.fetch_records()
        assert [name for name, _ in other.record_names()] == [RUN]

    def test_records_go_from_job_to_job_but_no_approval(self, place: Place) -> None:
        place.record_here(RUN)
        place.record_here(APPROVAL)
        other = place.beside()

        assert place.remote.pack_records([RUN, APPROVAL], place.bundle) > 0
        assert other.unpack_records(place.bundle).received == 1

        assert [name for name, _ in other.record_names()] == [RUN]
        assert other.unpack_records(place.bundle).received == 0
        assert place.remote.pack_records([APPROVAL], f"{place.bundle}.none") == 0
        with pytest.raises(RecordError):
            other.unpack_records(f"{place.bundle}.none")

    def test_a_remote_that_is_away_is_no_remote_without_anything(self, place: Place) -> None:
        place.go_away()

        for ask in (
            lambda: place.remote.bring_branch("dev"),
            lambda: place.remote.branch_head("dev"),
            lambda: place.remote.bring_tags(["demo@"]),
            lambda: place.remote.tagged("demo@v1.0.0"),
            lambda: place.remote.push_branch("x", place.head, expected=""),
        ):
            with pytest.raises(RepositoryError):
                ask()
        with pytest.raises(RecordError):
            place.remote.fetch_records()
        assert not place.remote.bring_commit(place.first)
