"""Findings as lines: what is news in full, the rest in short."""

from __future__ import annotations

from branchline.core.values import Outcome
from branchline.core.verdict.values import Answer, Baseline, Finding, Noise, Verdict
from branchline.render.findings import finding_lines, verdict_word, word_of

NOISE = Noise(low=-1.0, high=1.0, confidence=0.95)


def part(value: str, answer: Answer | None, outcome: Outcome, *, why: str = "") -> Finding:
    return Finding(
        metric="auc",
        outcome=outcome,
        sentence=f"`auc` where `site` is `{value}`: {why}.",
        rule="slices",
        answer=answer,
        where=f"site={value}",
        counts=outcome is Outcome.FAILED,
    )


def whole(answer: Answer, outcome: Outcome) -> Finding:
    return Finding(
        metric="auc", outcome=outcome, sentence="whole.", rule="max_regression", answer=answer,
        noise=NOISE,
    )  # fmt: skip


LOST = part("a`b", Answer.WORSE, Outcome.FAILED)
KEPT = part("c", Answer.NO_WORSE, Outcome.PASSED)
SMALL = part("d", None, Outcome.UNKNOWN, why="not judged (57 rows)")


def test_a_part_that_lost_alone_stands_by_itself() -> None:
    lines = finding_lines([whole(Answer.NO_WORSE, Outcome.PASSED), LOST, KEPT, SMALL])

    assert [line.word for line in lines] == ["passed", "failed", "parts"]
    assert lines[2].sentence == (
        "`auc` by `site`: no loss is shown where it is `c`; `d` not judged (57 rows)."
    )
    assert lines[2].outcome is None


def test_parts_of_a_whole_that_lost_are_one_line() -> None:
    lines = finding_lines([whole(Answer.WORSE, Outcome.FAILED), LOST, KEPT])

    assert [line.word for line in lines] == ["failed", "parts"]
    assert lines[1].sentence == (
        "`auc` by `site`: worse where it is `a'b`; no loss is shown where it is `c`."
    )


def test_many_parts_are_cut() -> None:
    parts = [part(str(n), Answer.NO_WORSE, Outcome.PASSED) for n in range(40)]
    parts += [part(f"x{n}", None, Outcome.UNKNOWN, why="not judged (1 row)") for n in range(40)]

    (line,) = finding_lines(parts)

    assert "and 34 more" in line.sentence
    assert "34 more not judged" in line.sentence


def test_words() -> None:
    still_open = whole(Answer.CANNOT_TELL, Outcome.UNKNOWN)
    verdict = Verdict(
        outcome=Outcome.UNKNOWN, findings=(still_open,), baseline=Baseline(), summary=""
    )

    assert word_of(still_open) == "open"
    assert verdict_word(verdict) == "cannot tell yet"
