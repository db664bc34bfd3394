"""The Pythons of this machine: on PATH, pyenv's, uv's own. No port of its own."""

from __future__ import annotations

import glob
import os
import re
import subprocess
from typing import TYPE_CHECKING

from branchline.core.environment.values import Interpreter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ASK = "import sys; print('%d.%d.%d' % sys.version_info[:3])"
_ASK_S = 20.0


def find_interpreters(environ: Mapping[str, str], usual: str) -> tuple[Interpreter, ...]:
    """All that can be found without asking the network; one for each version.

    Args:
        environ: Of whoever asks.
        usual: Absolute path of the one that comes first.
    """
    found: dict[str, Interpreter] = {}
    looked_at: set[str] = set()
    for path in (usual, *_candidates(environ)):
        real = os.path.realpath(path)
        # pyenv's scripts answer only for the version that is set, and say the rest on stderr.
        if "/shims/" in path or real in looked_at or not os.access(real, os.X_OK):
            continue
        looked_at.add(real)
        version = _told(path) or _told(real) or _ask(path)
        if version and version not in found:
            found[version] = Interpreter(version=version, path=path)
    return tuple(found.values())


def _candidates(environ: Mapping[str, str]) -> Iterator[str]:
    home = environ.get("HOME", "")
    for folder in environ.get("PATH", os.defpath).split(os.pathsep):
        for path in sorted(glob.glob(os.path.join(glob.escape(folder or "."), "python3*"))):
            if re.fullmatch(r"python3(?:\.\d+)?", os.path.basename(path)):
                yield path
    pyenv = environ.get("PYENV_ROOT") or os.path.join(home, ".pyenv")
    data = environ.get("XDG_DATA_HOME") or os.path.join(home, ".local", "share")
    managed = environ.get("UV_PYTHON_INSTALL_DIR") or os.path.join(data, "uv", "python")
    for pattern in (os.path.join(pyenv, "versions", "3.*"), os.path.join(managed, "cpython-3.*")):
        for folder in sorted(glob.glob(pattern)):
            yield os.path.join(folder, "bin", "python3")


def _told(path: str) -> str:
    """The version that a folder's name tells, of pyenv and of uv."""
    folder = os.path.basename(os.path.dirname(os.path.dirname(path)))
    match = re.match(r"^(?:cpython-)?(3\.\d+\.\d+)(?:$|-)", folder)
    is_own = f"{os.sep}versions{os.sep}" in path or f"{os.sep}uv{os.sep}python{os.sep}" in path
    return match[1] if match and is_own else ""


def _ask(path: str) -> str:
    try:
        done = subprocess.run(
            [path, "-I", "-c", _ASK], capture_output=True, text=True, timeout=_ASK_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    version = done.stdout.strip()
    return version if done.returncode == 0 and re.fullmatch(r"3\.\d+\.\d+", version) else ""
