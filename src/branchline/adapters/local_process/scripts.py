"""Adapter `local_process`: commands that run a Python script and nothing else. Starts none."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.ports.executor import Task

_PYTHON = re.compile(r"python(\d+(\.\d+)*)?")
_CHANGES_PYTHON = (
    *("PYTHONINSPECT", "PYTHONVERBOSE", "PYTHONPROFILEIMPORTTIME", "PYTHONTRACEMALLOC"),
    *("PYTHONDUMPREFS", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"),
)
_OURS = "BRANCHLINE_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a command runs: a file, or a module by `-m`, in one environment.

    Attributes:
        program: Path of the interpreter, from `cwd`. name: As it was called.
        kind: `script` or `module`. target: The file as written, or the module.
        cwd, root: Folders.
        variables: The environment, without what is of one start only.
    """

    program: str
    name: str
    kind: str
    target: str
    cwd: str
    root: str
    variables: tuple[tuple[str, str], ...]


def script_of(
    task: Task, direct: tuple[str, tuple[str, ...]] | None, environment: Mapping[str, str]
) -> tuple[Script | None, str]:
    """What a start runs; None with the reason, "" where no Python is asked for.

    Args:
        task: The stage.
        direct: (program, arguments) that its shell would only become, if it would.
        environment: Of the process.
    """
    if direct is None:
        is_python = any("python" in line for line in task.cmd)
        return None, "the command needs a shell" if is_python else ""
    program, words = direct
    if not _PYTHON.fullmatch(words[0].rpartition("/")[2]):
        return None, ""
    named = words[1:2]
    if named == ("-m",) and len(words) > 2:
        kind, target = "module", words[2]
    elif named and not named[0].startswith("-"):
        kind, target = "script", named[0]
    else:
        return None, f"`{' '.join(words[:2])}` is more than a script"
    if kind == "script" and not os.path.isfile(os.path.join(task.cwd, target)):
        return None, ""
    changing = next((name for name in _CHANGES_PYTHON if environment.get(name)), "")
    if changing:
        return None, f"{changing} is set"
    return Script(
        program=program,
        name=words[0],
        kind=kind,
        target=target,
        cwd=task.cwd,
        root=task.root or task.cwd,
        variables=tuple(sorted((n, v) for n, v in environment.items() if not n.startswith(_OURS))),
    ), ""
