"""The line below a search: on a terminal only."""

from __future__ import annotations

import io

import pytest

from branchline.cli.console import Color, Console
from branchline.cli.search_progress import SearchProgress
from branchline.core.policy import Goal
from branchline.core.run.trial_events import TrialBegun, TrialEnded
from branchline.core.run.trials import Trial, TrialState
from branchline.render.trials import event_words


class Screen(io.StringIO):
    """A terminal that remembers everything."""

    def isatty(self) -> bool:
        return True


def progress_on(out: io.StringIO, *, is_quiet: bool = False, term: str = "xterm") -> SearchProgress:
    environment = {"TERM": term, "COLUMNS": "100"}
    console = Console(out, io.StringIO(), color=Color.NEVER, environment=environment)
    ticks = iter(range(0, 10_000, 10))
    return SearchProgress(
        console, "auc", Goal.MAXIMIZE, is_quiet=is_quiet, clock=lambda: float(next(ticks))
    )


def follow(progress: SearchProgress) -> None:
    with progress:
        for number, value in ((1, 0.7), (2, 0.9)):
            params = {"lr": number / 10}
            trial = Trial(number=number, params=params, state=TrialState.SUCCEEDED, value=value)
            for event in (
                TrialBegun(number=number, total=4, params=params),
                TrialEnded(trial=trial, total=4),
            ):
                progress.hear(event)
                progress.say(event_words(event, "auc"))


def test_a_terminal_sees_where_the_search_is() -> None:
    out = Screen()

    follow(progress_on(out))

    assert "trial 1 of 4: succeeded, auc 0.7" in out.getvalue()
    assert "2/4 trials · best auc 0.9 (trial 2: lr 0.2)" in out.getvalue()


@pytest.mark.parametrize(
    "out", [pytest.param(io.StringIO(), id="a-pipe"), pytest.param(Screen(), id="a-dumb-terminal")]
)
def test_elsewhere_there_are_lines_only(out: io.StringIO) -> None:
    follow(progress_on(out, term="dumb"))

    assert out.getvalue().splitlines() == [
        "trial 1 of 4: lr 0.1",
        "trial 1 of 4: succeeded, auc 0.7",
        "trial 2 of 4: lr 0.2",
        "trial 2 of 4: succeeded, auc 0.9",
    ]


def test_who_asks_for_quiet_gets_it() -> None:
    out = Screen()

    progress = progress_on(out, is_quiet=True)
    follow(progress)

    assert out.getvalue() == ""
    assert progress.standing.done == 2
