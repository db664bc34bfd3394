"""Station `changes`: the meaning of bytes, and the digest that every reading ends in."""

from __future__ import annotations

import hashlib

from branchline.core.changes.values import ALGORITHM, Import, Meaning, Reading

# What typing.TYPE_CHECKING says, without importing typing; checkers know the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def bytes_meaning(
    data: bytes,
    *,
    doubts: Sequence[str] = (),
    imports: Sequence[Import] = (),
    mentions: Sequence[str] = (),
    runs: Sequence[str] = (),
) -> Meaning:
    """A meaning that every byte of the file enters."""
    return Meaning(
        reading=Reading.BYTES,
        digest=content_digest(Reading.BYTES, data),
        imports=tuple(imports),
        mentions=tuple(mentions),
        runs=tuple(runs),
        doubts=tuple(doubts),
    )


def content_digest(reading: Reading, content: bytes) -> str:
    """SHA-256 hex over algorithm version, reading and canonical content."""
    hasher = hashlib.sha256(f"{ALGORITHM}:{reading.value}:".encode())
    hasher.update(content)
    return hasher.hexdigest()
