"""Station `trigger`: what the options of a push ask for (`git push -o train=force`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.errors import PushRefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

KNOWN = ("train=force", "wait=no", "wait=yes", "reason=TEXT")
MOST_OPTIONS = 20
MOST_CHARACTERS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PushOptions:
    """Options of one push.

    Attributes:
        force: Train although a result exists. wait: Follow the run in the pusher's terminal.
        reason: Why, in the pusher's words.
    """

    force: bool = False
    wait: bool = True
    reason: str = ""


def parse_options(options: Sequence[str]) -> PushOptions:
    """What the options of a push say; of two that differ the later counts.

    Raises:
        PushRefusedError: One is not known, too long, or holds what no terminal should show.
    """
    if len(options) > MOST_OPTIONS:
        raise PushRefusedError(
            f"{len(options)} push options, at most {MOST_OPTIONS} are taken",
            todo=f"There are: {_known()}.",
        )
    force, wait, reason = False, True, ""
    for option in options:
        if option == "train=force":
            force = True
        elif option in ("wait=no", "wait=yes"):
            wait = option == "wait=yes"
        elif option.startswith("reason="):
            reason = _checked_reason(option.removeprefix("reason="))
        else:
            raise _unknown(option)
    return PushOptions(force=force, wait=wait, reason=reason)


def _checked_reason(reason: str) -> str:
    if len(reason) > MOST_CHARACTERS:
        raise PushRefusedError(
            f"the reason has {len(reason)} characters, at most {MOST_CHARACTERS} are taken",
            todo="Say it shorter; the long form belongs into the commit message.",
        )
    if any(char in '"\\' or not (char.isprintable() or ord(char) >= 0xDC80) for char in reason):
        raise PushRefusedError(
            "the reason holds a double quote, a backslash or a control character",
            todo="Write it in plain words, e.g. -o 'reason=more data'.",
        )
    return reason


def _unknown(option: str) -> PushRefusedError:
    import difflib

    near = difflib.get_close_matches(option, KNOWN, n=1, cutoff=0.5)
    hint = f"Did you mean `-o {near[0]}`? " if near else ""
    return PushRefusedError(
        f"push option {option[:80]!a} is not known", todo=f"{hint}There are: {_known()}."
    )


def _known() -> str:
    return ", ".join(f"`-o {name}`" for name in KNOWN)
