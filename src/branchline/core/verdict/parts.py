"""Parts of the evaluation set: a loss in one group is found and named. Pure.

A part guards: it fails the verdict where it lost more than the margin beyond chance, corrected for
the number of parts that are looked at (Holm). One that shows no loss proves little, and one with
few examples nothing: both are shown and change no verdict.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from branchline.core.policy import Goal
from branchline.core.run.student import t_quantile
from branchline.core.values import Outcome
from branchline.core.verdict.bars import LOSSES, Bar
from branchline.core.verdict.compared import change_in_words
from branchline.core.verdict.values import Answer, Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.policy import Gate, MetricRule
    from branchline.core.verdict.noise.values import Difference, Spread

RULE = "slices"
_LONGEST = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One metric on one part of the evaluation set.

    Attributes:
        rule: Of the metric.
        where: `column=value`, or a column that makes no parts.
        count: How many examples it has.
        difference: The comparison there; None when it is not judged.
        problem: Why it is not.
    """

    rule: MetricRule
    where: str
    count: int
    difference: Difference | None = None
    problem: str = ""


def parts_judged(parts: Sequence[Part], gate: Gate) -> tuple[Finding, ...]:
    """A finding for each part, in the order given.

    Args:
        parts: Of all metrics and columns; they are one family.
        gate: Names the confidence.
    """
    from branchline.core.verdict.noise.holm import holm

    adjusted = holm(
        [
            float("nan") if p.difference is None or p.difference.problem else p.difference.p_worse
            for p in parts
        ]
    )
    judged = sum(1 for p in adjusted if p == p)  # NaN was not judged
    return tuple(_finding(part, p, gate, judged) for part, p in zip(parts, adjusted, strict=True))


def _finding(part: Part, p_worse: float, gate: Gate, judged: int) -> Finding:
    rule, difference = part.rule, part.difference
    kind = next(kind for kind in LOSSES if getattr(rule, kind) is not None)
    where = where_in_words(part.where)
    if difference is None or difference.problem:
        problem = part.problem or (difference.problem if difference else "") or "not judged"
        return Finding(
            metric=rule.name,
            outcome=Outcome.UNKNOWN,
            sentence=f"`{rule.name}` {where}: {problem}.",
            rule=RULE,
            where=part.where[:_LONGEST],
            counts=False,
        )
    from branchline.core.verdict.answer import answer_of

    bar = Bar(rule=rule, kind=kind, bound=getattr(rule, kind), value=difference.candidate)
    answer, noise = answer_of(
        difference.estimate,
        rule.goal,
        margin=bar.margin(difference.champion),
        min_gain=None,
        confidence=gate.confidence,
        sampling=difference,
        training=None,
    )
    is_proven = p_worse <= 1 - gate.confidence
    if answer is Answer.WORSE and not is_proven:
        answer = Answer.CANNOT_TELL
    outcome = {
        Answer.WORSE: Outcome.FAILED,
        Answer.CANNOT_TELL: Outcome.UNKNOWN,
    }.get(answer, Outcome.PASSED)
    said = answer.value if answer is not Answer.CANNOT_TELL else "not shown to be worse"
    change = change_in_words(
        difference.candidate, difference.champion, difference.estimate, rule, noise
    )
    among = f"; it holds among {judged} parts that are looked at (Holm)" if judged > 1 else ""
    found = bar.finding(
        outcome,
        f"`{rule.name}` is {said} {where}: {change}{among if outcome is Outcome.FAILED else ''}. "
        f"{bar.wanted[0].upper()}{bar.wanted[1:]}.",
        difference.champion,
        answer=answer,
        noise=noise,
    )
    return replace(found, rule=RULE, where=part.where[:_LONGEST], counts=outcome is Outcome.FAILED)


def with_seeds(part: Finding, spread: Spread | None, goal: Goal) -> Finding:
    """A finding on a part, once it is known what another seed does to the metric.

    Only the predictions of the two own trainings are known by example, so that a loss that two
    trainings of the same differ by is no proof. A part moves at least as much as the whole.

    Args:
        part: As examples alone tell it.
        spread: Of the metric on the whole evaluation set; None when it is not known.
        goal: Which way is better.
    """
    noise = part.noise
    if spread is None or not spread.sd or noise is None or part.outcome is not Outcome.FAILED:
        return part
    seeds = t_quantile(noise.confidence, spread.freedom) * math.sqrt(2) * spread.sd
    middle = (noise.low + noise.high) / 2
    low = middle - math.hypot(middle - noise.low, seeds)
    high = middle + math.hypot(noise.high - middle, seeds)
    best = high if goal is Goal.MAXIMIZE else -low
    known = replace(noise, low=low, high=high, training=seeds)
    if best < 0:
        return replace(part, noise=known)
    return replace(
        part,
        outcome=Outcome.UNKNOWN,
        answer=Answer.CANNOT_TELL,
        noise=known,
        sentence=f"{part.sentence} Another seed moves it by as much: no proof.",
        counts=False,
    )


def where_in_words(where: str) -> str:
    """A part in words.

    >>> where_in_words("site=B")
    'where `site` is `B`'
    """
    column, equals, value = where.replace("`", "'").partition("=")
    if not equals:
        return f"by `{column[:_LONGEST]}`"
    return f"where `{column[:_LONGEST]}` is `{value[:_LONGEST]}`"
