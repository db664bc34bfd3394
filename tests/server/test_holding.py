"""Who is the runner of a job."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from branchline.flows.places import Places
from branchline.server.holding import noted, take_lock, without_runner, write_note

if TYPE_CHECKING:
    from pathlib import Path

HOLDER = """\
import sys
from branchline.flows.places import Places
from branchline.server.holding import take_lock, write_note
places = Places(sys.argv[1])
lock = take_lock(places, 1)
write_note(places, 1)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """A box with the folder of one job."""
    made = Places(str(tmp_path))
    os.makedirs(made.job(1))
    return made


def test_a_job_without_folder_has_no_runner(places: Places) -> None:
    with without_runner(places, 7) as is_gone:
        assert is_gone
        assert take_lock(places, 7) is None  # and gets none meanwhile


def test_a_runner_is_known_until_it_is_killed(places: Places) -> None:
    words = [sys.executable, "-c", HOLDER, places.box]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with without_runner(places, 1) as is_gone:
            assert not is_gone
        assert noted(places, 1) == holder.pid
        holder.kill()
        holder.wait()

    with without_runner(places, 1) as is_gone:
        assert is_gone
    assert noted(places, 1) is None


def test_a_note_of_another_process_with_the_same_number_does_not_count(places: Places) -> None:
    write_note(places, 1)
    assert noted(places, 1) == os.getpid()
    with open(os.path.join(places.job(1), "runner"), "w") as file:
        file.write(f"{os.getpid()} 1\n")

    assert noted(places, 1) is None


@pytest.mark.parametrize("text", ["", "x y", "1", "1 2 3"])
def test_a_torn_note_names_nobody(places: Places, text: str) -> None:
    with open(os.path.join(places.job(1), "runner"), "w") as file:
        file.write(text)

    assert noted(places, 1) is None
