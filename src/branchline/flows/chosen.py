"""The trial whose values a person wants: refused before it costs anything. Serves `trials`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.run.trials import Trial
    from branchline.flows.search import Search
    from branchline.ports.studies import Studies


def refuse_number_of_none(asked: Search, studies: Studies, most: int | None) -> None:
    """See that a search like this one can have such a trial, before anything is trained.

    Which of the searches of before it goes on with is known only after its first training: any
    of them may hold trials beyond those that are asked for now.

    Args:
        asked: The search; its `choose`.
        studies: Searches of before.
        most: How many points there are; None where there is no end.

    Raises:
        UsageError: There can be none.
    """
    if asked.choose is None:
        return
    past = studies.past(objective=asked.words(), limit=10**6)
    known = max((one.trial.number for study in past for one in study.trials), default=0)
    new = asked.trials if most is None else min(asked.trials, most)
    _refuse_beyond(asked.choose, max(known + asked.further, 0 if asked.further else new))


def refuse_choice(asked: Search, made: Mapping[int, Trial], total: int) -> None:
    """The same, once the trials of this very search are known.

    Args:
        asked: The search; its `choose`.
        made: Its trials so far, by their numbers.
        total: How many it makes.

    Raises:
        UsageError: There is no such trial, or it left no number.
    """
    number = asked.choose
    if number is None:
        return
    _refuse_beyond(number, max(total, *made, 0))
    trial = made.get(number)
    if trial is not None and not trial.has_value:
        why = trial.detail or trial.state.value
        raise UsageError(
            f"--choose {number}: trial {number} left no number: {why}",
            todo="Choose one that has a number; `branchline tune` shows them.",
        )


def _refuse_beyond(number: int, most: int) -> None:
    if number > most:
        raise UsageError(
            f"--choose {number}: trial {number} is not there, the search has at most {most}",
            todo="Choose one of the table that `branchline tune` shows, or let it make more by"
            " `--trials N` or `--more N`.",
        )
