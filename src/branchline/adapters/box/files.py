"""Serves the port `box`: a bare repository and its folder `branchline`, on this machine.

Files get their names when they are whole. Decides nothing.
"""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING

from branchline.adapters.box.making import make_repository, refuse_foreign_hooks, write_hooks
from branchline.adapters.box.processes import is_alive, is_git, started_ticks
from branchline.adapters.box.replacing import replace_file
from branchline.adapters.box.texts import event_of, settings_of, settings_text
from branchline.errors import BoxError
from branchline.ports.box import (
    BegunPush,
    BoxFiles,
    BoxSettings,
    PushEvent,
    WorkerProcess,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.ports.box import BoxFacts

_SPOOLED = re.compile(r"([0-9]{10,25})-([0-9]{1,10})\.json")
_BEGUN = re.compile(r"([0-9]{10,25})-([0-9]{1,10})\.pre")
_LEFTOVER_S = 86_400
_STOP_S = 10.0
_HOOKS = ("pre-receive", "post-receive")


class LocalBox(BoxFiles):
    """The files of a box on this machine.

    Args:
        path: Absolute path of the bare repository; it need not exist before `create`.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.state_dir = os.path.join(path, "branchline")
        self._spool = os.path.join(self.state_dir, "spool")
        self._pid_file = os.path.join(self.state_dir, "worker.pid")

    def settings(self) -> BoxSettings:
        """See the port."""
        file = os.path.join(self.state_dir, "box.json")
        try:
            with open(file, encoding="utf-8") as opened:
                text = opened.read()
        except (FileNotFoundError, NotADirectoryError):
            raise BoxError(
                f"{self.path} is no box",
                todo=f"Make it one: branchline remote add NAME {self.path}",
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise BoxError(f"{file} cannot be read: {error}") from error
        return settings_of(text, file)

    def create(self, settings: BoxSettings, hooks: Mapping[str, str]) -> bool:
        """See the port."""
        refuse_foreign_hooks(self.path, hooks)
        is_new = make_repository(self.path, settings)
        try:
            os.makedirs(os.path.join(self._spool, "bad"), exist_ok=True)
            os.makedirs(os.path.join(self.state_dir, "jobs"), exist_ok=True)
            # The ledger's URL and the environment may hold passwords.
            text = settings_text(settings)
            replace_file(os.path.join(self.state_dir, "box.json"), text, mode=0o600)
            write_hooks(self.path, hooks)
        except OSError as error:
            raise BoxError(f"{self.path} cannot be made a box: {error}") from error
        return is_new

    def hooks(self) -> Mapping[str, str]:
        """See the port."""
        found = {}
        for name in _HOOKS:
            file = os.path.join(self.path, "hooks", name)
            with contextlib.suppress(OSError):
                if os.access(file, os.X_OK):
                    with open(file, encoding="utf-8", errors="replace") as opened:
                        found[name] = opened.read()
        return found

    def spool(self) -> Sequence[PushEvent]:
        """See the port."""
        events = []
        for name in self._spooled():
            file = os.path.join(self._spool, name)
            try:
                with open(file, "rb") as opened:
                    data = opened.read()
            except OSError:  # another process took it
                continue
            try:
                events.append(event_of(data, name.removesuffix(".json")))
            except ValueError:
                bad = os.path.join(self._spool, "bad")
                os.makedirs(bad, exist_ok=True)
                with contextlib.suppress(FileNotFoundError):
                    os.replace(file, os.path.join(bad, name))
        return events

    def begun(self) -> Sequence[BegunPush]:
        """See the port. One that was killed while it was written down has moved nothing."""
        names = set(self._names())
        found = []
        matches = sorted(filter(None, map(_BEGUN.fullmatch, names)), key=lambda m: int(m[1]))
        for match in matches:
            name = match[0]
            stem = name.removesuffix(".pre")
            if f"{stem}.json" in names:
                continue
            # First whether it lives: who has ended has written all that it would.
            is_going_on = is_git(int(match[2]), started_before=int(match[1]) / 1e9)
            file = os.path.join(self._spool, name)
            try:
                with open(file, "rb") as opened:
                    event = event_of(opened.read(), stem)
            except OSError:
                continue
            except ValueError:
                if not is_going_on:  # killed while it wrote: it moved nothing
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(file)
                continue
            found.append(BegunPush(event=event, is_going_on=is_going_on))
        return found

    def _names(self) -> list[str]:
        try:
            return os.listdir(self._spool)
        except FileNotFoundError:
            return []

    def _spooled(self) -> list[str]:
        """Names of whole files, oldest first; what killed hooks left half is removed in time."""
        import time

        found = []
        for name in self._names():
            match = _SPOOLED.fullmatch(name)
            if match:
                found.append((int(match[1]), int(match[2]), name))
            elif name.endswith(".tmp"):
                with contextlib.suppress(OSError):
                    file = os.path.join(self._spool, name)
                    if os.stat(file).st_mtime < time.time() - _LEFTOVER_S:
                        os.unlink(file)
        return [name for *_, name in sorted(found)]

    def unspool(self, event: str) -> None:
        """See the port."""
        if _SPOOLED.fullmatch(f"{event}.json"):
            # The first note of it goes first: without the second it would count as begun.
            for name in (f"{event}.pre", f"{event}.json"):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(os.path.join(self._spool, name))

    def rules(self) -> str:
        """See the port."""
        try:
            with open(os.path.join(self.state_dir, "rules"), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def write_rules(self, text: str) -> None:
        """See the port."""
        replace_file(os.path.join(self.state_dir, "rules"), text)

    def worker(self) -> WorkerProcess | None:
        """See the port."""
        try:
            with open(self._pid_file, encoding="ascii") as file:
                pid, ticks = (int(word) for word in file.read().split())
        except (OSError, ValueError):
            return None
        process = WorkerProcess(pid=pid, started_ticks=ticks)
        return process if is_alive(process) else None

    def set_worker(self, pid: int) -> None:
        """See the port."""
        replace_file(self._pid_file, f"{pid} {started_ticks(pid)}\n")

    def clear_worker(self, pid: int) -> None:
        """See the port."""
        try:
            with open(self._pid_file, encoding="ascii") as file:
                is_this = file.read().split()[:1] == [str(pid)]
        except OSError:
            return
        if is_this:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._pid_file)

    def wake(self) -> bool:
        """See the port."""
        if self.worker() is not None:
            return False
        import subprocess

        settings = self.settings()
        words = [settings.python, "-P", "-m", "branchline.server.worker", self.path]
        with open(os.path.join(self.state_dir, "worker.err"), "ab") as complaints:
            # By way of a shell that ends at once: the worker is nobody's child, and no zombie.
            subprocess.run(
                ["/bin/sh", "-c", '"$@" &', "sh", *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                env=settings.variables(),
                cwd=self.path,
                start_new_session=True,
                check=False,
            )
        return True

    def stop_worker(self) -> None:
        """See the port."""
        import signal
        import time

        process = self.worker()
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)
        until = time.monotonic() + _STOP_S
        while is_alive(process):
            if time.monotonic() > until:
                raise BoxError(
                    f"the worker of {self.path}, process {process.pid}, does not end",
                    todo=f"Look at it, and stop it: kill -9 {process.pid}",
                )
            time.sleep(0.02)

    def facts(self) -> BoxFacts:
        """See the port."""
        from branchline.adapters.box.looking import look

        return look(self.path, self.settings(), spooled=len(self._spooled()))

    def delete(self) -> None:
        """See the port."""
        import shutil

        self.settings()
        worker = self.worker()
        if worker is not None:
            raise BoxError(
                f"a worker is at work for {self.path}",
                todo=f"Stop it first: kill {worker.pid}",
            )
        # Under another name first: what is half removed is no box that takes pushes.
        gone = f"{self.path}.deleted-{os.urandom(4).hex()}"
        try:
            os.rename(self.path, gone)
        except OSError as error:
            raise BoxError(f"{self.path} cannot be removed: {error.strerror}") from error
        try:
            shutil.rmtree(gone)
        except OSError as error:
            raise BoxError(
                f"what is left of the box cannot be removed: {error.filename}: {error.strerror}",
                todo=f"It is no box any more, and stands in {gone}: remove that folder yourself.",
            ) from error

    def job_dir(self, job: int) -> str:
        """See the port."""
        return os.path.join(self.state_dir, "jobs", str(job))

    def log_path(self, job: int) -> str:
        """See the port."""
        return os.path.join(self.job_dir(job), "log")


def is_box(path: str) -> bool:
    """Whether a folder is a box."""
    return os.path.isfile(os.path.join(path, "branchline", "box.json"))
