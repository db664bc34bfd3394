"""A real MLflow server on SQLite, from an environment of its own (`make mlflow`)."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUSE = Path(__file__).parents[3]
_PATIENCE_S = 120.0


def mlflow_python() -> str:
    """Python of the environment with MLflow; skips without one, fails in CI."""
    candidates = [
        os.environ.get("BRANCHLINE_MLFLOW_PYTHON"),
        str(HOUSE / ".venv-mlflow/bin/python"),
    ]
    python = next((path for path in candidates if path and os.path.exists(path)), None)
    if python is None:
        if os.environ.get("CI") == "true":
            pytest.fail("the environment with MLflow is missing: make mlflow")
        pytest.skip("no environment with MLflow: make mlflow, or set BRANCHLINE_MLFLOW_PYTHON")
    return python


@pytest.fixture(scope="session")
def mlflow_library() -> Iterator[str]:
    """MLflow's client in this process, from that environment; behind our own libraries."""
    python = mlflow_python()
    asked = (
        "import sysconfig, sys; print(sysconfig.get_path('purelib')); print(sys.version_info[:2])"
    )
    done = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True)
    folder, version = done.stdout.splitlines()
    if version != str(sys.version_info[:2]):
        pytest.fail(f"the environment with MLflow has Python {version}: make it again")
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    sys.path.append(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow  # noqa: F401 # once, while its dependencies may warn
    yield python
    sys.path.remove(folder)


class Server:
    """An MLflow server that can be stopped and started again on the same port and data."""

    def __init__(self, python: str, folder: Path) -> None:
        self._python = python
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.uri = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._python, "-m", "mlflow", "server", "--host", "127.0.0.1",
                 "--port", str(self.port), "--workers", "1",
                 "--backend-store-uri", f"sqlite:///{self._folder}/mlflow.db",
                 "--artifacts-destination", str(self._folder / "artifacts")],
                cwd=self._folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={
                    **{k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
                    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
                    "MLFLOW_DISABLE_TELEMETRY": "true",
                },
            )  # fmt: skip
        end = time.monotonic() + _PATIENCE_S
        while time.monotonic() < end and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.uri}/health", timeout=5):
                    return
            except OSError:
                time.sleep(0.2)
        pytest.fail((self._folder / "server.log").read_text()[-2000:])

    def stop(self) -> None:
        """End it and its workers: they are a process group of their own."""
        if self._process is not None:
            os.killpg(self._process.pid, 15)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, 9)
                self._process.wait()
            self._process = None


@pytest.fixture(scope="session")
def server(mlflow_library: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server, one for all tests."""
    made = Server(mlflow_library, tmp_path_factory.mktemp("mlflow"))
    made.start()
    yield made
    made.stop()
