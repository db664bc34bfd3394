"""Logs of jobs are printed whole, however they come."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from branchline.core.run.jobs import NewJob
from branchline.flows import following
from branchline.flows.following import Follower
from branchline.flows.places import Places
from branchline.testing.queue import FakeQueue

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Of a box with one job."""
    found = Places(str(tmp_path))
    os.makedirs(found.job(1))
    return found


def add(places: Places, data: bytes) -> None:
    with open(places.log(1), "ab") as file:
        file.write(data)


def test_a_letter_that_comes_in_two_halves_is_one_letter(places: Places) -> None:
    lines: list[str] = []
    whole = "größer\nnext".encode()
    pieces = [whole[:3], whole[3:]]
    queue = FakeQueue()
    asked = NewJob(kind="train", trigger="push", branch="b", commit="c" * 40)
    queue.enqueue([asked], event="1-1", at=1.0)

    def is_gone() -> bool:
        if pieces:
            add(places, pieces.pop(0))
            return False
        return True

    follower = Follower(queue, places, lines.append, is_gone=is_gone)
    follower.follow([1])

    assert lines[1:] == ["größer"]
    follower.print_now(1)
    follower.print_now(1)
    assert lines[1:] == ["größer", "next"]


def test_a_log_larger_than_a_piece_is_printed_in_order(places: Places) -> None:
    lines: list[str] = []
    told = [f"{number} {'ä' * 100}" for number in range(6000)]
    add(places, "".join(f"{line}\n" for line in told).encode())
    assert os.path.getsize(places.log(1)) > following.PIECE_BYTES

    Follower(FakeQueue(), places, lines.append).print_now(1)

    assert lines == told
