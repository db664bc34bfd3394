"""Port `trials`: a fake that computes its trials, and what every implementation must do.

To check an implementation, inherit `TrialsContract` in a test module, give it a fixture `runner`
whose trials succeed, and say in `stop` how what is running is ended.
"""

# ruff: noqa: S101 - a contract suite is made of assertions

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from branchline.core.run.trials import Trial, TrialState
from branchline.ports.trials import TrialAsk, TrialDone, TrialRunner

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from branchline.core.values import JsonValue


class FakeTrials(TrialRunner):
    """Makes a trial by a function; of several at work the last begun ends first.

    Args:
        value_of: Point -> the objective; None fails the trial.
        slots: How many at once.
        read_of: Point -> undeclared files that the trial reads -> digest.

    Attributes:
        asks: What was asked for, in its order; more than `slots` at once is an error of the caller.
        is_ending: A test sets it; from then on nothing is made.
        before: Called with each trial that ends, before it does; lets a test's clock go on, or die.
    """

    def __init__(
        self,
        value_of: Callable[[Mapping[str, JsonValue]], float | None],
        *,
        slots: int = 1,
        read_of: Callable[[Mapping[str, JsonValue]], Mapping[str, str]] = lambda _point: {},
    ) -> None:
        self.slots = slots
        self.asks: list[TrialAsk] = []
        self.is_ending = False
        self.before: Callable[[TrialAsk], None] = lambda _ask: None
        self.duration_s = 1.0
        self.value_of, self.read_of = value_of, read_of
        self._running: list[TrialAsk] = []

    def start(self, ask: TrialAsk) -> None:
        """See the port."""
        if len(self._running) >= self.slots:
            raise AssertionError(f"more than {self.slots} trials at once")
        self.asks.append(ask)
        self._running.append(ask)

    def wait(self) -> Sequence[TrialDone]:
        """See the port."""
        if not self._running:
            return []
        ask = self._running.pop()
        self.before(ask)
        if self.is_ending:
            return [TrialDone(ask=ask, trial=None)]
        value = self.value_of(ask.point)
        trial = Trial(
            number=ask.number,
            params=dict(ask.point),
            state=TrialState.FAILED if value is None else TrialState.SUCCEEDED,
            value=value,
            detail="it failed" if value is None else "",
            duration_s=self.duration_s,
        )
        return [TrialDone(ask=ask, trial=trial, read=self.read_of(ask.point))]

    def close(self) -> None:
        """See the port."""
        self._running.clear()


def ask_of(number: int) -> TrialAsk:
    """A trial to make."""
    return TrialAsk(
        number=number, title=f"trial {number} of 9", label=f"t-{number}", point={"x": number}
    )


class TrialsContract(ABC):
    """What every runner must do."""

    @abstractmethod
    def stop(self, runner: TrialRunner) -> None:
        """Let what is running end, as a person's Ctrl-C or the end of the time would."""

    def gathered(self, runner: TrialRunner, count: int) -> list[TrialDone]:
        """What comes of so many trials that were started."""
        found: list[TrialDone] = []
        for _ in range(1000):
            if len(found) >= count:
                break
            found += runner.wait()
        return found

    def test_each_trial_comes_back_once(self, runner: TrialRunner) -> None:
        """With what was asked for."""
        asks = [ask_of(number) for number in range(1, 2 * runner.slots + 2)]
        waiting, running = list(asks), 0
        found: list[TrialDone] = []
        while waiting or running:
            while waiting and running < runner.slots:
                runner.start(waiting.pop(0))
                running += 1
            done = runner.wait()
            running -= len(done)
            found += done
        runner.close()

        assert sorted(done.ask.number for done in found) == [ask.number for ask in asks]
        assert all(done.ask in asks for done in found)
        assert all(done.trial is not None and done.trial.has_value for done in found)
        assert all(done.trial and done.trial.number == done.ask.number for done in found)

    def test_with_nothing_at_work_nothing_comes(self, runner: TrialRunner) -> None:
        """And nobody waits for ever."""
        assert list(runner.wait()) == []
        runner.close()

    def test_what_is_stopped_is_not_known(self, runner: TrialRunner) -> None:
        """Nor is what is begun afterwards: neither success nor failure, and no error."""
        runner.start(ask_of(1))
        self.stop(runner)

        (first,) = self.gathered(runner, 1)
        runner.start(ask_of(2))
        (second,) = self.gathered(runner, 1)
        runner.close()

        assert first.trial is None
        assert (second.ask.number, second.trial) == (2, None)

    def test_closed_in_the_middle_nothing_is_left(self, runner: TrialRunner) -> None:
        """It ends what runs."""
        runner.start(ask_of(1))

        runner.close()
