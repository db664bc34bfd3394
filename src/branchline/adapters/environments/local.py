"""Adapter of port `environments`: virtual environments in a folder, one for each digest.

An environment is made where it will stand, because its programs name their interpreter by absolute
path: a folder that was renamed afterwards would hold broken ones. It counts only when its mark
stands, which is written last; one that a killed maker left without its mark is made anew.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from branchline.adapters.environments.interpreters import find_interpreters
from branchline.adapters.environments.processes import POLL_S, run_installer, tail_of
from branchline.adapters.environments.requirements import is_requirements, without_editable
from branchline.adapters.environments.resolving import UvResolver
from branchline.adapters.environments.uv import Scrub, environ_for, failed, find_uv, missing_uv
from branchline.core.environment.aside import put_aside
from branchline.ports.environments import Environments, Made

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from branchline.core.environment.plain import Plain
    from branchline.core.environment.values import Asked, Interpreter, Resolved
    from branchline.ports.environments import Wanted

_MARK = "branchline-complete"
_KEPT = 12
"""So many environments are kept besides those that are in use or were used within a day."""
_FRESH_S = 24 * 3600.0


class LockEnvironments(Environments):
    """Virtual environments below one folder.

    Args:
        folder: Absolute path.
        python: Interpreter that they are made with where nothing else is asked for.
        environ: What the installers get.
        uv: Absolute path of uv; "" looks for it, None does without.
    """

    def __init__(
        self, folder: str, *, python: str, environ: Mapping[str, str], uv: str | None = ""
    ) -> None:
        self._folder = folder
        self._python = python
        self._environ = {k: v for k, v in environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
        self._uv = find_uv(environ) if uv == "" else (uv or "")
        self._interpreters: tuple[Interpreter, ...] | None = None
        self._resolver = UvResolver(
            os.path.join(folder, "found"), uv=self._uv, environ=self._environ
        )

    def can_make(self, file: str) -> bool:
        """See the port."""
        name = file.rpartition("/")[2]
        return is_requirements(name) or (name == "uv.lock" and bool(self._uv))

    def interpreters(self) -> Sequence[Interpreter]:
        """See the port."""
        if self._interpreters is None:
            self._interpreters = find_interpreters(self._environ, self._python)
        return self._interpreters

    def resolve(
        self, asked: Asked, *, is_stopped: Callable[[], bool], say: Callable[[str], None]
    ) -> Resolved | None:
        """See the port."""
        return self._resolver.resolve(asked, is_stopped=is_stopped, say=say)

    def look(self, asked: Asked, plain: Plain) -> Resolved | str:
        """See the port."""
        return self._resolver.look(asked, plain)

    def export(self, root: str, lock: str) -> str:
        """See the port."""
        return self._resolver.export(root, lock)

    def folder_of(self, digest: str) -> str:
        """See the port."""
        return os.path.join(self._folder, digest[:32])

    @contextmanager
    def entered(self, made: Made) -> Iterator[None]:
        """See the port; nobody removes it meanwhile."""
        with (
            open(f"{made.folder}.lock", "a", encoding="utf-8") as lock,
            put_aside(os.environ, ("PATH", "VIRTUAL_ENV", "PYTHONHOME")),
        ):
            fcntl.flock(lock, fcntl.LOCK_SH)
            path = os.environ.get("PATH") or os.defpath
            os.environ["PATH"] = f"{made.programs}{os.pathsep}{path}"
            os.environ["VIRTUAL_ENV"] = made.folder
            os.environ.pop("PYTHONHOME", None)
            yield

    def ensure(
        self, wanted: Wanted, *, is_stopped: Callable[[], bool], say: Callable[[str], None]
    ) -> Made | None:
        """See the port."""
        folder = self.folder_of(wanted.digest)
        programs = os.path.join(folder, "bin")
        if _is_whole(folder):
            return Made(folder=folder, programs=programs, is_new=False)
        os.makedirs(self._folder, exist_ok=True)
        with _locked(f"{folder}.lock", is_stopped, say) as lock:
            if lock is None:
                return None
            if _is_whole(folder):
                return Made(folder=folder, programs=programs, is_new=False)
            say(f"making the environment of {wanted.file}")
            if not self._make(folder, wanted, is_stopped, lock):
                return None
        self._prune(folder)
        return Made(folder=folder, programs=programs, is_new=True)

    def _make(self, folder: str, wanted: Wanted, is_stopped: Callable[[], bool], lock: int) -> bool:
        shutil.rmtree(folder, ignore_errors=True)
        log, text = f"{folder}.log", f"{folder}.txt"
        with open(log, "wb"):
            pass
        environ = environ_for(self._environ, wanted.index, wanted.root)
        environ["UV_PROJECT_ENVIRONMENT"] = folder
        if wanted.text:
            with open(text, "w", encoding="utf-8") as file:
                file.write(wanted.text)
        with without_editable(wanted.root, wanted.file) as file_path:
            for words in self._commands(folder, text if wanted.text else file_path, wanted):
                code = run_installer(
                    words,
                    folder=wanted.root,
                    environ=environ,
                    log=log,
                    is_stopped=is_stopped,
                    lock=lock,
                )
                if code != 0:
                    shutil.rmtree(folder, ignore_errors=True)
                if code is None:
                    return False
                if code:
                    scrub = Scrub(environ, wanted.index)
                    _scrub_file(log, scrub)
                    tail = [scrub(line) for line in tail_of(log)]
                    raise failed(wanted.file, tail, has_date=bool(wanted.as_of))
        _scrub_file(log, Scrub(environ, wanted.index))
        partial = os.path.join(folder, f"{_MARK}.{os.getpid()}")
        with open(partial, "w", encoding="utf-8") as mark:
            mark.write(f"{wanted.file}\n{wanted.digest}\n")
        os.replace(partial, os.path.join(folder, _MARK))
        return True

    def _commands(self, folder: str, file: str, wanted: Wanted) -> list[list[str]]:
        python = os.path.join(folder, "bin", "python")
        base = wanted.python or self._python
        if wanted.text and not self._uv:
            raise missing_uv()
        if wanted.file.rpartition("/")[2] == "uv.lock" and not wanted.text:
            project = os.path.dirname(os.path.join(wanted.root, wanted.file))
            sync = ["sync", "--frozen", "--no-install-project", "--project", project]
            return [[self._uv, *sync, "--python", base]]
        if self._uv:
            install = [self._uv, "pip", "install", "--quiet", "--python", python, "-r", file]
            for name in wanted.no_build:
                install += ["--only-binary", name]
            if wanted.as_of:
                # What builds a source file is taken as of then, too: old ones need old tools.
                install += ["--exclude-newer", wanted.as_of]
            if wanted.text and wanted.is_whole:
                install.append("--no-deps")
            made = [
                [self._uv, "venv", "--quiet", "--no-project", "--python", base, folder],
                install,
            ]
            if wanted.local:
                own = [self._uv, "pip", "install", "--quiet", "--python", python, "--no-deps"]
                made.append([*own, *(f"./{place}" for place in wanted.local)])
            return made
        pip = ["-m", "pip", "--disable-pip-version-check", "--no-input"]
        return [
            [base, "-m", "venv", folder],
            [python, *pip, "install", "--progress-bar", "off", "-r", file],
        ]

    def _prune(self, made: str) -> None:
        """Remove what was not used for longest, beyond a number, and is in nobody's hands."""
        used: list[tuple[float, str]] = []
        for name in os.listdir(self._folder):
            folder = os.path.join(self._folder, name)
            with suppress(OSError):
                used.append((os.stat(os.path.join(folder, _MARK)).st_mtime, folder))
        now = time.time()
        for at, folder in sorted(used, reverse=True)[_KEPT:]:
            if folder == made or now - at < _FRESH_S:
                continue
            with open(f"{folder}.lock", "a", encoding="utf-8") as lock, suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # The mark goes first: half of an environment must never look whole.
                os.unlink(os.path.join(folder, _MARK))
                shutil.rmtree(folder, ignore_errors=True)
                for ending in ("log", "txt"):
                    with suppress(OSError):
                        os.unlink(f"{folder}.{ending}")


def _is_whole(folder: str) -> bool:
    """Whether an environment was made to its end; it counts as used now."""
    mark = os.path.join(folder, _MARK)
    if not os.path.exists(mark):
        return False
    with suppress(OSError):
        os.utime(mark)
    return True


def _scrub_file(path: str, scrub: Scrub) -> None:
    """Take passwords out of a log that stays."""
    with suppress(OSError), open(path, "r+", encoding="utf-8", errors="replace") as file:
        text = file.read()
        clean = scrub(text)
        if clean != text:
            file.seek(0)
            file.truncate()
            file.write(clean)


@contextmanager
def _locked(
    path: str, is_stopped: Callable[[], bool], say: Callable[[str], None]
) -> Iterator[int | None]:
    """Hold a lock that the kernel gives back when we and our installer die.

    Yields:
        Its descriptor; None when waiting was given up.
    """
    has_said = False
    with open(path, "a", encoding="utf-8") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if is_stopped():
                    yield None
                    return
                if not has_said:
                    say("another job makes this environment; waiting for it")
                    has_said = True
                time.sleep(POLL_S)
        yield file.fileno()
