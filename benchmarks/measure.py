"""Measures whole processes: processor seconds of a command and of all its children.

Two commands are compared in pairs taken in turn (A B A B), so that a slow minute of the machine
meets both; the medians and the ratio of the medians are reported. Every command runs once before
the pairs, so that byte-compiled files and the page cache are warm for both.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

HOUSE = Path(__file__).resolve().parent.parent
OURS = (sys.executable, "-m", "branchline")
FLOOR = (sys.executable, "-c", "pass")
PAIRS = int(os.environ.get("BRANCHLINE_BENCH_PAIRS", "5"))


def environment() -> dict[str, str]:
    """The environment of every measured command."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TMPDIR") if key in os.environ}
    return kept | {
        "PYTHONPATH": str(HOUSE / "src"),
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
        "DVC_NO_ANALYTICS": "1",
        "SHELL": "/bin/sh",
        "LOGNAME": "ada",
    }


@dataclass(frozen=True)
class Command:
    """A command line, where it runs, and what puts its folder in order before each time."""

    argv: Sequence[str]
    cwd: Path
    before: Callable[[], object] | None = None
    codes: tuple[int, ...] = (0,)


@dataclass(frozen=True)
class Cost:
    """Seconds of one process with its children."""

    cpu_s: float
    wall_s: float


@dataclass(frozen=True)
class Row:
    """One line of the table; None where something was not measured, `note` says why."""

    work: str
    ours: str
    ours_s: float | None
    peer: str
    peer_s: float | None = None
    ratio: float | None = None
    goal: float | None = None
    ours_wall_s: float | None = None
    peer_wall_s: float | None = None
    pairs: int = 0
    floors: Mapping[str, float] = field(default_factory=dict)
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is met; None when it cannot be said."""
        return None if self.ratio is None or self.goal is None else self.ratio <= self.goal


def cost(command: Command) -> Cost:
    """Run a command once.

    Raises:
        RuntimeError: It ended with another exit code than expected; its output follows.
    """
    import time

    if command.before:
        command.before()
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command.argv,
            cwd=command.cwd,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in command.codes:
            output.seek(0)
            text = output.read().decode(errors="replace")[-2000:]
            raise RuntimeError(f"{' '.join(command.argv)}: exit {process.returncode}\n{text}")
    return Cost(usage.ru_utime + usage.ru_stime, wall_s)


def median(costs: Sequence[Cost]) -> Cost:
    """Medians of both numbers."""
    return Cost(
        statistics.median(c.cpu_s for c in costs), statistics.median(c.wall_s for c in costs)
    )


def floors_of(commands: Mapping[str, Command], times: int) -> dict[str, float]:
    """Median CPU seconds of each floor."""
    result = {}
    for name, command in commands.items():
        cost(command)
        result[name] = median([cost(command) for _ in range(times)]).cpu_s
    return result


def compare(
    work: str,
    ours: tuple[str, Command],
    peer: tuple[str, Command | None],
    *,
    goal: float | None = None,
    floors: Mapping[str, Command] | None = None,
    pairs: int = PAIRS,
    note: str = "",
) -> Row:
    """Measure ours and the peer in pairs; a failure becomes a row that says so.

    Args:
        work: What is done, for people.
        ours, peer: Name and command; None for a peer that is not on this machine.
        goal: Largest ratio ours / peer.
        floors: Name -> command of what no tool can beat.
        pairs: How many pairs.
        note: Remark of the row; when the peer is missing, why.
    """
    floor_s = floors_of(floors or {}, pairs)
    try:
        cost(ours[1])
        if peer[1] is None:
            mine = median([cost(ours[1]) for _ in range(pairs)])
            row = Row(work, ours[0], mine.cpu_s, peer[0], goal=goal, ours_wall_s=mine.wall_s)
            return _with(row, floors=floor_s, note=note, pairs=pairs)
        if pairs > 1:
            cost(peer[1])
        taken = [(cost(ours[1]), cost(peer[1])) for _ in range(pairs)]
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return Row(work, ours[0], None, peer[0], goal=goal, floors=floor_s, note="failed")
    mine, theirs = median([a for a, _ in taken]), median([b for _, b in taken])
    return Row(
        work,
        ours[0],
        mine.cpu_s,
        peer[0],
        theirs.cpu_s,
        mine.cpu_s / theirs.cpu_s,
        goal,
        mine.wall_s,
        theirs.wall_s,
        pairs,
        floor_s,
        note,
    )


def _with(row: Row, **values: object) -> Row:
    return Row(**(asdict(row) | values))


def peers_python() -> str | None:
    """Python of the environment with DVC; None when there is none."""
    named = os.environ.get("BRANCHLINE_PEERS_PYTHON")
    for candidate in (named, str(HOUSE / ".venv-peers/bin/python")):
        if candidate and os.path.exists(candidate):
            return candidate
    return None


NO_DVC = "no DVC: make the peers' environment, or set BRANCHLINE_PEERS_PYTHON"


def dvc(cwd: Path, *arguments: str, before: Callable[[], object] | None = None) -> Command | None:
    """A DVC command; None without the peers' environment."""
    python = peers_python()
    if python is None:
        return None
    return Command((python, "-m", "dvc", *arguments), cwd, before)


def seconds(value: float | None) -> str:
    """`0.0213 s`, four significant digits at most; a dash for nothing."""
    return "-" if value is None else f"{value:.3g} s"


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a table."""
    lines = [
        "| work | ours | CPU | peer | CPU | ratio | goal | met | floors (CPU) |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        met = {True: "yes", False: "**no**", None: "-"}[row.is_met]
        ratio = "-" if row.ratio is None else f"{row.ratio:.3f}"
        goal = "-" if row.goal is None else f"{row.goal:g}"
        floors = ", ".join(f"{name} {seconds(value)}" for name, value in row.floors.items())
        work = f"{row.work} ({row.note})" if row.note else row.work
        lines.append(
            f"| {work} | `{row.ours}` | {seconds(row.ours_s)} | `{row.peer}` "
            f"| {seconds(row.peer_s)} | {ratio} | {goal} | {met} | {floors} |"
        )
    return "\n".join(lines) + "\n"


def facts() -> dict[str, str]:
    """What was measured on: processor, cores, Python."""
    model = ""
    if os.path.exists("/proc/cpuinfo"):
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        model = next(
            (ln.split(":")[1].strip() for ln in text.splitlines() if "model name" in ln), ""
        )
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return {
        "processor": model or platform.processor(),
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
        "load before": load,
    }


def save(name: str, rows: Sequence[Row], told: Mapping[str, str]) -> Path:
    """Write `results/<name>.json` and `.md`; returns the Markdown file."""
    folder = HOUSE / "benchmarks" / "results"
    folder.mkdir(exist_ok=True)
    content = {"facts": dict(told), "rows": [asdict(row) | {"met": row.is_met} for row in rows]}
    (folder / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    head = ", ".join(f"{key}: {value}" for key, value in told.items())
    target = folder / f"{name}.md"
    target.write_text(f"{head}\n\n{markdown(rows)}", encoding="utf-8")
    return target
