"""Programs that a project installs: `[project.scripts]`, Poetry's, setuptools'. Serves `init`.

A stage starts the program's function itself: then nothing has to be installed, and a worktree of
another commit runs its own code.
"""

from __future__ import annotations

import ast
import configparser
import posixpath
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.flows.init.quoted import Quoted, has_hole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from branchline.flows.init.view import View

__all__ = ["program_commands", "program_functions"]

_TOLD, _BARE = 3, 4  # ranks: with what somebody types behind it, a command says more than without
_DOCUMENT = re.compile(r"(?i)readme(?:\.(?:md|rst|txt))?|usage\.md|train(?:ing)?\.md")
_TARGET = re.compile(r"([A-Za-z_][\w.]*):([A-Za-z_]\w*)")
_IN_SETUP = re.compile(r"[\"']([\w-]+)\s*=\s*([\w.]+:\w+)[\"']")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Program:
    name: str
    module: str
    function: str
    path: str
    line: int


def program_commands(view: View) -> list[Quoted]:
    """A command for each program, and for each line of a document or target that starts one."""
    found: list[Quoted] = []
    for program in _programs(view):
        root, file = _file_of(view, program.module)
        if not file:
            continue
        head = _head(view, program, file)
        variables = (f"PYTHONPATH={root}",) if root else ()
        found.append(
            Quoted(words=head, variables=variables, path=program.path, line=program.line,
                   rank=_BARE, label=program.name, starts=file, head=len(head))
        )  # fmt: skip
        for path, line, words in _started(view, program.name):
            found.append(
                Quoted(words=(*head, *words), variables=variables, path=path, line=line,
                       rank=_TOLD, label=program.name, starts=file, head=len(head),
                       has_holes=any(has_hole(word) for word in words))
            )  # fmt: skip
    return sorted(found, key=lambda quoted: quoted.rank)


def program_functions(view: View, file: str) -> frozenset[str]:
    """Functions of a file that a program starts: something runs them, though no code calls them."""
    return frozenset(p.function for p in _programs(view) if _file_of(view, p.module)[1] == file)


def _head(view: View, program: _Program, file: str) -> tuple[str, ...]:
    tree = view.python(file)
    for node in tree.body if tree is not None else ():
        if isinstance(node, ast.If) and "__name__" in ast.dump(node.test):
            return ("python", "-m", program.module)
    function = program.function
    code = f"from {program.module} import {function}; raise SystemExit({function}())"
    return ("python", "-c", code)


def _programs(view: View) -> Iterator[_Program]:
    settings = view.mapping("pyproject.toml")
    tool = settings.get("tool")
    poetry = tool.get("poetry") if isinstance(tool, dict) else None
    for holder in (settings.get("project"), poetry):
        scripts = holder.get("scripts") if isinstance(holder, dict) else None
        for name, target in scripts.items() if isinstance(scripts, dict) else ():
            if isinstance(target, str):
                yield from _program(view, str(name), target, "pyproject.toml")
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(view.text("setup.cfg") or "")
    except configparser.Error:
        return
    listed = parser.get("options.entry_points", "console_scripts", fallback="")
    for line in listed.splitlines():
        name, _, target = line.partition("=")
        yield from _program(view, name.strip(), target.strip(), "setup.cfg")
    text = view.text("setup.py") or ""
    for match in _IN_SETUP.finditer(text) if "console_scripts" in text else ():
        yield from _program(view, match[1], match[2], "setup.py")


def _program(view: View, name: str, target: str, path: str) -> Iterator[_Program]:
    match = _TARGET.fullmatch(target)
    if match:
        lines = (view.text(path) or "").splitlines()
        line = next((n for n, text in enumerate(lines, 1) if target in text), 1)
        yield _Program(name=name, module=match[1], function=match[2], path=path, line=line)


def _file_of(view: View, module: str) -> tuple[str, str]:
    """(import root, file) of a module of the repository; empty where it is none."""
    for root in ("src", ""):
        base = posixpath.join(root, module.replace(".", "/"))
        for file in (f"{base}.py", f"{base}/__init__.py"):
            if view.has_file(file):
                return root, file
    return "", ""


def _started(view: View, name: str) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    """(file, line, arguments) of the lines that start a program."""
    for path in view.files:
        base = posixpath.basename(path)
        is_told = _DOCUMENT.fullmatch(base) or base in ("Makefile", "makefile")
        if path.count("/") > 1 or not (is_told or base.endswith(".sh")):
            continue
        for number, line in enumerate((view.text(path) or "").splitlines(), 1):
            text = re.sub(r"^\s*(?:\$\s+|[@-])?", "", line).strip("` ")
            for runner in ("uv run ", "poetry run ", "pdm run ", "hatch run "):
                text = text.removeprefix(runner)
            if text == name or text.startswith(f"{name} -"):  # a sentence goes on with a word
                try:
                    words = shlex.split(text, comments=True)
                except ValueError:
                    continue
                yield path, number, tuple(words[1:])
