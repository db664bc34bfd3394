"""Pages that are had ready: told by one fork, had by the next, and nothing changes in them."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from branchline.adapters.local_process.zygote import pages

RANGES = """\
from branchline.adapters.local_process.zygote import pages
print(*pages.touched(pages.own_kb()), sep="\\n")
"""


def test_ranges_are_of_the_process_that_asks() -> None:
    # In one of its own: what this one has touched by now may be more than is had ready.
    done = subprocess.run(
        [sys.executable, "-c", RANGES], capture_output=True, text=True, check=True
    )

    heap, *ranges = done.stdout.split()
    assert heap.startswith("@h")
    assert ranges
    for text in ranges:
        start, _, end = text[2:].partition("-")
        assert text[:2] in ("@w", "@r")
        assert 0 < int(start, 16) < int(end, 16)


def test_memory_of_its_own_is_known() -> None:
    before = pages.own_kb()
    block = bytearray(b"x" * (60 << 20))

    # Less than the block where memory that was given back before is used again.
    assert pages.own_kb() - before > 4 << 10
    assert pages.peak_kb() >= pages.own_kb()
    assert len(block) == 60 << 20


@pytest.mark.parametrize(
    "ranges",
    [
        pytest.param([], id="none"),
        pytest.param(["@w1000-3000", "@r1000-2000"], id="nowhere"),
        pytest.param(["@w3000-1000"], id="backwards"),
        pytest.param(["@w7fff"], id="cut-off"),
        pytest.param(["@h0-"], id="no-heap"),
        pytest.param([f"@w{0:x}-{(1 << 47):x}"], id="everything"),
    ],
)
def test_ranges_that_cannot_be_had_are_passed_over(ranges: list[str]) -> None:
    script = "import sys, pages\npages.have_ready(sys.argv[1:])\nprint('goes on')"
    folder = Path(pages.__file__).parent

    said = subprocess.run(
        [sys.executable, "-c", script, *ranges],
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout == "goes on\n"


def test_pages_that_are_had_ready_are_not_copied_later() -> None:
    block = bytearray(os.urandom(4 << 20))
    places = range(0, len(block), 4096)
    first = _in_a_fork(block, [], places)
    ranges = [text for text in _told_by_a_fork(block, places) if text[1] == "w"]

    second = _in_a_fork(block, ranges, places)

    if not _can_populate():
        pytest.skip("this system cannot have pages ready")
    assert first > 900
    assert second < first / 4


def _can_populate() -> bool:
    major, minor = map(int, os.uname().release.split("-")[0].split(".")[:2])
    return (major, minor) >= (5, 14)


def _in_a_fork(block: bytearray, ranges: list[str], places: range) -> int:
    """Faults of a fork that writes to a block, after it had pages ready."""
    reading, writing = os.pipe()
    if not os.fork():
        pages.have_ready(ranges)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for place in places:
            block[place] = 1
        faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
        os.write(writing, str(faults).encode())
        os._exit(0)
    os.wait()
    found = int(os.read(reading, 100))
    os.close(reading)
    os.close(writing)
    return found


def _told_by_a_fork(block: bytearray, places: range) -> list[str]:
    reading, writing = os.pipe()
    if not os.fork():
        os.close(reading)
        before = pages.own_kb()
        for place in places:
            block[place] = 1
        with os.fdopen(writing, "w") as file:
            file.write("\n".join(pages.touched(before)))
            file.flush()
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        told = file.read().split()
    os.wait()
    return told
