"""Port `own_checks`: checks of data that a project has already, run as they are."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from branchline.core.evidence.data.values import DataFinding


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnReport:
    """What such a check said: findings that did not pass, of how many rules, on how many rows."""

    findings: tuple[DataFinding, ...]
    rules: int
    rows: int | None = None


class OwnChecks(Protocol):
    """Runs the project's pandera, Great Expectations or Evidently, in the project's Python."""

    @abstractmethod
    def run(self, kind: str, spec: str, path: str, *, reference: str = "") -> OwnReport:
        """Run one check over one file.

        Args:
            kind: `pandera`, `great_expectations` or `evidently`.
            spec: `module:Schema`, the suite's file, or the preset's name.
            path: The data, from the root.
            reference: Data to compare with; "" for none.

        Raises:
            DataCheckError: It could not run; the end of what it printed is in `details`.
        """
        ...
