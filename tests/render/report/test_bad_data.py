"""The report of a run that bad data ended: it says so once, and nothing that is not so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.render.report.sample import AUC, GATE, NOISE, SMALL, run_of, verdict_of

from branchline.core.evidence import Evidence
from branchline.core.evidence.data.values import ColumnDrift, DataFinding, DataReport, Examples
from branchline.core.values import Outcome
from branchline.core.verdict.data import with_data
from branchline.render.html import html_report
from branchline.render.markdown import report
from branchline.render.run_view import RunView, StageView


def blocked_run(*findings: DataFinding) -> RunView:
    check = DataReport(
        check="schema", path="data/a.csv", against="s.yaml", findings=findings, rows=9
    )
    verdict = with_data(verdict_of(), (check,))
    skipped = StageView(stage="train", action="skip", reason="not run: the data are bad")
    return replace(run_of(verdict), evidence=Evidence(data_checks=(check,)), stages=(skipped,))


RANGE = DataFinding(
    rule="between", column="x", sentence="`x` is out of bounds in 2 of 9 rows.", broken=2, total=9,
    examples=Examples(columns=("x", "id"), rows=(("a `b` c", "7"), (None, ""))),
)  # fmt: skip
NULLS = DataFinding(rule="nulls", column="y", sentence="`y` has no value in 1 of 9 rows.")


def test_a_blocked_run_says_what_is_bad_and_that_nothing_ran() -> None:
    text = report(blocked_run(RANGE, NULLS), run_of(run="abc1234"), GATE)

    assert (
        "Nothing was trained on these data, for they are bad: `data/a.csv`: `x` is out of bounds in"
        " 2 of 9 rows. 1 more rule of the data does not hold.\n\n### Data" in text
    )
    assert "### What changed\n\nNothing ran." in text
    for untrue in ("no longer used", "has its result", "### Metrics", "evaluation data are"):
        assert untrue not in text
    assert text.count("out of bounds") == 2  # the first sentence, and where the rows stand


def test_a_page_shows_the_rows_with_all_of_their_columns_as_they_are() -> None:
    page = html_report(blocked_run(RANGE), run_of(run="abc1234"), GATE)

    assert "<td>a `b` c</td><td>7</td>" in page
    assert "<td>(none)</td><td>&quot;&quot;</td>" in page
    assert page.count("breaks 1 rule") == 1


def test_a_rule_that_cannot_be_judged_is_no_failure() -> None:
    open_one = replace(NULLS, outcome=Outcome.UNKNOWN)

    run = blocked_run(open_one)

    assert run.verdict is not None
    assert run.verdict.summary.startswith("Not known whether the data are good, so nothing was")
    assert "for it is not known whether they are good: `data/a.csv`: `y`" in report(run, None, GATE)


@pytest.mark.parametrize("count", [1, 12])
def test_parts_that_are_not_judged_stand_once_each(count: int) -> None:
    small = [
        replace(
            SMALL, metric=metric, where=f"site=s{n}",
            sentence=f"`{metric}` where `site` is `s{n}`: not judged ({n} rows).",
        )
        for n in range(count) for metric in ("roc_auc", "accuracy")
    ]  # fmt: skip

    text = report(run_of(verdict_of(*small)), None, GATE)

    assert text.count("`site=s0` (0 rows)") == 1
    assert "### Parts of the data\n\nNot judged: `site=s0`" in text
    assert (", and 4 more." in text) is (count == 12)


def test_drift_is_said_in_words_first_and_in_numbers_once() -> None:
    moved = ColumnDrift(column="x", psi=1.2, chance=0.1, distance=0.4, is_drifted=True, why="up")
    still = ColumnDrift(column="z", psi=0.0, chance=0.1)
    found = DataFinding(rule="drift", sentence="1 of 2 columns drifted.")
    run = blocked_run(found)
    check = DataReport(check="drift", path="n.csv", against="s.csv", findings=(found,),
                       drift=(moved, still))  # fmt: skip
    run = replace(run, evidence=Evidence(data_checks=(check,)))

    text, page = report(run, None, GATE), html_report(run, None, GATE)

    assert "for they drifted: `data/a.csv`: 1 of 2 columns drifted." in text
    assert "- `x`: up (PSI 1.20, by chance 0.100, distance 0.40)" in text
    assert "<h2>Drift of n.csv</h2>" in page
    assert page.count("up (PSI 1.20") == 1


def test_where_all_predictions_are_the_same_chance_has_no_table() -> None:
    same = replace(AUC, noise=replace(NOISE, low=0.0, high=0.0, sampling=0.0, training=None))

    text = report(run_of(verdict_of(same)), None, GATE)

    assert "### What chance alone can do" not in text
