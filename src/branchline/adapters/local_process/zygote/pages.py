"""Memory that a fork would get page by page while it trains, had ready before it begins.

Part of the zygote: standard library only, Python 3.8 and newer, loaded by path. After a fork each
page is copied when it is first written to, and code is mapped anew when it is first run: thousands
of faults, 2 to 3 us each in a virtual machine. Which pages these are, one start tells the next.
Nothing here changes what any page holds. Linux 5.14 and newer; elsewhere it does nothing.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing itself would cost every interpreter 5 ms
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_open = open  # as it is now: a script may replace it
_READ, _WRITE = 22, 23  # MADV_POPULATE_READ, MADV_POPULATE_WRITE
# The highest byte of an entry of `pagemap`, and of those that count which bits say so.
_PRESENT, _OF_FILE, _EXCLUSIVE = 1 << 7, 1 << 5, 1
_FLAGS_AT = 7 if sys.byteorder == "little" else 0
_MASKS = {
    "w": (_PRESENT | _OF_FILE | _EXCLUSIVE, _PRESENT | _EXCLUSIVE),
    "r": (_PRESENT, _PRESENT),
}
_COUNTS = {
    kind: bytes(flags & mask == wanted for flags in range(256))
    for kind, (mask, wanted) in _MASKS.items()
}
"""Flags -> 1 where a page counts, else 0."""
_PAGE = os.sysconf("SC_PAGE_SIZE")
_GAP = 4
"""So many pages that are not wanted end a run of wanted ones: fewer calls of the system."""
_NONE = bytes(_GAP)
_MOST = 2000
_MOST_HEAP = 31 << 20
"""Bytes; glibc never takes more than 32 MB at once from its heap."""
_MOST_PAGES = 1 << 14
"""64 MB with pages of 4 KB."""
_MOST_TOLD = 2
"""Forks that tell which pages they needed, each of which takes 5 to 20 ms for it."""
MARK = "@"
"""What a range begins with, where names of modules stand, too."""


class Needed:
    """The pages that forks have ready, as forks before them told."""

    def __init__(self) -> None:
        self.ranges: list[str] = []
        self._told, self._asked = 0, -1

    def take(self, ranges: list[str]) -> None:
        """Have these ready from now on."""
        self.ranges, self._told = ranges, self._told + 1

    def ask(self, starts: int) -> bool:
        """Whether the fork that is made now is to tell which it needed; it is taken to be asked.

        One is asked that has none ready, and one that has what the first told; more where later
        starts find that nothing was told.

        Args:
            starts: So far.
        """
        is_next = self._asked < self._told < _MOST_TOLD
        self._asked = self._told
        return is_next or (not self._told and starts > _MOST_TOLD)


def own_kb() -> int:
    """Memory of this process that is of no file, in kB."""
    return _status("RssAnon:")


def peak_kb() -> int:
    """Most memory that this process had, in kB."""
    return _status("VmHWM:")


def faults() -> int:
    """How many pages this process has got one by one so far."""
    with _open("/proc/self/stat", "rb") as file:
        return int(file.read().rpartition(b")")[2].split(None, 8)[7])


def _status(*names: str) -> int:
    with _open("/proc/self/status") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith(names))


def touched(before_kb: int) -> list[str]:
    """What this process, a fork, has got since it began, for `have_ready`.

    Args:
        before_kb: `own_kb` when it began.

    Returns:
        Ranges of pages that it has to itself (`@w1000-3000`) or has run (`@r`), and how many bytes
        of the heap it needed at most (`@h`).
    """
    found: list[tuple[str, int, int]] = []
    try:
        with _open("/proc/self/maps") as maps, _open("/proc/self/pagemap", "rb", 0) as pagemap:
            for start, end, kind in _areas(maps):
                pagemap.seek(start // _PAGE * 8)
                entries = pagemap.read((end - start) // _PAGE * 8)
                found.extend(_ranges(start, entries, kind))
    except (OSError, ValueError):
        return []
    grown = (peak_kb() - _status("RssFile:", "RssShmem:") - before_kb) << 10
    found.sort(key=lambda item: item[1] - item[2])
    kept, pages = [f"{MARK}h{max(0, min(grown, _MOST_HEAP)):x}-"], 0
    for kind, start, end in found[:_MOST]:
        pages += (end - start) // _PAGE
        if pages > _MOST_PAGES:
            break
        kept.append(f"{MARK}{kind}{start:x}-{end:x}")
    return kept


def _areas(maps: Iterable[str]) -> Iterator[tuple[int, int, str]]:
    """Private areas: start, end, and `w` for those that can be written to, `r` for code."""
    for line in maps:
        place, rights = line.split(None, 2)[:2]
        start, _, end = place.partition("-")
        if rights[3] == "p" and rights[0] == "r" and "[v" not in line:
            yield int(start, 16), int(end, 16), "w" if rights[1] == "w" else "r"


def _ranges(start: int, entries: bytes, kind: str) -> Iterator[tuple[str, int, int]]:
    """Runs of pages that count.

    Args:
        start: Address of the first page.
        entries: Of `pagemap`, 8 bytes a page. There are a hundred thousand: no loop touches each.
        kind: `w` or `r`.
    """
    flags = entries[_FLAGS_AT::8].translate(_COUNTS[kind]).rstrip(b"\0")
    first = flags.find(1)
    while first >= 0:
        last = flags.find(_NONE, first)
        last = len(flags) if last < 0 else last
        yield kind, start + first * _PAGE, start + last * _PAGE
        first = flags.find(1, last)


def have_ready(ranges: Iterable[str]) -> None:
    """Let this process have such pages now.

    Args:
        ranges: From `touched`; those that are not there, or cannot be had, are passed over.
    """
    try:
        import ctypes

        system = ctypes.CDLL(None)
        advise, malloc, free = system.madvise, system.malloc, system.free
    except (ImportError, OSError, AttributeError):
        return
    advise.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    malloc.argtypes, malloc.restype = (ctypes.c_size_t,), ctypes.c_void_p
    free.argtypes, free.restype = (ctypes.c_void_p,), None

    def populate(first: int, last: int, how: int) -> None:
        if first < last:
            advise(first, last - first, how)

    for text in ranges:
        start, _, end = text[2:].partition("-")
        first = int(start, 16)
        if text[1] != "h":
            populate(first, int(end or "0", 16), _WRITE if text[1] == "w" else _READ)
        elif first:
            # Once so much was let go of, the second is of the heap, and stays there.
            free(malloc(first))
            place = malloc(first)
            if place:
                populate(place // _PAGE * _PAGE, (place + first) // _PAGE * _PAGE, _WRITE)
                free(place)
