"""The self-test of a gate, for people and as JSON. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.evidence.evidence_json import number_to_json
from branchline.core.plain_text import plain
from branchline.core.values import SCHEMA_VERSION, Outcome
from branchline.render.table import Line, Tone, cell, line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.values import JsonValue
    from branchline.core.verdict.selftest.values import Proof

_NAMES = {
    "shuffled_labels": "shuffled predictions are refused",
    "champion_against_itself": "the champion against itself is no different",
    "constant_metric": "the metrics move with the predictions",
    "too_good": "no score is too good to be true",
    "train_test_overlap": "nothing of the evaluation was trained on",
    "single_feature": "no column alone tells the answer",
}
_WORDS = {
    Outcome.PASSED: ("passed", Tone.GOOD),
    Outcome.FAILED: ("FAILED", Tone.BAD),
    Outcome.UNKNOWN: ("unknown", Tone.UNSURE),
}


def selftest_lines(run: str, proofs: Sequence[Proof]) -> tuple[Line, ...]:
    """The proofs, one after the other, with what to do about those that did not pass."""
    lines = [line(f"The gate, asked with what run {run} left:"), line("")]
    for proof in proofs:
        word, tone = _WORDS[proof.outcome]
        if proof.is_accepted:
            word, tone = "accepted", Tone.DIM
        name = proof.probe.value
        lines.append(
            line(
                "  ", cell(f"{word:<8}", tone), "  ", cell(_NAMES[name], Tone.STRONG), f" ({name})"
            )
        )
        lines.append(line(f"            {plain(proof.sentence)}"))
        if proof.examples:
            lines.append(line(f"            such as {plain(', '.join(proof.examples[:5]))}"))
        if proof.todo and proof.outcome is not Outcome.PASSED and not proof.is_accepted:
            lines.append(line(f"            -> {plain(proof.todo)}"))
    return (*lines, line(""), line(selftest_summary(proofs)))


def selftest_summary(proofs: Sequence[Proof]) -> str:
    """One sentence on all of them.

    >>> selftest_summary([])
    'Nothing was asked.'
    """
    if not proofs:
        return "Nothing was asked."
    bad = [p.probe.value for p in proofs if p.outcome is Outcome.FAILED and not p.is_accepted]
    passed = sum(1 for proof in proofs if proof.outcome is Outcome.PASSED)
    unknown = sum(1 for proof in proofs if proof.outcome is Outcome.UNKNOWN)
    if bad:
        names = ", ".join(bad)
        return (
            f"{len(bad)} of {len(proofs)} probes failed. Mend it, or say that it is fine:"
            f" gate: {{accept: [{names}]}}."
        )
    end = f"; {unknown} could not be asked" if unknown else ""
    return f"{passed} of {len(proofs)} probes passed, none failed{end}."


def selftest_to_json(run: str, proofs: Sequence[Proof]) -> dict[str, JsonValue]:
    """The same as plain JSON values, `schema_version` first."""
    return {
        "schema_version": SCHEMA_VERSION,
        "run": run,
        "probes": [
            {
                "probe": proof.probe.value,
                "outcome": proof.outcome.value,
                "is_accepted": proof.is_accepted,
                "sentence": proof.sentence,
                "todo": proof.todo,
                "numbers": {name: number_to_json(n) for name, n in proof.numbers.items()},
                "examples": list(proof.examples),
            }
            for proof in proofs
        ],
    }
