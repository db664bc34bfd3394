"""From a command line to a command: global options, the command's module, errors, exit codes.

The only place that catches every exception. A user meets a sentence and what to do, never a
traceback.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING

from branchline.cli import commands
from branchline.cli.console import Color, Console, drop
from branchline.errors import (
    EXIT_ERROR,
    EXIT_FINE,
    EXIT_INTERRUPTED,
    BranchlineError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["dispatch"]

_EXIT_BROKEN_PIPE = 141  # 128 + SIGPIPE, as a shell reports it


class _Request:
    """A command line, taken apart: where, in which colour, which command, its words."""

    __slots__ = ("color", "folder", "name", "words")

    def __init__(self) -> None:
        self.color = Color.AUTO
        self.folder = ""
        self.name = ""
        self.words: list[str] = []


def dispatch(arguments: Sequence[str]) -> int:
    """Run the command that a command line names.

    Args:
        arguments: The command line without the program's name.

    Returns:
        The exit code.
    """
    # A command makes many values and few circles: to look for these often costs and finds nothing.
    gc.set_threshold(100_000, 50, 50)
    console = Console(sys.stdout, sys.stderr)
    wants_json = "--json" in arguments
    try:
        request = _read(arguments)
        console = Console(sys.stdout, sys.stderr, color=request.color)
        if request.folder:
            _enter(request.folder)
        code = _execute(request, console)
        sys.stdout.flush()
    except BrokenPipeError:
        # What is left in the buffer goes nowhere, or Python complains when it ends.
        drop(sys.stdout)
        return _EXIT_BROKEN_PIPE
    except BranchlineError as error:
        console.error(error, as_json=wants_json)
        return error.exit_code
    except KeyboardInterrupt:
        console.note("interrupted")
        return EXIT_INTERRUPTED
    except Exception as error:  # the last door: nothing may reach the user raw
        if os.environ.get("BRANCHLINE_DEBUG") == "1":
            raise
        from branchline.cli.crash import report_crash, told_by_system, told_of_output

        told = told_by_system(error)
        if isinstance(error, OSError) and not console.reaches_reader():
            told = told_of_output(error)
        if told is not None:
            console.error(told, as_json=wants_json)
            return told.exit_code
        report_crash(error, arguments, console)
        return EXIT_ERROR
    return code


def tell_unwritten(error: OSError) -> int:
    """Say that the answer cannot be written; for what was answered without `dispatch`.

    Returns:
        The exit code.
    """
    from branchline.cli.crash import told_of_output

    drop(sys.stdout)
    if isinstance(error, BrokenPipeError):
        return _EXIT_BROKEN_PIPE
    told = told_of_output(error)
    Console(sys.stdout, sys.stderr).error(told)
    return told.exit_code


def _read(arguments: Sequence[str]) -> _Request:
    request = _Request()
    words = list(arguments)
    while words:
        word = words.pop(0)
        if word == "-C":
            request.folder = os.path.join(request.folder, _value(word, words))
        elif word == "--color" or word.startswith("--color="):
            request.color = Color.of(word.partition("=")[2] or _value(word, words))
        elif word in ("-h", "--help", "-V", "--version", "help", "version"):
            request.name = "version" if word in ("-V", "--version", "version") else "help"
            request.words = words
            break
        elif word.startswith("-"):
            raise UsageError(
                f"branchline: unknown option {word} before a command",
                todo="Options of a command stand after its name. See `branchline --help`.",
            )
        else:
            request.name, request.words = word, _take_color(words, request)
            break
    return request


def _take_color(words: list[str], request: _Request) -> list[str]:
    """Take `--color WHEN` out of a command's own words: it is allowed on both sides."""
    kept: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return [*kept, word, *rest]
        if word == "--color" or word.startswith("--color="):
            request.color = Color.of(word.partition("=")[2] or _value(word, rest))
        else:
            kept.append(word)
    return kept


def _value(option: str, words: list[str]) -> str:
    if not words:
        raise UsageError(f"branchline: {option} needs a value", todo="See `branchline --help`.")
    return words.pop(0)


def _enter(folder: str) -> None:
    try:
        os.chdir(folder)
    except OSError as error:
        raise UsageError(
            f"branchline: -C {folder}: {error.strerror}", todo="Name an existing folder."
        ) from error


def _execute(request: _Request, console: Console) -> int:
    if not request.name:
        from branchline.cli.status import show_status

        return show_status(console)
    if request.name == "version" or (request.name == "help" and not request.words):
        return commands.answer_at_once([request.name]) or EXIT_FINE
    if request.name == "help":
        return _call(request.words[0], ["--help"], console)
    return _call(request.name, request.words, console)


def _call(name: str, words: list[str], console: Console) -> int:
    command = commands.find(name)
    if command is None:
        from branchline.cli.arguments import near

        nearest = near(name, [command.name for command in commands.COMMANDS])
        hint = f"Did you mean `branchline {nearest}`? " if nearest else ""
        raise UsageError(
            f"branchline: unknown command {name}", todo=f"{hint}See `branchline --help`."
        )
    from importlib import import_module

    from branchline.cli.arguments import Parser, parse

    module = import_module(command.module)
    parser = Parser(name, command.summary[0].upper() + command.summary[1:] + ".")
    module.configure(parser)
    try:
        options = parse(parser, words)
    except SystemExit as ended:  # `--help` of argparse
        return int(ended.code or 0)
    return int(module.execute(options, console))
