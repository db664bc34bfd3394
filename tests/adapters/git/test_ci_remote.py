"""A shallow checkout, its remote, and records that strangers hand on. git is real."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.git.ci_remote import GitCiRemote, with_token
from branchline.adapters.git.plumbing import Git
from branchline.errors import RecordError, RepositoryError
from branchline.testing.ci_remote import CiRemoteContract

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from branchline.ports.ci_remote import CiRemote
    from branchline.testing.ci_remote import Place

RUN = "refs/branchline/runs/abc1234"
RESULT = f"refs/branchline/results/ab/ab{'0' * 62}/{'1' * 16}"


@pytest.fixture
def sides(tmp_path: Path, git: Callable[..., str]) -> tuple[Path, Path, GitCiRemote]:
    """The forge's repository, a checkout of its newest commit alone, and the remote between."""
    forge, work, here = tmp_path / "forge", tmp_path / "work", tmp_path / "here"
    work.mkdir()
    git(work, "init", "-q")
    for number in (1, 2):
        (work / "file").write_text(f"{number}\n")
        git(work, "add", "-A")
        git(work, "commit", "-q", "-m", str(number))
    git(work, "commit", "-q", "--allow-empty", "-m", "empty")
    git(work, "branch", "dev", "HEAD~1")
    git(work, "tag", "-a", "demo@v1.0.0", "-m", "x", "HEAD~2")
    git(work, "tag", "-a", "other@v1.0.0", "-m", "x", "HEAD~2")
    git(tmp_path, "clone", "-q", "--bare", str(work), str(forge))
    git(tmp_path, "clone", "-q", "--depth=1", "--no-tags", f"file://{forge}", str(here))
    return forge, here, GitCiRemote(Git.open(str(here)))


@dataclass
class GitPlace:
    """The same, for the contract."""

    forge: Path
    here: Path
    remote: CiRemote
    git: Callable[..., str]
    address: str = "ada@example.org"

    def __post_init__(self) -> None:
        self.head, self.dev, self.first = (
            self.git(self.forge, "rev-parse", f"main~{n}") for n in range(3)
        )
        self.bundle = str(self.forge.parent / "records.bundle")

    def tag_here(self, name: str, commit: str) -> None:
        self.git(self.here, "tag", "-a", "-m", "ours", name, commit)

    def tags_here(self) -> Sequence[str]:
        return sorted(self.git(self.here, "tag").split())

    def record_here(self, name: str) -> None:
        stored(self.git, self.here, name)

    def beside(self) -> CiRemote:
        folder = self.forge.parent / "beside"
        self.git(self.forge.parent, "clone", "-q", "--depth=1", f"file://{self.forge}", str(folder))
        return GitCiRemote(Git.open(str(folder)))

    def go_away(self) -> None:
        self.forge.rename(self.forge.with_name("away"))


class TestGitCiRemote(CiRemoteContract):
    @pytest.fixture
    def place(self, sides: tuple[Path, Path, GitCiRemote], git: Callable[..., str]) -> Place:
        return GitPlace(*sides, git)


def stored(git: Callable[..., str], folder: Path, ref: str, text: str = "{}") -> None:
    """A record, written past every check of ours."""
    (folder / "text").write_text(text)
    held = git(folder, "hash-object", "-w", "text")
    if "/runs/" in ref:
        git(folder, "update-index", "--add", "--cacheinfo", f"100644,{held},run.json")
        held = git(folder, "write-tree")
    git(folder, "update-ref", ref, held)


def test_a_checkout_of_one_commit_gets_what_it_lacks(
    sides: tuple[Path, Path, GitCiRemote], git: Callable[..., str]
) -> None:
    forge, here, remote = sides
    dev, head = git(forge, "rev-parse", "dev"), git(here, "rev-parse", "HEAD")

    assert not remote.has_commit(dev)
    assert remote.parents(head) == [dev]
    assert remote.bring_branch("dev") == dev
    assert remote.has_commit(dev)
    assert remote.bring_branch("gone") == ""
    assert remote.bring_branch("d*") == ""
    assert (here / ".git" / "shallow").exists()


def test_an_empty_commit_is_seen_without_history(
    sides: tuple[Path, Path, GitCiRemote], git: Callable[..., str]
) -> None:
    forge, here, remote = sides

    assert remote.is_empty_commit(git(here, "rev-parse", "HEAD"))
    assert not remote.is_empty_commit(git(forge, "rev-parse", "main~1"))
    assert not remote.is_empty_commit(git(forge, "rev-parse", "main~2"))
    assert not remote.is_empty_commit("--help")


def test_only_tags_of_the_model_come(
    sides: tuple[Path, Path, GitCiRemote], git: Callable[..., str]
) -> None:
    _, here, remote = sides

    remote.bring_tags(["demo@", "demo#", "*"])

    assert git(here, "tag") == "demo@v1.0.0"


def test_a_tag_that_stands_elsewhere_stays_and_a_remote_that_is_away_is_told(
    sides: tuple[Path, Path, GitCiRemote], git: Callable[..., str]
) -> None:
    forge, here, remote = sides
    git(here, "tag", "-m", "ours", "demo@v1.0.0")
    ours = git(here, "rev-parse", "demo@v1.0.0")

    remote.bring_tags(["demo@"])
    assert git(here, "rev-parse", "demo@v1.0.0") == ours
    assert git(forge, "rev-parse", "demo@v1.0.0") != ours

    forge.rename(forge.with_name("away"))
    with pytest.raises(RepositoryError, match="refused"):
        remote.bring_tags(["demo@"])


def test_a_branch_moves_only_from_where_it_was_expected(
    sides: tuple[Path, Path, GitCiRemote], git: Callable[..., str]
) -> None:
    forge, here, remote = sides
    head, dev = git(here, "rev-parse", "HEAD"), git(forge, "rev-parse", "dev")

    assert remote.branch_head("training/x") == ""
    assert remote.push_branch("training/x", head, expected="")
    assert remote.branch_head("training/x") == head
    assert not remote.push_branch("dev", head, expected="")
    assert not remote.push_branch("dev", head, expected=head)
    assert git(forge, "rev-parse", "dev") == dev
    assert remote.committer(head) == "ada@example.org"


def test_records_go_from_job_to_job_in_a_file(
    sides: tuple[Path, Path, GitCiRemote], git: Callable[..., str], tmp_path: Path
) -> None:
    forge, here, remote = sides
    for ref in (RUN, RESULT):
        stored(git, here, ref)
    names = [name for name, _ in remote.record_names()]
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{forge}", "there")
    there = GitCiRemote(Git.open(str(tmp_path / "there")))

    size = remote.pack_records([*names, "refs/heads/main"], str(tmp_path / "out" / "records"))
    exchange = there.unpack_records(str(tmp_path / "out" / "records"))

    assert size > 0
    assert exchange.received == 2
    assert there.record_names() == remote.record_names()
    assert remote.pack_records(["refs/heads/main"], str(tmp_path / "none")) == 0
    assert not git(tmp_path / "there", "for-each-ref", "refs/branchline-incoming/")


@pytest.mark.parametrize(
    ("ref", "text"),
    [
        pytest.param("refs/branchline/approvals/abc1234", "{}", id="an-approval"),
        pytest.param("refs/notes/x", "{}", id="a-note"),
        pytest.param("refs/tags/demo@v9.0.0", "{}", id="a-tag"),
        pytest.param("refs/branchline/results/ab/short/x", "{}", id="a-key-that-is-none"),
        pytest.param("refs/branchline/runs/abc/run.json", "{}", id="a-run-with-folders"),
        pytest.param(RESULT, "x" * 16_000_001, id="an-endless-one"),
    ],
)
def test_what_is_no_record_of_a_run_is_refused(
    sides: tuple[Path, Path, GitCiRemote],
    git: Callable[..., str],
    tmp_path: Path,
    ref: str,
    text: str,
) -> None:
    _, _, remote = sides
    eve = tmp_path / "eve"
    eve.mkdir()
    git(eve, "init", "-q")
    stored(git, eve, ref, text)
    git(eve, "bundle", "create", "--quiet", "evil", ref)

    with pytest.raises(RecordError):
        remote.unpack_records(str(eve / "evil"))

    assert remote.record_names() == frozenset()


def test_a_link_in_a_run_is_refused(
    sides: tuple[Path, Path, GitCiRemote], git: Callable[..., str], tmp_path: Path
) -> None:
    _, _, remote = sides
    eve = tmp_path / "eve"
    eve.mkdir()
    git(eve, "init", "-q")
    (eve / "run.json").symlink_to("/etc/passwd")
    git(eve, "add", "run.json")
    git(eve, "update-ref", RUN, git(eve, "write-tree"))
    git(eve, "bundle", "create", "--quiet", "evil", RUN)

    with pytest.raises(RecordError, match="what no record holds"):
        remote.unpack_records(str(eve / "evil"))


@pytest.mark.parametrize(
    "content", [b"", b"# v2 git bundle\n\n", b"x" * 999, b"# v2 git bundle\nzz refs/x\n\n"]
)
def test_a_damaged_file_is_said(
    sides: tuple[Path, Path, GitCiRemote], tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "file").write_bytes(content)

    with pytest.raises(RecordError, match="file holds no records"):
        sides[2].unpack_records(str(tmp_path / "file"))

    assert sides[2].record_names() == frozenset()


def test_a_token_goes_to_its_server_alone_and_replaces_what_a_checkout_left() -> None:
    kept = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "a.b", "GIT_CONFIG_VALUE_0": "c"}

    found = with_token(kept, "https://github.example.org/", "t0ken")

    secret = base64.b64encode(b"x-access-token:t0ken").decode()
    assert found["GIT_CONFIG_COUNT"] == "3"
    assert found["GIT_CONFIG_KEY_1"] == "http.https://github.example.org/.extraheader"
    assert found["GIT_CONFIG_VALUE_1"] == ""
    assert found["GIT_CONFIG_VALUE_2"] == f"AUTHORIZATION: basic {secret}"
    assert with_token(kept, "https://github.example.org", "") == kept
    assert with_token({}, "file:///x", "t0ken") == {}
    assert not any("t0ken" in value for value in os.environ.values())
