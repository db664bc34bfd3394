"""The reference pages of the documentation, as text. Pure: `docs/build.py` writes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.values import JsonValue
    from branchline.errors import BranchlineError

__all__ = [
    "CommandHelp",
    "OptionHelp",
    "ReaderHelp",
    "commands_page",
    "errors_page",
    "fields_of",
    "json_page",
    "readers_page",
]

_NOTE = "<!-- Written by docs/build.py; edit the sources instead. -->"
_EXIT_CODES = {
    0: "fine",
    1: "error",
    2: "the command line does not fit",
    3: "the verdict is failed",
    4: "the verdict is unknown",
    10: "`plan --exit-code`: something has to run, or may have to",
    130: "interrupted by Ctrl-C or SIGTERM",
    141: "whoever read the output went away",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionHelp:
    """One option or argument: how it is written, what it does."""

    spelled: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandHelp:
    """One command: `records push`, its line of help, its options."""

    name: str
    summary: str
    options: tuple[OptionHelp, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderHelp:
    """One metric reader.

    Attributes:
        name: As `reader:` names it.
        reads, rule: What it reads, and which value counts.
        files: What it is asked about, in Markdown.
    """

    name: str
    reads: str
    rule: str
    files: str


def readers_page(readers: Sequence[ReaderHelp]) -> str:
    """The page about metric readers, in the order in which they are asked."""
    lines = [
        "# Metric readers",
        "",
        _NOTE,
        "",
        "What finds the metrics in what a stage leaves; "
        "[metrics from anywhere](../how-to/metrics-from-anywhere.md) shows how to name one. The "
        "reader that is surest reads a file, those of its ending first; a file that nobody is sure "
        "of is read as YAML. Every value goes into the record with its place.",
        "",
        "| `reader:` | reads | files | which value counts |",
        "|---|---|---|---|",
    ]
    for reader in readers:
        cells = (f"`{reader.name}`", _cell(reader.reads), reader.files, _cell(reader.rule))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def decisions_page(records: Sequence[tuple[str, str]]) -> str:
    """The list of decision records: (file name, heading such as `0001: what was decided`)."""
    lines = ["# Decisions", "", _NOTE, ""]
    lines.append("Why it is built so: a question, what was decided, and the price of it.")
    lines.append("")
    for name, heading in records:
        number, _, title = heading.partition(": ")
        lines.append(f"- {number}: [{title}](../explanation/decisions/{name})")
    return "\n".join(lines) + "\n"


def commands_page(commands: Sequence[CommandHelp]) -> str:
    """The page about the command line."""
    lines = [
        "# Commands",
        "",
        _NOTE,
        "",
        "`branchline [-C DIR] [--color auto|always|never] COMMAND [OPTION]...`",
        "",
        "`-C` works in another folder. Answers go to standard output, remarks and errors to "
        "standard error. Colour and the live display appear on a terminal only; `NO_COLOR` and "
        "`CLICOLOR_FORCE` are honoured. `BRANCHLINE_DEBUG=1` shows the traceback of an internal "
        "error, which otherwise goes to a file under `.branchline/crash/`.",
        "",
        "| exit code | meaning |",
        "|---|---|",
        *(f"| {code} | {meaning} |" for code, meaning in _EXIT_CODES.items()),
    ]
    for command in commands:
        lines += ["", f"## `branchline {command.name}`", "", _sentence(command.summary)]
        if command.options:
            lines += ["", "| option | what it does |", "|---|---|"]
            lines += [f"| `{_cell(o.spelled)}` | {_cell(o.text)} |" for o in command.options]
    return "\n".join(lines) + "\n"


def errors_page(errors: Sequence[type[BranchlineError]]) -> str:
    """The page about errors, sorted by slug."""
    lines = [
        "# Errors",
        "",
        _NOTE,
        "",
        "An error is printed as `error: MESSAGE`, further facts, and `hint:` with what to do. With",
        '`--json` the same stands on standard output as `{"error": {"slug": ...}}`. A failed gate',
        "is no error: it is a verdict, with exit code 3 (unknown: 4).",
        "",
        "| slug | exit code | meaning |",
        "|---|---|---|",
    ]
    for error in sorted(errors, key=lambda each: each.slug):
        meaning = " ".join((error.__doc__ or "").split())
        lines.append(f"| `{error.slug}` | {error.exit_code} | {_cell(meaning)} |")
    return "\n".join(lines) + "\n"


def json_page(title: str, intro: str, documents: Sequence[tuple[str, Mapping[str, str]]]) -> str:
    """A page about JSON documents.

    Args:
        title: Heading of the page.
        intro: First paragraph.
        documents: Heading (with what it is) and field path -> "type: meaning" of each.
    """
    lines = [f"# {title}", "", _NOTE, "", intro]
    for heading, fields in documents:
        lines += ["", f"## {heading}", "", "| field | type | meaning |", "|---|---|---|"]
        for path, text in fields.items():
            kind, _, meaning = text.partition(": ")
            lines.append(f"| `{path}` | {_cell(kind)} | {_cell(meaning)} |")
    return "\n".join(lines) + "\n"


def fields_of(value: JsonValue, prefix: str = "") -> tuple[str, ...]:
    """Paths of all fields of a sample document: `stages[].action`.

    >>> fields_of({"a": 1, "b": [{"c": 2}]})
    ('a', 'b', 'b[].c')
    """
    if isinstance(value, list | tuple):
        return fields_of(value[0], f"{prefix}[]") if value else ()
    items = getattr(value, "items", None)
    if items is None:
        return ()
    paths: list[str] = []
    for key, item in items():
        path = f"{prefix}.{key}" if prefix else str(key)
        paths += [path, *fields_of(item, path)]
    return tuple(paths)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
