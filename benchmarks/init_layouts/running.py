"""Runs a generated repository as its user would: `init --yes`, `run`, and what came of it."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from init_layouts.cases import written

if TYPE_CHECKING:
    from init_layouts.cases import Case

_PERSON = {"NAME": "Ada", "EMAIL": "ada@example.org"}
_ENDS = {0: "passed", 3: "failed", 4: "unknown"}


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How the run of one model ended.

    Attributes:
        outcome: Of its verdict; `error` where there is none.
        metrics: What was read.
        said: What the commands printed.
    """

    outcome: str
    metrics: frozenset[str]
    said: str

    def problem(self, case: Case) -> str:
        """What is not as it must be; "" where all is."""
        expected = _ENDS[case.ends]
        if self.outcome != expected:
            return f"{self.outcome}, expected {expected}: {case.name}\n{self.said}"
        missing = set(case.values) - self.metrics
        return f"{sorted(missing)} not read: {case.name}\n{self.said}" if missing else ""


def can_run(case: Case) -> bool:
    """Whether what its training imports is installed here."""
    found = importlib.util.find_spec
    return case.needs is not None and all(found(name) is not None for name in case.needs)


def ran(case: Case, folder: str) -> list[Ending]:
    """The ending of each model; `init` asks nothing and no code is changed."""
    written(case, folder)
    for words in (["init", "-q", "-b", "main"], ["add", *case.files], ["commit", "-q", "-m", "1"]):
        _called(folder, "git", *words)
    branchline = (sys.executable, "-m", "branchline")
    begun = _called(folder, *branchline, "init", "--yes")
    endings = []
    for truth in case.truths:
        model = ("--model", truth.name) if truth.name else ()
        done = _called(folder, *branchline, "run", "--json", *model)
        said = begun.stdout + begun.stderr + done.stdout + done.stderr
        try:
            report = json.loads(done.stdout)
            outcome = report["verdict"]["outcome"]
            read = [m["name"] for m in report["evidence"]["metrics"] if m["value"] is not None]
        except (ValueError, KeyError, TypeError):
            outcome, read = "error", []
        endings.append(Ending(outcome=outcome, metrics=frozenset(read), said=said))
    return endings


def _called(folder: str, *words: str) -> subprocess.CompletedProcess[str]:
    clean = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    environment = clean | {
        "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "NO_COLOR": "1",
        **{f"GIT_{who}_{key}": text for key, text in _PERSON.items()
           for who in ("AUTHOR", "COMMITTER")},
    }  # fmt: skip
    return subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
