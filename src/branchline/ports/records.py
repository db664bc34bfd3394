"""Port `records`: what happened, as small JSON in git refs.

Refs (all point at blobs or trees, never at commits, so no log and no branch shows them):

    refs/branchline/results/<key[:2]>/<key>/<observed digest, 16 characters>   blob, a Result;
                                            from the second attempt on with its number: `-2`
    refs/branchline/runs/<run id>                                              tree, one run
        run.json  plan.json  evidence.json  verdict.json  plots/...
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.plan.values import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """One run's record as it stands in git: file name -> bytes (`plan.json`, `plots/roc.csv`)."""

    run: str
    files: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What a push or fetch of records did: refs sent, received, and those where the other won."""

    sent: int = 0
    received: int = 0
    kept_theirs: tuple[str, ...] = ()


class Records(Protocol):
    """The records of one repository."""

    def results(self, keys: Sequence[str]) -> Mapping[str, Sequence[Result]]:
        """Key -> results recorded under it, newest first; keys without one are left out.

        Raises:
            RecordError: git refused. (A record of a newer schema is left out.)
        """
        ...

    def latest_results(self, stages: Sequence[str]) -> Mapping[str, Result]:
        """Stage address -> its newest result, from the newest runs, to explain against."""
        ...

    def add_results(self, results: Sequence[Result]) -> Sequence[Result]:
        """Record results, each with compare-and-swap.

        Returns:
            For each, the result that stands now: ours, or the one that was there first.
        """
        ...

    def run_ids(self) -> Sequence[str]:
        """Ids of all recorded runs, oldest first."""
        ...

    def runs(
        self, ids: Sequence[str] | None = None, *, names: Sequence[str] | None = None
    ) -> Sequence[StoredRun]:
        """Records of runs (all when None), oldest first; with `names`, only these files."""
        ...

    def add_run(self, base: str, files: Mapping[str, bytes]) -> str:
        """Record a run as `base`, or `base-2`, `base-3`, ... where that is taken.

        Returns:
            The id that it got.
        """
        ...

    def push(self, remote: str) -> Exchange:
        """Send records to a remote; what is there already stays there.

        Raises:
            RecordError: git refused; its message follows.
        """
        ...

    def fetch(self, remote: str) -> Exchange:
        """Get records from a remote; what is here already stays here."""
        ...

    def state_files(self) -> Sequence[str]:
        """Absolute paths whose stat signatures move when a record is added (for the no-op path)."""
        ...
