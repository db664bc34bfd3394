from __future__ import annotations

import doctest
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.evidence import Evidence, Metric, StageFacts
from branchline.core.policy import Gate, MetricRule
from branchline.core.values import Outcome
from branchline.core.verdict.judge import judge
from branchline.core.verdict.values import Baseline
from branchline.render import markdown_plots, safe_markdown
from branchline.render.markdown import code, escape, report, sentence
from branchline.render.run_view import RunView, StageView

GATE = Gate(metrics=(MetricRule(name="auc", min=0.9, max_regression=0.01),))
BASELINE = Baseline(run="abc1234", via="alias `production`", commit="1" * 40)


def run_of(
    auc: object = 0.9412, *, name: str = "auc", branch: str = "main", param: object = 0.1
) -> RunView:
    value = auc if isinstance(auc, float) else None
    metrics = (
        Metric(name=name, value=value, text=str(auc), file="metrics.json"),
        Metric(name="loss", value=0.3, text="0.3", file="metrics.json"),
    )
    evidence = Evidence(
        metrics=metrics,
        params={"params.yaml:lr": param},  # type: ignore[dict-item] # any scalar of a test
        stages=(
            StageFacts(stage="prepare", action="reuse", key="1", run="abc1234", duration_s=3.0),
            StageFacts(
                stage="train",
                action="run",
                key="2",
                run="def5678",
                duration_s=72.4,
                cpu_s=70.0,
                peak_memory_bytes=2**30,
            ),
        ),
        evaluation_data="e" * 64,
        versions={"python": "3.11.7"},
    )
    before = Evidence(
        metrics=(Metric(name="auc", value=0.9535, text="0.9535", file="metrics.json"),),
        evaluation_data="e" * 64,
    )
    return RunView(
        run="def5678",
        model="tumour",
        commit="2" * 40,
        branch=branch,
        started_at="2026-01-02T03:04:05Z",
        duration_s=75.0,
        outcome="failed",
        stages=(
            StageView(stage="prepare", action="reuse", reason="nothing changed"),
            StageView(
                stage="train",
                action="run",
                reason="`params.yaml:lr` is 0.2, was 0.1",
                changes=("`params.yaml:lr` is 0.2, was 0.1", "only comments changed in `a.py`"),
                compared_with="abc1234",
            ),
        ),
        evidence=evidence,
        verdict=judge(evidence, before, GATE, baseline=BASELINE),
    )


def test_the_whole_report() -> None:
    text = report(run_of(param=0.2), run_of(0.9535, param=0.1), GATE)

    assert text == (
        "## ❌ Verdict: failed · `tumour`\n\n"
        "This change makes the model worse: `auc` falls from 0.9535 to 0.9412, and a loss of at "
        "most 0.01 is tolerated.\n\n"
        "Failed: 1 of 2 bars, on `auc`, against run abc1234 (alias `production`).\n\n"
        "### Metrics\n\n"
        "| metric | baseline | this run | difference | verdict |\n"
        "| --- | ---: | ---: | ---: | --- |\n"
        "| `auc` | 0.9535 | 0.9412 | -0.0123 | ✅ at least 0.9<br>❌ lost too much |\n"
        "| `loss` | 0.3000 | 0.3000 | 0 |  |\n\n"
        "### In words\n\n"
        "- ❌ `auc` is 0.9412 and fell by 0.0123 from 0.9535; a loss of at most 0.01 is "
        "tolerated.\n"
        "- ✅ `auc` is 0.9412; at least 0.9 is wanted.\n\n"
        "### What changed\n\n"
        "- `train` ran: `params.yaml:lr` is 0.2, was 0.1 (against run `abc1234`)\n"
        "  - only comments changed in `a.py`\n\n"
        "### Parameters changed\n\n"
        "| parameter | baseline | this run |\n| --- | --- | --- |\n"
        "| `params.yaml:lr` | `0.1` | `0.2` |\n\n"
        "### Cost\n\n"
        "| stage | did | took | processor | memory |\n| --- | --- | ---: | ---: | ---: |\n"
        "| `prepare` | reused from `abc1234` | 3.0 s | – | – |\n"
        "| `train` | ran | 1 m 12 s | 1 m 10 s | 1.0 GiB |\n\n"
        "What ran took 1 m 12 s; 1 stage was reused, which saved 3.0 s.\n\n"
        "---\n\n"
        f"run `def5678` · commit `{'2' * 40}` · branch `main` · started 2026-01-02 03:04 UTC · "
        "took 1 m 15 s · python `3.11.7` · evaluation data `eeeeeeeeeeee` · "
        "baseline: run `abc1234`, alias `production`\n"
    )


def test_without_a_baseline_there_is_no_difference() -> None:
    text = report(run_of(), None, GATE)

    assert "| `loss` | – | 0.3000 |" in text
    assert "Parameters changed" not in text


def test_a_metric_that_is_missing_is_in_the_table() -> None:
    text = report(run_of(name="acc"), None, GATE)

    assert "| `auc` |  | ❔ not known whether at least 0.9<br>❔ not known<br>" in text
    assert "❔ is not among the metrics; the nearest name is `acc` |" in text


def test_a_run_without_anything_has_a_report() -> None:
    assert "This run was not judged." in report(RunView(run="a"), None, Gate())


def test_examples_hold() -> None:
    assert doctest.testmod(safe_markdown).failed == 0
    assert doctest.testmod(markdown_plots).failed == 0


ATTACKS = [
    "<img src=x onerror=alert(1)>",
    "a|b",
    "a\\|b",
    "`; <b>",
    "``` x",
    "@everyone",
    "[x](http://evil.example)",
    "www.evil.example",
    "a\nb\n# c",
    "--- | ---",
    "</code><script>",
    "&lt;",
    "\u202e",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_outside_text_stays_text(attack: str) -> None:
    text = report(run_of(attack, name=attack, branch=attack, param=attack), run_of(0.9), GATE)

    assert_harmless(text)


@given(st.text(alphabet="`|\\<>&@#\n[]()x \u202e*_~", max_size=30))
def test_no_text_leaves_its_place(text: str) -> None:
    for safe in (code(text), sentence(text), sentence(f"`{text}` is {text}"), escape(text)):
        assert "\n" not in safe
        assert_harmless(f"| {safe} |")


def assert_harmless(text: str) -> None:
    """Read as a forge would: tables keep their columns, nothing outside code is markup."""
    columns = 0
    for line in text.splitlines():
        bars = line.count("|")
        if line.startswith("|"):
            columns = columns or bars
            assert bars == columns, line
        else:
            columns = 0
            assert not bars, line
        left = re.sub(r"<code>[0-9A-Za-z &#;]*</code>|`[^`]+`", "", line).replace("<br>", "")
        assert not re.search(r"[<>`\[\]\\]|@\w|(?<!&)#\d|://|(?i:www\.)", left), line


@pytest.mark.parametrize(
    ("outcome", "mark"),
    [(Outcome.PASSED, "✅"), (Outcome.FAILED, "❌"), (Outcome.UNKNOWN, "❔")],
)
def test_the_verdict_comes_first(outcome: Outcome, mark: str) -> None:
    auc = {Outcome.PASSED: 0.96, Outcome.FAILED: 0.5, Outcome.UNKNOWN: float("nan")}[outcome]

    assert report(run_of(auc), None, GATE).startswith(f"## {mark} Verdict: {outcome.value}")
