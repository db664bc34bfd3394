"""Commands that a repository's own files name: README, Makefile, MLproject, tox, nox, CI, Docker.

Serves `init`. Commands are only read here; nothing is started, and what has holes is marked.
"""

from __future__ import annotations

import ast
import configparser
import posixpath
import re
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from branchline.core.secrecy import redacted
from branchline.flows.init.options import callee

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from branchline.flows.init.view import View

__all__ = ["Quoted", "has_hole", "quoted_commands", "words_of"]

_LAUNCHERS = {"python", "python3", "py", "papermill", "jupyter", "kedro", "torchrun", "accelerate"}
_THROUGH = (("poetry", "run"), ("uv", "run"), ("pdm", "run"), ("pipenv", "run"), ("hatch", "run"))
_HOLE = re.compile(r"[<>\[\]{}]|\.\.\.|/path/|path/to|(?<![A-Za-z])your[_-]|\$")
_SEPARATORS = {"&&", "||", ";", "|", ">", ">>", "2>", "2>&1", "&", "<"}
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_EXPORT = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=([\w./:-]+|\"[^\"$`]*\"|'[^']*')")
_MOST_LINES = 4000
_README = re.compile(
    r"(?i)readme(?:\.(?:md|rst|txt))?|usage\.md|train(?:ing)?\.md|getting_started\.md"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """A command that a file of the repository names.

    Attributes:
        words: The command, without its launcher's flags: `python`, the script, its options.
        variables: Environment variables before it, as `NAME=value`.
        path, line: Where it stands.
        rank: How much the place says: 0 for a declared entry point, then targets, documents, CI.
        label: What the place calls it: `train` for a target of that name; "" without one.
        has_holes: Whether something is left for the reader to fill in.
        folder: The folder in which it is meant to run.
        starts: The file whose function it starts, where that is no word of it.
        head: How many words stand before its arguments then.
    """

    words: tuple[str, ...]
    variables: tuple[str, ...] = ()
    path: str
    line: int
    rank: int
    label: str = ""
    has_holes: bool = False
    folder: str = ""
    starts: str = ""
    head: int = 0

    @property
    def script(self) -> str:
        """The Python file that it starts, from the root; "" for another command."""
        if self.starts:
            return self.starts
        for index, word in enumerate(self.words):
            if word.endswith((".py", ".ipynb")) and index:
                return posixpath.normpath(posixpath.join(self.folder, word))
            if word == "-m" and self.words[index + 1 :]:
                name = self.words[index + 1].replace(".", "/") + ".py"
                return posixpath.normpath(posixpath.join(self.folder, name))
        return ""

    @property
    def arguments(self) -> tuple[str, ...]:
        """What follows the script."""
        if self.starts:
            return self.words[self.head :]
        for index, word in enumerate(self.words):
            if index and word.endswith((".py", ".ipynb")):
                return self.words[index + 1 :]
            if word == "-m":
                return self.words[index + 2 :]
        return ()


def quoted_commands(view: View) -> list[Quoted]:
    """All commands that the repository names, the most telling places first."""
    found: list[Quoted] = []
    for path in view.files:
        name = posixpath.basename(path)
        folder = posixpath.dirname(path)
        if folder.count("/") > 2:
            continue
        if name == "MLproject":
            found += _of_mlproject(view, path)
        elif name in ("Makefile", "makefile", "GNUmakefile"):
            found += _of_makefile(view, path)
        elif name == "tox.ini":
            found += _of_tox(view, path)
        elif name == "noxfile.py":
            found += _of_nox(view, path)
        elif _README.fullmatch(name):
            found += _of_lines(view, path, rank=3)
        elif name.startswith("Dockerfile") or name.endswith(".sh"):
            found += _of_lines(view, path, rank=4)
    for name in view.names(".github/workflows"):
        if name.endswith((".yml", ".yaml")):
            found += _of_lines(view, f".github/workflows/{name}", rank=4)
    return sorted(found, key=lambda quoted: quoted.rank)


def words_of(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(words, variables) of a command line's first Python command; empty when it has none."""
    try:
        words = shlex.split(text, comments=True)
    except ValueError:
        return (), ()
    variables: list[str] = []
    for index, word in enumerate(words):
        if word in _SEPARATORS:
            return words_of(shlex.join(words[index + 1 :])) if word in ("&&", ";") else ((), ())
        if _ASSIGNMENT.match(word):
            variables.append(word)
            continue
        if tuple(words[index : index + 2]) in _THROUGH or words[index - 1 : index] in (
            [first] for first, _ in _THROUGH
        ):
            continue
        if posixpath.basename(word) in _LAUNCHERS:
            return _first_command([posixpath.basename(word), *words[index + 1 :]]), tuple(variables)
        return _after_separator(words[index:])
    return (), ()


def _after_separator(words: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    for index, word in enumerate(words):
        if word in ("&&", ";"):
            return words_of(shlex.join(words[index + 1 :]))
        if word.endswith(";"):
            return words_of(shlex.join(words[index + 1 :]))
    return (), ()


def _first_command(words: list[str]) -> tuple[str, ...]:
    kept: list[str] = []
    for word in words:
        if word in _SEPARATORS:
            break
        if word.endswith(";"):
            kept.append(word.rstrip(";"))
            break
        kept.append(word)
    launcher = "python" if kept[0] in ("python3", "py") else kept[0]
    return (launcher, *(word for word in kept[1:] if word not in ("-u", "-O")))


def _of_lines(view: View, path: str, *, rank: int) -> Iterator[Quoted]:
    """Commands in a document, a shell script, a Dockerfile or a workflow."""
    lines = (view.text(path) or "").splitlines()[:_MOST_LINES]
    folder = posixpath.dirname(path)
    folder = "" if folder.startswith(".github") or rank == 4 else folder
    at, here = 0, folder
    given: dict[str, str] = {}
    while at < len(lines):
        number = at + 1
        text = _bare(lines[at])
        while text.endswith("\\") and at + 1 < len(lines):
            at += 1
            text = text[:-1].rstrip() + " " + lines[at].strip()
        at += 1
        if lines[number - 1].lstrip().startswith("```"):
            here = folder
        if match := _EXPORT.fullmatch(text):
            given[match[1]] = match[2].strip("\"'")
        text = _with_variables(text, given)
        if text.startswith("cd ") and "&&" not in text:
            here = _entered(view, folder, text[3:].strip())
        command = text
        if text.startswith("cd ") and "&&" in text:
            first, _, command = text.partition("&&")
            here = _entered(view, folder, first[3:].strip())
        words, variables = words_of(command.strip())
        quoted = Quoted(words=words, variables=variables, path=path, line=number, rank=rank)
        if words:
            yield _placed(view, quoted, here)


def _with_variables(text: str, given: Mapping[str, str]) -> str:
    """A command with the variables that the lines above it give a value."""
    return re.sub(
        r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))",
        lambda match: given.get(match[1] or match[2], match[0]),
        text,
    )


def _bare(line: str) -> str:
    """A line without the signs around a command: `$`, `>>>`, back quotes, `RUN`, `run:`, JSON."""
    text = line.strip()
    text = re.sub(r"^(?:[-*>]\s+)?(?:run:\s*)?(?:\$|%|!|RUN|CMD|ENTRYPOINT)?\s*", "", text)
    match = re.search(r"`((?:python3?|make|papermill|kedro)\s[^`]+)`", line)
    if match:
        return match[1]
    if text.startswith("["):
        parts = re.findall(r'"([^"]*)"', text)
        return shlex.join(parts)
    return text.strip("`")


def _entered(view: View, folder: str, named: str) -> str:
    """The folder that `cd` enters, where it is one of the repository."""
    named = named.strip("\"'")
    for base in (folder, ""):
        place = posixpath.normpath(posixpath.join(base, named))
        if view.has_folder(place) and not place.startswith(".."):
            return "" if place == "." else place
    return folder


def _placed(view: View, quoted: Quoted, folder: str) -> Quoted:
    """The same with the folder in which its script is found, and its holes."""
    holes = any(has_hole(word) for word in quoted.words[1:])
    made = replace(quoted, has_holes=holes)
    for place in dict.fromkeys((folder, "", "src")):
        moved = replace(made, folder=place)
        if moved.script and view.has_file(moved.script):
            return moved
    return made


def has_hole(word: str) -> bool:
    """Whether a word of a command is left to fill in, or is a password: none to copy."""
    return bool(_HOLE.search(word)) or redacted(word) != word


# --- files that declare targets


def _of_makefile(view: View, path: str) -> Iterator[Quoted]:
    """First command with a script of each target; plain variables are filled in."""
    values: dict[str, str] = {}
    target, folder = "", posixpath.dirname(path)
    lines = (view.text(path) or "").splitlines()[:_MOST_LINES]
    at = 0
    while at < len(lines):
        number, line = at + 1, lines[at]
        while line.endswith("\\") and at + 1 < len(lines):
            at += 1
            line = line[:-1].rstrip() + " " + lines[at].strip()
        at += 1
        if line.startswith("\t"):
            text = _expanded(line.strip().lstrip("@-+"), values)
            words, variables = words_of(text)
            if words and target:
                quoted = Quoted(words=words, variables=variables, path=path, line=number,
                                rank=1 if "train" in target else 2, label=target)  # fmt: skip
                yield _placed(view, quoted, folder)
            continue
        if match := re.match(r"([A-Za-z_][A-Za-z0-9_]*)\s*[:?]?=\s*(.*)$", line):
            values[match[1]] = _expanded(match[2].strip(), values)
        elif match := re.match(r"([A-Za-z0-9_./-]+)\s*:(?!=)", line):
            target = match[1]


def _expanded(text: str, values: dict[str, str]) -> str:
    return re.sub(
        r"\$[({]([A-Za-z_][A-Za-z0-9_]*)[)}]", lambda match: values.get(match[1], match[0]), text
    )


def _of_mlproject(view: View, path: str) -> Iterator[Quoted]:
    """Entry points, parameters filled in with their defaults."""
    from branchline.core.documents import read_yaml
    from branchline.errors import DocumentError

    data = view.read(path)
    try:
        read = read_yaml(data or b"", file=path)
    except DocumentError:
        return
    points = read.value.get("entry_points") if isinstance(read.value, dict) else None
    for name, point in points.items() if isinstance(points, dict) else ():
        if not isinstance(point, dict) or not isinstance(point.get("command"), str):
            continue
        command = str(point["command"])
        parameters = point.get("parameters")
        for key, given in parameters.items() if isinstance(parameters, dict) else ():
            default = given.get("default") if isinstance(given, dict) else None
            if default is not None:
                command = command.replace("{" + str(key) + "}", shlex.quote(str(default)))
        words, variables = words_of(command)
        if words:
            line = read.line_of(("entry_points", name, "command"))
            rank = 0 if name in ("main", "train") else 2
            quoted = Quoted(words=words, variables=variables, path=path, line=line, rank=rank,
                            label=str(name))  # fmt: skip
            yield _placed(view, quoted, posixpath.dirname(path))


def _of_tox(view: View, path: str) -> Iterator[Quoted]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    text = view.text(path) or ""
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    for section in parser.sections():
        name = section.partition(":")[2]
        commands = parser.get(section, "commands", fallback="")
        for command in commands.splitlines():
            words, variables = words_of(_without_tox(command.strip()))
            if words and name:
                line = next(
                    (n for n, t in enumerate(text.splitlines(), 1) if command.strip() in t), 1
                )
                rank = 1 if "train" in name else 5
                quoted = Quoted(words=words, variables=variables, path=path, line=line,
                                rank=rank, label=name)  # fmt: skip
                yield _placed(view, quoted, posixpath.dirname(path))


def _without_tox(command: str) -> str:
    """A command of tox as it runs from the root without further arguments."""
    bare = re.sub(r"\{posargs(?::([^{}]*))?\}", lambda match: match[1] or "", command)
    return re.sub(r"\{(?:toxinidir|tox_root)\}/?", "./", bare)


def _of_nox(view: View, path: str) -> Iterator[Quoted]:
    tree = view.python(path)
    for function in tree.body if tree is not None else ():
        if not isinstance(function, ast.FunctionDef):
            continue
        for node in ast.walk(function):
            if not isinstance(node, ast.Call) or callee(node.func)[0] != "run":
                continue
            arguments = [a for a in node.args if not _is_posargs(a)]
            given = [a.value for a in arguments if isinstance(a, ast.Constant)]
            words, _ = words_of(shlex.join(str(word) for word in given))
            if words and len(given) == len(arguments):
                rank = 1 if "train" in function.name else 5
                quoted = Quoted(words=words, path=path, line=node.lineno, rank=rank,
                                label=function.name)  # fmt: skip
                yield _placed(view, quoted, posixpath.dirname(path))


def _is_posargs(node: ast.expr) -> bool:
    """`*session.posargs`: empty unless somebody types more."""
    inner = node.value if isinstance(node, ast.Starred) else None
    return isinstance(inner, ast.Attribute) and inner.attr == "posargs"
