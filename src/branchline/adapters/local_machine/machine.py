"""Adapter of port `machine`: this computer. Decides nothing, caches within one process."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from branchline.ports.machine import Machine
from branchline.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping


class LocalMachine(Machine):
    """This computer, as the stages will find it.

    Args:
        environ: The environment that stages inherit.
        search_first: Folders looked up before PATH (a project's own virtual environment).
    """

    def __init__(self, environ: Mapping[str, str], *, search_first: tuple[str, ...] = ()) -> None:
        self._environ = environ
        self._search_first = search_first
        self._python: tuple[str, str] | None = None

    def python_version(self) -> str:
        """See the port; found without starting Python where its files tell."""
        full = self._python_full()
        return ".".join(full.split(".")[:2])

    def _python_full(self) -> str:
        if self._python is None:
            path = self._find("python") or self._find("python3")
            self._python = (path or "", _version_of(path) if path else "none")
        return self._python[1]

    def _find(self, name: str) -> str | None:
        folders = [*self._search_first, *self._environ.get("PATH", os.defpath).split(os.pathsep)]
        for folder in folders:
            candidate = os.path.join(folder or ".", name)
            if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
                return candidate
        return None

    def variable(self, name: str) -> str | None:
        """See the port."""
        return self._environ.get(name)

    def versions(self) -> Mapping[str, str]:
        """See the port."""
        system = os.uname()
        return {
            "branchline": __version__,
            "python": self._python_full(),
            "platform": f"{system.sysname}-{system.machine}",
        }

    def now(self) -> str:
        """See the port."""
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

    def monotonic_s(self) -> float:
        """See the port."""
        return time.monotonic()

    def time_ns(self) -> int:
        """See the port."""
        return time.time_ns()

    def cpus(self) -> int:
        """See the port."""
        try:
            return len(os.sched_getaffinity(0)) or 1
        except (AttributeError, OSError):
            return os.cpu_count() or 1

    def gpus(self) -> int:
        """See the port; counts device files, which costs no process."""
        visible = self._environ.get("CUDA_VISIBLE_DEVICES")
        if visible is not None:
            return len([part for part in visible.split(",") if part.strip() not in ("", "-1")])
        try:
            names = os.listdir("/dev")
        except OSError:
            return 0
        return sum(1 for name in names if name.startswith("nvidia") and name[6:].isdigit())

    def memory_bytes(self) -> int:
        """See the port."""
        try:
            return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        except (ValueError, OSError):
            return 0


def _version_of(python: str) -> str:
    """The version of an interpreter: from its virtual environment's file, else by asking it."""
    config = os.path.join(os.path.dirname(os.path.dirname(python)), "pyvenv.cfg")
    try:
        with open(config, encoding="utf-8") as file:
            for line in file:
                name, _, value = line.partition("=")
                # `version_info` is virtualenv's and uv's spelling, `version` is venv's.
                if name.strip() in ("version", "version_info") and value.strip():
                    return ".".join(value.strip().split(".")[:3])
    except OSError:
        pass
    return _ask(python)


def _ask(python: str) -> str:
    import subprocess

    code = "import sys; print('.'.join(map(str, sys.version_info[:3])))"
    try:
        answer = subprocess.run(
            [python, "-I", "-S", "-c", code], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return "none"
    return answer.stdout.strip() or "none"
