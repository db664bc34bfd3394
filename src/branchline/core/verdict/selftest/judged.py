"""What a self-test does to the verdict of a first model. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.core.values import Outcome
from branchline.core.verdict.selftest.values import stops
from branchline.core.verdict.values import SELFTEST, Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.verdict.selftest.values import Proof
    from branchline.core.verdict.values import Verdict

REMARK = "Self-test of the gate, before its first model"
"""How the remark on a self-test begins."""


def with_proofs(verdict: Verdict, proofs: Sequence[Proof]) -> Verdict:
    """The verdict with what the self-test of its gate found: what failed fails it.

    Args:
        verdict: Of the bars.
        proofs: Of all probes.
    """
    bad = stops(tuple(proofs))
    accepted = [proof for proof in proofs if proof.is_accepted]
    passed = sum(1 for proof in proofs if proof.outcome is Outcome.PASSED)
    remarks = list(verdict.remarks)
    if passed or bad or accepted:
        remarks.append(_remark(proofs, passed))
    if not bad:
        return replace(verdict, remarks=tuple(remarks))
    findings = [
        Finding(
            metric=proof.probe.value,
            outcome=Outcome.FAILED,
            rule=SELFTEST,
            sentence=f"{proof.sentence} {proof.todo}".strip(),
        )
        for proof in bad
    ]
    names = ", ".join(f"`{proof.probe.value}`" for proof in bad)
    return replace(
        verdict,
        outcome=Outcome.FAILED,
        findings=(*verdict.findings, *findings),
        summary=f"Failed: the self-test of the gate found {names}. {verdict.summary}",
        remarks=tuple(remarks),
    )


def _remark(proofs: Sequence[Proof], passed: int) -> str:
    accepted = sum(1 for proof in proofs if proof.is_accepted)
    unknown = sum(1 for proof in proofs if proof.outcome is Outcome.UNKNOWN)
    said = f"{REMARK}: {passed} of {len(proofs)} probes passed"
    said += f", {accepted} accepted" if accepted else ""
    said += f", {unknown} could not be asked" if unknown else ""
    return f"{said} (`branchline gate selftest`)."
