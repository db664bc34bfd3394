"""`python -m branchline.server.receive BOX [OPTION...]`: what pre-receive cannot tell by itself.

Reads the lines that git gives the hook, and ends with 0 when the push is taken, with 1 and a reason
when it is not. Runs in git's quarantine: new objects are looked at and nothing is written into the
repository, but the branch rules for the hook, which it may find out of date.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from branchline.core.trigger.refnames import shown
from branchline.core.trigger.rules import RefUpdate
from branchline.errors import EXIT_ERROR, EXIT_FINE, BranchlineError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from branchline.core.trigger.protect import Refusal

_QUARANTINE = ("GIT_QUARANTINE_PATH", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES")
_MOST_SHOWN = 10


def main(arguments: Sequence[str]) -> int:
    """Judge one push."""
    out = sys.stderr
    try:
        refused, notes = _judge(arguments[0], arguments[1:], sys.stdin.buffer)
    except BranchlineError as error:
        _write(out, ["refused, nothing was changed:", f"  {error.message}"])
        _write(out, [f"  hint: {error.todo}"] if error.todo else [])
        return EXIT_ERROR
    _write(out, notes)
    if not refused:
        return EXIT_FINE
    _write(out, ["refused, nothing was changed:"])
    for refusal in refused[:_MOST_SHOWN]:
        _write(out, [f"  {shown(refusal.ref)}: {refusal.sentence}"])
        _write(out, [f"  hint: {refusal.todo}"] if refusal.todo else [])
    if len(refused) > _MOST_SHOWN:
        _write(out, [f"  and {len(refused) - _MOST_SHOWN} more"])
    return EXIT_ERROR


def _judge(
    path: str, options: Sequence[str], lines: Iterable[bytes]
) -> tuple[Sequence[Refusal], list[str]]:
    """What is refused, and remarks."""
    from branchline import wiring
    from branchline.flows.receive import judge, read_law, refresh_rules

    quarantine = {name: os.environ[name] for name in _QUARANTINE if os.environ.get(name)}
    updates = [_update_of(line) for line in lines if line.strip()]
    with wiring.open_box(path, quarantine=quarantine) as box:
        law = read_law(box, wiring.branch_rules)
        refresh_rules(box, law)
        notes = []
        if law.trouble:
            notes = [
                f"branchline.yaml of `{law.branch}` cannot be used; built-in branch rules count:",
                f"  {law.trouble}",
            ]
        return judge(box, law, updates, options), notes


def _update_of(line: bytes) -> RefUpdate:
    old, new, ref = line.rstrip(b"\n").split(b" ", 2)
    return RefUpdate(ref=os.fsdecode(ref), old=_hash(old), new=_hash(new))


def _hash(word: bytes) -> str:
    text = word.decode("ascii")
    return text if text.strip("0") else ""


def _write(out: object, lines: Iterable[str]) -> None:
    for line in lines:
        print(f"branchline: {line}", file=out)  # type: ignore[call-overload] # a text stream


if __name__ == "__main__":
    sys.stderr.reconfigure(errors="replace")  # type: ignore[union-attr] # a real stream here
    sys.exit(main(sys.argv[1:]))
