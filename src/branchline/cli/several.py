"""One command for each of several models, where `--model` names none.

One model's error does not keep the others from their turn. The exit code is the gravest of all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline import wiring
from branchline.core.values import SCHEMA_VERSION
from branchline.errors import (
    EXIT_ERROR,
    EXIT_FINE,
    EXIT_INTERRUPTED,
    EXIT_USAGE,
    EXIT_VERDICT_FAILED,
    EXIT_VERDICT_UNKNOWN,
    BranchlineError,
    SeveralModelsError,
)
from branchline.render.table import Tone, cell, line

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence

    from branchline.cli.console import Console
    from branchline.core.values import JsonValue

    Answer = tuple[int, JsonValue]
    Ask = Callable[[str | None], Answer]

_GRAVEST_FIRST = (
    EXIT_INTERRUPTED,
    EXIT_ERROR,
    EXIT_USAGE,
    EXIT_VERDICT_FAILED,
    EXIT_VERDICT_UNKNOWN,
)


def gravest(codes: Sequence[int]) -> int:
    """The exit code that stands for several.

    >>> gravest([0, 4, 3, 0]), gravest([3, 1]), gravest([0, 10]), gravest([])
    (3, 1, 10, 0)
    """
    known = [code for code in _GRAVEST_FIRST if code in codes]
    return known[0] if known else max(codes, default=EXIT_FINE)


def for_each_model(
    options: argparse.Namespace, console: Console, ask: Ask, *, key: str, command: str
) -> int:
    """Ask of the model that `--model` names or that is the only one; else of each in turn.

    Args:
        options: With `model`, `stages` and `json`.
        console: Where a heading goes before each of several, and its error.
        ask: Gives exit code and JSON document of one model, None for the only one. Prints what
            people read, unless `options.json`.
        key: Under which the document of one of several stands.
        command: As typed, for messages.

    Raises:
        SeveralModelsError: Stages are named, and each model has stages of its own.
    """
    unread = wiring.unread_config()
    if unread:
        console.note(f"note: {unread} is not read: the root declares the models")
    try:
        code, document = ask(options.model)
    except SeveralModelsError as several:
        if options.stages:
            raise _asking_for_one(several, command, options.stages) from several
        return _each(several.models, options, console, ask, key)
    if options.json:
        console.json(document)
    return code


def _each(
    models: Sequence[str], options: argparse.Namespace, console: Console, ask: Ask, key: str
) -> int:
    codes: list[int] = []
    entries: list[JsonValue] = []
    for model in models:
        if not options.json:
            if codes:
                console.write()
            console.line(line("model ", cell(model, Tone.STRONG)))
        code, document, error = _asked(model, console, ask, is_quiet=options.json)
        codes.append(code)
        entries.append({"model": model, "exit_code": code, "error": error, key: document})
        if code == EXIT_INTERRUPTED:
            left = models[len(codes) :]
            if left:
                console.note(f"stopped before {', '.join(left)}")
            break
    if options.json:
        console.json(several_to_json(entries))
    return gravest(codes)


def _asked(
    model: str, console: Console, ask: Ask, *, is_quiet: bool
) -> tuple[int, JsonValue, JsonValue]:
    """Exit code, document and error of one model; one of the last two is None."""
    try:
        return (*ask(model), None)
    except BranchlineError as error:
        from branchline.cli.console import error_to_json

        console.error(error)
        return error.exit_code, None, error_to_json(error)["error"] if is_quiet else None
    except KeyboardInterrupt:
        console.note("interrupted")
        return EXIT_INTERRUPTED, None, None


def several_to_json(entries: Sequence[JsonValue]) -> Mapping[str, JsonValue]:
    """Several models' documents as one: `schema_version`, and `models` in their order."""
    return {"schema_version": SCHEMA_VERSION, "models": list(entries)}


def _asking_for_one(
    several: SeveralModelsError, command: str, stages: Sequence[str]
) -> SeveralModelsError:
    words = " ".join(stages)
    return SeveralModelsError(
        f"{several.message}; `{words}` may be a stage of more than one",
        models=several.models,
        todo=f"Name the model: branchline {command} --model {several.models[0]} {words}",
    )
