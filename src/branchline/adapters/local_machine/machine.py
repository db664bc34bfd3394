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
        root: Absolute root of the repository, where `.python-version` may stand.
        memory: Absolute path of a file that remembers which version a `python` said it was; ""
            asks it every time (a pyenv script takes 0.1 s to answer).
    """

    def __init__(self, environ: Mapping[str, str], *, root: str = ".", memory: str = "") -> None:
        self._environ = environ
        self._root = root
        self._memory = memory
        self._python = ""

    def python_version(self) -> str:
        """See the port; found without starting Python where its files tell."""
        full = self._python_full()
        return ".".join(full.split(".")[:2])

    def _python_full(self) -> str:
        if not self._python:
            path = self._find("python") or self._find("python3")
            self._python = self._version(path) if path else "none"
        return self._python

    def _find(self, name: str) -> str | None:
        for folder in self._environ.get("PATH", os.defpath).split(os.pathsep):
            candidate = os.path.join(folder or ".", name)
            if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
                return candidate
        return None

    def _version(self, python: str) -> str:
        """The version of an interpreter: from its files, from memory, else by asking it."""
        told = _version_in_venv(python) or self._version_in_pyenv(python) or _own_version(python)
        if told:
            return told
        token = self._token(python)
        remembered, _, version = (_read(self._memory) if self._memory else "").partition("\n")
        if version and remembered == token:
            return version
        version = _ask(python, self._root)
        if self._memory and version != "none":
            _write(self._memory, f"{token}\n{version}")
        return version

    def _version_in_pyenv(self, python: str) -> str:
        """The version that pyenv's script would start; "" where only pyenv itself can tell.

        A plain number of an installed version, by pyenv's rules: the variable, the nearest
        `.python-version`, pyenv's own file. Asking the script takes ten shells, 0.1 s.
        """
        home, _, script = python.rpartition("/shims/")
        if script not in ("python", "python3") or not os.path.isdir(f"{home}/versions"):
            return ""
        wanted = self._environ.get("PYENV_VERSION") or _read(self._pyenv_file(home))
        version = wanted.strip()
        place = f"{home}/versions/{version}"
        if len(version.split(".")) != 3 or not version.replace(".", "").isdigit():
            return ""
        is_there = os.access(f"{place}/bin/{script}", os.X_OK) and not os.path.islink(place)
        return version if is_there else ""

    def _pyenv_file(self, home: str) -> str:
        """The file in which pyenv reads which version is wanted."""
        for start in (self._environ.get("PYENV_DIR", ""), os.path.abspath(self._root)):
            folder = start
            while folder.strip("/"):
                if os.path.isfile(f"{folder}/.python-version"):
                    return f"{folder}/.python-version"
                folder = os.path.dirname(folder)
        return f"{home}/version"

    def _token(self, python: str) -> str:
        """What the answer of a `python` depends on: the file, and settings of pyenv and asdf."""
        home = self._environ.get("HOME", "")
        files = (
            python,
            os.path.realpath(python),
            f"{self._root}/.python-version",
            os.path.join(self._environ.get("PYENV_ROOT") or f"{home}/.pyenv", "version"),
            f"{self._root}/.tool-versions",
            f"{home}/.tool-versions",
        )
        chosen = [self._environ.get(n, "") for n in ("PYENV_VERSION", "ASDF_PYTHON_VERSION")]
        parts = [python, *chosen]
        for file in files:
            try:
                stat = os.stat(file)
            except OSError:
                parts.append("absent")
            else:
                parts.append(f"{stat.st_mtime_ns}.{stat.st_ctime_ns}.{stat.st_ino}.{stat.st_size}")
        return " ".join(parts)

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
        # To the millisecond: two runs within a second have an order, and one may be a baseline.
        seconds, rest_ns = divmod(time.time_ns(), 1_000_000_000)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
        return f"{stamp}.{rest_ns // 1_000_000:03}Z"

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


def _version_in_venv(python: str) -> str:
    """The version that a virtual environment's own file states; "" when it is none."""
    text = _read(os.path.join(os.path.dirname(os.path.dirname(python)), "pyvenv.cfg"))
    for line in text.splitlines():
        name, _, value = line.partition("=")
        # `version_info` is virtualenv's and uv's spelling, `version` is venv's.
        if name.strip() in ("version", "version_info") and value.strip():
            return ".".join(value.strip().split(".")[:3])
    return ""


def _own_version(python: str) -> str:
    """The version of the Python that runs this; "" for any other."""
    import sys

    if os.path.realpath(python) != os.path.realpath(sys.executable):
        return ""
    return ".".join(map(str, sys.version_info[:3]))


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _write(path: str, text: str) -> None:
    partial = f"{path}.{os.getpid()}"
    try:
        with open(partial, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(partial, path)
    except OSError:
        return  # A read-only clone asks again next time.


def _ask(python: str, folder: str) -> str:
    import subprocess

    code = "import sys; print('.'.join(map(str, sys.version_info[:3])))"
    try:
        answer = subprocess.run(
            [python, "-I", "-S", "-c", code],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return "none"
    return answer.stdout.strip() or "none"
