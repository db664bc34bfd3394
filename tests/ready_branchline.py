"""`branchline` as a process of its own that need not load anything first: a fork, not a start.

More than half of what a short command costs is Python and a few hundred modules being loaded, and
the tests call some thousand commands. A process that has loaded them (this file, run as a script)
forks one for each call: it stands in the folder, has the environment, the streams and the exit
code of a real start, and whatever it does to its memory is gone with it. Tests of what a start
loads, and all that is killed or stopped half way, start Python themselves; so does every call
where BRANCHLINE_REAL_STARTS=1 is set.
"""

from __future__ import annotations

import array
import atexit
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SOURCE = str(Path(__file__).parents[1] / "src")
_HEAD_BYTES = 8
_NOT_LOADED = (
    "branchline.adapters.local_process.audit",
    "branchline.adapters.local_process.zygote",
    "branchline.adapters.own_checks.runner",
    "branchline.model_tests",
    "branchline.pytest_plugin",
    "branchline.pytest_shim",
    "branchline.server",
    "branchline.testing",
    "branchline.__main__",
)
"""What has an effect when it is loaded, or libraries that no short command loads."""


def call(
    words: Sequence[str],
    *,
    cwd: str | Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Call `python -m branchline WORDS`, as `subprocess.run` does with `capture_output`."""
    environ = dict(os.environ if env is None else env)
    command = [sys.executable, "-m", "branchline", *words]
    if os.environ.get("BRANCHLINE_REAL_STARTS") == "1" or not _can_fork(environ):
        return subprocess.run(
            command, cwd=cwd, env=environ, capture_output=True, text=True, timeout=timeout,
            check=False,
        )  # fmt: skip
    place = tuple(sorted((k, v) for k, v in environ.items() if k == "LANG" or k[:3] == "LC_"))
    with _LOCK:
        if place not in _READY:
            _READY[place] = _Ready(dict(place))
    return _READY[place].call(command, str(cwd or os.getcwd()), environ, timeout)


def _can_fork(environ: Mapping[str, str]) -> bool:
    """Whether nothing in it is read by Python, or by the loader, before the first line runs."""
    path = environ.get("PYTHONPATH", SOURCE)
    early = (k for k in environ if k.startswith(("PYTHON", "LD_")))
    known = {"PYTHONPATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
    return path == SOURCE and set(early) <= known


class _Ready:
    """The process that has loaded it.

    Args:
        place: Variables that say which language and encoding the streams have.
    """

    def __init__(self, place: Mapping[str, str]) -> None:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._asking = threading.Lock()
        kept = {key: os.environ[key] for key in ("PATH", "TMPDIR") if key in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=theirs.fileno(),
            stdout=subprocess.PIPE,
            env={**kept, **place, "PYTHONPATH": SOURCE},
        )
        theirs.close()
        assert self._process.stdout is not None
        with self._process.stdout as said:
            assert said.readline() == b"ready\n"
        atexit.register(self.close)

    def call(
        self, command: list[str], cwd: str, environ: Mapping[str, str], timeout: float | None
    ) -> subprocess.CompletedProcess[str]:
        """Fork one and wait for its end."""
        asked = json.dumps({"words": command[3:], "cwd": cwd, "env": dict(environ)}).encode()
        pipes = [os.pipe() for _ in range(3)]
        try:
            with open(os.devnull, "rb") as nothing:
                given = array.array("i", [nothing.fileno(), *(write for _, write in pipes)])
                level = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, given)]
                with self._asking:
                    self._ours.sendmsg([len(asked).to_bytes(_HEAD_BYTES)], level)
                    self._ours.sendall(asked)
        finally:
            for _, write in pipes:
                os.close(write)
        out, err, told = _read_all([read for read, _ in pipes], command, timeout)
        _, status = told.split()
        code = os.waitstatus_to_exitcode(int(status))
        return subprocess.CompletedProcess(command, code, _text(out), _text(err))

    def close(self) -> None:
        """End it; it has no children by now."""
        self._ours.close()
        self._process.wait()


_READY: dict[tuple[tuple[str, str], ...], _Ready] = {}
_LOCK = threading.Lock()


def _text(raw: bytes) -> str:
    return raw.decode().replace("\r\n", "\n").replace("\r", "\n")


def _read_all(
    pipes: list[int], command: list[str], timeout: float | None
) -> tuple[bytes, bytes, bytes]:
    """What comes through, to the end of each; the process is killed when the time is over."""
    texts = dict.fromkeys(pipes, b"")
    until = None if timeout is None else time.monotonic() + timeout
    with selectors.DefaultSelector() as selector:
        for pipe in pipes:
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            rest = None if until is None else until - time.monotonic()
            if rest is not None and rest <= 0:
                os.kill(int(texts[pipes[2]].split()[0]), signal.SIGKILL)
                for key in selector.get_map().values():
                    os.close(key.fd)
                raise subprocess.TimeoutExpired(command, timeout or 0)
            for key, _ in selector.select(rest):
                got = os.read(key.fd, 65536)
                texts[key.fd] += got
                if not got:
                    selector.unregister(key.fd)
                    os.close(key.fd)
    out, err, told = (texts[pipe] for pipe in pipes)
    return out, err, told


# The process that has loaded it.


def load() -> None:
    """Load what commands load."""
    import importlib
    import pkgutil

    import branchline

    for found in pkgutil.walk_packages(branchline.__path__, "branchline.", lambda _: None):
        if not found.name.startswith(_NOT_LOADED):
            importlib.import_module(found.name)
    for name in ("sqlite3", "subprocess", "ruamel.yaml", "yaml", "rich.console"):
        importlib.import_module(name)
    heavy = {"numpy", "duckdb", "scipy", "optuna", "starlette", "pytest"} & set(sys.modules)
    assert not heavy, f"loading Branchline loads {heavy}; name what does in _NOT_LOADED"


def serve(asked: socket.socket) -> dict[str, object]:
    """Fork one for each question; returns in the forked one, with what it was asked."""
    waking, woken = os.pipe()
    for end in (waking, woken):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken)
    running: dict[int, int] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(asked, selectors.EVENT_READ)
        selector.register(waking, selectors.EVENT_READ)
        while True:
            ready = {key.fd for key, _ in selector.select()}
            if waking in ready:
                os.read(waking, 4096)
            _tell_ends(running)
            if asked.fileno() not in ready:
                continue
            head, given, _, _ = socket.recv_fds(asked, _HEAD_BYTES, 4)
            if not head:
                sys.exit(0)
            raw = asked.recv(int.from_bytes(head), socket.MSG_WAITALL)
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for number, stream in enumerate(given[:3]):
                    os.dup2(stream, number)
                for other in (*given, *running.values(), waking, woken):
                    os.close(other)
                break
            os.write(given[3], b"%d " % pid)
            running[pid] = given[3]
            for stream in given[:3]:
                os.close(stream)
    return dict(json.loads(raw))


def _tell_ends(running: dict[int, int]) -> None:
    """Say how those ended that have."""
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        told = running.pop(pid)
        with suppress(BrokenPipeError):  # whoever asked was not willing to wait
            os.write(told, b"%d" % status)
        os.close(told)


def run(words: list[str], cwd: str, env: dict[str, str]) -> NoReturn:
    """Be `python -m branchline WORDS`."""
    import importlib
    import runpy

    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    os.chdir(cwd)
    importlib.invalidate_caches()
    sys.dont_write_bytecode = bool(env.get("PYTHONDONTWRITEBYTECODE"))
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        was = getattr(sys, name)  # which has looked at what stood behind it before
        mode, lines = ("w" if number else "r"), (1 if name == "stderr" else -1)
        made = open(number, mode, lines, was.encoding, was.errors, closefd=False)  # noqa: SIM115
        setattr(sys, name, made)
        setattr(sys, f"__{name}__", made)
    sys.argv[:] = [os.path.join(SOURCE, "branchline", "__main__.py"), *words]
    sys.path.insert(0, cwd)  # as `python -m` does, and __main__ expects
    runpy.run_module("branchline", run_name="__main__", alter_sys=True)
    sys.exit(0)


def main() -> NoReturn:
    """Load, say so, and be each of those that are asked for."""
    import gc

    del sys.path[0]
    load()
    gc.collect()
    gc.freeze()
    asked = socket.socket(fileno=os.dup(0))
    os.write(1, b"ready\n")
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        os.dup2(nothing, number)
    question = serve(asked)
    asked.close()
    os.close(nothing)
    run(**question)  # type: ignore[arg-type] # as `call` writes it


if __name__ == "__main__":
    main()
