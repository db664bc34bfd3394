"""One more trial of a long search: ask for a point, keep the result where a kill loses nothing.

Processor time of a trial in the middle of one process (TPE, four parameters), median of 50.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from typing import TYPE_CHECKING

from measure import HOUSE, Row, environment

if TYPE_CHECKING:
    from pathlib import Path

GOAL, GROWTH = 0.25, 1.5
REPEATS = 3
HEAD = """\
import json, sys, time, warnings
import optuna
warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)
count, folder, taken = int(sys.argv[1]), sys.argv[2], []
names = "abcd"
"""
TAIL = """
for number in range(1, count + 1):
    began = time.process_time()
    one(number)
    taken.append(time.process_time() - began)
import statistics
print(json.dumps(statistics.median(taken[-50:])))
"""
OURS = """\
from branchline.adapters.optuna import OptunaSampler, OptunaSettings
from branchline.adapters.optuna.space import Axis
from branchline.adapters.sqlite_ledger.studies import SqliteStudies
from branchline.core.policy import Goal
from branchline.core.run.studies import KeptTrial, Study
from branchline.core.run.trials import Trial, TrialState

studies, study = SqliteStudies(folder), Study(base="b", objective="o")
studies.begin(study)
axes = [Axis(name=n, low=1e-4, high=1.0, is_log=True, when={}) for n in names]
sampler = OptunaSampler(axes, OptunaSettings(sampler="tpe", seed=1, goals=(Goal.MINIMIZE,)))

def one(number):
    asked = sampler.ask(number)
    value = sum((asked.point[n] - 0.1) ** 2 for n in names)
    trial = Trial(number=number, params=asked.point, state=TrialState.SUCCEEDED, value=value)
    studies.add(study.identity, KeptTrial(trial=trial, token=asked.token))
    sampler.tell(asked, trial)
"""
PEER = """\
storage = {storage}
study = optuna.create_study(storage=storage, sampler=optuna.samplers.TPESampler(seed=1))

def one(number):
    trial = study.ask()
    point = [trial.suggest_float(n, 1e-4, 1.0, log=True) for n in names]
    study.tell(trial, sum((value - 0.1) ** 2 for value in point))
"""
SQLITE = PEER.format(storage='f"sqlite:///{folder}/optuna.db"')
MEMORY = PEER.format(storage="None")


def rows(scratch: Path) -> list[Row]:
    """At 1,000 trials beside Optuna's SQLite storage; at 3,000 beside 1,000 of ours."""
    ours, theirs, memory, long = [], [], [], []
    for number in range(REPEATS):
        folder = scratch / str(number)
        ours.append(trial_s(OURS, 1000, folder / "a"))
        theirs.append(trial_s(SQLITE, 1000, folder / "b"))
        memory.append(trial_s(MEMORY, 1000, folder / "c"))
        long.append(trial_s(OURS, 3000, folder / "d"))
    mine, peer = statistics.median(ours), statistics.median(theirs)
    grown = statistics.median(long)
    return [
        Row(
            "ask, keep and tell one trial more, after 1,000", "tune", mine, "Optuna, SQLite", peer,
            mine / peer, GOAL, pairs=REPEATS,
            floors={"Optuna in memory, nothing kept": statistics.median(memory)},
        ),
        Row(
            "the same after 3,000, beside after 1,000", "tune", grown, "after 1,000", mine,
            grown / mine, GROWTH, pairs=REPEATS,
        ),
    ]  # fmt: skip


def trial_s(body: str, count: int, folder: Path) -> float:
    """Seconds of a trial at the end of so many."""
    folder.mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, "-c", HEAD + body + TAIL, str(count), str(folder)],
        env=environment(),
        cwd=HOUSE,
        check=True,
        capture_output=True,
        text=True,
    )
    return float(json.loads(done.stdout))
