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


P, F, X, OTHER = 1 << 63, 1 << 61, 1 << 56, 1 << 55


@pytest.mark.parametrize(
    ("kind", "entries", "found"),
    [
        pytest.param("w", [], [], id="no-pages"),
        pytest.param("w", [0, OTHER, P, P | F | X], [], id="none-of-its-own"),
        pytest.param("w", [0, P | X, P | X, 0], [(1, 3)], id="a-run"),
        pytest.param("w", [P | X, 0, 0, 0, P | X | OTHER], [(0, 5)], id="a-short-gap"),
        pytest.param("w", [P | X, 0, 0, 0, 0, P | X], [(0, 1), (5, 6)], id="a-long-gap"),
        pytest.param("w", [P | X, 0, 0, 0, 0, 0], [(0, 1)], id="nothing-after-it"),
        pytest.param("r", [X, P | F, P], [(1, 3)], id="code-that-was-run"),
    ],
)
def test_pages_that_count_are_told_as_runs(
    kind: str, entries: list[int], found: list[tuple[int, int]]
) -> None:
    data = b"".join(entry.to_bytes(8, sys.byteorder) for entry in entries)

    ranges = list(pages._ranges(0x10000, data, kind))

    size = os.sysconf("SC_PAGE_SIZE")
    assert ranges == [(kind, 0x10000 + a * size, 0x10000 + b * size) for a, b in found]


def test_one_fork_without_pages_tells_and_one_with_them() -> None:
    needed = pages.Needed()

    first, ahead = needed.ask(0), needed.ask(1)
    needed.take(["@h1000-"])
    second, after = needed.ask(2), needed.ask(3)
    needed.take(["@h2000-"])

    assert (first, ahead, second, after) == (True, False, True, False)
    assert not any(map(needed.ask, range(4, 9)))
    assert needed.ranges == ["@h2000-"]


def test_another_fork_tells_where_the_first_was_not_heard() -> None:
    needed = pages.Needed()

    asked = [needed.ask(starts) for starts in (0, 1, 2, 3)]

    assert asked == [True, False, False, True]


def test_faults_are_counted() -> None:
    before = pages.faults()
    block = bytearray(b"x" * (60 << 20))

    assert pages.faults() >= before
    assert pages.faults() - resource.getrusage(resource.RUSAGE_SELF).ru_minflt <= 1000
    assert len(block) == 60 << 20


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
