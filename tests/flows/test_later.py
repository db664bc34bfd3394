"""What a trial leaves is recorded while the next one trains, and before anything asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from branchline.errors import ProgramKilledError, RecordError
from branchline.flows.later import Later
from branchline.flows.plan import PlanOptions
from branchline.flows.run import RunOptions, run
from branchline.flows.walked import EngineOptions

if TYPE_CHECKING:
    from tests.flows.conftest import Bench

    from branchline.flows.run import RunOutcome


def walk(bench: Bench, later: Later) -> RunOutcome:
    """A walk as that of a trial."""
    bench.started.clear()
    return run(
        bench.project(),
        RunOptions(
            plan=PlanOptions(trust_elsewhere=False),
            engine=EngineOptions(later=later),
            judges=False,
            label="trial",
        ),
        bench.told,
        is_stopped=lambda: False,
        on_plan=lambda _plan: None,
    )


def recorded(bench: Bench) -> set[str]:
    return {result.stage for result in bench.records.kept.values()}


def test_a_result_is_in_the_ledger_at_once_and_recorded_later(diamond: Bench) -> None:
    later = Later(diamond.told.say)

    outcome = walk(diamond, later)
    at_once = recorded(diamond), len(list(diamond.ledger.unsettled()))
    later.do()

    assert not outcome.walked.failures
    assert at_once == (set(), 4)
    assert recorded(diamond) == {"a", "b", "c", "d"}
    assert list(diamond.ledger.unsettled()) == []
    assert list(diamond.ledger.active()) == []


def test_the_next_walk_records_it_while_its_stages_run(diamond: Bench) -> None:
    later = Later(diamond.told.say)
    first = walk(diamond, later)
    diamond.write("raw", "2\n")

    walk(diamond, later)

    assert diamond.started == ["a", "b", "c", "d"]
    keys = {result.key for result in diamond.records.kept.values()}
    assert {result.key for result in first.walked.results.values()} <= keys


def test_a_plan_that_asks_for_what_waits_finds_it(diamond: Bench) -> None:
    later = Later(diamond.told.say)
    walk(diamond, later)
    diamond.write("raw", "2\n")
    walk(diamond, later)
    diamond.write("raw", "1\n")
    walk(diamond, later)
    diamond.write("raw", "2\n")

    outcome = walk(diamond, later)

    assert diamond.started == []
    assert {state.value for state in outcome.walked.states.values()} == {"reused"}


def test_a_walk_that_failed_is_noted_at_once(diamond: Bench) -> None:
    diamond.does["d"] = diamond.fails
    later = Later(diamond.told.say)

    outcome = walk(diamond, later)

    assert set(outcome.walked.failures) == {"d"}
    assert recorded(diamond) == {"a", "b", "c"}
    assert list(diamond.ledger.active()) == []


def test_what_cannot_be_recorded_is_said_and_the_rest_is_done() -> None:
    said: list[str] = []
    done: list[str] = []
    later = Later(said.append)

    def fail() -> None:
        raise RecordError("git refused it")

    later.add(fail, ["k"])
    later.add(lambda: done.append("rest"))
    later.do()
    later.do()

    assert said == ["a result is not kept everywhere: git refused it"]
    assert done == ["rest"]
    assert not later.is_needed(["k"])


def test_a_program_that_was_killed_ends_it() -> None:
    later = Later(lambda _text: None)

    def fail() -> None:
        raise ProgramKilledError("git was killed")

    later.add(fail)

    with pytest.raises(ProgramKilledError):
        later.do()


def test_only_keys_that_wait_are_needed() -> None:
    later = Later(lambda _text: None)

    later.add(lambda: None, ["a"])

    assert later.is_needed([None, "a"])
    assert not later.is_needed([None, "b"])
