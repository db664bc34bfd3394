"""Port `records`, in memory: the results of trainings that a replay takes for done.

Nothing is read from git's records, so that the history is judged as it was lived.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from branchline.core.plan.keys import observed_digest
from branchline.errors import RecordError
from branchline.ports.past import PretendedRecords

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.plan.values import Result
    from branchline.ports.records import Exchange, StoredRun


class ReplayedRecords(PretendedRecords):
    """Results of one model's replay.

    Attributes:
        world: What no key knows of, as a text: submodules. Results of another world do not count.
    """

    def __init__(self) -> None:
        self.world = ""
        self._results: dict[tuple[str, str], dict[str, Result]] = {}
        self._latest: dict[tuple[str, str], Result] = {}

    def results(self, keys: Sequence[str]) -> Mapping[str, Sequence[Result]]:
        """See the port."""
        found = {key: self._results.get((self.world, key)) for key in keys}
        return {key: tuple(reversed(kept.values())) for key, kept in found.items() if kept}

    def latest_results(self, stages: Sequence[str], *, model: str = "") -> Mapping[str, Result]:  # noqa: ARG002
        """See the port: one model is replayed at a time."""
        found = {stage: self._latest.get((self.world, stage)) for stage in stages}
        return {stage: result for stage, result in found.items() if result is not None}

    def add_results(self, results: Sequence[Result]) -> Sequence[Result]:
        """See the port. The newest of the same inputs stands, so that it is the one to explain."""
        for result in results:
            kept = self._results.setdefault((self.world, result.key), {})
            name = observed_digest(result.observed)
            kept.pop(name, None)
            kept[name] = result
            self._latest[self.world, result.stage] = result
        return tuple(results)

    def compact(self) -> bool:
        """See the port: there is nothing to do."""
        return False

    def run_ids(self) -> Sequence[str]:
        """See the port: a replay has no runs."""
        return ()

    def runs(
        self, ids: Sequence[str] | None = None, *, names: Sequence[str] | None = None
    ) -> Sequence[StoredRun]:
        """See the port: a replay has no runs."""
        del ids, names
        return ()

    def standing(self, key: str) -> Mapping[str, str]:
        """See the port."""
        return dict.fromkeys(self._results.get((self.world, key), {}), key)

    def has_answer(self, place: str) -> bool:
        """See the port: a replay has no answers."""
        del place
        return False

    def approval(self, run: str) -> bytes | None:
        """See the port: a replay has no approvals."""
        del run
        return None

    def noise(self) -> Mapping[str, bytes]:
        """See the port: a replay trains nothing."""
        return {}

    def state_files(self) -> Sequence[str]:
        """See the port: nothing is written."""
        return ()

    def add_run(self, base: str, files: Mapping[str, bytes]) -> str:
        """See the port: refused."""
        self._refuse(base, files)

    def add_answer(self, place: str, content: bytes) -> None:
        """See the port: refused."""
        self._refuse(place, content)

    def add_approval(self, run: str, content: bytes) -> bytes:
        """See the port: refused."""
        self._refuse(run, content)

    def add_noise(self, place: str, content: bytes) -> None:
        """See the port: refused."""
        self._refuse(place, content)

    def add_look(self, place: str, content: bytes) -> None:
        """See the port: refused."""
        self._refuse(place, content)

    def looks(self, folder: str) -> Mapping[str, bytes]:  # noqa: ARG002 # as the port has it
        """See the port: history has none."""
        return {}

    def drop_looks(self, places: Sequence[str]) -> None:
        """See the port: refused."""
        self._refuse(", ".join(places), None)

    def push(self, remote: str) -> Exchange:
        """See the port: refused."""
        self._refuse(remote, None)

    def fetch(self, remote: str) -> Exchange:
        """See the port: refused."""
        self._refuse(remote, None)

    def _refuse(self, name: str, held: object) -> NoReturn:
        del held
        raise RecordError(f"a replay records nothing: `{name}`")
