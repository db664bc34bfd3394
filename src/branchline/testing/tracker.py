"""Port `tracker`: a fake in memory, and what every implementation must do.

To check an implementation, inherit `TrackerContract` in a test module, give it a fixture `tracker`
that returns an empty one, and say in `shown` what it shows of a run.
"""

# ruff: noqa: S101 - a contract suite is made of assertions

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from branchline.ports.tracker import TrackedRun, TrackedVersion, Tracker

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from branchline.errors import EffectError

RUN = TrackedRun(
    model="m",
    run="abc1234",
    commit="a" * 40,
    branch="main",
    key="k" * 64,
    outcome="passed",
    started_at="2026-01-02T03:04:05Z",
    duration_s=61.5,
    params={"params.yaml:train.lr": "0.1", "params.yaml:kind": "ü", "long": "x" * 9000},
    metrics={"auc": 0.9412, "val.loss": -1.5},
    tags={"python": "3.11.7", "data:raw.csv": "0" * 32},
)
VERSION = TrackedVersion(
    model="m", version="v1.0.0", commit="a" * 40, run="abc1234", digest="d" * 64
)


@dataclass
class FakeTracker(Tracker):
    """A tracker in memory.

    Attributes:
        runs: Run id -> run. versions: (model, version) -> version. aliases: (model, stage) -> ours.
        error: Raised by every call while a test sets it.
    """

    runs: dict[str, TrackedRun] = field(default_factory=dict)
    versions: dict[tuple[str, str], TrackedVersion] = field(default_factory=dict)
    aliases: dict[tuple[str, str], str] = field(default_factory=dict)
    error: EffectError | None = None

    def show_run(self, run: TrackedRun) -> str:
        """See the port."""
        self._answer()
        self.runs[f"{run.model}/{run.run}"] = run
        return f"{run.model}/{run.run}"

    def show_version(self, version: TrackedVersion, *, run_id: str, source: str = "") -> str:  # noqa: ARG002 # nothing is linked in memory
        """See the port."""
        self._answer()
        self.versions.setdefault((version.model, version.version), version)
        return version.version

    def show_stages(self, model: str, held: Mapping[str, str]) -> None:
        """See the port."""
        self._answer()
        for stage, version in held.items():
            if not version:
                self.aliases.pop((model, stage), None)
            elif (model, version) in self.versions:
                self.aliases[model, stage] = version

    def holder(self, model: str, stage: str) -> TrackedVersion | None:
        """See the port."""
        self._answer()
        return self.versions.get((model, self.aliases.get((model, stage), "")))

    def _answer(self) -> None:
        if self.error is not None:
            raise self.error


class TrackerContract(ABC):
    """What every tracker must do."""

    @abstractmethod
    def shown(self, tracker: Tracker, run_id: str) -> tuple[dict[str, str], dict[str, float]]:
        """(params, metrics) that it shows of a run."""

    @abstractmethod
    def counts(self, tracker: Tracker, model: str) -> tuple[int, int]:
        """How many runs and versions of a model it shows."""

    def test_a_run_is_shown_once(self, tracker: Tracker) -> None:
        """With its numbers; again changes nothing."""
        first = tracker.show_run(RUN)

        assert tracker.show_run(RUN) == first
        params, metrics = self.shown(tracker, first)
        assert metrics == {"auc": 0.9412, "val.loss": -1.5}
        assert params["params.yaml:train.lr"] == "0.1"
        assert self.counts(tracker, "m") == (1, 0)

    def test_a_version_is_shown_once(self, tracker: Tracker) -> None:
        """With its run."""
        run_id = tracker.show_run(RUN)
        first = tracker.show_version(VERSION, run_id=run_id)

        assert tracker.show_version(VERSION, run_id=run_id) == first
        assert self.counts(tracker, "m") == (1, 1)

    def test_an_alias_follows_the_stage(self, tracker: Tracker) -> None:
        """It is set, moved, and taken away."""
        run_id = tracker.show_run(RUN)
        second = replace(VERSION, version="v1.0.1", commit="b" * 40)
        for version in (VERSION, second):
            tracker.show_version(version, run_id=run_id)

        assert tracker.holder("m", "production") is None
        for version in (VERSION, second, VERSION):
            tracker.show_stages("m", {"production": version.version, "staging": ""})
            assert tracker.holder("m", "production") == version
        tracker.show_stages("m", {"production": "", "staging": ""})
        assert tracker.holder("m", "production") is None

    def test_a_version_that_is_not_shown_is_passed_over(self, tracker: Tracker) -> None:
        """Its mirror will set the alias."""
        tracker.show_version(VERSION, run_id=tracker.show_run(RUN))

        tracker.show_stages("m", {"production": "v9.9.9"})

        assert tracker.holder("m", "production") is None

    def test_an_unknown_model_has_no_holder(self, tracker: Tracker) -> None:
        """The first model is no error."""
        assert tracker.holder("nothing", "production") is None

    def test_a_file_travels(self, tracker: Tracker, tmp_path: Path) -> None:
        """Folders are gone into; sending twice is once."""
        (tmp_path / "model" / "deep").mkdir(parents=True)
        (tmp_path / "model" / "deep" / "w.bin").write_bytes(b"w")
        run = replace(RUN, run="files", artifacts={"model": str(tmp_path / "model")})

        assert tracker.show_run(run) == tracker.show_run(run)
