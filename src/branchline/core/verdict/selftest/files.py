"""Probe on folders of files: which of the evaluation were trained on, by content. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.values import Outcome
from branchline.core.verdict.selftest.values import Probe, Proof

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_SHOWN = 10


def same_files(train: Mapping[str, str], test: Mapping[str, str]) -> Proof:
    """Files of the evaluation whose bytes stand among the training files, too.

    Args:
        train: Path -> digest of what was trained on.
        test: Path -> digest of what it is evaluated on.

    >>> same_files({"a/1.png": "x"}, {"b/2.png": "x", "b/3.png": "y"}).numbers["exact"]
    1.0
    """
    known = set(train.values())
    hits = sorted(path for path, digest in test.items() if digest in known)
    share = len(hits) / len(test) if test else 0.0
    numbers = {"exact": float(len(hits)), "rows": float(len(test)), "share": share}
    shown = f"{len(hits):,} of {len(test):,} evaluation files have the bytes of a training file"
    if not hits:
        return Proof(
            probe=Probe.OVERLAP,
            outcome=Outcome.PASSED,
            sentence=f"{shown}; near copies were not looked for.",
            numbers=numbers,
        )
    return Proof(
        probe=Probe.OVERLAP,
        outcome=Outcome.FAILED,
        sentence=f"{shown}: the model is asked what it was told.",
        todo="Split so that no file, and nobody's copy of it, is on both sides.",
        numbers=numbers,
        examples=tuple(hits[:_MOST_SHOWN]),
    )
