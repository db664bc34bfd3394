"""A search as Markdown: ranked, cut, harmless."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from tests.render.search.sample import hostile, searched_of, trial_of, two_objectives
from tests.render.test_markdown import assert_harmless

from branchline.core.policy import Goal
from branchline.core.run.trials import Trial, TrialState, ranked
from branchline.render.search.markdown import search_markdown


def row_with(text: str, word: str) -> str:
    """The one row of a table with a word."""
    (row,) = [line for line in text.splitlines() if line.startswith("|") and word in line]
    return row


def test_the_best_is_bold_and_what_was_set_is_marked_wherever_it_stands() -> None:
    text = search_markdown(searched_of())

    assert row_with(text, " best ").startswith("| **1** | **`0.9")
    assert "| as it was |" in row_with(text, "as it was")
    assert int(row_with(text, "as it was").split("|")[1]) > 10
    assert "50 more trials not shown. The same in all trials: `train.seed`." in text


def test_a_parameter_that_a_trial_has_not_is_no_value() -> None:
    text = search_markdown(searched_of())

    assert "| `logistic` | – |" in text


def test_repeated_trials_show_their_spread() -> None:
    trial = replace(trial_of(1), values=(0.9, 0.92, 0.91), value=0.91)
    text = search_markdown(searched_of(trials=(trial, trial_of(2))))

    assert "± 0.01 (3 seeds)" in row_with(text, "best")


def test_a_front_is_marked() -> None:
    text = search_markdown(two_objectives())

    assert "| `auc` | `latency_ms` |" in text
    assert "best, beaten by none" in text


def test_what_failed_stands_together_by_reason() -> None:
    text = search_markdown(searched_of())

    assert "| 4 | failed | `train`: exit code 137, out of memory (trial 3, 20, 37, 54) |" in text
    assert "| 3 | refused | `latency_ms` is 24.5, outside (trial 4, 23, 42) |" in text


def test_the_chart_has_plain_decimals_only() -> None:
    trials = [
        replace(trial_of(number), state=TrialState.SUCCEEDED, value=number * 1e-7)
        for number in range(1, 30)
    ]

    text = search_markdown(searched_of(trials=tuple(ranked(trials, Goal.MAXIMIZE))))

    chart = text.partition("```mermaid")[2].partition("```")[0]
    assert "0.0000029" in chart
    assert re.search(r"\de[+-]?\d", chart) is None


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(1e300, id="too-long-to-write"),
        pytest.param(1e-300, id="too-small-to-tell"),
        pytest.param(float("inf"), id="endless"),
        pytest.param(float("nan"), id="no-number"),
    ],
)
def test_what_cannot_be_drawn_is_not(value: float) -> None:
    state = TrialState.SUCCEEDED
    trials = [Trial(number=n, params={"a": n}, state=state, value=value / n) for n in (1, 2, 3)]

    assert "mermaid" not in search_markdown(searched_of(trials=tuple(trials)))


def test_few_trials_tell_no_importance() -> None:
    text = search_markdown(searched_of(4))

    assert "Which parameter matters cannot be told from 3 trials." in text


def test_no_trials_and_none_with_a_number_have_a_report() -> None:
    failed = Trial(number=1, params={"a": 1}, state=TrialState.FAILED)

    assert search_markdown(searched_of(trials=())).startswith("No trial was made.")
    assert "no reason was left" in search_markdown(searched_of(trials=(failed,)))


def test_the_largest_and_worst_search_fits_and_is_harmless() -> None:
    text = search_markdown(hostile())

    assert len(text) < 60_000
    before, chart, after = re.split(r"```mermaid\n(?s:(.*?))```", text)
    assert_harmless(before + after)
    assert "<" not in chart
    assert "32 more parameters that vary not shown" in text


def test_what_does_not_fit_says_so() -> None:
    text = search_markdown(searched_of(), most=2_000)

    assert len(text) <= 2_000
    assert "does not fit here" in text
    assert "### Trials" in text
