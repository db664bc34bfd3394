"""Further trainings that tell who is to blame: which are made, and what follows."""

from __future__ import annotations

import pytest

from branchline.core.verdict.blame import Suspect, SuspectKind
from branchline.flows.blaming import blamed
from branchline.render.reproduced import Reproduced, Row

A = Suspect(kind=SuspectKind.VARIABLE, name="$A", was="unset")
B = Suspect(kind=SuspectKind.VARIABLE, name="$B", was="unset")
PYTHON = Suspect(kind=SuspectKind.INTERPRETER, name="python", was="3.11", now="3.12")


def made(now: str, *suspects: Suspect) -> Reproduced:
    row = Row(kind="metric", name="auc", recorded="0.5", now=now, is_same=now == "0.5")
    return Reproduced(run="r", commit="c", rows=(row,), suspects=suspects, stages=("train",))


class Machine:
    """Makes the run again: the number for each set of variables that are not set."""

    def __init__(self, answers: dict[tuple[str, ...], str]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, ...]] = []

    def __call__(self, without: tuple[str, ...]) -> Reproduced:
        self.asked.append(without)
        return made(self.answers[without])


def blame(first: Reproduced, machine: Machine, *, trains: bool = True) -> Reproduced:
    said: list[str] = []
    found = blamed(first, machine, trains=trains, say=said.append)
    assert len(said) == len(machine.asked)  # nothing is trained unannounced
    return found


@pytest.mark.parametrize("now", ["0.5", "within"])
def test_numbers_that_hold_need_nobody_to_blame(now: str) -> None:
    machine = Machine({})
    row = Row(kind="metric", name="auc", recorded="0.5", now="0.6", is_same=False, within="chance")
    first = made("0.5") if now == "0.5" else Reproduced(run="r", commit="c", rows=(row,))

    assert blame(first, machine) is first
    assert machine.asked == []


def test_a_second_training_that_differs_blames_chance_and_ends_it() -> None:
    machine = Machine({(): "0.7"})

    found = blame(made("0.6", A), machine)

    assert found.blame.startswith("To blame: chance.")
    assert machine.asked == [()]


def test_the_variable_that_brings_the_numbers_back() -> None:
    machine = Machine({(): "0.6", ("A",): "0.6", ("B",): "0.5"})

    found = blame(made("0.6", PYTHON, A, B), machine)

    assert found.proved == ("$B",)
    assert "To blame: `$B`, which was not set and is now." in found.blame
    assert machine.asked == [(), ("A",), ("B",)]


def test_two_variables_together() -> None:
    machine = Machine({(): "0.8", ("A",): "0.7", ("B",): "0.6", ("A", "B"): "0.5"})

    found = blame(made("0.8", A, B), machine)

    assert found.proved == ("$A", "$B")


def test_what_cannot_be_put_back_is_named_and_not_proved() -> None:
    machine = Machine({(): "0.6"})

    found = blame(made("0.6", PYTHON), machine)

    assert found.proved == ()
    assert "as far as the record tells: Python" in found.blame
    assert machine.asked == [()]


def test_once_only_compares() -> None:
    machine = Machine({})

    found = blame(made("0.6", A), machine, trains=False)

    assert "Chance was not ruled out." in found.blame
    assert machine.asked == []
