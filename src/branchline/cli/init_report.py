"""What `branchline init` says: each guess with its evidence, questions, and what is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.render.table import Cell, Line, Tone, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.cli.console import Console
    from branchline.core.values import JsonValue
    from branchline.flows.init import Guess, Proposal, Question

__all__ = ["ask", "found_lines", "proposal_to_json"]


def found_lines(proposal: Proposal) -> list[Line]:
    """What was found and what was not, with `file:line` and the text that stands there."""
    places = [_place(guess) for guess in proposal.guesses]
    width = max((len(place) for place in places), default=0)
    lines = [_line("Found:")]
    for guess, place in zip(proposal.guesses, places, strict=True):
        certainty = f" ({guess.certainty.value})"
        lines.append(
            Line(
                pieces=(
                    Cell(text=f"  {place.ljust(width)}  {visible(guess.sentence)}"),
                    Cell(text=certainty, tone=Tone.DIM),
                )
            )
        )
        if guess.quote:
            quote = f"  {' ' * width}  | {visible(guess.quote)}"
            lines.append(Line(pieces=(Cell(text=quote, tone=Tone.DIM),)))
    if proposal.unknowns:
        lines += [_line(""), _line("Could not tell:")]
        lines += [_line(f"  {visible(sentence)}") for sentence in proposal.unknowns]
    return [*lines, _line("")]


def _place(guess: Guess) -> str:
    return visible(guess.where) or "the run"


def _line(text: str) -> Line:
    return Line(pieces=(Cell(text=text),))


def ask(questions: Sequence[Question], console: Console) -> dict[str, str]:
    """Answers of a person at a terminal, by key; an empty line takes the safe one."""
    import sys

    answers: dict[str, str] = {}
    for question in questions:
        console.write(visible(question.text))
        for number, answer in enumerate(question.answers, 1):
            mark = "  (taken if you press Enter)" if answer == question.safe else ""
            console.write(f"  {number}. {visible(answer)}{mark}")
        choices = f" [1-{len(question.answers)}]" if question.answers else ""
        console.out.write(f"Your answer{choices}: ")
        console.out.flush()
        given = sys.stdin.readline().strip()
        is_number = given.isdecimal() and 0 < int(given) <= len(question.answers)
        answer = question.answers[int(given) - 1] if is_number else given
        if answer and (not question.answers or answer in question.answers):
            answers[question.key] = answer
        else:
            console.write(f"  {visible(question.safe)} is taken.")
    return answers


def proposal_to_json(proposal: Proposal, *, is_written: bool) -> dict[str, JsonValue]:
    """What `branchline init --json` prints."""
    return {
        "file": "branchline.yaml",
        "text": proposal.text,
        "is_written": is_written,
        "models": [
            {
                "name": model.name,
                "pipeline": model.pipeline or None,
                "commands": [stage.cmd for stage in model.stages],
                "metrics": [bar.name for bar in model.bars],
            }
            for model in proposal.settings.models
        ],
        "guesses": [
            {
                "about": guess.about.value,
                "sentence": guess.sentence,
                "certainty": guess.certainty.value,
                "where": guess.where or None,
                "quote": guess.quote or None,
            }
            for guess in proposal.guesses
        ],
        "questions": [
            {
                "key": question.key,
                "text": question.text,
                "answers": list(question.answers),
                "safe": question.safe,
            }
            for question in proposal.questions
        ],
        "unknowns": list(proposal.unknowns),
    }
