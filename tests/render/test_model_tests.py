"""Tests of the model as people read them; every text of a test is hostile."""

from __future__ import annotations

from branchline.core.evidence import Evidence
from branchline.core.evidence.measured import Measured
from branchline.core.evidence.model_tests import Case, CaseState, Examined, Reported
from branchline.core.policy import Gate, Goal, MetricRule
from branchline.core.values import Outcome
from branchline.core.verdict.judge import judge
from branchline.render.compare import metric_rows
from branchline.render.html import html_report
from branchline.render.markdown import report
from branchline.render.model_tests import failed_case_lines
from branchline.render.run_view import RunView

HOSTILE = "~~~\n<script>alert(1)</script> @everyone\n~~~~~\n\x1b[31m\u202e"
CASES = (
    Case(name="a|b::`x`<b>@all", state=CaseState.FAILED, text=HOSTILE, duration_s=0.1),
    *(
        Case(name=f"t::{i}", state=CaseState.FAILED, text="\n".join("line" for _ in range(50)))
        for i in range(30)
    ),
)
FAILED = Examined(
    name="speed",
    outcome=Outcome.FAILED,
    sentence="test `speed`: 31 cases failed: `x`",
    reported=Reported(cases=CASES, counts={CaseState.FAILED: 31}),
    duration_s=2.0,
)
EVIDENCE = Evidence(tests=(FAILED,))
RUN = RunView(run="abc", evidence=EVIDENCE, verdict=judge(EVIDENCE, None, Gate()))


def test_markdown_shows_the_sentence_and_the_first_failed_cases() -> None:
    text = report(RUN, None, Gate())

    assert "### Tests of the model" in text
    assert "- ❌ test `speed`: 31 cases failed: `x`.\n  - took 2.0 s" in text
    assert "not judged" not in text
    assert text.count("`t::") == 4


def test_no_line_of_a_case_ends_its_fence() -> None:
    lines = report(RUN, None, Gate()).splitlines()

    start = next(i for i, line in enumerate(lines) if line.startswith("~~~"))
    end = next(i for i in range(start + 1, len(lines)) if lines[i] == lines[start])
    assert lines[start] == "~" * 6
    assert "<script>alert(1)</script> @everyone" in lines[start + 1 : end]
    assert "\x1b" not in "".join(lines)
    assert "\u202e" not in "".join(lines)


def test_html_has_no_markup_of_a_case() -> None:
    page = html_report(RUN, None, Gate())

    assert "Tests of the model" in page
    assert "<script>alert" not in page
    assert "Cases of the tests of the model (31)" in page
    assert "<b>@all" not in page


def test_a_terminal_gets_a_few_cases_of_a_few_lines() -> None:
    lines = failed_case_lines((FAILED,))

    assert len(lines) <= 5 * 10 + 1
    assert "branchline logs tests@speed" in lines[-1].text


def test_the_champion_of_a_time_is_the_one_that_was_timed_beside_it() -> None:
    rule = MetricRule(name="latency.p95_ms", goal=Goal.MINIMIZE, max=9)
    now = Evidence(measured=(Measured(name=rule.name, value=5.0, baseline=4.0, source="t"),))
    before = Evidence(measured=(Measured(name=rule.name, value=99.0, source="t"),))

    (row,) = metric_rows([before, now], Gate(metrics=(rule,)))

    assert [metric.value for metric in row.metrics if metric] == [4, 5]
    assert row.differences[-1] == 1
