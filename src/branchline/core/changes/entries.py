"""Station `changes`: where a stage's command enters the repository's code.

Reads a shell command and tells which scripts, modules, notebooks, shell scripts and makefiles it
starts. Looks at no file: whether an entry exists is the closure's question. A program that is not
known gives no entry; its declared deps count all the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING

from branchline.core.changes.words import Command, commands_of, joined

if TYPE_CHECKING:
    from collections.abc import Sequence


class EntryKind(Enum):
    """What sort of program a command starts."""

    SCRIPT = "script"
    MODULE = "module"
    CODE = "code"
    NOTEBOOK = "notebook"
    SHELL = "shell"
    MAKEFILE = "makefile"
    TESTS = "tests"
    PROGRAM = "program"
    FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One program of the repository that a command starts.

    Attributes:
        kind: What sort.
        path: File (or folder of tests) from the root; "" for modules, code and programs.
        module: Dotted name after `-m`, or the name of an installed program.
        text: Python source after `-c`.
        roots: Further import roots, from the root (`PYTHONPATH`).
        cwd: Folder it runs in, from the root.
        is_direct: The file itself is executed, so its mode and first line count.
    """

    kind: EntryKind
    path: str = ""
    module: str = ""
    text: str = ""
    roots: tuple[str, ...] = ()
    cwd: str = "."
    is_direct: bool = False


_PYTHON = re.compile(r"(?:.*/)?(?:python|pypy|pythonw|ipython)(?:\d+(?:\.\d+)*t?)?(?:\.exe)?")
_PYTHON_VARIABLE = re.compile(r"\$\{?PY(?:THON)?\d?\}?")
_TAKES_VALUE = frozenset({"-W", "-X", "-Q", "--check-hash-based-pycs"})
_SHELLS = frozenset({"sh", "bash", "zsh", "ksh", "dash", "source", "."})
_WRAPPERS = frozenset(
    str.split(
        "env nice nohup exec stdbuf timeout taskset numactl srun mpirun mpiexec horovodrun uv "
        "uvx poetry pdm pipenv hatch rye pixi conda mamba micromamba xvfb-run sudo command time "
        "strace setsid ionice chrt catchsegv flock unbuffer caffeinate dotenv doppler op aim "
        "wandb ray sbatch singularity apptainer docker podman parallel xargs"
    )
)
_LAUNCHERS = frozenset(
    str.split(
        "torchrun accelerate deepspeed coverage kernprof mprof scalene viztracer py-spy "
        "composer colossalai lightning fabric streamlit gradio chainlit bentoml flask uvicorn "
        "gunicorn fastapi mlflow optuna ipython celery prefect dagster kedro memray "
        "pyinstrument austin spark-submit runipy marimo"
    )
)
_FILE_RUNNERS = frozenset(
    str.split("Rscript julia node deno bun perl ruby php lua octave java stan")
)
_CODE_SUFFIXES = (".py", ".ipynb", ".sh", ".bash")
_PROGRAM_NAME = re.compile(r"[A-Za-z_][\w-]*")
_TARGET = re.compile(r"[A-Za-z_]\w*(?:\.\w+)+(?::\w+)?")


@lru_cache(maxsize=4096)
def entries_of(cmd_line: str, wdir: str) -> tuple[Entry, ...]:
    """Everything of the repository that a shell command starts, as far as its text tells.

    Args:
        cmd_line: One command line, or a whole shell script.
        wdir: Folder it runs in, from the root.

    >>> [entry.path for entry in entries_of("cd sub && A=1 uv run python -u train.py --lr 1", ".")]
    ['sub/train.py']
    """
    found: dict[Entry, None] = {}
    for command in commands_of(cmd_line, wdir):
        for entry in _of_command(command, command.words):
            found[entry] = None
    return tuple(found)


def _of_command(command: Command, words: Sequence[str]) -> list[Entry]:
    """Entries of one simple command; wrappers call themselves again for what they start."""
    if not words:
        return []
    program, arguments = words[0], words[1:]
    name = program.rpartition("/")[2]
    if _PYTHON.fullmatch(program) or _PYTHON_VARIABLE.fullmatch(program):
        return _python(command, arguments)
    if name in _SHELLS:
        return _shell(command, arguments)
    if name in ("make", "gmake"):
        return _make(command, arguments)
    if name in ("pytest", "py.test"):
        return _tests(command, arguments)
    if name == "papermill":
        return _files(command, [w for w in arguments if w.endswith(".ipynb")][:1])
    if name in ("jupyter", "jupytext", "jupyter-nbconvert", "jupyter-execute", "ploomber"):
        read = [
            word
            for before, word in zip([program, *arguments], arguments, strict=False)
            if before not in ("--output", "-o")  # what it writes is no input
        ]
        return _files(command, [w for w in read if w.endswith((".ipynb", ".py", ".md"))])
    if name in _LAUNCHERS:
        return _python(command, arguments, is_launcher=True)
    if name in _FILE_RUNNERS:
        return _files(command, [w for w in arguments if not w.startswith("-")][:1])
    if name in _WRAPPERS:
        return _wrapped(command, arguments)
    if "/" in program or program.endswith(_CODE_SUFFIXES):
        return _files(command, [program], is_direct=True) + _loose(command, arguments)
    program_entry = _entry(command, EntryKind.PROGRAM, module=program)
    return [program_entry, *_loose(command, arguments)]


def _entry(
    command: Command,
    kind: EntryKind,
    *,
    path: str = "",
    module: str = "",
    text: str = "",
    is_direct: bool = False,
) -> Entry:
    listed = command.variables.get("PYTHONPATH", "").split(":")
    roots = [joined(command.cwd, item) for item in listed if item and "$" not in item]
    return Entry(
        kind=kind,
        path=path,
        module=module,
        text=text,
        roots=tuple(root for root in roots if root is not None),
        cwd=command.cwd,
        is_direct=is_direct,
    )


def _files(command: Command, words: Sequence[str], *, is_direct: bool = False) -> list[Entry]:
    """Entries for files that are executed; what lies outside the repository gives none."""
    found = []
    for word in words:
        path = joined(command.cwd, word) if "$" not in word else None
        if path is not None:
            kind = kind_of_file(path)
            if kind is EntryKind.FILE and is_direct:
                kind = EntryKind.SHELL
            found.append(_entry(command, kind, path=path, is_direct=is_direct))
    return found


def kind_of_file(path: str) -> EntryKind:
    """What sort of program a file is, by its name."""
    if path.endswith((".py", ".pyw")):
        return EntryKind.SCRIPT
    if path.endswith(".ipynb"):
        return EntryKind.NOTEBOOK
    if path.endswith((".sh", ".bash", ".zsh", ".ksh")):
        return EntryKind.SHELL
    return EntryKind.FILE


def _loose(command: Command, words: Sequence[str]) -> list[Entry]:
    """Code files among the arguments of a program that is not known."""
    return _files(command, [word for word in words if word.endswith(_CODE_SUFFIXES)])


def _python(
    command: Command, arguments: Sequence[str], *, is_launcher: bool = False
) -> list[Entry]:
    """`python [options] (file | -m module | -c text | -)`, and launchers of the same form.

    A launcher's options are not known: its program is the first code file, module or target.
    """
    index = 0
    while index < len(arguments):
        word = arguments[index]
        rest = arguments[index + 1 :]
        if word in ("-m", "--module") and rest:
            return _module(command, rest[0], rest[1:])
        if word == "-c" and rest and not is_launcher:
            return [_entry(command, EntryKind.CODE, text=rest[0])]
        if word.startswith("-m") and len(word) > 2 and not is_launcher and word[2] != "-":
            return _module(command, word[2:], rest)
        if word.startswith("-") and word != "-":
            index += 2 if word in _TAKES_VALUE else 1
            continue
        if not is_launcher:
            if word == "-":
                break
            found = _files(command, [word])
            # A file of any name, or a folder with a __main__.py, is Python here.
            return [
                _entry(command, EntryKind.SCRIPT, path=entry.path)
                if entry.kind is EntryKind.FILE
                else entry
                for entry in found
            ]
        if word.endswith((".py", ".ipynb")):
            return _files(command, [word])
        if _PYTHON.fullmatch(word):
            return _python(command, rest)
        if _TARGET.fullmatch(word) and not word[0].isdigit():
            return [_entry(command, EntryKind.MODULE, module=word.partition(":")[0])]
        index += 1
    return _files(command, [command.stdin]) if command.stdin.endswith(".py") else []


def _module(command: Command, module: str, rest: Sequence[str]) -> list[Entry]:
    own = _entry(command, EntryKind.MODULE, module=module)
    if module in ("pytest", "py.test"):
        return _tests(command, rest)
    if module in ("papermill", "jupyter", "nbconvert"):
        return _files(command, [w for w in rest if w.endswith(".ipynb")][:1])
    # torch.distributed.launch, cProfile, pdb, accelerate.commands.launch: they start a file.
    return [own, *_python(command, rest, is_launcher=True)]


def _shell(command: Command, arguments: Sequence[str]) -> list[Entry]:
    index = 0
    while index < len(arguments):
        word = arguments[index]
        if word.startswith("-") and "c" in word and not word.startswith("--"):
            text = arguments[index + 1] if index + 1 < len(arguments) else ""
            return list(entries_of(text, command.cwd))
        if word in ("-o", "+o", "-O", "--rcfile"):
            index += 2
        elif word.startswith("-"):
            index += 1
        else:
            path = joined(command.cwd, word) if "$" not in word else None
            return [] if path is None else [_entry(command, EntryKind.SHELL, path=path)]
    return []


def _make(command: Command, arguments: Sequence[str]) -> list[Entry]:
    folder, file = command.cwd, ""
    words = list(arguments)
    while words:
        word = words.pop(0)
        if word in ("-C", "--directory") and words:
            folder = joined(folder, words.pop(0)) or folder
        elif word in ("-f", "--file", "--makefile") and words:
            file = words.pop(0)
    path = joined(folder, file or "Makefile")
    if path is None:
        return []
    inside = Command(words=(), cwd=folder, variables=command.variables)
    return [_entry(inside, EntryKind.MAKEFILE, path=path)]


def _tests(command: Command, arguments: Sequence[str]) -> list[Entry]:
    words = [w.partition("::")[0] for w in arguments if not w.startswith("-") and "$" not in w]
    places = [w for w in words if "/" in w or w.endswith(".py") or w in ("tests", "test")]
    found = [joined(command.cwd, place) for place in places or ["."]]
    return [_entry(command, EntryKind.TESTS, path=p) for p in found if p is not None]


def _wrapped(command: Command, arguments: Sequence[str]) -> list[Entry]:
    """What a wrapper starts: its first argument that looks like a program we know."""
    variables = dict(command.variables)
    for index, word in enumerate(arguments):
        name, is_assignment, value = word.partition("=")
        if is_assignment and name.isidentifier():
            variables[name] = value
            continue
        if word.startswith("-"):
            continue
        inner = Command(
            words=arguments[index:],  # type: ignore[arg-type] # a slice of a tuple
            cwd=command.cwd,
            variables=variables,
            stdin=command.stdin,
        )
        if _is_program(word):
            return _of_command(inner, arguments[index:])
        if word.endswith(".py"):
            return _files(inner, [word])  # `uv run train.py`
    plain = [w for w in arguments if _PROGRAM_NAME.fullmatch(w) and w != "run"]
    return [_entry(command, EntryKind.PROGRAM, module=word) for word in plain[:3]]


def _is_program(word: str) -> bool:
    name = word.rpartition("/")[2]
    return (
        _PYTHON.fullmatch(word) is not None
        or _PYTHON_VARIABLE.fullmatch(word) is not None
        or name in _SHELLS - {"."}
        or name in _LAUNCHERS
        or name in _WRAPPERS
        or name in _FILE_RUNNERS
        or name in ("make", "pytest", "papermill", "jupyter")
        or (word.startswith("./") and len(word) > 2)
    )
