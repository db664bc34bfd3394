"""Port `records`: what happened, as small JSON in git refs.

Refs (all point at blobs or trees, never at commits, so no log and no branch shows them):

    refs/branchline/results/<key[:2]>/<key>/<observed digest, 16 characters>   blob, a Result;
                                            from the second attempt on with its number: `-2`
    refs/branchline/answers/<digest of pipeline and lock>/<when>-<run id>      blob, what a plan
                                            that left nothing to do had looked at (`cli.answers`)
    refs/branchline/noise/<content, 32 characters>/<seed>                      blob, one training
                                            that was made to learn how much chance does
    refs/branchline/looks/<model>/<when>-<what was seen, 12 characters>        blob, one look at the
                                            model in production; the oldest are deleted
    refs/branchline/approvals/<run id>                                         blob, who let an open
                                            verdict pass, and when
    refs/branchline/runs/<run id>                                              tree, one run
        run.json  plan.json  evidence.json  verdict.json  meanings.json  profile.json  plots/...
        champion.json, where the champion was scored again
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.plan.values import Result

CHAMPION_FILE = "champion.json"
"""File of a run's record: the champion's evidence, where it was scored again for this run."""


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


class RunFileCache(Protocol):
    """`run.json` of runs, by the tree that holds it. May be deleted at any time, never wrong."""

    @abstractmethod
    def load(self, trees: Sequence[str]) -> Mapping[str, bytes]:
        """Tree -> its run.json; trees that were never saved, and all without one, are left out."""
        ...

    @abstractmethod
    def save(self, files: Mapping[str, bytes]) -> None:
        """Add some: tree -> its run.json, never empty."""
        ...


class Records(Protocol):
    """The records of one repository."""

    @abstractmethod
    def results(self, keys: Sequence[str]) -> Mapping[str, Sequence[Result]]:
        """Key -> results recorded under it, newest first; keys without one are left out.

        Raises:
            RecordError: git refused. (A record of a newer schema is left out.)
        """
        ...

    @abstractmethod
    def latest_results(self, stages: Sequence[str], *, model: str = "") -> Mapping[str, Result]:
        """Stage address -> its newest result, from the newest runs, to explain against.

        Args:
            stages: Addresses.
            model: Whose runs count; "" for all.
        """
        ...

    @abstractmethod
    def add_results(self, results: Sequence[Result]) -> Sequence[Result]:
        """Record results, each with compare-and-swap.

        Returns:
            For each, the result that stands now: ours, or the one that was there first.
        """
        ...

    @abstractmethod
    def compact(self) -> bool:
        """Make what has piled up quick to list; says whether there was something to do."""
        ...

    @abstractmethod
    def run_ids(self) -> Sequence[str]:
        """Ids of all recorded runs, oldest first."""
        ...

    @abstractmethod
    def runs(
        self, ids: Sequence[str] | None = None, *, names: Sequence[str] | None = None
    ) -> Sequence[StoredRun]:
        """Records of runs (all when None), oldest first; with `names`, only these files."""
        ...

    @abstractmethod
    def add_run(self, base: str, files: Mapping[str, bytes]) -> str:
        """Record a run as `base`, or `base-2`, `base-3`, ... where that is taken.

        Returns:
            The id that it got.
        """
        ...

    @abstractmethod
    def standing(self, key: str) -> Mapping[str, str]:
        """Where the results of a key stand, below `results/`, and the object that each place holds.

        Names that mean the same in every clone; empty where there is no result.
        """
        ...

    @abstractmethod
    def has_answer(self, place: str) -> bool:
        """Whether an answer is recorded at `place/...`."""
        ...

    @abstractmethod
    def add_answer(self, place: str, content: bytes) -> None:
        """Record an answer at `place`, two words with a slash between them; the first one stays."""
        ...

    @abstractmethod
    def approval(self, run: str) -> bytes | None:
        """The approval that is recorded of a run; None when there is none."""
        ...

    @abstractmethod
    def add_approval(self, run: str, content: bytes) -> bytes:
        """Record an approval of a run, with compare-and-swap.

        Returns:
            The one that stands now: ours, or the one that was there first.
        """
        ...

    @abstractmethod
    def add_noise(self, place: str, content: bytes) -> None:
        """Record a training at `place`, two words with a slash between them; the first one stays.

        It stands when this returns, whatever becomes of the process.
        """
        ...

    @abstractmethod
    def noise(self) -> Mapping[str, bytes]:
        """Place -> all trainings that were recorded so."""
        ...

    @abstractmethod
    def add_look(self, place: str, content: bytes) -> None:
        """Record a look at `place`, two words with a slash between them; the first one stays.

        It stands when this returns, whatever becomes of the process.
        """
        ...

    @abstractmethod
    def looks(self, folder: str) -> Mapping[str, bytes]:
        """Place -> what is recorded there, of the places `folder/...`."""
        ...

    @abstractmethod
    def drop_looks(self, places: Sequence[str]) -> None:
        """Forget looks here; those that are not there are forgotten already."""
        ...

    @abstractmethod
    def push(self, remote: str) -> Exchange:
        """Send records to a remote; what is there already stays there.

        Raises:
            RecordError: git refused; its message follows.
        """
        ...

    @abstractmethod
    def fetch(self, remote: str) -> Exchange:
        """Get records from a remote; what is here already stays here."""
        ...

    @abstractmethod
    def state_files(self) -> Sequence[str]:
        """Absolute paths whose stat signatures move when a record is added (for the no-op path)."""
        ...
