"""Who is to blame when a run that was made again came out otherwise. Serves `reproduce`.

A second training of the same inputs tells whether chance is. If it is not, what differs from the
record and can be put back is put back, one at a time: whatever brings the recorded numbers back is
to blame.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from branchline.core.verdict.blame import Blame, Suspect, Tried, blame_sentence

if TYPE_CHECKING:
    from collections.abc import Callable

    from branchline.render.reproduced import Reproduced


class MakeAgain(Protocol):
    """Makes the run again in a fresh place."""

    def __call__(self, without: tuple[str, ...]) -> Reproduced:
        """Make it again, with these environment variables not set."""
        ...


def blamed(
    made: Reproduced, make: MakeAgain, *, trains: bool, say: Callable[[str], None]
) -> Reproduced:
    """The same with who is to blame; as it is where the numbers hold.

    Args:
        made: What making the run again gave.
        make: Makes it again.
        trains: Whether further trainings may be made; else only what is recorded is compared.
        say: Told before each further training.
    """
    if made.outcome != "different":
        return made
    tried, proved = Tried.NOTHING, tuple[Suspect, ...]()
    if trains:
        say("training it once more, to see whether chance is to blame")
        tried = _compared(made, make(()))
        if tried is Tried.SAME:
            proved = _put_back(made, make, say)
    blame = Blame(
        suspects=made.suspects,
        proved=proved,
        tried=tried,
        stages=made.stages,
        known=made.knows_inputs or bool(made.suspects),
        has_exact_packages=bool(made.environment),
    )
    return replace(
        made, blame=blame_sentence(blame), proved=tuple(suspect.name for suspect in proved)
    )


def _compared(first: Reproduced, second: Reproduced) -> Tried:
    """Whether two trainings of the same inputs came out the same, by their metrics."""
    if not second.outcome:
        return Tried.NOTHING
    return Tried.SAME if _numbers(first) == _numbers(second) else Tried.CHANCE


def _numbers(made: Reproduced) -> list[tuple[str, str]]:
    """What decides whether a run is reproduced: its metrics; without any, its outputs."""
    metrics = [(row.name, row.now) for row in made.rows if row.kind == "metric"]
    return metrics or [(row.name, row.now) for row in made.rows]


def _put_back(made: Reproduced, make: MakeAgain, say: Callable[[str], None]) -> tuple[Suspect, ...]:
    """Those that bring the recorded numbers back: one alone, else all that can be put back."""
    movable = [suspect for suspect in made.suspects if suspect.was_unset]
    for suspect in movable:
        say(f"training it once more without {suspect.name}, which was not set then")
        if _is_as_recorded(make((_variable(suspect),))):
            return (suspect,)
    if len(movable) > 1:
        say("training it once more without all of them")
        if _is_as_recorded(make(tuple(map(_variable, movable)))):
            return tuple(movable)
    return ()


def _variable(suspect: Suspect) -> str:
    return suspect.name.removeprefix("$")


def _is_as_recorded(made: Reproduced) -> bool:
    return made.outcome in ("identical", "same_metrics")
