"""Trials of a search in words: ranked for a log, what changes for a pull request. Pure."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from branchline.core.run.trial_events import SearchResumed, TrialBegun
from branchline.core.run.trials import Trial, TrialState
from branchline.render.safe_markdown import code

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.run.trial_events import TrialEvent
    from branchline.core.values import JsonValue

_ROWS = 20
_LONGEST = 60


def trial_words(trials: Sequence[Trial], metric: str) -> tuple[str, ...]:
    """The ranked table as lines for a log."""
    lines = []
    for rank, trial in enumerate(trials[:_ROWS], start=1):
        texts = {name: param_text(trial, name) for name in names_of(trials)}
        words = ", ".join(f"{name} {text}" for name, text in texts.items() if text)
        shown = f"{metric} {number_text(trial.value)}" if trial.has_value else trial.state.value
        lines.append(f"{rank:>3}. {shown}  {words}")
    if len(trials) > _ROWS:
        lines.append(f"     and {len(trials) - _ROWS} more")
    return tuple(lines)


def event_words(event: TrialEvent, metric: str) -> str:
    """What a search tells, as a line.

    >>> event_words(TrialBegun(number=2, total=9, params={"lr": 0.1, "kind": "a"}), "auc")
    'trial 2 of 9: lr 0.1, kind "a"'
    """
    if isinstance(event, TrialBegun):
        return f"{trial_title(event.number, event.total)}: {point_words(event)}"
    if isinstance(event, SearchResumed):
        return f"{event.made} of {event.total} trials were made before"
    trial = event.trial
    shown = f"{metric} {trial.value:.6g}" if trial.has_value else "no number"
    if len(trial.values) > 1:
        shown += f" (mean of {len(trial.values)} seeds)"
    is_pruned = trial.state is TrialState.PRUNED
    ended = "stopped early" if is_pruned else f"{trial.state.value},"
    return f"{trial_title(trial.number, event.total)}: {ended} {trial.detail or shown}"


def trial_title(number: int, total: int) -> str:
    """What a trial is called while a search runs.

    >>> trial_title(3, 20), trial_title(0, 20)
    ('trial 3 of 20', 'as it is now')
    """
    return f"trial {number} of {total}" if number else "as it is now"


def point_words(begun: TrialBegun) -> str:
    """The values of a trial that begins."""
    texts = {name: json.dumps(value) for name, value in begun.params.items()}
    texts |= dict.fromkeys(begun.left_out, DEFAULT)
    return ", ".join(f"{name} {text}" for name, text in texts.items())


def choice_words(front: Sequence[Trial], metrics: Sequence[str]) -> tuple[str, ...]:
    """The trials of which a person must choose, each best in its way.

    Args:
        front: Trials that no other betters in every objective.
        metrics: The objectives.
    """
    lines = [f"{len(front)} trials are not bettered in every objective:"]
    for trial in front[:_ROWS]:
        numbers = ", ".join(
            f"{name} {number_text(value)}"
            for name, value in zip(metrics, trial.objectives, strict=True)
        )
        lines.append(f"  trial {trial.number}: {numbers}")
    return tuple(lines)


def names_of(trials: Sequence[Trial]) -> list[str]:
    """Parameters of trials, in the order of the first that has them."""
    return list(dict.fromkeys(name for trial in trials for name in trial.params))


DEFAULT = "default"
"""Of what a command leaves to its program."""


def param_text(trial: Trial, name: str) -> str:
    """A parameter of a trial; "" where it does not count there."""
    if name in trial.params:
        return value_text(trial.params[name]) or '""'
    return missing_text(trial)


def missing_text(trial: Trial, word: str = "") -> str:
    """What stands for a parameter that a trial lacks: what is set may leave it to the program."""
    return DEFAULT if trial.number == 0 else word


def _before(before: Mapping[str, JsonValue], name: str) -> str:
    return value_text(before[name]) if name in before else DEFAULT


def change_table(before: Mapping[str, JsonValue], after: Mapping[str, JsonValue]) -> str:
    """Old and new value of each parameter as Markdown."""
    rows = ["| parameter | now | best |", "| --- | --- | --- |"]
    for name, value in after.items():
        words = (name, _before(before, name), value_text(value))
        rows.append(f"| {' | '.join(code(_short(word)) for word in words)} |")
    return "\n".join(rows) + "\n"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def change_words(before: Mapping[str, JsonValue], after: Mapping[str, JsonValue]) -> str:
    """What changes, in a line.

    >>> change_words({"lr": 0.1, "depth": 3}, {"lr": 0.01, "depth": 3})
    'lr 0.1 -> 0.01'
    """
    return ", ".join(
        f"{name} {_before(before, name)} -> {value_text(value)}"
        for name, value in after.items()
        if name not in before or before[name] != value
    )


def value_text(value: JsonValue) -> str:
    """A parameter's value; a text without quotes."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def number_text(value: float | None) -> str:
    """A metric's value, or that there is none."""
    return "no number" if value is None or math.isnan(value) else f"{value:.6g}"


def sentence(text: str) -> str:
    """Words as a sentence.

    >>> sentence("keep it")
    'Keep it.'
    """
    return f"{text[:1].upper()}{text[1:]}."
