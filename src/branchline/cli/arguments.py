"""The command line of one command: an argparse parser whose errors are ours, and shared options.

Imported only when a command is called.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, NoReturn

from branchline.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Parser",
    "add_jobs",
    "add_json",
    "add_remote",
    "add_verbs",
    "count_of",
    "duration_of",
    "near",
    "parse",
    "whole_of",
]

_VERB = "VERB"


class Parser(argparse.ArgumentParser):
    """An argparse parser that raises `UsageError` instead of ending the process.

    Args:
        command: Words after `branchline`, e.g. "records push".
        summary: First paragraph of the help.
    """

    def __init__(self, command: str = "", summary: str = "", **options: object) -> None:
        # Sub-parsers are made by argparse itself, with its own keywords.
        settings: dict[str, object] = {
            "allow_abbrev": False,
            "formatter_class": argparse.RawDescriptionHelpFormatter,
            **options,
        }
        if command:
            settings["prog"] = f"branchline {command}"
            settings["description"] = summary
        super().__init__(**settings)  # type: ignore[arg-type] # keywords that argparse passes on

    def error(self, message: str) -> NoReturn:
        """Raise what argparse found.

        Raises:
            UsageError: Always.
        """
        todo = f"See `{self.prog} --help`."
        if message.endswith(f"required: {_VERB}"):
            message, todo = "a verb is missing", f"Write one of: {', '.join(self._verbs())}."
        raise UsageError(f"{self.prog}: {message}", todo=todo)

    def _verbs(self) -> list[str]:
        return [
            name
            for action in self._actions
            if isinstance(action, argparse._SubParsersAction)  # noqa: SLF001 # no public name
            for name in action.choices
        ]


def add_verbs(parser: argparse.ArgumentParser) -> argparse._SubParsersAction[Parser]:
    """Let a command have verbs of its own, one of which must follow, as `options.verb`."""
    return parser.add_subparsers(dest="verb", metavar=_VERB, required=True, parser_class=Parser)


def parse(parser: Parser, words: Sequence[str]) -> argparse.Namespace:
    """Parse a command's words; an unknown option is answered with the nearest one.

    Raises:
        UsageError: The words do not fit.
    """
    options, unknown = parser.parse_known_args(list(words))
    if not unknown:
        return options
    known = sorted(_option_names(parser))
    word = unknown[0].partition("=")[0]
    nearest = near(word, known) if word.startswith("-") else ""
    hint = f"Did you mean {nearest}? " if nearest else ""
    raise UsageError(
        f"{parser.prog}: {'unknown option' if word.startswith('-') else 'unexpected word'} {word}",
        todo=f"{hint}See `{parser.prog} --help`.",
    )


def near(word: str, candidates: Sequence[str]) -> str:
    """The candidate nearest to a mistyped word; "" when none is near."""
    import difflib

    found = difflib.get_close_matches(word, candidates, n=1, cutoff=0.6)
    return found[0] if found else ""


def _option_names(parser: argparse.ArgumentParser) -> set[str]:
    """All option strings of a parser and of its sub-parsers."""
    names: set[str] = set()
    for action in parser._actions:  # noqa: SLF001 # argparse has no public list of its options
        names.update(action.option_strings)
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 # nor of sub-parsers
            for child in action.choices.values():
                names |= _option_names(child)
    return names


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add `--json`: the answer as one JSON object on standard output, for programs."""
    parser.add_argument(
        "--json", action="store_true", help="print the answer as JSON (docs/reference/json.md)"
    )


def add_remote(parser: argparse.ArgumentParser) -> None:
    """Add `--remote`: which box a command is about, as `options.remote`."""
    parser.add_argument(
        "--remote", metavar="NAME", help="the box; needed when this clone has several"
    )


def add_jobs(parser: argparse.ArgumentParser) -> None:
    """Add `--jobs`: how many stages run side by side, as `options.jobs`; 0 when it is not said."""
    parser.add_argument(
        "-j", "--jobs", type=count_of, default=0, metavar="N", help="stages side by side (all CPUs)"
    )


def count_of(text: str) -> int:
    """The number of at least 1 that an option gives.

    Raises:
        argparse.ArgumentTypeError: It gives none.
    """
    if not (_is_whole(text) and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 1")
    return int(text)


def whole_of(text: str) -> int:
    """The whole number from 0 on that an option gives.

    Raises:
        argparse.ArgumentTypeError: It gives none.
    """
    if not _is_whole(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)


def duration_of(text: str) -> float:
    """The seconds of a duration that an option gives: `90s`, `5h30m`.

    Raises:
        argparse.ArgumentTypeError: It gives none.
    """
    from branchline.config.units import seconds_of

    seconds = seconds_of(text)
    if not seconds:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 90s, 30m or 5h30m")
    return seconds


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16
