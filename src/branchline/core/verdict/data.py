"""What broken data do to a verdict. Pure.

Where data are bad, nothing was trained on them, so there is nothing else to judge.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.core.values import Outcome
from branchline.core.verdict.values import RULE_OF_DATA, Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.evidence.data.values import DataReport
    from branchline.core.verdict.values import Verdict


def with_data(verdict: Verdict, reports: Sequence[DataReport]) -> Verdict:
    """The verdict of a run whose data were checked: broken data stand for all of it."""
    findings = tuple(
        Finding(
            metric=report.path,
            outcome=finding.outcome,
            sentence=f"`{report.path}`: {finding.sentence}",
            rule=RULE_OF_DATA + finding.rule,
            value=None if finding.broken is None else float(finding.broken),
        )
        for report in reports
        for finding in report.broken
    )
    if not findings:
        return verdict
    is_failed = any(f.outcome is Outcome.FAILED for f in findings)
    return replace(
        verdict,
        outcome=Outcome.FAILED if is_failed else Outcome.UNKNOWN,
        findings=findings,
        summary=summary_of(reports),
    )


def summary_of(reports: Sequence[DataReport]) -> str:
    """One sentence on data that stopped a run; "" where none did."""
    bad = [report for report in reports if report.outcome is not Outcome.PASSED]
    if not bad:
        return ""
    told = [f"`{r.path}` {_what(r)}" for r in bad[:3]]
    more = f", and {len(bad) - 3} more" if len(bad) > 3 else ""
    is_failed = any(report.outcome is Outcome.FAILED for report in bad)
    what = "Failed: bad data" if is_failed else "Not known whether the data are good"
    return f"{what}, so nothing was trained on them. {'; '.join(told)}{more}."


def _what(report: DataReport) -> str:
    if any(finding.rule == "unreadable" for finding in report.broken):
        return "cannot be read"
    if report.check == "drift":
        return f"drifted from {report.against}"
    count = len(report.broken)
    if report.outcome is Outcome.UNKNOWN:
        return f"cannot be held against all of `{report.against}`"
    rules = "1 rule" if count == 1 else f"{count} rules"
    return f"breaks {rules} of `{report.against}`"
