"""The findings of a verdict, the ones that matter in full and the rest in short. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.values import Outcome
from branchline.core.verdict.values import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from branchline.core.verdict.values import Finding, Verdict

_NAMED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingLine:
    """One line about a verdict.

    Attributes:
        word: passed, failed, unknown, open (chance leaves it open), or parts.
        outcome: Passed, failed or unknown; None of a line that changes no verdict.
        metric: Which metric it is about.
        sentence: The finding.
    """

    word: str
    outcome: Outcome | None
    metric: str
    sentence: str


def finding_lines(findings: Iterable[Finding]) -> tuple[FindingLine, ...]:
    """The findings in their order; parts that say nothing new as one line a metric and column.

    A part that lost stands by itself where the whole did not: that is the news.
    """
    lines: list[FindingLine] = []
    quiet: dict[tuple[str, str], list[Finding]] = {}
    findings = tuple(findings)
    lost = {f.metric for f in findings if f.answer is Answer.WORSE and not f.where}
    for finding in findings:
        if not finding.counts or (finding.where and finding.metric in lost):
            column = finding.where.partition("=")[0]
            quiet.setdefault((finding.metric, column), []).append(finding)
            continue
        lines.append(
            FindingLine(
                word=word_of(finding),
                outcome=finding.outcome,
                metric=finding.metric,
                sentence=finding.sentence,
            )
        )
    lines += [_in_short(metric, column, parts) for (metric, column), parts in quiet.items()]
    return tuple(lines)


def word_of(finding: Finding) -> str:
    """passed, failed, unknown; open where chance alone leaves it unknown."""
    if finding.outcome is Outcome.UNKNOWN and finding.answer is Answer.CANNOT_TELL:
        return "open"
    return finding.outcome.value


def verdict_word(verdict: Verdict) -> str:
    """passed, failed, unknown; "cannot tell yet" where chance alone leaves it unknown."""
    if verdict.outcome is Outcome.UNKNOWN and verdict.is_inconclusive:
        return Answer.CANNOT_TELL.value
    return verdict.outcome.value


def _in_short(metric: str, column: str, parts: list[Finding]) -> FindingLine:
    worse = [part for part in parts if part.outcome is Outcome.FAILED]
    judged = [part for part in parts if part.answer is not None and part not in worse]
    others = [part for part in parts if part.answer is None]
    said = []
    if worse:
        said.append(f"worse where it is {_names(worse)}")
    if judged:
        said.append(f"no loss is shown where it is {_names(judged)}")
    said += [_problem(part) for part in others[:_NAMED]]
    if len(others) > _NAMED:
        said.append(f"{len(others) - _NAMED} more not judged")
    return FindingLine(
        word="parts",
        outcome=None,
        metric=metric,
        sentence=f"`{metric}` by `{column.replace('`', chr(39))}`: {'; '.join(said)}.",
    )


def _problem(part: Finding) -> str:
    value = part.where.partition("=")[2].replace("`", "'")
    why = part.sentence.rpartition(": ")[2].removesuffix(".")
    return f"`{value}` {why}" if value else why


def _names(parts: list[Finding]) -> str:
    values = [f"`{part.where.partition('=')[2].replace('`', chr(39))}`" for part in parts]
    more = f" and {len(values) - _NAMED} more" if len(values) > _NAMED else ""
    return ", ".join(values[:_NAMED]) + more
