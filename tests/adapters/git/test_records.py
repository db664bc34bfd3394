from __future__ import annotations

import json
import os
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.git import Git, GitRecords
from branchline.core.plan.result_json import result_to_json
from branchline.errors import RecordError, UsageError
from branchline.testing.records import RecordsContract, result_of, run_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from branchline.core.plan.values import Result

    Run = Callable[..., str]
    Make = Callable[..., Path]

KEYS = [f"{number:064x}" for number in range(256)]


def records_of(folder: Path) -> GitRecords:
    return GitRecords(Git.open(str(folder)))


class TestGitRecords(RecordsContract):
    @pytest.fixture(params=["plain", "bare", "sha256", "empty"])
    def records(self, request: pytest.FixtureRequest, clone_of: Make) -> GitRecords:
        options = {"bare": ["--bare"], "sha256": ["--object-format=sha256"]}
        return records_of(clone_of("work", None, *options.get(request.param, [])))


def test_records_show_in_no_log_and_no_branch(clone_of: Make, git: Run) -> None:
    folder = clone_of("work")
    before = [git(folder, *args) for args in SHOWN]

    records = records_of(folder)
    records.add_results([result_of(key) for key in KEYS[:40]])
    records.add_run("abc1234", run_files("2026-01-01T00:00:00Z"))

    assert [git(folder, *args) for args in SHOWN] == before
    assert git(folder, "fsck", "--strict", "--no-dangling") == ""
    git(folder, "gc", "-q", "--prune=now")
    assert len(records_of(folder).results(KEYS)) == 40


SHOWN = [
    ["log", "--all", "--oneline"],
    ["branch", "--all"],
    ["tag"],
    ["status", "--short"],
    ["describe", "--all"],
    ["rev-list", "--all"],
]


def test_records_are_shared_by_linked_working_trees(
    clone_of: Make, git: Run, tmp_path: Path
) -> None:
    folder = clone_of("work")
    git(folder, "worktree", "add", "-q", str(tmp_path / "linked"))

    records_of(tmp_path / "linked").add_results([result_of(KEYS[0])])

    assert KEYS[0] in records_of(folder).results(KEYS)


def test_twenty_writers_lose_nothing_and_agree(clone_of: Make) -> None:
    folder = clone_of("work")
    answers: dict[int, list[Result]] = {}
    runs: list[str] = []

    def write(number: int) -> None:
        records = records_of(folder)
        # Every writer has one key of its own and shares ten with all.
        mine = [result_of(key, md5=f"{number:032x}") for key in (*KEYS[:10], KEYS[20 + number])]
        answers[number] = list(records.add_results(mine))
        runs.append(records.add_run("abc1234", run_files(f"2026-01-{number + 1:02}")))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    recorded = records_of(folder).results(KEYS)
    assert len(answers) == 20
    assert len(recorded) == 30
    for number, results in answers.items():
        for result in results:
            assert recorded[result.key] == [result], number
    assert sorted(runs) == sorted(["abc1234", *(f"abc1234-{n}" for n in range(2, 21))])


def test_two_hundred_results_take_six_processes_at_most(
    clone_of: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "trace"
    folder = clone_of("work")
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(log))
    environ = {**os.environ, "GIT_CONFIG_COUNT": "0"}
    git = Git.open(str(folder), environ)
    git._environ["GIT_TRACE2_EVENT"] = str(log)
    records = GitRecords(git)

    records.add_results([result_of(key) for key in KEYS[:200]])
    assert len(records.results(KEYS[:200])) == 200

    started = [
        row
        for row in map(json.loads, log.read_text().splitlines())
        if row["event"] == "start" and "/" not in row["sid"]
    ]
    assert len(started) <= 6


def test_what_cannot_be_read_is_no_result(clone_of: Make, git: Run) -> None:
    folder = clone_of("work")
    records = records_of(folder)
    newer = {**result_to_json(result_of(KEYS[1])), "schema_version": 999}
    texts = {
        KEYS[1]: json.dumps(newer),
        KEYS[2]: "{not json",
        KEYS[3]: "[" * 100_000,
        KEYS[4]: json.dumps(result_to_json(result_of(KEYS[5]))),
    }
    for key, text in texts.items():
        (folder / "x.log").write_text(text)
        blob = git(folder, "hash-object", "-w", "x.log")
        git(folder, "update-ref", f"refs/branchline/results/{key[:2]}/{key}/0", blob)
    tree = git(folder, "rev-parse", "HEAD^{tree}")
    git(folder, "update-ref", f"refs/branchline/results/{KEYS[6][:2]}/{KEYS[6]}/0", tree)
    git(folder, "update-ref", "refs/branchline/runs/odd", tree)
    git(folder, "update-ref", "refs/branchline/runs/blob", blob)
    records.add_results([result_of(KEYS[0])])

    assert dict(records.results(KEYS)) == {KEYS[0]: [result_of(KEYS[0])]}
    assert list(records.run_ids()) == ["odd", "blob"]
    assert dict(records.latest_results(["train"])) == {}
    assert [dict(run.files) for run in records.runs(["blob"])] == [{}]


@pytest.mark.parametrize("name", ["", "a/b", "../x", "-x", "a..b", "x.lock", "a b", "x\n", "@{u}"])
def test_a_name_that_git_would_refuse_is_an_error(clone_of: Make, name: str) -> None:
    records = records_of(clone_of("work"))

    with pytest.raises(RecordError, match="cannot name a record"):
        records.add_run(name, {"run.json": b""})
    with pytest.raises(RecordError, match="cannot name a record"):
        records.results([name])


def test_a_lock_that_a_killed_git_left_is_named(clone_of: Make) -> None:
    folder = clone_of("work")
    lock = folder / ".git/refs/branchline/runs/a.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()

    with pytest.raises(RecordError, match="could not lock") as stuck:
        records_of(folder).add_run("a", run_files("2026-01-01"))

    assert "*.lock" in stuck.value.todo


def test_only_the_files_asked_for_are_read(clone_of: Make) -> None:
    records = records_of(clone_of("work"))
    records.add_run("a", {**run_files("2026-01-01"), "plots/x": b"1"})

    (run,) = records.runs(names=["run.json", "missing.json"])

    assert list(run.files) == ["run.json"]


class TestStateFiles:
    def signature(self, folder: Path) -> list[object]:
        found: list[object] = []
        for path in records_of(folder).state_files():
            try:
                stat = os.stat(path)
                found.append((path, stat.st_mtime_ns, stat.st_ino, stat.st_size))
            except FileNotFoundError:
                found.append((path, None))
        return found

    def test_they_move_with_records_and_head_and_else_stay(self, clone_of: Make, git: Run) -> None:
        folder = clone_of("work")
        records = records_of(folder)
        seen = [self.signature(folder)]

        def moved() -> bool:
            seen.append(self.signature(folder))
            return seen[-1] != seen[-2]

        assert not moved()
        records.add_results([result_of(KEYS[0])])
        assert moved()
        records.add_results([result_of(KEYS[1])])
        assert moved()
        records.add_run("a", run_files("2026-01-01"))
        assert moved()
        git(folder, "commit", "-q", "--allow-empty", "-m", "x")
        assert moved()
        git(folder, "checkout", "-q", "-b", "other")
        assert moved()
        git(folder, "pack-refs", "--all", "--prune")
        assert moved()
        assert all(os.path.isabs(path) for path in records.state_files())
        git(folder, "status")
        records.results(KEYS)
        assert not moved()


class TestExchange:
    def test_what_one_records_another_gets(self, clone_of: Make) -> None:
        origin = clone_of("origin", clone_of("first"), "--bare")
        here, there = clone_of("here", origin), clone_of("there", origin)
        records_of(here).add_results([result_of(key) for key in KEYS[:30]])
        records_of(here).add_run("abc1234", {**run_files("2026-01-01"), "plots/x": b"1"})

        sent = records_of(here).push("origin")
        again = records_of(here).push("origin")
        received = records_of(there).fetch("origin")

        assert (sent.sent, sent.kept_theirs) == (31, ())
        assert again.sent == 0
        assert (received.received, received.kept_theirs) == (31, ())
        assert records_of(there).fetch("origin").received == 0
        assert records_of(there).results(KEYS) == records_of(here).results(KEYS)
        assert records_of(there).runs() == records_of(here).runs()

    def test_nothing_to_exchange_is_fine(self, clone_of: Make) -> None:
        here = clone_of("here", clone_of("origin", clone_of("first"), "--bare"))

        assert records_of(here).push("origin").sent == 0
        assert records_of(here).fetch("origin").received == 0

    def test_the_first_result_stays_and_no_run_is_lost(self, clone_of: Make, git: Run) -> None:
        origin = clone_of("origin", clone_of("first"), "--bare")
        here, there = clone_of("here", origin), clone_of("there", origin)
        first, second = result_of(KEYS[0], md5="1" * 32), result_of(KEYS[0], md5="2" * 32)
        records_of(here).add_results([first])
        records_of(here).add_run("abc1234", run_files("2026-01-01"))
        records_of(there).add_results([second, result_of(KEYS[1])])
        records_of(there).add_run("abc1234", run_files("2026-01-02"))
        records_of(here).push("origin")

        pushed = records_of(there).push("origin")
        fetched_there = records_of(there).fetch("origin")
        fetched_here = records_of(here).fetch("origin")

        assert pushed.kept_theirs[1:] == ("runs/abc1234 -> runs/abc1234-2",)
        assert pushed.kept_theirs[0].startswith("refs/branchline/results/")
        assert pushed.sent == 2
        assert fetched_there.received == 1
        assert fetched_here.received == 2
        assert records_of(here).results(KEYS[:1]) == {KEYS[0]: [first]}
        assert records_of(origin).results(KEYS[:1]) == {KEYS[0]: [first]}
        assert list(records_of(here).run_ids()) == ["abc1234", "abc1234-2"]
        assert records_of(here).runs() == records_of(there).runs() == records_of(origin).runs()
        assert git(there, "for-each-ref", "refs/branchline-incoming") == ""

    def test_a_fetch_gives_their_run_its_id_and_ours_the_next(self, clone_of: Make) -> None:
        origin = clone_of("origin", clone_of("first"), "--bare")
        here, there = clone_of("here", origin), clone_of("there", origin)
        for clone, day in ((here, 1), (there, 2)):
            records_of(clone).add_run("abc1234", run_files(f"2026-01-0{day}"))
        records_of(here).push("origin")

        fetched = records_of(there).fetch("origin")
        pushed = records_of(there).push("origin")

        assert fetched.kept_theirs == ("runs/abc1234 -> runs/abc1234-2",)
        assert (pushed.sent, pushed.kept_theirs) == (1, ())
        assert records_of(origin).runs() == records_of(there).runs()
        assert records_of(there).fetch("origin").received == 0

    @pytest.mark.parametrize("options", [["--depth=1"], ["--filter=blob:none"], ["--mirror"]])
    def test_partial_clones_get_whole_records(
        self, clone_of: Make, git: Run, options: list[str]
    ) -> None:
        origin = clone_of("origin", clone_of("first"), "--bare")
        git(origin, "config", "uploadpack.allowFilter", "true")
        writer = records_of(origin)
        writer.add_results([result_of(KEYS[0])])
        writer.add_run("abc1234", {**run_files("2026-01-01"), "plots/x": b"1"})
        clone = clone_of("clone", origin, *options)

        records_of(clone).fetch("origin")
        git(clone, "config", "remote.origin.url", "/nowhere")

        assert records_of(clone).results(KEYS) == {KEYS[0]: [result_of(KEYS[0])]}
        assert records_of(clone).runs() == writer.runs()
        assert git(clone, "log", "--all", "--oneline").count("\n") == 0

    def test_a_refusal_is_told(self, clone_of: Make, git: Run) -> None:
        origin = clone_of("origin", clone_of("first"), "--bare")
        here = clone_of("here", origin)
        records_of(here).add_run("a", run_files("2026-01-01"))
        hook = origin / "hooks/update"
        hook.write_text("#!/bin/sh\necho no records here\nexit 1\n")
        hook.chmod(0o755)

        with pytest.raises(RecordError, match="hook declined") as refused:
            records_of(here).push("origin")
        with pytest.raises(RecordError, match="`nowhere` is no remote"):
            records_of(here).push("nowhere")
        with pytest.raises(RecordError, match="`nowhere` is no remote"):
            records_of(here).fetch("nowhere")
        with pytest.raises(UsageError, match="cannot name a remote"):
            records_of(here).fetch("--upload-pack=touch x")

        assert any("no records here" in line for line in refused.value.details)


def test_a_result_is_recorded_beside_one_that_cannot_be_read(clone_of: Make, git: Run) -> None:
    folder = clone_of("work")
    result = result_of(KEYS[0])
    records_of(folder).add_results([result])
    place = git(folder, "for-each-ref", "--format=%(refname)", "refs/branchline/results").strip()
    newer = json.dumps({**result_to_json(result), "schema_version": 99})
    (folder / "newer.json").write_text(newer)
    git(folder, "update-ref", place, git(folder, "hash-object", "-w", "newer.json").strip())

    records = records_of(folder)
    assert records.results([KEYS[0]]) == {}
    records.add_results([result])
    records.add_results([result])

    (found,) = records_of(folder).results([KEYS[0]])[KEYS[0]]
    assert found == result


def test_what_was_added_is_known_without_asking_git(clone_of: Make) -> None:
    folder = clone_of("work")
    records = records_of(folder)
    assert records.results(KEYS[:3]) == {}
    added = [result_of(key) for key in KEYS[:3]]
    records.add_results(added)
    stages = [{"stage": r.stage, "key": r.key} for r in added]
    evidence = json.dumps({"stages": stages}).encode()
    files = {**run_files("2026-01-01T00:00:00Z"), "evidence.json": evidence}
    records.add_run("abc1234", files)

    known = records.results(KEYS[:3]), records.latest_results([added[0].stage]), records.run_ids()

    assert records._reader is None  # no process was started to read objects
    fresh = records_of(folder)
    asked = fresh.results(KEYS[:3]), fresh.latest_results([added[0].stage]), fresh.run_ids()
    assert known == asked


def test_what_others_added_first_is_asked_for(clone_of: Make) -> None:
    folder = clone_of("work")
    records = records_of(folder)
    assert records.results(KEYS[:1]) == {}
    theirs = replace(result_of(KEYS[0]), run="theirs")
    records_of(folder).add_results([theirs])

    assert records.add_results([result_of(KEYS[0])]) == [theirs]
    assert records.results(KEYS[:1]) == {KEYS[0]: [theirs]}


class Remembering:
    """A cache of run.json in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.answered = 0

    def load(self, trees: Sequence[str]) -> Mapping[str, bytes]:
        """What is known."""
        found = {tree: self.kept[tree] for tree in trees if tree in self.kept}
        self.answered += len(found)
        return found

    def save(self, files: Mapping[str, bytes]) -> None:
        """Remember."""
        self.kept.update(files)


def test_what_was_read_of_many_runs_is_read_from_the_cache(clone_of: Make) -> None:
    folder, cache = clone_of("work"), Remembering()
    for number in range(40):
        records_of(folder).add_run(f"{number:07x}", run_files(f"2026-01-01T00:00:{59 - number:02}"))
    without = records_of(folder).runs(names=("run.json",))

    first = GitRecords(Git.open(str(folder)), cache).runs(names=("run.json",))
    again = GitRecords(Git.open(str(folder)), cache).runs(names=("run.json",))

    assert first == again == without
    assert [run.run for run in again] == [f"{number:07x}" for number in reversed(range(40))]
    assert cache.answered == 40


def test_a_run_whose_file_is_missing_is_looked_for_again(clone_of: Make, git: Run) -> None:
    folder, cache = clone_of("work"), Remembering()
    for number in range(40):
        records_of(folder).add_run(f"{number:07x}", {"other.json": b"%d" % number})

    records = GitRecords(Git.open(str(folder)), cache)

    assert len(records.run_ids()) == 40
    assert cache.kept == {}


def test_compacting_while_others_write_loses_nothing(clone_of: Make) -> None:
    folder = clone_of("work")
    for number in range(4):
        records_of(folder).add_results([result_of(f"{number * 120 + n:064x}") for n in range(120)])
    over = threading.Event()
    done: list[bool] = []

    def compact() -> None:
        while not over.is_set():
            done.append(records_of(folder).compact())

    packing = threading.Thread(target=compact)
    packing.start()
    names = [records_of(folder).add_run("abc1234", run_files(f"2026-{n}")) for n in range(60)]
    over.set()
    packing.join()

    assert any(done)
    assert not records_of(folder).compact()
    assert sorted(records_of(folder).run_ids()) == sorted(names)
    assert len(set(names)) == 60
    assert len(records_of(folder).results([f"{n:064x}" for n in range(480)])) == 480
