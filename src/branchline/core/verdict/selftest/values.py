"""Values of the gate's self-test."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from branchline.core.values import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping


class Probe(Enum):
    """One question of the self-test; its value is the name that `gate.accept` takes."""

    SHUFFLED = "shuffled_labels"
    CONSTANT = "constant_metric"
    ITSELF = "champion_against_itself"
    OVERLAP = "train_test_overlap"
    FEATURE = "single_feature"
    TOO_GOOD = "too_good"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What one probe found.

    Attributes:
        probe: Which.
        outcome: Passed, failed, or unknown where it could not be asked; then the sentence says why.
        sentence: With its numbers.
        todo: What to do about it; "" when it passed.
        numbers: The same numbers by name, for programs.
        examples: A few places or names, for whoever looks into it; at most 10.
        is_accepted: Whether `gate.accept` says that this is known and fine.
    """

    probe: Probe
    outcome: Outcome
    sentence: str
    todo: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict)
    examples: tuple[str, ...] = ()
    is_accepted: bool = False


def unasked(probe: Probe, why: str, todo: str = "") -> Proof:
    """A probe that could not be asked."""
    return Proof(probe=probe, outcome=Outcome.UNKNOWN, sentence=f"Not asked: {why}.", todo=todo)


def stops(proofs: tuple[Proof, ...]) -> tuple[Proof, ...]:
    """Those that failed and that nobody has accepted: a model is not registered over them."""
    return tuple(p for p in proofs if p.outcome is Outcome.FAILED and not p.is_accepted)
