from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.git import Git, GitRepo
from branchline.adapters.git.registry import GitRegistry
from branchline.core.verdict.baseline import alias_commit
from branchline.errors import BranchlineError, RegistryError, UsageError
from branchline.testing.registry import BY, RegistryContract, new_version

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., str]
    Make = Callable[..., Path]


def registry_of(folder: Path, remote: str = "") -> GitRegistry:
    return GitRegistry(Git.open(str(folder)), remote=remote)


def commit_in(git: Run, folder: Path, count: int = 1) -> list[str]:
    made = []
    for number in range(count):
        git(folder, "commit", "-q", "--allow-empty", "-m", f"more {number}")
        made.append(git(folder, "rev-parse", "HEAD"))
    return made


@pytest.fixture
def home(clone_of: Make) -> Path:
    return clone_of("home")


@pytest.fixture
def commits(git: Run, home: Path) -> list[str]:
    return commit_in(git, home, 4)


class TestGitRegistry(RegistryContract):
    @pytest.fixture
    def registry(self, home: Path) -> GitRegistry:
        return registry_of(home)


class TestGitRegistryOfARemote(RegistryContract):
    """The truth is in a bare repository; the clone begins without tags."""

    @pytest.fixture
    def registry(self, home: Path, commits: list[str], clone_of: Make) -> GitRegistry:
        clone_of("box", home, "--bare")
        return registry_of(clone_of("here", home.parent / "box"), "origin")


def test_a_tag_reads_well_in_git(home: Path, commits: list[str], git: Run) -> None:
    registry_of(home).register(new_version(commits[0]))

    subject = git(home, "for-each-ref", "--format=%(contents:subject)", "refs/tags/m@v1.0.0")
    body = git(home, "for-each-ref", "--format=%(contents:body)", "refs/tags/m@v1.0.0")

    assert subject == f"Register m v1.0.0 (run {commits[0][:7]}, passed)"
    assert json.loads(body)["digest"] == "d1"
    assert git(home, "for-each-ref", "--format=%(taggername) %(taggeremail)", "refs/tags") == BY
    assert git(home, "fsck", "--strict") == ""


def test_the_baseline_reads_what_the_registry_writes(home: Path, commits: list[str]) -> None:
    registry = registry_of(home)
    for commit in commits[:2]:
        registry.register(new_version(commit, digest=commit))
    for version in ("v1.0.0", "v1.0.1", "v1.0.0"):
        registry.assign("m", version, "production", by=BY)

    tags = GitRepo(Git.open(str(home))).tags("*")

    assert alias_commit(tags, "m", "production") == commits[0]


def test_a_clock_that_went_back_keeps_the_order(home: Path, commits: list[str]) -> None:
    for moment, version, commit in ((9000.0, "v1.0.0", 0), (10.0, "v1.0.1", 1)):
        registry = GitRegistry(Git.open(str(home)), now=lambda moment=moment: moment)  # type: ignore[misc] # bound now
        registry.register(new_version(commits[commit], digest=str(commit)))
        registry.assign("m", version, "production", by=BY)

    assert registry_of(home).versions("m")[1].stages == ("production",)


def test_many_who_register_at_once_get_ordered_numbers(
    home: Path, git: Run, clone_of: Make
) -> None:
    commits = commit_in(git, home, 8)
    clone_of("box", home, "--bare")
    clones = [clone_of(f"c{n}", home.parent / "box") for n in range(4)]

    def add(number: int, commit: str) -> None:
        registry = registry_of(clones[number % 4], "origin")
        registry.register(new_version(commit, digest=commit))

    threads = [threading.Thread(target=add, args=(n, c)) for n, c in enumerate(commits)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    versions = registry_of(home.parent / "box").versions("m")
    assert [version.version for version in versions] == [f"v1.0.{n}" for n in range(8)]
    assert {version.commit for version in versions} == set(commits)


def test_of_two_who_promote_at_once_one_is_told(home: Path, commits: list[str]) -> None:
    registry = registry_of(home)
    for commit in commits[:2]:
        registry.register(new_version(commit, digest=commit))
    ends: list[str] = []
    barrier = threading.Barrier(2)

    def promote(version: str) -> None:
        barrier.wait()
        try:
            registry_of(home).assign("m", version, "production", by=BY)
            ends.append("won")
        except RegistryError as error:
            ends.append(error.message)

    threads = [threading.Thread(target=promote, args=(v,)) for v in ("v1.0.0", "v1.0.1")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # One after the other is fine too: then both are in the history, and the last one holds it.
    events = registry.history("m", "production")
    assert "won" in ends
    assert ends.count("won") == len(events)
    assert all(end == "won" or "was given to m@v1.0." in end for end in ends)


def test_a_lost_race_for_a_stage_is_a_conflict(home: Path, commits: list[str]) -> None:
    registry = registry_of(home)
    for commit in commits[:2]:
        registry.register(new_version(commit, digest=commit))

    class Late(GitRegistry):
        """Somebody else is quicker by one tag."""

        def _next_moment(self, state: object) -> int:
            if not registry.history("m"):
                registry.assign("m", "v1.0.1", "production", by="Bo <bo@example.org>")
            return 2_000_000_000

    with pytest.raises(RegistryError, match=r"given to m@v1\.0\.1 \(event 1\) by Bo"):
        Late(Git.open(str(home))).assign("m", "v1.0.0", "production", by=BY)

    assert len(registry.history("m")) == 1


def test_numbers_are_right_in_a_shallow_clone_without_tags(
    home: Path, commits: list[str], git: Run, clone_of: Make
) -> None:
    for commit in commits[:3]:
        registry_of(home).register(new_version(commit, digest=commit))
    git(home, "tag", "unrelated@x")
    clone_of("box", home, "--bare")
    shallow = clone_of("shallow", home.parent / "box", "--depth=1", "--no-tags")

    made, is_new = registry_of(shallow, "origin").register(new_version(commits[3], digest="4"))

    assert (made.version, is_new) == ("v1.0.3", True)
    assert registry_of(home.parent / "box").versions("m")[-1] == made
    assert registry_of(shallow).versions("m")[0].asked is not None  # offline from now on
    assert git(shallow, "rev-list", "--count", "HEAD") == "1"
    assert "unrelated" not in git(shallow, "tag")
    assert git(shallow, "for-each-ref", "refs/branchline-incoming") == ""


def test_a_tag_of_ones_own_does_not_hide_that_of_the_remote(
    home: Path, commits: list[str], clone_of: Make
) -> None:
    clone_of("box", home, "--bare")
    here = clone_of("here", home.parent / "box")
    registry_of(here).register(new_version(commits[0], digest="mine"))
    theirs, _ = registry_of(home.parent / "box").register(new_version(commits[1], digest="box"))

    seen = registry_of(here, "origin").versions("m")

    assert list(seen) == [theirs]
    assert registry_of(here).versions("m")[0].commit == commits[0]


@pytest.mark.parametrize("remote", ["nowhere", "https://me:geheim@127.0.0.1:1/x.git"])
def test_a_remote_that_does_not_answer_is_said(home: Path, remote: str) -> None:
    with pytest.raises(RegistryError, match="cannot be read") as caught:
        registry_of(home, remote).models()

    assert "geheim" not in str((caught.value.message, caught.value.details))


def test_an_option_is_no_remote(home: Path) -> None:
    with pytest.raises(UsageError):
        registry_of(home, "--upload-pack=touch x")


def test_a_hook_that_refuses_is_quoted(home: Path, commits: list[str], clone_of: Make) -> None:
    box = clone_of("box", home, "--bare")
    hook = box / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no tags today\nexit 1\n")
    hook.chmod(0o755)
    here = clone_of("here", box)

    with pytest.raises(RegistryError, match="refused the tag") as caught:
        registry_of(here, "origin").register(new_version(commits[0]))

    assert any("no tags today" in line for line in caught.value.details)
    assert list(registry_of(here).models()) == []


def test_an_unknown_commit_is_refused(home: Path) -> None:
    with pytest.raises(RegistryError, match="mktag"):
        registry_of(home).register(new_version("f" * 40))


HOSTILE = [
    pytest.param("not json", id="no-json"),
    pytest.param('x\n\n{"branchline": 1, "digest": 3, "version": ["v1"]}', id="wrong-types"),
    pytest.param('x\n\n{"branchline": 99, "digest": "d"}', id="a-newer-format"),
    pytest.param("x\n\n{" * 5000, id="nested-deep"),
    pytest.param('x\n\n{"branchline": 1, "digest": "d", "metrics": {"a": true}}', id="a-boolean"),
]


@pytest.mark.parametrize("message", HOSTILE)
def test_a_message_that_says_nothing_is_no_error(
    home: Path, commits: list[str], git: Run, message: str
) -> None:
    git(home, "tag", "-a", "-m", message, "m@v1.0.0", commits[0])
    git(home, "tag", "-a", "-m", message, "m#production#1", commits[0])

    (version,) = registry_of(home).versions("m")

    assert (version.version, version.stages) == ("v1.0.0", ("production",))
    assert version.asked is None or version.asked.digest == "d"


def test_a_tag_of_a_blob_or_a_lightweight_tag_is_none(
    home: Path, commits: list[str], git: Run
) -> None:
    git(home, "tag", "-a", "-m", "x", "m@v1.0.0", "HEAD:a.txt")
    git(home, "tag", "m@v2.0.0", commits[0])

    assert list(registry_of(home).models()) == []


def test_a_retired_version_comes_back_only_as_a_new_one(
    home: Path, commits: list[str], git: Run
) -> None:
    registry = registry_of(home)
    registry.register(new_version(commits[0]))
    git(home, "tag", "-a", "-m", "x", "m@v1.0.0!", commits[0])

    assert registry.versions("m")[0].is_retired
    with pytest.raises(BranchlineError, match="retired"):
        registry.assign("m", "v1.0.0", "production", by=BY)
    with pytest.raises(BranchlineError, match="retired"):
        registry.register(new_version(commits[0]))
    assert registry.register(new_version(commits[1]))[0].version == "v1.0.1"


def test_a_lock_that_a_killed_git_left_is_named(home: Path, commits: list[str]) -> None:
    lock = home / ".git" / "refs" / "tags" / "m@v1.0.0.lock"
    lock.write_text("")

    with pytest.raises(RegistryError, match=r"m@v1\.0\.0\.lock stands in the way") as caught:
        registry_of(home).register(new_version(commits[0]))

    assert "delete that file" in caught.value.todo
    lock.unlink()
    assert registry_of(home).register(new_version(commits[0]))[0].version == "v1.0.0"


REGISTER = """
import sys
from branchline.adapters.git import Git
from branchline.adapters.git.registry import GitRegistry
from branchline.testing.registry import BY, new_version

registry = GitRegistry(Git.open(sys.argv[1]))
for commit in sys.argv[2:]:
    version, _ = registry.register(new_version(commit, digest=commit))
    registry.assign("m", version.version, "staging", by=BY)
    print(version.version, flush=True)
"""


@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_whole_versions(home: Path, git: Run) -> None:
    commits = commit_in(git, home, 6)
    words = [sys.executable, "-c", REGISTER, str(home), *commits]
    rng = random.Random(5)

    for _ in range(12):
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0.3, 1.5))
        process.kill()
        process.communicate()
    subprocess.run(words, check=True, capture_output=True)

    versions = registry_of(home).versions("m")
    assert [v.version for v in versions] == [f"v1.0.{n}" for n in range(6)]
    assert [v.commit for v in versions] == commits
    assert all(v.asked is not None and v.asked.digest == v.commit for v in versions)
    assert [v.version for v in versions if v.stages] == ["v1.0.5"]
    numbers = [event.number for event in registry_of(home).history("m")]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("remote", ["", "origin"])
def test_tags_that_are_no_events_do_not_stop_the_registry(
    home: Path, commits: list[str], git: Run, clone_of: Make, remote: str
) -> None:
    for name in ("m@v1.0.0", "m@v1.0.1", "m#production#1", "other@v1.0.0"):
        git(home, "tag", name, commits[0])
    place = home
    if remote:
        clone_of("box", home, "--bare")
        place = clone_of("here", home.parent / "box")

    version, is_new = registry_of(place, remote).register(new_version(commits[1]))
    event, _ = registry_of(place, remote).assign("m", version.version, "production", by=BY)

    assert is_new
    assert version.version == "v1.0.2"
    assert event.number > 1
    assert [v.version for v in registry_of(place, remote).versions("m")] == ["v1.0.2"]
