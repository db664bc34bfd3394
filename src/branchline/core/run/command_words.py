"""Station `run`: what a command sets, read from its words and replaced in place.

Options (`--lr 0.1`, `--lr=0.1`, `-l 0.1`, `--shuffle`), variables (`LR=0.1` before the program) and
Hydra's overrides (`optimizer.lr=0.1`). A new value is quoted for the shell and arrives as one
argument, whatever it is; every other character of the command stays.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.run.shell_words import simple_commands
from branchline.core.run.spots import SpotKind
from branchline.core.run.written_values import hydra_text, hydra_value, plain_text, plain_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from branchline.core.run.shell_words import SimpleCommand, Word
    from branchline.core.run.spots import Spot
    from branchline.core.values import JsonValue

_TRUTHS = frozenset(("true", "false"))
_NEGATIVE = re.compile(r"-(\d+|\d*\.\d+)([eE][-+]?\d+)?")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_ARGUMENT_NEGATIVE = re.compile(r"-\d+|-\d*\.\d+")
"""What argparse takes for a number and not for an option."""
_PASSES_NOTHING_ON = re.compile(
    r"(?:^|/|\s)(?:sh|bash|dash|zsh|ksh|fish)\s(?:\S+\s)*-\w*c\s|^eval\s"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One place where a command sets something.

    Attributes:
        start, end: All of it, from 0; the end is excluded.
        value_start: Where the text of its value begins; None for a flag.
        raw: The text of the value as it stands there.
        text: The value without quotes; None where the shell puts a variable in.
        prefix: What stands before the value inside the same quotes: `lr=` of `"lr=0.1"`.
    """

    start: int
    end: int
    value_start: int | None = None
    raw: str = ""
    text: str | None = None
    prefix: str = ""


def found_in(text: str, spot: Spot) -> tuple[Found, ...]:
    """Every place of a command that sets a spot.

    Raises:
        ValueError: The command holds syntax that is not understood.
    """
    commands = simple_commands(text)
    expanded = [w.raw for c in commands for w in c.words if w.value is None]
    mark = re.compile(rf"\$\{{?{re.escape(spot.key)}\b")
    if spot.kind is SpotKind.VARIABLE and any(mark.search(raw) for raw in expanded):
        raise ValueError(f"the shell fills `${spot.key}` in before it is set")
    return tuple(found for command in commands for found in _in_command(command, spot))


def value_in(text: str, spot: Spot, among: Iterable[JsonValue] = ()) -> tuple[JsonValue, ...]:
    """The value that a command sets for a spot; empty where it sets none.

    Args:
        text: One command.
        spot: What is asked for.
        among: Values that it may take.

    Raises:
        ValueError: It sets it more than once, or to what only the shell knows, or holds syntax
            that is not understood.
    """
    found = _the_one(found_in(text, spot), spot)
    if found is None:
        return (False,) if spot.is_flag else ()
    if found.value_start is None:
        return (True,)
    if found.text is None:
        raise ValueError(f"its value is `{found.raw}`, which is put in later")
    read = hydra_value if spot.kind is SpotKind.OVERRIDE else plain_value
    return (read(found.text, among),)


def replaced(text: str, spot: Spot, value: JsonValue) -> str:
    """A command that sets a spot to a value.

    Args:
        text: One command.
        spot: What is set; where the command has no such place, it is added: an option and an
            override at the end, a variable at the beginning.
        value: For a flag true or false, which leaves it out. Null leaves an option or a variable
            out, and is `null` for Hydra.

    Raises:
        ValueError: It cannot be done without a doubt; says why.
    """
    found = _the_one(found_in(text, spot), spot)
    is_out = value is None and spot.kind is not SpotKind.OVERRIDE
    is_flag = spot.is_flag and (found is None or found.value_start is None)
    if is_out or (is_flag and value is False):
        return text if found is None else _without(text, found, spot)
    if is_flag:
        return text if found is not None else _added(text, spot, spot.key)
    if found is None:
        return _added(text, spot, _assigned(spot, value))
    if found.value_start is None:
        raise ValueError("it stands there without a value")
    if found.text is None:
        raise ValueError(f"its value is `{found.raw}`, which is put in later")
    return _with_value(text, found, spot, value)


def without(text: str, spot: Spot) -> str:
    """A command that leaves a spot to its program.

    Raises:
        ValueError: It sets it more than once, or holds syntax that is not understood.
    """
    found = _the_one(found_in(text, spot), spot)
    return text if found is None else _without(text, found, spot)


def _the_one(found: Sequence[Found], spot: Spot) -> Found | None:
    if len(found) > 1:
        raise ValueError(f"`{spot.words}` stands in it {len(found)} times")
    return found[0] if found else None


def _in_command(command: SimpleCommand, spot: Spot) -> Iterable[Found]:
    if spot.kind is SpotKind.OPTION:
        yield from _options(command.arguments[1:], spot)
    elif spot.kind is SpotKind.OVERRIDE:
        # `python -m package` has its -m before the program.
        if any(word.value in ("-m", "--multirun") for word in command.arguments[2:]):
            raise ValueError("Hydra runs it several times (`--multirun`)")
        for word in command.arguments[1:]:
            left = re.match(r"\+{0,2}([^=+~'\"]+)=", word.raw if word.value is None else word.value)
            if left and left[1] == spot.key.lstrip("+"):
                yield _joined(word, left[0])
    elif command.arguments:
        for word in command.assignments:
            if word.raw.startswith(f"{spot.key}="):
                yield _joined(word, f"{spot.key}=")


def _options(words: Sequence[Word], spot: Spot) -> Iterable[Found]:
    for place, word in enumerate(words):
        after, further = (*words[place + 1 : place + 3], None, None)[:2]
        if (word.value or word.raw).startswith(f"{spot.key}="):
            yield _joined(word, f"{spot.key}=")
        elif word.value == spot.key:
            if after is None or not _is_value(after, spot):
                yield Found(start=word.start, end=word.end)
            elif further and all(_NUMBER.fullmatch(w.raw) for w in (after, further)):
                raise ValueError(f"`{spot.key}` has several values")
            else:
                yield Found(
                    start=word.start,
                    end=after.end,
                    value_start=after.start,
                    raw=after.raw,
                    text=after.value,
                )


def _is_value(word: Word, spot: Spot) -> bool:
    """Whether a word behind an option is its value."""
    if spot.is_flag:
        return (word.value or "").lower() in _TRUTHS
    return not word.raw.startswith("-") or _NEGATIVE.fullmatch(word.raw) is not None


def _joined(word: Word, prefix: str) -> Found:
    """A value in the same word as its name."""
    known = None if word.value is None else word.value[len(prefix) :]
    if word.raw.startswith(prefix):
        start = word.start + len(prefix)
        return Found(
            start=word.start,
            end=word.end,
            value_start=start,
            raw=word.raw[len(prefix) :],
            text=known,
        )
    return Found(
        start=word.start,
        end=word.end,
        value_start=word.start,
        raw=word.raw,
        text=known,
        prefix=prefix,
    )


def _with_value(text: str, found: Found, spot: Spot, value: JsonValue) -> str:
    old = found.text or ""
    is_override = spot.kind is SpotKind.OVERRIDE
    stands = hydra_value(old, (value,)) if is_override else plain_value(old, (value,))
    if stands == value and isinstance(stands, bool) is isinstance(value, bool):
        return text  # `1e-3` is 0.001 already: another spelling would be another command
    is_plain = not is_override or isinstance(value, float)
    new = plain_text(value, old=old) if is_plain else hydra_text(value)
    start = found.value_start or 0
    quoted = _quoted_like(found.raw, found.prefix + new)
    is_apart = start > found.start and text[start - 1] in " \t\n"
    if is_apart and _is_to_join(spot, new):
        return f"{text[: found.start]}{spot.key}={quoted}{text[found.end :]}"
    return f"{text[:start]}{quoted}{text[found.end :]}"


def _is_to_join(spot: Spot, text: str) -> bool:
    """Whether a program would take a value for an option if it stood apart from its name.

    Raises:
        ValueError: It would, and the option is one that cannot be joined to it.
    """
    if spot.kind is not SpotKind.OPTION or not _looks_like_an_option(text):
        return False
    if not spot.key.startswith("--"):
        raise ValueError(f"{text} behind {spot.key} would be taken for an option")
    return True


def _looks_like_an_option(text: str) -> bool:
    return text.startswith("-") and not _ARGUMENT_NEGATIVE.fullmatch(text)


def _quoted_like(raw: str, text: str) -> str:
    """A text for the shell, in the quotes that stand there where it can stand in these."""
    if len(raw) > 1 and raw[0] == raw[-1] and raw[0] in "'\"":
        refused = "'" if raw[0] == "'" else '"\\$`!'
        if raw[0] not in raw[1:-1] and not any(char in text for char in refused):
            return f"{raw[0]}{text}{raw[0]}"
    return shlex.quote(text)


def _assigned(spot: Spot, value: JsonValue) -> str:
    """A spot with its value as words of a command that has none of it."""
    if spot.kind is SpotKind.OVERRIDE:
        return shlex.quote(f"{spot.key}={hydra_text(value)}")
    new = plain_text(value)
    if spot.kind is SpotKind.VARIABLE:
        return f"{spot.key}={shlex.quote(new)}"
    between = "=" if _is_to_join(spot, new) else " "
    return f"{spot.key}{between}{shlex.quote(new)}"


def _added(text: str, spot: Spot, words: str) -> str:
    commands = [command for command in simple_commands(text) if command.arguments]
    if len(commands) != 1:
        raise ValueError(f"it is {len(commands)} commands, and `{spot.words}` stands in none")
    arguments = commands[0].arguments
    if spot.kind is SpotKind.VARIABLE:
        if arguments[0].value in ("env", "export"):
            raise ValueError(f"it sets variables by `{arguments[0].raw}`")
        start = commands[0].words[0].start
        return f"{text[:start]}{words} {text[start:]}"
    if any(word.raw == "--" for word in arguments):
        raise ValueError("it has `--`, and only you know on which side")
    if _PASSES_NOTHING_ON.search(text[arguments[0].start : arguments[-1].end]):
        raise ValueError(f"`{arguments[0].raw}` runs a text, which would not get it")
    end = arguments[-1].end
    return f"{text[:end]} {words}{text[end:]}"


def _without(text: str, found: Found, spot: Spot) -> str:
    """A command without a place, and without the blanks before it (behind it: a variable)."""
    before, after = text[: found.start], text[found.end :]
    if spot.kind is SpotKind.VARIABLE:
        return before + after.lstrip(" \t")
    return re.sub(r"(?:[ \t]|\\\n)+\Z", "", before) + after
