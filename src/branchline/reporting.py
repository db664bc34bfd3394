"""What a training script calls: `report` its numbers meanwhile, ask whether it `should_stop`.

Runs inside the user's training, so it imports nothing but what Python has loaded anyway, and it
fails for no reason of ours: a full disk or a folder that is gone costs a line of a curve, never a
training. The other side, which reads the file, is `core.evidence.steps`.

The protocol is two environment variables, so that a script in any language can follow it:
`BRANCHLINE_REPORT_FILE` names a file of JSON lines to append to, `{"step": 3, "auc": 0.93}`;
`BRANCHLINE_STOP_FILE` names a file that comes into being when the training shall end.
"""

from __future__ import annotations

import os

# What typing.TYPE_CHECKING says, without importing typing; checkers know the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import SupportsFloat, SupportsIndex

REPORT_FILE = "BRANCHLINE_REPORT_FILE"
STOP_FILE = "BRANCHLINE_STOP_FILE"
ASKED = ".asked"
"""Ending of the empty file beside the stop file that says: this script asks `should_stop`."""
_LINE_BYTES = 4000
"""A line stays below PIPE_BUF (4096), the length up to which POSIX keeps an append in one piece."""
_LOOK_S = 0.05

_torn: set[str] = set()
_looks: dict[str, float] = {}


def report(step: SupportsIndex, **metrics: SupportsFloat) -> None:
    """Say how the training goes: the value of each metric at a step.

    Outside a run of Branchline it does nothing. It appends one line in one write, so several
    processes may report; of a distributed training only the first does, as the variable RANK, or
    LOCAL_RANK where there is none, tells.

    Args:
        step: Epoch, batch or boosting round, from 0; rising. Any whole number, also numpy's.
        metrics: Name -> number: anything that `float` takes, a scalar of numpy or torch too. NaN
            and infinities are kept as such. Names with a slash or a dot: `**{"val/auc": 0.93}`.

    Raises:
        TypeError: The step is no whole number, or a metric no number.
        ValueError: The step is below 0, or a number is too large for a float.
    """
    number = _whole(step)
    values = {name: _number(name, value) for name, value in metrics.items()}
    path = os.environ.get(REPORT_FILE)
    if not path or not values or _rank() not in ("", "0"):
        return
    for line in _lines(number, values):
        _append(path, line)


def should_stop() -> bool:
    """Whether the training shall end early; true for good once it is true.

    Save what you want to keep and return: the trial counts as stopped early, whatever it leaves.
    Outside a search it is never true. It costs microseconds: the file is looked for every 50 ms.
    Processes of a distributed training may learn it at different steps: ask in the first one, and
    broadcast the answer.
    """
    path = os.environ.get(STOP_FILE)
    if not path:
        return False
    from time import monotonic

    now = monotonic()
    last = _looks.get(path)
    if last is None:
        _note(path + ASKED)
    elif now < last + _LOOK_S:
        return False
    try:
        os.stat(path)
    except (OSError, ValueError):
        _looks[path] = now
        return False
    _looks[path] = float("-inf")
    return True


def _whole(step: SupportsIndex) -> int:
    if isinstance(step, bool) or not hasattr(step, "__index__"):
        raise TypeError(f"step is {step!r}, must be a whole number >= 0")
    number = step.__index__()
    if number < 0:
        raise ValueError(f"step is {number}, must be >= 0")
    return number


def _number(name: str, value: SupportsFloat) -> float:
    wrong = f"{name} is {type(value).__name__}, must be one number"
    if isinstance(value, bool | str | bytes):
        raise TypeError(wrong)
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{name} is too large for a float") from None
    except (TypeError, ValueError, RuntimeError) as error:  # torch: more than one element
        raise TypeError(f"{wrong}: {error}") from None


def _rank() -> str:
    return os.environ.get("RANK") or os.environ.get("LOCAL_RANK") or ""


def _lines(step: int, values: dict[str, float]) -> Iterator[bytes]:
    """The report as lines of JSON, of which each stays short enough for one write."""
    import json

    begin = f'{{"step": {step}'
    line = begin
    for name, value in values.items():
        part = f", {json.dumps(name)}: {json.dumps(value)}"
        if len(line) + len(part) > _LINE_BYTES and line is not begin:
            yield f"{line}}}\n".encode()
            line = begin
        line += part
    yield f"{line}}}\n".encode()


def _append(path: str, line: bytes) -> None:
    """Add a line in one write; where the disk is full it is lost, and the next one is whole."""
    try:
        # Nothing that stands there, not even a pipe that nobody reads, may hold a training up.
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
        file = os.open(path, flags, 0o644)
        try:
            whole = b"\n" + line if path in _torn else line
            _torn.add(path)
            if os.write(file, whole) == len(whole):
                _torn.discard(path)
        finally:
            os.close(file)
    except (OSError, ValueError):
        return


def _note(path: str) -> None:
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644))
    except (OSError, ValueError):
        return
