"""What the runner makes of a crew that comes, goes and is lost, without a process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from branchline.adapters.trial_workers import Crew, Message, Peer, WorkerTrials
from branchline.core.run.trials import Trial, TrialState
from branchline.ports.trial_messages import done_to_json
from branchline.ports.trials import TrialAsk, TrialDone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.values import JsonValue


class Told(Peer):
    """Keeps what it is told."""

    def __init__(self, *, is_there: bool = True) -> None:
        self.is_there = is_there
        self.asks: list[Any] = []

    def is_ready(self) -> bool:
        return self.is_there

    def tell(self, message: Mapping[str, JsonValue]) -> None:
        self.asks.append(message["ask"])


class Scripted(Crew):
    """Says what the test has it say."""

    def __init__(self, *peers: Told) -> None:
        self._peers = peers
        self.says: list[tuple[Peer, Message]] = []
        self.is_over = False

    @property
    def peers(self) -> Sequence[Peer]:
        return self._peers

    def heard(self, within_s: float) -> Sequence[tuple[Peer, Message]]:
        said, self.says = self.says, []
        return said

    def end(self) -> None:
        self.is_over = True

    def close(self) -> None:
        self.is_over = True


def ask(number: int) -> TrialAsk:
    point = {"x": number}
    return TrialAsk(number=number, title=f"trial {number}", label=f"t-{number}", point=point)


def done(number: int) -> Message:
    trial = Trial(number=number, params={"x": number}, state=TrialState.SUCCEEDED, value=1.0)
    return {"done": done_to_json(TrialDone(ask=ask(number), trial=trial))}


def runner_of(
    crew: Crew, said: list[str] | None = None, stops: list[bool] | None = None
) -> WorkerTrials:
    return WorkerTrials(
        crew,
        say=(said if said is not None else []).append,
        show=lambda _stage, _path: None,
        is_stopped=lambda: bool(stops),
    )


def test_there_are_as_many_at_once_as_are_ready_and_never_none() -> None:
    first, second = Told(is_there=False), Told(is_there=False)
    runner = runner_of(Scripted(first, second))
    runner.start(ask(1))
    assert (runner.slots, first.asks) == (1, [])

    first.is_there = second.is_there = True
    runner.wait()

    assert runner.slots == 2
    assert [one["number"] for one in first.asks] == [1]


def test_a_trial_whose_peer_is_lost_is_made_again_by_another() -> None:
    first, second, said = Told(), Told(), list[str]()
    crew = Scripted(first, second)
    runner = runner_of(crew, said)
    runner.start(ask(1))
    first.is_there = False

    crew.says = [(first, {"gone": "node a is gone"})]
    assert runner.wait() == []
    crew.says = [(second, done(1))]
    (made,) = runner.wait()

    assert said == ["trial 1: its process was lost (node a is gone); once more"]
    assert [one["number"] for one in second.asks] == [1]
    assert made.trial is not None
    assert made.trial.state is TrialState.SUCCEEDED
    assert runner.slots == 1


def test_a_trial_that_loses_its_peer_twice_has_failed() -> None:
    peer = Told()
    crew = Scripted(peer)
    runner = runner_of(crew)
    runner.start(ask(1))

    crew.says = [(peer, {"gone": "signal 9"})]
    assert runner.wait() == []
    crew.says = [(peer, {"gone": "signal 9"})]
    (made,) = runner.wait()

    assert made.trial is not None
    assert made.trial.state is TrialState.FAILED
    assert made.trial.detail == "its process was lost 2 times, at last by signal 9"


def test_stopped_nothing_is_known_of_what_waits_or_runs() -> None:
    peer, stops = Told(), list[bool]()
    crew = Scripted(peer)
    runner = runner_of(crew, stops=stops)
    runner.start(ask(1))
    peer.is_there = False
    runner.start(ask(2))

    stops.append(True)
    (waiting,) = runner.wait()
    crew.says = [(peer, {"gone": "signal 15"})]
    (running,) = runner.wait()

    assert crew.is_over
    assert (waiting.ask.number, waiting.trial) == (2, None)
    assert (running.ask.number, running.trial) == (1, None)
