"""The kind of value that is left out on purpose: `params.yaml:` with nothing behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from branchline.config.kinds import Kind

__all__ = ["Nothing"]


@dataclass(frozen=True)
class Nothing(Kind):
    """No value.

    Attributes:
        words: What it stands for.
    """

    words: str = "nothing"

    def accepts(self, value: object) -> bool:
        """Whether there is none."""
        return value is None

    def schema(self) -> dict[str, Any]:
        """As JSON Schema."""
        return {"type": "null"}
