"""A box whose team keeps its registry in MLflow: a real server that is started late."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from tests.adapters.mlflow.conftest import Server, mlflow_python
from tests.e2e.remote.shop import SETTINGS, SOURCE, Shop

from branchline import wiring
from branchline.adapters.box import LocalBox
from branchline.generate.hooks import box_hooks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from branchline.ports.queue import PendingEffect

pytestmark = [pytest.mark.slow]

BAR = "gate: {metrics: {auc: {min: 0.5, max_regression: 0.02}}}"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that was not started yet."""
    folder = tmp_path / "mlflow"
    folder.mkdir()
    made = Server(mlflow_python(), folder)
    yield made
    made.stop()


@pytest.fixture
def shop(tmp_path: Path, server: Server) -> Iterator[Shop]:
    """A clone and an empty box whose Python has MLflow."""
    settings = SETTINGS.replace("gate: {metrics: {auc: {min: 0.5}}}", BAR)
    settings += f"registry: {{kind: mlflow, uri: {server.uri}}}\n"
    made = Shop.create(tmp_path, {"branchline.yaml": settings})
    asked = [mlflow_python(), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    library = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    made.settings(python_path=f"{SOURCE}{os.pathsep}{library}")
    box = LocalBox(str(made.box))
    box.create(box.settings(), box_hooks(str(made.box), box.settings()))
    yield made
    made.stop()


def pending(shop: Shop) -> list[PendingEffect]:
    """Mirrors that the server has not got yet."""
    with wiring.open_box(str(shop.box)) as box:
        waiting = box.queue.due_effects(at=float("inf"))
    return [effect for effect in waiting if effect.identity.startswith("mirror:")]


def until_shown(shop: Shop, within_s: float = 150) -> None:
    """Wait until no mirror is pending."""
    until = time.monotonic() + within_s
    while found := pending(shop):
        assert time.monotonic() < until, f"{found}\n{shop.complaints()}"
        time.sleep(0.3)


def ask(server: Server, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Ask MLflow by its own REST interface."""
    request = urllib.request.Request(
        f"{server.uri}/api/2.0/mlflow/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        told: dict[str, Any] = json.load(answer)
        return told


def holder(server: Server, alias: str) -> dict[str, Any]:
    """The version that has an alias, with its tags as a mapping."""
    told = ask(server, f"registered-models/alias?name=toy&alias={alias}")["model_version"]
    return {**told, "tags": {tag["key"]: tag["value"] for tag in told["tags"]}}


def test_a_server_that_comes_late_gets_everything_once(shop: Shop, server: Server) -> None:
    said = shop.push("main")
    assert "verdict  passed" in said
    shop.until_tag("toy#staging#1")
    first = shop.job(1)
    assert (first.state.value, first.outcome) == ("succeeded", "passed")
    (waiting,) = pending(shop)
    until = time.monotonic() + 60
    while not waiting.error and time.monotonic() < until:
        time.sleep(0.2)
        (waiting,) = pending(shop)
    assert waiting.error, shop.complaints()

    server.start()
    pid = shop.worker()
    assert pid is not None, "it stays for what is pending"
    os.kill(pid, signal.SIGKILL)  # in the middle of it, perhaps
    shop.edit("params.yaml", "0.1", "0.2")
    shop.commit("better")
    shop.push("main")
    shop.until_tag("toy#staging#2")
    until_shown(shop)

    versions = ask(server, "model-versions/search?max_results=100")["model_versions"]
    tags = [{tag["key"]: tag["value"] for tag in version["tags"]} for version in versions]
    assert sorted(tag["branchline.version"] for tag in tags) == ["v1.0.0", "v1.0.1"]
    assert holder(server, "staging")["tags"]["branchline.version"] == "v1.0.1"
    old = next(v for v in versions if v["run_id"] != holder(server, "staging")["run_id"])
    run = ask(server, f"runs/get?run_id={old['run_id']}")["run"]
    assert {m["key"]: m["value"] for m in run["data"]["metrics"]} == {"auc": 0.7}
    assert [p["value"] for p in run["data"]["params"] if p["key"].endswith("lr")] == ["0.1"]
    files = ask(server, f"artifacts/list?run_id={old['run_id']}&path=model")["files"]
    assert [file["path"] for file in files] == ["model/model.pkl"]

    # The baseline is who has the alias there, whatever git's tags say of it.
    ask(
        server,
        "registered-models/alias",
        {"name": "toy", "alias": "production", "version": old["version"]},
    )
    shop.edit("params.yaml", "0.2", "0.15")
    shop.commit("between the two")
    said = shop.push("HEAD:train/between")
    assert "verdict  passed" in said, said
    assert first.run in said, said
