"""One gated push: decide, train (next to nothing), judge, record, register; all processes count.

Ours is `git push` with all that it starts, and what the worker, its nursery and their children used
until the last effect was applied. The peer is the same by separate tools, one after the other, as a
workflow file would call them: paths-filter, `dvc repro`, `dvc metrics diff`, and MLflow's client in
a process of its own that logs the run, registers the version and sets its alias.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from decision import install_filter
from measure import HOUSE, NO_DVC, OURS, PAIRS, Command, Cost, Row, cost, dvc, environment
from projects import git

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

GOAL = 0.05
GOAL_S = 0.5
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
CALM_S = (
    0.6  # A worker looks around once a second and ten times for pushes; it belongs to the cost.
)
LONGEST_S = 120.0

TRAIN = "cp auc.json metrics.json && cp params.yaml model.pkl"
STAGES = f"""\
stages:
  train:
    cmd: {TRAIN}
    deps: [auc.json]
    params: [lr]
    outs: [model.pkl]
    metrics: [{{metrics.json: {{cache: false}}}}]
"""
GATE = "model: toy\ngate: {metrics: {auc: {min: 0.5, max_regression: 0.01}}}\n"
MLFLOW = """\
import json, sys
import mlflow
from mlflow import MlflowClient
uri, name, commit = sys.argv[1:]
mlflow.set_tracking_uri(uri)
mlflow.set_experiment(name)
with mlflow.start_run(run_name=commit) as run:
    mlflow.log_param("lr", open("params.yaml").read().split(":")[1].strip())
    mlflow.log_metric("auc", json.load(open("metrics.json"))["auc"])
    mlflow.set_tag("commit", commit)
    mlflow.log_artifact("model.pkl", "model")
client = MlflowClient()
if not client.search_registered_models(f"name = '{name}'"):
    client.create_registered_model(name)
made = client.create_model_version(name, f"{run.info.artifact_uri}/model", run.info.run_id)
client.set_registered_model_alias(name, "staging", made.version)
"""


@dataclass(frozen=True)
class Box:
    """A clone with a box that trains and registers what is pushed to main."""

    clone: Path
    path: Path

    @classmethod
    def create(cls, folder: Path) -> Box:
        """A clone with one commit, and its empty box."""
        clone = _project(folder / "ours", {"branchline.yaml": GATE + STAGES})
        box = cls(clone, folder / "box.git")
        subprocess.run(
            [*OURS, "remote", "add", "box", str(box.path)],
            cwd=clone,
            env=environment(),
            check=True,
            stdout=subprocess.DEVNULL,
        )
        # The separate tools take longer than a worker without work stays.
        settings = box.path / "branchline" / "box.json"
        told = json.loads(settings.read_text())
        told["environment"]["BRANCHLINE_IDLE_S"] = "3600"
        settings.write_text(json.dumps(told))
        return box

    def push(self, number: int) -> Cost:
        """Push a commit that trains, until nothing is left to do; what all of it took."""
        from branchline import wiring
        from branchline.ports.queue import QueueQuery

        commit = _commit(self.clone, number)
        before = self._used_s()
        began = time.perf_counter()
        pushed = cost(Command(["git", "push", "-q", "-o", "wait=no", "box", "main"], self.clone))
        with wiring.open_box(str(self.path)) as box:
            until = time.monotonic() + LONGEST_S
            while time.monotonic() < until:
                newest = box.queue.jobs(QueueQuery(limit=1))
                is_over = bool(newest) and newest[0].asked.commit == commit
                is_over = is_over and newest[0].state.is_end
                if is_over and not box.queue.due_effects(at=time.time() + LONGEST_S, limit=1):
                    break
                time.sleep(0.02)
            else:
                raise RuntimeError(f"push {number} was not decided in {LONGEST_S:.0f} s")
            wall_s = time.perf_counter() - began
            if newest[0].outcome != "passed":
                raise RuntimeError(f"push {number}: {newest[0].state.value} {newest[0].detail}")
        time.sleep(CALM_S)
        return Cost(pushed.cpu_s + self._used_s() - before, wall_s)

    def versions(self) -> int:
        """How many versions stand in the registry."""
        return len(git(self.clone, "--git-dir", str(self.path), "tag", "-l", "toy@*").split())

    def close(self) -> None:
        """End the worker."""
        worker = self._worker()
        if worker is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGTERM)

    def _worker(self) -> int | None:
        from branchline import wiring

        with wiring.open_box(str(self.path)) as box:
            found = box.box.worker()
            return None if found is None else found.pid

    def _used_s(self) -> float:
        """Processor seconds of the worker and all below it, with what has ended below them."""
        worker = self._worker()
        if worker is None:
            return 0.0
        parents: dict[int, int] = {}
        ticks: dict[int, int] = {}
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
                parents[int(name)] = int(fields[1])
                ticks[int(name)] = sum(int(field) for field in fields[11:15])
        ours = {worker}
        while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
            ours |= more
        return sum(ticks.get(pid, 0) for pid in ours) / TICKS_A_SECOND


class Tools:
    """The same work by separate tools, in a clone of its own."""

    def __init__(self, folder: Path) -> None:
        self._clone = _project(folder / "peers", {"dvc.yaml": STAGES})
        self._script = folder / "register.py"
        self._script.write_text(MLFLOW)
        self._uri = f"sqlite:///{folder}/mlflow.db"
        fine, self.missing = install_filter(folder / "filter")
        self._filter = folder / "filter" / "bundled" / "all.js"
        self._mlflow = _mlflow_python()
        if fine and dvc(self._clone) is None:
            self.missing = NO_DVC
        elif fine and self._mlflow is None:
            self.missing = "no MLflow: make mlflow, or set BRANCHLINE_MLFLOW_PYTHON"
        if not self.missing:
            cost(_needed(dvc(self._clone, "init", "-q", "-f")))

    def push(self, number: int) -> dict[str, Cost]:
        """What each tool took for a commit."""
        base = _head(self._clone)
        head = _commit(self._clone, number)
        register = [str(self._mlflow), str(self._script), self._uri, "toy", head]
        steps = {
            "paths-filter": Command(["node", str(self._filter), base, head], self._clone),
            "dvc repro": _needed(dvc(self._clone, "repro", "-q")),
            "dvc metrics diff": _needed(dvc(self._clone, "metrics", "diff")),
            "MLflow": Command(register, self._clone),
        }
        return {name: cost(command) for name, command in steps.items()}


def rows(scratch: Path) -> list[Row]:
    """The first push, which starts the worker; then pushes in turn with the separate tools."""
    box, tools = Box.create(scratch), Tools(scratch)
    try:
        first = box.push(0)
        box.push(1)
        if not tools.missing:
            tools.push(1)
        ours, theirs = [], []
        for number in range(2, PAIRS + 2):
            ours.append(box.push(number))
            if not tools.missing:
                theirs.append(tools.push(number))
        if box.versions() != PAIRS + 2:
            raise RuntimeError(f"{box.versions()} versions of {PAIRS + 2} pushes")
    finally:
        box.close()
    return _table(first, ours, theirs, tools.missing)


def _table(
    first: Cost, ours: Sequence[Cost], theirs: Sequence[dict[str, Cost]], missing: str
) -> list[Row]:
    cpu_s = statistics.median(c.cpu_s for c in ours)
    wall_s = statistics.median(c.wall_s for c in ours)
    work, name = "gated push, a worker lives", "git push and all that follows"
    absolute = Row(
        work, name, cpu_s, "the goal", GOAL_S, cpu_s / GOAL_S, 1.0, wall_s, pairs=len(ours)
    )
    start = Row(
        "the first push, which starts worker and nursery",
        name,
        first.cpu_s,
        "-",
        ours_wall_s=first.wall_s,
        pairs=1,
    )
    if missing:
        return [Row(work, name, cpu_s, "separate tools", note=missing), absolute, start]
    sums = [_sum(t.values()) for t in theirs]
    parts = ", ".join(
        f"{tool} {statistics.median(t[tool].cpu_s for t in theirs):.2f} s" for tool in theirs[0]
    )
    peer_s = statistics.median(c.cpu_s for c in sums)
    beside = Row(
        work,
        name,
        cpu_s,
        "paths-filter, DVC, MLflow",
        peer_s,
        cpu_s / peer_s,
        GOAL,
        wall_s,
        statistics.median(c.wall_s for c in sums),
        len(ours),
        note=parts,
    )
    return [beside, absolute, start]


def _project(root: Path, files: dict[str, str]) -> Path:
    root.mkdir(parents=True)
    given = {**files, "auc.json": '{"auc": 0.9}\n', "params.yaml": "lr: 0\n", "README.md": "toy\n"}
    for name, text in given.items():
        (root / name).write_text(text)
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "first")
    return root


def _commit(root: Path, number: int) -> str:
    (root / "params.yaml").write_text(f"lr: {number + 1}\n")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", f"number {number}")
    return _head(root)


def _head(root: Path) -> str:
    return git(root, "rev-parse", "HEAD").strip()


def _mlflow_python() -> str | None:
    named = os.environ.get("BRANCHLINE_MLFLOW_PYTHON")
    for candidate in (named, str(HOUSE / ".venv-mlflow/bin/python")):
        if candidate and os.path.exists(candidate):
            return candidate
    return None


def _needed(command: Command | None) -> Command:
    if command is None:
        raise RuntimeError(NO_DVC)
    return command


def _sum(costs: Iterable[Cost]) -> Cost:
    every = list(costs)
    return Cost(sum(c.cpu_s for c in every), sum(c.wall_s for c in every))
