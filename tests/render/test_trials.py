"""Trials, ranked."""

from __future__ import annotations

from dataclasses import replace

from branchline.core.policy import Goal
from branchline.core.run.trials import Trial, TrialState
from branchline.render.trials import change_table, change_words, trial_words
from branchline.render.tuned import Tuned, tuned_table


def trial(number: int, value: float | None, lr: object = 0.1) -> Trial:
    """One trial."""
    state = TrialState.FAILED if value is None else TrialState.SUCCEEDED
    return Trial(number=number, params={"lr": lr}, state=state, value=value)  # type: ignore[dict-item] # plain values


def test_tables_are_safe_in_markdown() -> None:
    text = change_table({"lr": "a|b<script>"}, {"lr": "x" * 1000})

    assert "<script>" not in text
    assert len(text) < 200
    assert "| `lr` | `0.1` | `0.2` |" in change_table({"lr": 0.1}, {"lr": 0.2})


def test_a_long_table_is_cut_and_says_so() -> None:
    trials = [trial(number, float(number)) for number in range(30)]

    assert trial_words(trials, "auc")[-1].strip() == "and 10 more"


def test_what_a_command_leaves_to_its_program_is_shown_as_default() -> None:
    now = Trial(number=0, params={"$LR": 0.1}, state=TrialState.SUCCEEDED, value=0.7, duration_s=1)
    best = replace(now, number=1, params={"$LR": 0.2, "--k": "a|b"}, value=0.9)
    other = replace(now, number=2, value=0.5)

    assert trial_words([best, now, other], "auc") == (
        "  1. auc 0.9  $LR 0.2, --k a|b",
        "  2. auc 0.7  $LR 0.1, --k default",
        "  3. auc 0.5  $LR 0.1",
    )
    assert change_words(now.params, best.params) == "$LR 0.1 -> 0.2, --k default -> a|b"
    assert "| `--k` | `default` | <code>a&#124;b</code> |" in change_table(now.params, best.params)
    assert change_words(now.params, now.params) == ""
    assert [cell.text for cell in tuned_table(tuned(now, best)).rows[0][3:5]] == ["0.1", "default"]


def tuned(*trials: Trial) -> Tuned:
    """A search of these trials."""
    return Tuned(metric="auc", goal=Goal.MAXIMIZE, trials=trials, current=trials[0].params)


def test_the_table_has_the_numbers_that_can_be_chosen_and_says_what_failed() -> None:
    now = Trial(number=0, params={"a.lr": 0.1}, state=TrialState.SUCCEEDED, value=0.7)
    failed = Trial(number=3, params={"a.lr": 9}, state=TrialState.FAILED, detail="no memory")

    rows = [[cell.text for cell in row] for row in tuned_table(tuned(now, failed)).rows]

    assert rows == [
        ["1", "0", "0.7", "0.1", "0.0", "as it was"],
        ["2", "3", "failed", "9", "0.0", "no memory"],
    ]


def test_where_it_is_narrow_names_lose_their_groups() -> None:
    now = Trial(number=0, params={"train.lr": 0.1, "train.depth": 1}, state=TrialState.FAILED)

    def headings(width: int | None) -> list[str]:
        return [column.heading for column in tuned_table(tuned(now), width=width).columns[3:5]]

    assert headings(None) == headings(80) == ["train.lr", "train.depth"]
    assert headings(40) == ["lr", "depth"]


def test_each_objective_has_a_column() -> None:
    now = Trial(
        number=0, params={"lr": 1}, state=TrialState.SUCCEEDED, value=0.7, objectives=(0.7, 3.5)
    )
    failed = replace(now, number=1, state=TrialState.FAILED, value=None, objectives=())

    table = tuned_table(replace(tuned(now, failed), more=("size",)))

    assert [column.heading for column in table.columns[2:5]] == ["auc", "size", "lr"]
    assert [row[3].text for row in table.rows] == ["3.5", ""]
