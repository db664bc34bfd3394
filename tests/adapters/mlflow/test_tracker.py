from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from branchline.adapters.mlflow import MlflowTracker
from branchline.adapters.mlflow.tracker import _name
from branchline.core.effects.registering import RegistryRules
from branchline.core.effects.values import Mirror, Register
from branchline.errors import EffectError, MissingExtraError
from branchline.flows.apply import apply
from branchline.flows.apply_registry import RegistryAppliers
from branchline.ports.tracker import TrackedVersion
from branchline.testing.artifacts import FakeArtifacts
from branchline.testing.registry import FakeRegistry
from branchline.testing.tracker import RUN, VERSION, TrackerContract

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.adapters.mlflow.conftest import Server

    from branchline.core.pipeline import Content
    from branchline.ports.tracker import TrackedRun, Tracker

HERE = Path(__file__).parent
_USED: list[int] = []


class OwnName(MlflowTracker):
    """Gives each test's models a prefix of their own, for all tests share one server."""

    def __init__(self, uri: str, prefix: str) -> None:
        super().__init__(uri)
        self.prefix = prefix

    def show_run(self, run: TrackedRun) -> str:
        return super().show_run(replace(run, model=self.prefix + run.model))

    def show_version(self, version: TrackedVersion, *, run_id: str, source: str = "") -> str:
        renamed = replace(version, model=self.prefix + version.model)
        return super().show_version(renamed, run_id=run_id, source=source)

    def show_stages(self, model: str, held: Mapping[str, str]) -> None:
        super().show_stages(self.prefix + model, held)

    def holder(self, model: str, stage: str) -> TrackedVersion | None:
        found = super().holder(self.prefix + model, stage)
        return None if found is None else replace(found, model=model)


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def tracker(server: Server) -> OwnName:
    _USED.append(1)
    return OwnName(server.uri, f"t{len(_USED)}-")


def client_of(tracker: Tracker) -> Any:
    assert isinstance(tracker, OwnName)
    return tracker._client()


@pytest.mark.slow
class TestMlflowTracker(TrackerContract):
    def shown(self, tracker: Tracker, run_id: str) -> tuple[dict[str, str], dict[str, float]]:
        data = client_of(tracker).get_run(run_id).data
        return dict(data.params), dict(data.metrics)

    def counts(self, tracker: Tracker, model: str) -> tuple[int, int]:
        assert isinstance(tracker, OwnName)
        client = client_of(tracker)
        name = tracker.prefix + model
        runs = client.search_runs([client.get_experiment_by_name(name).experiment_id])
        return len(runs), len(client.search_model_versions(f"name = '{name}'"))


@pytest.mark.slow
def test_a_run_says_where_it_comes_from(
    tracker: OwnName, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "w.bin").write_bytes(b"weights")
    run_id = tracker.show_run(replace(RUN, artifacts={"model": str(tmp_path / "model")}))
    tracker.show_version(VERSION, run_id=run_id, source="model")
    tracker.show_stages("m", {"staging": "v1.0.0", "production": "v1.0.0"})

    assert capfd.readouterr() == ("", "")  # the library likes to print addresses
    client = client_of(tracker)
    run = client.get_run(run_id)
    version = client.get_model_version_by_alias(f"{tracker.prefix}m", "production")

    assert (
        run.data.tags["branchline.commit"] == run.data.tags["mlflow.source.git.commit"] == "a" * 40
    )
    assert run.data.tags["branchline.key"] == "k" * 64
    assert run.data.tags["branchline.run"] == run.info.run_name == "abc1234"
    assert (run.info.status, run.info.end_time - run.info.start_time) == ("FINISHED", 61500)
    assert [f.path for f in client.list_artifacts(run_id, "model")] == ["model/w.bin"]
    assert (
        Path(client.download_artifacts(run_id, "model/w.bin", str(tmp_path))).read_bytes()
        == b"weights"
    )
    assert (version.run_id, version.tags["branchline.version"]) == (run_id, "v1.0.0")
    assert version.source.endswith(f"{run_id}/artifacts/model")
    assert len(client.get_metric_history(run_id, "auc")) == 1


@pytest.mark.slow
def test_an_alias_of_a_foreign_version_has_no_holder_of_ours(tracker: OwnName) -> None:
    client = client_of(tracker)
    name = f"{tracker.prefix}m"
    client.create_registered_model(name)
    client.create_model_version(name, source="s3://nowhere/x")
    client.set_registered_model_alias(name, "production", "1")

    assert tracker.holder("m", "production") is None


@pytest.mark.slow
@pytest.mark.usefixtures("mlflow_library")
def test_a_server_that_is_down_is_an_error_that_keeps_the_password() -> None:
    tracker = MlflowTracker("http://me:geheim@127.0.0.1:1")

    with pytest.raises(EffectError) as caught:
        tracker.show_run(RUN)

    said = str((caught.value.message, caught.value.todo, caught.value.details))
    assert "http://***@127.0.0.1:1" in said
    assert "geheim" not in said


class Folder(FakeArtifacts):
    """Lays real files out."""

    def __init__(self, root: Path) -> None:
        super().__init__({"d1": b"weights"})
        self._root = root

    def lay_out(self, kind: str, run: str, files: Mapping[str, Content | bytes]) -> str:
        super().lay_out(kind, run, files)
        for path, data in self.laid[f"{kind}/{run}"].items():
            (self._root / run).mkdir(exist_ok=True)
            (self._root / run / path).write_bytes(data)
        return str(self._root / run)


@pytest.mark.slow
def test_the_mirror_converges_when_the_server_comes_back(server: Server, tmp_path: Path) -> None:
    registry = FakeRegistry()
    place = [server.uri, "http://127.0.0.1:1"]  # nothing listens there
    appliers = RegistryAppliers(
        registry=registry,
        rules=RegistryRules(),
        artifacts=Folder(tmp_path),
        tracker=lambda _kind, _uri: MlflowTracker(place[-1]),
    ).table()
    commit = "c" * 40
    registration = Register(
        model="down", commit=commit, run="ccccccc", digest="f" * 64, paths={"m.bin": "d1"},
        outcome="passed", stage="staging",
    )  # fmt: skip
    mirror = Mirror(
        kind="mlflow", uri="", run="ccccccc",
        body={"model": "down", "commit": commit, "digest": "f" * 64, "paths": {"m.bin": "d1"},
              "metrics": {"auc": 0.5}, "started_at": "2026-01-01T00:00:00Z"},
    )  # fmt: skip
    apply(registration, appliers)

    with pytest.raises(EffectError):
        apply(mirror, appliers)
    place.pop()
    said = [apply(mirror, appliers) for _ in range(2)]

    tracker = MlflowTracker(server.uri)
    assert said == ["run ccccccc and down@v1.0.0 are shown there"] * 2
    assert tracker.holder("down", "staging") == TrackedVersion(
        model="down", version="v1.0.0", commit=commit, run="ccccccc", digest="f" * 64
    )
    client = tracker._client()
    assert len(client.search_model_versions("name = 'down'")) == 1


@pytest.mark.parametrize("uri", ["", "sqlite:///x.db", "file:///tmp", "me:geheim@host"])
def test_what_is_no_server_is_refused(uri: str) -> None:
    with pytest.raises(EffectError, match="must be an http"):
        MlflowTracker(uri)


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("params.yaml:train.lr", "params.yaml:train.lr"),
        ("../p.yaml:a", "p.yaml:a"),
        ("/a//b", "a/b"),
        ("a[0]", "a_0_"),
        ("..", "_"),
        ("ü", "ü"),
    ],
)
def test_names_are_such_as_mlflow_allows(name: str, made: str) -> None:
    assert _name(name) == made


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)

    with pytest.raises(MissingExtraError) as caught:
        MlflowTracker("http://127.0.0.1:1").show_run(RUN)

    assert "branchline[mlflow]" in caught.value.todo
