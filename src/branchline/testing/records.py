"""Port `records`: a fake in memory, and what every implementation must do.

To check an implementation, inherit `RecordsContract` in a test module and give it a fixture
`records` that returns an empty one.
"""

# ruff: noqa: S101 - a contract suite is made of assertions

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from branchline.core.pipeline import Content, LockEntry
from branchline.core.plan.values import Observed, Produced, Result
from branchline.ports.records import Exchange, Records, StoredRun

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def result_of(
    key: str,
    *,
    stage: str = "train",
    started_at: str = "2026-01-01T00:00:00Z",
    observed: tuple[Observed, ...] = (),
    md5: str = "0" * 32,
    attempt: int = 1,
) -> Result:
    """A small result, for tests; `md5` is the digest of its only output."""
    out = Produced(path="model.pkl", spelled="model.pkl", content=Content(md5=md5, size_bytes=1))
    return Result(
        key=key,
        stage=stage,
        observed=observed,
        inputs=(),
        outs=(out,),
        entry=LockEntry(cmd="true"),
        started_at=started_at,
        attempt=attempt,
    )


def run_files(started_at: str, stage_keys: Mapping[str, str] | None = None) -> dict[str, bytes]:
    """The files of a small run, for tests: what records read of them, and nothing else."""
    stages = [{"stage": stage, "key": key} for stage, key in (stage_keys or {}).items()]
    return {
        "run.json": json.dumps({"schema_version": 1, "started_at": started_at}).encode(),
        "evidence.json": json.dumps({"schema_version": 1, "stages": stages}).encode(),
    }


class FakeRecords(Records):
    """Records in memory; `others` maps a remote's name to the records that stand for it."""

    def __init__(self, others: Mapping[str, FakeRecords] | None = None) -> None:
        self.kept: dict[tuple[str, tuple[Observed, ...], int], Result] = {}
        self.trees: dict[str, dict[str, bytes]] = {}
        self.answers: dict[str, bytes] = {}
        self.trainings: dict[str, bytes] = {}

        self.approvals: dict[str, bytes] = {}
        self.seen: dict[str, bytes] = {}
        self.others = dict(others or {})

    def results(self, keys: Sequence[str]) -> Mapping[str, Sequence[Result]]:
        """See the port."""
        found: dict[str, Sequence[Result]] = {}
        for key in keys:
            here = [result for result in self.kept.values() if result.key == key]
            if here:
                found[key] = sorted(here, key=lambda r: (r.started_at, r.attempt), reverse=True)
        return found

    def latest_results(self, stages: Sequence[str], *, model: str = "") -> Mapping[str, Result]:
        """See the port."""
        latest: dict[str, Result] = {}
        for stored in reversed(self.runs()):
            if model and json.loads(stored.files.get("run.json", b"{}")).get("model") != model:
                continue
            for row in json.loads(stored.files.get("evidence.json", b'{"stages":[]}'))["stages"]:
                results = self.results([row["key"]]).get(row["key"], ())
                if row["stage"] in stages and results:
                    latest.setdefault(row["stage"], results[0])
        return latest

    def add_results(self, results: Sequence[Result]) -> Sequence[Result]:
        """See the port."""
        return [self.kept.setdefault((r.key, r.observed, r.attempt), r) for r in results]

    def compact(self) -> bool:
        """See the port."""
        return False

    def run_ids(self) -> Sequence[str]:
        """See the port."""

        def started(run: str) -> tuple[str, int, str]:
            said = json.loads(self.trees[run].get("run.json", b"{}")).get("started_at", "")
            return said, len(run), run

        return sorted(self.trees, key=started)

    def runs(
        self, ids: Sequence[str] | None = None, *, names: Sequence[str] | None = None
    ) -> Sequence[StoredRun]:
        """See the port."""
        return [
            StoredRun(
                run=run,
                files={n: c for n, c in self.trees[run].items() if names is None or n in names},
            )
            for run in self.run_ids()
            if ids is None or run in ids
        ]

    def add_run(self, base: str, files: Mapping[str, bytes]) -> str:
        """See the port."""
        run, number = base, 1
        while self.trees.get(run, files) != files:
            number += 1
            run = f"{base}-{number}"
        self.trees[run] = dict(files)
        return run

    def standing(self, key: str) -> Mapping[str, str]:
        """See the port."""
        results = self.results([key]).get(key, ())
        return {f"{key[:2]}/{key}/{r.observed!r}-{r.attempt}": repr(r) for r in results}

    def approval(self, run: str) -> bytes | None:
        """See the port."""
        return self.approvals.get(run)

    def add_approval(self, run: str, content: bytes) -> bytes:
        """See the port."""
        return self.approvals.setdefault(run, content)

    def has_answer(self, place: str) -> bool:
        """See the port."""
        return any(known.startswith(place + "/") for known in self.answers)

    def add_answer(self, place: str, content: bytes) -> None:
        """See the port."""
        self.answers.setdefault(place, content)

    def add_noise(self, place: str, content: bytes) -> None:
        """See the port."""
        self.trainings.setdefault(place, content)

    def noise(self) -> Mapping[str, bytes]:
        """See the port."""
        return dict(self.trainings)

    def add_look(self, place: str, content: bytes) -> None:
        """See the port."""
        self.seen.setdefault(place, content)

    def looks(self, folder: str) -> Mapping[str, bytes]:
        """See the port."""
        return {p: content for p, content in self.seen.items() if p.startswith(f"{folder}/")}

    def drop_looks(self, places: Sequence[str]) -> None:
        """See the port."""
        for place in places:
            self.seen.pop(place, None)

    def push(self, remote: str) -> Exchange:
        """See the port."""
        before = len(self.others[remote].trees) + len(self.others[remote].kept)
        kept = self.others[remote].take(self)
        after = len(self.others[remote].trees) + len(self.others[remote].kept)
        return Exchange(sent=after - before, kept_theirs=kept)

    def fetch(self, remote: str) -> Exchange:
        """See the port."""
        before = len(self.trees) + len(self.kept)
        kept = self.take(self.others[remote])
        return Exchange(received=len(self.trees) + len(self.kept) - before, kept_theirs=kept)

    def take(self, giver: FakeRecords) -> tuple[str, ...]:
        """Take over what another holds; names what stood here already and differs."""
        kept = []
        for key, result in giver.kept.items():
            if self.kept.setdefault(key, result) != result:
                kept.append(f"results/{result.key}")
        for run, files in giver.trees.items():
            if self.trees.get(run, files) != files:
                kept.append(f"runs/{run} -> runs/{self.add_run(run, files)}")
            else:
                self.trees[run] = dict(files)
        return tuple(kept)

    def state_files(self) -> Sequence[str]:
        """See the port."""
        return ()


class RecordsContract:
    """What every implementation of the port must do."""

    KEY = "ab" * 32
    OTHER = "cd" * 32

    def test_an_unknown_key_is_left_out(self, records: Records) -> None:
        """Nothing recorded is no answer, not an empty one."""
        assert dict(records.results([self.KEY])) == {}

    def test_a_result_comes_back_equal(self, records: Records) -> None:
        """What was recorded is what is read."""
        result = result_of(self.KEY, observed=(Observed(path="a b/ü\n.py", digest="1"),))

        assert list(records.add_results([result])) == [result]
        assert dict(records.results([self.KEY, self.OTHER])) == {self.KEY: [result]}

    def test_the_first_result_of_a_key_wins(self, records: Records) -> None:
        """Whoever comes second gets what the first left."""
        first, second = result_of(self.KEY, md5="1" * 32), result_of(self.KEY, md5="2" * 32)
        records.add_results([first])

        assert list(records.add_results([second, result_of(self.OTHER)])) == [
            first,
            result_of(self.OTHER),
        ]
        assert records.results([self.KEY])[self.KEY] == [first]

    def test_results_that_observed_differently_stand_side_by_side(self, records: Records) -> None:
        """Newest first; a repeated attempt has a place of its own."""
        old = result_of(self.KEY, started_at="2026-01-01T00:00:00Z")
        seen = (Observed(path="x.py", digest="1"),)
        new = result_of(self.KEY, started_at="2026-01-02T00:00:00Z", observed=seen)
        again = result_of(self.KEY, started_at="2026-01-03T00:00:00Z", attempt=2)
        records.add_results([old, new, again])

        assert records.results([self.KEY])[self.KEY] == [again, new, old]

    def test_adding_nothing_adds_nothing(self, records: Records) -> None:
        """An empty list is fine."""
        assert list(records.add_results([])) == []

    def test_runs_get_free_ids_and_come_oldest_first(self, records: Records) -> None:
        """A taken id gets a number, the same record twice is one."""
        late = run_files("2026-01-03T00:00:00Z")
        assert records.add_run("abc1234", late) == "abc1234"
        assert records.add_run("abc1234", run_files("2026-01-01T00:00:00Z")) == "abc1234-2"
        assert records.add_run("abc1234", run_files("2026-01-02T00:00:00Z")) == "abc1234-3"
        assert records.add_run("abc1234", late) == "abc1234"
        assert list(records.run_ids()) == ["abc1234-2", "abc1234-3", "abc1234"]

    def test_a_run_comes_back_with_its_folders(self, records: Records) -> None:
        """Bytes and paths as they were."""
        files = run_files("2026-01-01T00:00:00Z") | {
            "plots/a/roc.csv": b"\x00\xff",
            "plots.x": b"",
            "plots/b.csv": b"1",
        }
        run = records.add_run("abc1234", files)

        assert [(s.run, dict(s.files)) for s in records.runs()] == [(run, files)]
        assert list(records.runs(["nothing"])) == []

    def test_the_latest_result_of_a_stage_is_that_of_the_newest_run(self, records: Records) -> None:
        """Stages that no run names are left out."""
        old, new = result_of(self.KEY), result_of(self.OTHER)
        records.add_results([old, new])
        records.add_run("a", run_files("2026-01-01T00:00:00Z", {"train": self.OTHER}))
        records.add_run("b", run_files("2026-01-02T00:00:00Z", {"train": self.KEY}))

        assert dict(records.latest_results(["train", "evaluate"])) == {"train": old}

    def test_the_newest_result_may_be_asked_of_one_model(self, records: Records) -> None:
        """Stages of two models may have the same address."""
        for day, model, key in ((1, "churn", self.KEY), (2, "fraud", "f" * 64)):
            records.add_results([result_of(key)])
            files = run_files(f"2026-01-0{day}T00:00:00Z", {"train": key})
            said = json.loads(files["run.json"]) | {"model": model}
            records.add_run(model, {**files, "run.json": json.dumps(said).encode()})

        found = {m: records.latest_results(["train"], model=m) for m in ("churn", "fraud", "spam")}

        assert found["churn"]["train"].key == self.KEY
        assert found["fraud"]["train"].key == "f" * 64
        assert dict(found["spam"]) == {}

    def test_a_result_stands_at_one_place(self, records: Records) -> None:
        """And another beside it makes two."""
        assert dict(records.standing(self.KEY)) == {}
        records.add_results([result_of(self.KEY)])
        first = records.standing(self.KEY)
        records.add_results([result_of(self.KEY, attempt=2)])

        assert len(first) == 1
        assert len(records.standing(self.KEY)) == 2
        assert first.items() <= records.standing(self.KEY).items()

    def test_the_first_approval_of_a_run_stays(self, records: Records) -> None:
        """Two people who approve at once leave one approval, and both see it."""
        assert records.approval("abc1234") is None
        assert records.add_approval("abc1234", b"first") == b"first"
        assert records.add_approval("abc1234", b"second") == b"first"

        assert records.approval("abc1234") == b"first"
        assert records.approval("abc1234-2") is None
        assert list(records.run_ids()) == []

    def test_the_first_answer_of_a_place_stays(self, records: Records) -> None:
        """An answer is no run and no result."""
        assert not records.has_answer("abc")
        records.add_answer("abc/2-x", b"first")
        records.add_answer("abc/2-x", b"second")

        assert records.has_answer("abc")
        assert not records.has_answer("ab")
        assert list(records.run_ids()) == []

    def test_the_first_training_of_a_place_stays(self, records: Records) -> None:
        """Two processes may have made the same one."""
        records.add_noise("abc/seed-2", b"first")
        records.add_noise("abc/seed-2", b"second")
        records.add_noise("abc/own", b"own")

        assert dict(records.noise()) == {"abc/seed-2": b"first", "abc/own": b"own"}

    def test_looks_are_kept_by_model_until_they_are_dropped(self, records: Records) -> None:
        """The first look of a place stays; what is dropped twice is dropped once."""
        records.add_look("demo/1-a", b"first")
        records.add_look("demo/1-a", b"second")
        records.add_look("demo/2-b", b"b")
        records.add_look("demos/1-a", b"another model")

        assert dict(records.looks("demo")) == {"demo/1-a": b"first", "demo/2-b": b"b"}
        records.drop_looks(["demo/1-a", "demo/9-z"])
        records.drop_looks(["demo/1-a"])
        assert dict(records.looks("demo")) == {"demo/2-b": b"b"}
        assert list(records.run_ids()) == []
