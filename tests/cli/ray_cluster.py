"""A real Ray cluster of three nodes on this machine, from an environment of its own (`make ray`).

All tests of a session share one, one test at a time, whichever process of pytest they are in; the
last of these stops it. Everything is ended by process id.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUSE = Path(__file__).parents[2]
NODES = 3
_PATIENCE_S = 120.0
_LOOK = """
import json, logging, ray, sys
ray.init(address=sys.argv[1], log_to_driver=False, logging_level=logging.ERROR)
print("\\n" + json.dumps(sum(bool(node["Alive"]) for node in ray.nodes())))
"""


def ray_python() -> str:
    """Python of the environment with Ray; skips without one, fails in CI."""
    candidates = [os.environ.get("BRANCHLINE_RAY_PYTHON"), str(HOUSE / ".venv-ray/bin/python")]
    python = next((path for path in candidates if path and os.path.exists(path)), None)
    if python is None:
        if os.environ.get("CI") == "true":
            pytest.fail("the environment with Ray is missing: make ray")
        pytest.skip("no environment with Ray: make ray, or set BRANCHLINE_RAY_PYTHON")
    return python


def ray_environ(python: str) -> dict[str, str]:
    """Variables of nodes, and of a search that uses them."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    return kept | {
        "PATH": f"{os.path.dirname(python)}:{os.environ['PATH']}",
        "RAY_AUTH_MODE": "disabled",
        "RAY_USAGE_STATS_ENABLED": "0",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }


def descendants(pid: int) -> list[int]:
    """Processes below one, and itself."""
    parents: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        with suppress(OSError, ValueError, IndexError), open(f"/proc/{int(name)}/stat") as file:
            parents.setdefault(int(file.read().rpartition(")")[2].split()[1]), []).append(int(name))
    found = [pid]
    for one in found:
        found.extend(parents.get(one, []))
    return found


class Cluster:
    """The nodes; what is known of them stands in a file.

    Args:
        folder: That all processes of pytest share.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.python = ray_python()
        self.environ = ray_environ(self.python)
        self._lock, self._known = folder / "lock", folder / "known.json"

    @contextmanager
    def held(self) -> Iterator[None]:
        """One test, or start and stop, at a time."""
        with self._lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def join(self, count: int) -> None:
        """Use it, or (-1) use it no more: the first starts it, the last stops it."""
        with self.held():
            known = self._read()
            users = known.get("users", 0) + count
            if not users:
                self._stop(known)
                known = {}
            self._write({**known, "users": users})

    @property
    def address(self) -> str:
        """HOST:PORT of the head."""
        return f"127.0.0.1:{self._read()['port']}"

    @property
    def nodes(self) -> list[int]:
        """Process ids, the head's first, of what started each node."""
        return list(self._read()["nodes"])

    def raylet(self, node: int) -> int:
        """The process of a node that Ray's processes there are children of."""
        return next(pid for pid in descendants(node) if _program(pid).endswith("/raylet"))

    def kill(self, node: int) -> None:
        """What becomes of a node without power, as far as the others can tell."""
        strays = descendants(node)
        for pid in (node, self.raylet(node)):
            os.kill(pid, signal.SIGKILL)
        self._change(nodes=[pid for pid in self.nodes if pid != node], strays=strays)

    def make_whole(self) -> None:
        """Start what is missing; wait until all nodes are there."""
        known, said = self._read(), ""
        if len(known.get("nodes", [])) == NODES and all(map(_is_there, known["nodes"])):
            return
        for _ in range(2):
            known = self._read()
            if "port" not in known or not _is_there(known["nodes"][0]):
                self._stop(known)
                self._start_head()
            while len(self.nodes) < NODES:
                self._change(nodes=[*self.nodes, self._node("--address", self.address)])
            if self._is_whole():
                return
            # On a starved machine a node gives up within its first 15 seconds.
            logs = Path(self._read()["folder"]).glob("node-*.log")
            said = "\n".join(path.read_text()[-2000:] for path in logs)
            self._stop(self._read())
        pytest.fail(f"the Ray cluster does not start:\n{said}")

    def _start_head(self) -> None:
        folder = tempfile.mkdtemp(prefix="bl-ray-", dir="/tmp")
        port = _free_port()
        self._write({"users": self._read().get("users", 0), "folder": folder, "port": port,
                     "nodes": []})  # fmt: skip
        pid = self._node(
            "--head", "--port", str(port), "--include-dashboard", "false",
            "--dashboard-port", str(_free_port()), "--temp-dir", folder,
        )  # fmt: skip
        self._change(nodes=[pid])

    def _node(self, *words: str) -> int:
        log = Path(self._read()["folder"]) / f"node-{len(_STARTED)}.log"
        with log.open("ab") as out:
            process = subprocess.Popen(
                [self.python, "-m", "ray.scripts.scripts", "start", "--block", "--num-cpus", "1",
                 "--node-ip-address", "127.0.0.1", "--object-store-memory", "80000000",
                 # The system chooses free ports: several clusters may be on this machine.
                 "--min-worker-port", "0", "--max-worker-port", "0",
                 "--disable-usage-stats", *words],
                env=self.environ,
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip
        _STARTED.append(process)
        # One after the other: two at once may choose the same names in their folder.
        end = time.monotonic() + _PATIENCE_S
        while process.poll() is None and time.monotonic() < end:
            if "Ray runtime started" in log.read_text():
                break
            time.sleep(0.1)
        return process.pid

    def _is_whole(self) -> bool:
        """Whether all nodes get there in time."""
        end = time.monotonic() + _PATIENCE_S
        while time.monotonic() < end and all(_is_there(pid) for pid in self.nodes):
            done = subprocess.run(
                [self.python, "-c", _LOOK, self.address],
                env=self.environ,
                capture_output=True,
                text=True,
                timeout=_PATIENCE_S,
            )
            if done.returncode == 0 and int(done.stdout.splitlines()[-1]) == NODES:
                return True
            time.sleep(0.5)
        return False

    def _stop(self, known: dict[str, Any]) -> None:
        """End every process of every node."""
        pids = [pid for node in known.get("nodes", []) for pid in descendants(node)]
        # What a node that was killed leaves, as the monitor of its logs.
        pids += [pid for pid in known.get("strays", []) if "ray" in _program(pid)]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for process in _STARTED:
            if process.pid in pids:
                process.wait()
        if "folder" in known:
            shutil.rmtree(known["folder"], ignore_errors=True)

    def _read(self) -> dict[str, Any]:
        with suppress(FileNotFoundError):
            known: dict[str, Any] = json.loads(self._known.read_text())
            return known
        return {}

    def _write(self, known: dict[str, Any]) -> None:
        self._known.write_text(json.dumps(known))

    def _change(self, **more: Any) -> None:
        self._write({**self._read(), **more})


_STARTED: list[subprocess.Popen[bytes]] = []
"""By this process; those of another are waited for by it, or by nobody."""


def _program(pid: int) -> str:
    with suppress(OSError):
        return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0])
    return ""


def _is_there(pid: int) -> bool:
    with suppress(OSError), open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] not in ("Z", "X")
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
