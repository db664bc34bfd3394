"""Adapter of port `environments`: virtual environments in a folder, one for each digest.

An environment is made where it will stand, because its programs name their interpreter by absolute
path: a folder that was renamed afterwards would hold broken ones. It counts only when its mark
stands, which is written last; one that a killed maker left without its mark is made anew.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from branchline.adapters.environments.requirements import is_requirements, without_editable
from branchline.errors import EnvironmentFailedError, ProgramKilledError
from branchline.ports.environments import Environments, Made, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_MARK = "branchline-complete"
_POLL_S = 0.1
_TAIL_LINES = 12


class LockEnvironments(Environments):
    """Virtual environments below one folder.

    Args:
        folder: Absolute path.
        python: Interpreter that they are made with.
        environ: What the installers get.
        uv: Absolute path of uv; "" looks for it on PATH, None does without.
    """

    def __init__(
        self, folder: str, *, python: str, environ: Mapping[str, str], uv: str | None = ""
    ) -> None:
        self._folder = folder
        self._python = python
        self._environ = {k: v for k, v in environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
        path = environ.get("PATH", os.defpath)
        self._uv = (shutil.which("uv", path=path) or "") if uv == "" else (uv or "")

    def can_make(self, file: str) -> bool:
        """See the port."""
        name = file.rpartition("/")[2]
        return is_requirements(name) or (name == "uv.lock" and bool(self._uv))

    def ensure(
        self, wanted: Wanted, *, is_stopped: Callable[[], bool], say: Callable[[str], None]
    ) -> Made | None:
        """See the port."""
        folder = os.path.join(self._folder, wanted.digest[:32])
        programs = os.path.join(folder, "bin")
        if os.path.exists(os.path.join(folder, _MARK)):
            return Made(folder=folder, programs=programs, is_new=False)
        os.makedirs(self._folder, exist_ok=True)
        with _locked(f"{folder}.lock", is_stopped, say) as is_ours:
            if not is_ours:
                return None
            if os.path.exists(os.path.join(folder, _MARK)):
                return Made(folder=folder, programs=programs, is_new=False)
            say(f"making the environment of {wanted.file}")
            if not self._make(folder, wanted, is_stopped):
                return None
        return Made(folder=folder, programs=programs, is_new=True)

    def _make(self, folder: str, wanted: Wanted, is_stopped: Callable[[], bool]) -> bool:
        shutil.rmtree(folder, ignore_errors=True)
        log = f"{folder}.log"
        with open(log, "wb"):
            pass
        with without_editable(wanted.root, wanted.file) as file:
            for words in self._commands(folder, file, wanted):
                if not self._run(words, folder, wanted, log, is_stopped):
                    shutil.rmtree(folder, ignore_errors=True)
                    return False
        partial = os.path.join(folder, f"{_MARK}.{os.getpid()}")
        with open(partial, "w", encoding="utf-8") as mark:
            mark.write(f"{wanted.file}\n{wanted.digest}\n")
        os.replace(partial, os.path.join(folder, _MARK))
        return True

    def _commands(self, folder: str, file: str, wanted: Wanted) -> list[list[str]]:
        python = os.path.join(folder, "bin", "python")
        if wanted.file.rpartition("/")[2] == "uv.lock":
            project = os.path.dirname(os.path.join(wanted.root, wanted.file))
            sync = ["sync", "--frozen", "--no-install-project", "--project", project]
            return [[self._uv, *sync, "--python", self._python]]
        if self._uv:
            return [
                [self._uv, "venv", "--quiet", "--python", self._python, folder],
                [self._uv, "pip", "install", "--quiet", "--python", python, "-r", file],
            ]
        pip = ["-m", "pip", "--disable-pip-version-check", "--no-input"]
        return [
            [self._python, "-m", "venv", folder],
            [python, *pip, "install", "--progress-bar", "off", "-r", file],
        ]

    def _run(
        self,
        words: Sequence[str],
        folder: str,
        wanted: Wanted,
        log: str,
        is_stopped: Callable[[], bool],
    ) -> bool:
        """Run an installer to its end; False when it was stopped."""
        environ = {**self._environ, "UV_PROJECT_ENVIRONMENT": folder}
        with open(log, "ab") as out:
            try:
                process = subprocess.Popen(
                    words,
                    cwd=wanted.root,
                    env=environ,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    process_group=0,
                )
            except OSError as error:
                raise _failed(wanted, [f"{words[0]}: {error.strerror}"]) from error
            try:
                while process.poll() is None:
                    if is_stopped():
                        return False
                    time.sleep(_POLL_S)
            finally:
                if process.poll() is None:
                    with suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
        if process.returncode != 0:
            tail = _tail(log)
            shutil.rmtree(folder, ignore_errors=True)
            if process.returncode < 0:
                raise ProgramKilledError(
                    f"the installer of {wanted.file} was killed by signal {-process.returncode}",
                    todo="If the machine ran out of memory, give it more.",
                )
            raise _failed(wanted, tail)
        return True


@contextmanager
def _locked(
    path: str, is_stopped: Callable[[], bool], say: Callable[[str], None]
) -> Iterator[bool]:
    """Hold a lock that the kernel gives back when we die; False when waiting was given up."""
    has_said = False
    with open(path, "a", encoding="utf-8") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if is_stopped():
                    yield False
                    return
                if not has_said:
                    say("another job makes this environment; waiting for it")
                    has_said = True
                time.sleep(_POLL_S)
        yield True


def _failed(wanted: Wanted, tail: Sequence[str]) -> EnvironmentFailedError:
    text = " ".join(tail).lower()
    is_offline = any(
        word in text
        for word in ("name resolution", "connection", "no matching distribution", "network")
    )
    return EnvironmentFailedError(
        f"the packages of {wanted.file} cannot be installed",
        details=tail,
        todo=(
            "The box does not reach a package index, or it lacks a version: look at the lines above"
            ' and at PIP_INDEX_URL in box.json ("environment"), or set `environments` to "off".'
            if is_offline
            else f"Mend {wanted.file}; `environments: off` in box.json uses the box's own Python."
        ),
    )


def _tail(log: str) -> list[str]:
    try:
        with open(log, "rb") as file:
            file.seek(max(0, os.path.getsize(log) - 8192))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [line.rstrip() for line in text.splitlines() if line.strip()][-_TAIL_LINES:]
