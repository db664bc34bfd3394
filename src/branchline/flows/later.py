"""What a search does with the results of a trial while the next one trains. Serves `run`.

A result is in the ledger before anything waits here: a kill loses none. What waits is what makes it
known elsewhere: the records in git, DVC's run cache, the end of its run in the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from branchline.errors import BranchlineError, ProgramKilledError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable


@dataclass(slots=True)
class Later:
    """Work that waits for a moment in which only a training goes on.

    Args:
        say: Told what could not be done; the trial that it belongs to has ended well.
    """

    say: Callable[[str], None]
    has_begun: bool = False
    """Whether a walk of this process has taken up what others left."""
    _waiting: list[Callable[[], object]] = field(default_factory=list)
    _keys: set[str] = field(default_factory=set)

    def add(self, work: Callable[[], object], keys: Iterable[str] = ()) -> None:
        """Let work wait, and what it does be known by the keys of the results."""
        self._waiting.append(work)
        self._keys.update(keys)

    def is_needed(self, keys: Collection[str | None]) -> bool:
        """Whether a plan with these keys would be another one if nothing were waiting."""
        return not self._keys.isdisjoint(keys)

    def do(self) -> None:
        """Do all that waits."""
        waiting, self._waiting = self._waiting, []
        self._keys.clear()
        for work in waiting:
            try:
                work()
            except ProgramKilledError:
                raise
            except BranchlineError as error:
                self.say(f"a result is not kept everywhere: {error.message}")
