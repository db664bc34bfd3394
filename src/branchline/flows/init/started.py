"""How a script is started so that it runs unattended: command line and folder. Serves `init`."""

from __future__ import annotations

import posixpath
import shlex
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from branchline.flows.init.guess import About, Certainty, Question
from branchline.flows.init.lightning import cli_words
from branchline.flows.init.quoted import has_hole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.flows.init.guess import Look
    from branchline.flows.init.options import Option
    from branchline.flows.init.quoted import Quoted
    from branchline.flows.init.script import Script
    from branchline.flows.init.touched import Touched
    from branchline.flows.init.view import View

_WRITTEN = (
    "checkpoint", "dest", "export", "log", "metric", "model", "out", "pred", "report", "result",
    "save",
)  # fmt: skip
_RUNS = 2  # rank of places that are run and not only read: Makefile, MLproject, tox, nox

__all__ = ["Started", "given_values", "started", "within_repository"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A command line, and where it runs.

    Attributes:
        cmd: The command.
        folder: From the root; "" for the root.
        answered: Values of options that were asked, by the name of their value.
    """

    cmd: str
    folder: str = ""
    answered: Mapping[str, object] = field(default_factory=dict)


def given_values(script: Script, quoted: Quoted | None) -> dict[str, object]:
    """Values that a command line gives to options, by the name of their value."""
    if quoted is None or quoted.has_holes:
        return {}
    known = {option.name: option for option in script.parser.options}
    places = [o for o in script.parser.options if not o.name.startswith("-")]
    found: dict[str, object] = {}
    words = list(quoted.arguments)
    while words:
        word = words.pop(0)
        if word.startswith("-"):
            name, has_value, value = word.partition("=")
            option = known.get(name)
            if not has_value and words and not words[0].startswith("-"):
                value, has_value = words.pop(0), "="
            variable = option.variable if option else name.lstrip("-").replace("-", "_")
            found[variable] = value if has_value else True
        elif places:
            found[places.pop(0).variable] = word
    if script.parser.library == "sys.argv":
        found |= {f"sys.argv[{n}]": word for n, word in enumerate(quoted.arguments, 1)}
    return found


def within_repository(quoted: Quoted, look: Look) -> Quoted:
    """The command with its outputs in the repository, where it leaves them elsewhere.

    What lies in /tmp or at home can be no output of a stage.
    """
    words = list(quoted.words)
    for index, word in enumerate(words):
        name, has_value, value = word.partition("=")
        if not has_value:
            name, value = (words[index - 1] if index else ""), word
        is_output = name.startswith("-") and any(part in name.lower() for part in _WRITTEN)
        if not is_output or not value.startswith(("/", "~/")) or has_hole(value):
            continue
        moved = posixpath.join("outputs", posixpath.basename(posixpath.normpath(value)))
        words[index] = f"{name}={moved}" if has_value else moved
        look.unknowns.append(
            f"{quoted.path}:{quoted.line} leaves {value} outside the repository; {moved} is given"
            " instead, so that it can be an output."
        )
    return replace(quoted, words=tuple(words))


def started(view: View, script: Script, quoted: Quoted | None, look: Look) -> Started:
    """The command line that trains, told with what it rests on."""
    path = script.path
    usable = quoted if quoted is not None and _is_usable(view, script, quoted) else None
    if usable is not None:
        look.saw(About.COMMAND, f"the command: {shlex.join(usable.words)}", Certainty.DECLARED,
                 usable.path, usable.line)  # fmt: skip
    elif quoted is not None:
        look.unknowns.append(
            f"{quoted.path}:{quoted.line} starts it with values that are not here or are left to"
            f" fill in; `{path}` is started with its defaults instead."
        )
    as_module = quoted is not None and "-m" in quoted.words
    prefix, words, folder = _python(view, script, usable, look, as_module=as_module)
    arguments = _arguments(script, usable, look)
    words += [*arguments, *cli_words(view, script, arguments, look)]
    answered = {
        option.variable: look.answers[f"option.{option.name}"]
        for option in script.parser.options
        if f"option.{option.name}" in look.answers
    }
    return Started(cmd=" ".join([*prefix, shlex.join(words)]), folder=folder, answered=answered)


def _is_usable(view: View, script: Script, quoted: Quoted) -> bool:
    """Whether a command can be run as it stands: no holes, and the files that it names are here.

    The script has been read with the command's values, so what it writes there is no file to have.
    """
    if quoted.has_holes:
        return False
    if quoted.rank <= _RUNS:
        return True  # a target is run as it stands; what it names may be made before
    for word in quoted.arguments:
        value = word.partition("=")[2] if word.startswith("-") else word
        is_path = "/" in value or value.endswith((".csv", ".yaml", ".yml", ".json", ".parquet"))
        if is_path and not _may_be_output(quoted, word) and not _is_written(script, value):
            place = posixpath.normpath(posixpath.join(quoted.folder, value))
            if value.startswith(("/", "~")) or not (view.exists(place) or "://" in value):
                return False
    return True


def _is_written(script: Script, value: str) -> bool:
    """Whether the script leaves something at a path or below it."""
    place = posixpath.normpath(value)
    return any(f"{item.path}/".startswith(f"{place}/") for item in script.writes)


def _may_be_output(quoted: Quoted, word: str) -> bool:
    """Whether a word is the value of an option for something that the script writes."""
    words = quoted.arguments
    index = words.index(word)
    name = word.partition("=")[0] if word.startswith("-") else words[index - 1] if index else ""
    return any(part in name.lower() for part in _WRITTEN)


def _arguments(script: Script, quoted: Quoted | None, look: Look) -> list[str]:
    """The quoted arguments, or those that the script does not start without."""
    words = list(quoted.arguments) if quoted is not None else []
    given = {word.partition("=")[0] for word in words}
    for option in script.parser.options:
        is_named = option.name.startswith("-")
        if option.is_required and option.name not in given and (is_named or quoted is None):
            value = _asked(script, option, look)
            words += [option.name, value] if option.name.startswith("-") else [value]
    if quoted is not None:
        return words
    for index in range(script.parser.required_words):
        value = _asked_word(script, index + 1, look)
        words.append(value)
    free = [option for option in script.parser.options if not option.is_required]
    if free:
        names = ", ".join(option.name for option in free[:6]) + (", ..." if free[6:] else "")
        look.saw(About.PARAMETERS, f"options ({script.parser.library}), left at their defaults: "
                 f"{names}", Certainty.READ, script.path, free[0].line)  # fmt: skip
    elif script.constants and not script.parser.options:
        names = ", ".join(name for name, _, _ in script.constants[:6])
        look.saw(About.PARAMETERS, f"constants in the code: {names}", Certainty.READ,
                 script.path, script.constants[0][2])  # fmt: skip
    return words


def _asked(script: Script, option: Option, look: Look) -> str:
    hole = option.name.lstrip("-").replace("-", "_").upper()
    if len(option.choices) == 1:
        return option.choices[0]
    return look.choose(
        Question(
            key=f"option.{option.name}",
            text=f"{script.path}:{option.line}: the script needs {option.name}. Its value?",
            answers=option.choices,
            safe=hole,
            told=f"{script.path}:{option.line}: the script needs {option.name}; "
            f"put its value in the place of {hole} in the command.",
        )
    )


def _asked_word(script: Script, number: int, look: Look) -> str:
    return look.choose(
        Question(
            key=f"argv.{number}",
            text=f"{script.path}:{script.parser.line}: the script reads sys.argv[{number}]."
            " Its value?",
            safe=f"ARGUMENT_{number}",
            told=f"{script.path}:{script.parser.line}: the script reads sys.argv[{number}]; put its"
            f" value in the place of ARGUMENT_{number} in the command.",
        )
    )


def _python(
    view: View, script: Script, quoted: Quoted | None, look: Look, *, as_module: bool
) -> tuple[list[str], list[str], str]:
    """(variables, words, folder): so that its imports are found without an installation.

    Where the project starts it as a module, its imports may need that.
    """
    path = script.path
    if quoted is not None:
        folder = quoted.folder
        head = list(quoted.words[: len(quoted.words) - len(quoted.arguments)])
        variables = [v for v in quoted.variables if v.partition("=")[0] != "CUDA_VISIBLE_DEVICES"]
        if folder and _reads_from(view, script, ""):
            folder, head = "", [w if not w.endswith(".py") else path for w in head]
        if not {"-m", "-c"} & set(head) and not folder and not variables:
            variables, head = _found_imports(view, script, look)
        return variables, head, folder
    folder = posixpath.dirname(path)
    if folder and _reads_from(view, script, folder) and not _reads_from(view, script, ""):
        look.saw(About.COMMAND, f"it runs in {folder}: what it reads is there", Certainty.READ,
                 path, _first_read(view, script, folder))  # fmt: skip
        return [], ["python", posixpath.basename(path)], folder
    variables, words = _found_imports(view, script, look)
    if as_module and words[:2] == ["python", path]:
        words = ["python", "-m", _module(path, "")]
    return variables, words, ""


def _reads_from(view: View, script: Script, folder: str) -> bool:
    """Whether a relative path that the script reads is there, seen from a folder."""
    return any(view.exists(posixpath.join(folder, item.path)) for item in _relative(script))


def _first_read(view: View, script: Script, folder: str) -> int:
    found = [i for i in _relative(script) if view.exists(posixpath.join(folder, i.path))]
    return found[0].line if found else 1


def _relative(script: Script) -> list[Touched]:
    return [
        item
        for item in script.reads
        if not item.path.startswith(("/", "..", "~", "@")) and item.path != "."
    ]


def _found_imports(view: View, script: Script, look: Look) -> tuple[list[str], list[str]]:
    path = script.path
    folder = posixpath.dirname(path)
    if script.has_relative_imports:
        root = folder
        while root and view.has_file(f"{root}/__init__.py"):
            root = posixpath.dirname(root)
        root = "" if root == folder else root
        return _search_in(root), ["python", "-m", _module(path, root)]
    for name in script.imports:
        if _has_module(view, folder, name):
            continue  # Python looks beside the script first.
        above = [folder]
        while above[-1]:
            above.append(posixpath.dirname(above[-1]))
        holder = next((r for r in (*above[1:], "src") if _has_module(view, r, name)), None)
        if holder is None:
            continue  # A package that is installed, or missing: the run will tell.
        where = f"in {holder}" if holder else "beside its folder"
        look.saw(About.COMMAND, f"the package {name} {where}, which the script imports",
                 Certainty.READ, path, _import_line(view, path, name))  # fmt: skip
        if path.startswith(posixpath.join(holder, name) + "/"):
            return _search_in(holder), ["python", "-m", _module(path, holder)]
        return _search_in(holder or "."), ["python", path]
    return [], ["python", path]


def _import_line(view: View, path: str, name: str) -> int:
    lines = (view.text(path) or "").splitlines()
    starts = (f"import {name}", f"from {name}")
    return next((n for n, line in enumerate(lines, 1) if line.strip().startswith(starts)), 1)


def _search_in(root: str) -> list[str]:
    """Where Python has to look for modules beside the folder that it looks in anyway."""
    return [f"PYTHONPATH={root}"] if root else []


def _module(path: str, root: str) -> str:
    return path.removesuffix(".py").removeprefix(f"{root}/" if root else "").replace("/", ".")


def _has_module(view: View, folder: str, name: str) -> bool:
    path = posixpath.join(folder, name)
    if view.has_file(f"{path}.py"):
        return True
    return any(entry.endswith(".py") for entry in view.names(path))
