"""Scripts of a stage: whether they use Hydra, and which keys their folder of configuration has.

Serves `tuned_params` and `search_example`. Reads their text and the YAML files; runs and imports
nothing.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from branchline.config.params import parse_params, select_params
from branchline.core.changes.entries import EntryKind, entries_of
from branchline.core.run.commands import command_lines
from branchline.errors import DocumentError, ParamsError
from branchline.ports import workspace as files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from branchline.core.pipeline import Stage
    from branchline.flows.project import Project

_IMPORT = re.compile(r"^[ \t]*(?:import|from)[ \t]+hydra\b", re.MULTILINE)
_FOLDER = re.compile(r"@hydra\.main\([^)]*?config_path\s*=\s*[\"']([^\"']+)[\"']|"
                     r"@hydra\.main\(\s*[\"']([^\"']+)[\"']")  # fmt: skip
_PACKAGE = re.compile(r"\A(?:\s*#[^\n]*\n)*?\s*#\s*@package\s+(\S+)")
_MOST_FILES = 500


def uses_hydra(project: Project, stage: Stage) -> bool:
    """Whether a script that the stage's command starts imports Hydra."""
    return any(True for _ in _scripts(project, stage))


def has_key(project: Project, stage: Stage, key: str) -> bool:
    """Whether the folder of configuration of a stage's script has a key, or a group of that name.

    Args:
        project: The working tree.
        stage: The stage.
        key: Dotted, as in an override; a `+` before it does not count.
    """
    wanted = key.lstrip("+").partition("@")[0]
    for path, text in _scripts(project, stage):
        named = _FOLDER.search(text)
        if named is None:
            continue
        folder = posixpath.normpath(posixpath.join(posixpath.dirname(path), named[1] or named[2]))
        group = posixpath.join(folder, wanted)
        if "." not in wanted and project.workspace.list_folder(group) is not None:
            return True
        if any(_sets(project, folder, file, wanted) for file in _yaml_files(project, folder)):
            return True
    return False


def _scripts(project: Project, stage: Stage) -> Iterator[tuple[str, str]]:
    """Path and text of each script of a stage that imports Hydra."""
    for path, data in scripts_of(project, stage):
        text = data.decode("utf-8", "replace")
        if _IMPORT.search(text):
            yield path, text


def scripts_of(project: Project, stage: Stage) -> Iterator[tuple[str, bytes]]:
    """Path and bytes of each script or module that the commands of a stage start."""
    for line in command_lines(stage.cmd, is_list=stage.cmd_is_list):
        for entry in entries_of(line, stage.wdir):
            path = entry.path
            if entry.kind is EntryKind.MODULE:
                path = posixpath.normpath(
                    posixpath.join(entry.cwd, entry.module.replace(".", "/") + ".py")
                )
            yield path, project.workspace.read(path) or b""


def _yaml_files(project: Project, folder: str) -> list[str]:
    """YAML files below a folder, from the root."""
    found: list[str] = []
    todo = [folder]
    while todo and len(found) < _MOST_FILES:
        here = todo.pop()
        for name, kind in (project.workspace.list_folder(here) or {}).items():
            path = posixpath.join(here, name)
            if kind is files.EntryKind.FOLDER:
                todo.append(path)
            elif name.endswith((".yaml", ".yml")):
                found.append(path)
    return found


def _sets(project: Project, folder: str, file: str, key: str) -> bool:
    """Whether a file of the folder sets a key, where Hydra puts the file's values."""
    data = project.workspace.read(file) or b""
    named = _PACKAGE.match(data.decode("utf-8", "replace"))
    group = posixpath.dirname(posixpath.relpath(file, folder)).replace("/", ".")
    package = named[1] if named else group
    package = {"_global_": "", "_group_": group}.get(package, package)
    if package and not key.startswith(f"{package}."):
        return False
    try:
        below = key[len(package) + 1 :] if package else key
        select_params(file, parse_params(file, data), [below])
    except (DocumentError, ParamsError):
        return False
    return True
