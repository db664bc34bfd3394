"""A hundred trials of a script that imports scikit-learn and fits for about 50 ms.

Wall time counts here: a person waits for it. One process for each trial is what a loop in a shell
does; all of them in one process is what no tool can beat that keeps the script as it is.
"""

from __future__ import annotations

import importlib.util
import json
import os
import random
import shutil
import statistics
import sys
from functools import partial
from pathlib import Path

from measure import NO_DVC, OURS, Command, Cost, Row, cost, dvc, peers_python
from projects import commit_all, git

TRIALS = int(os.environ.get("BRANCHLINE_BENCH_TRIALS", "100"))
PAIRS = int(os.environ.get("BRANCHLINE_BENCH_TRIAL_PAIRS", "3"))
FEW = 5  # trials of a tool that takes seconds for each; the rest is extrapolated
GOAL, FLOOR_GOAL = 0.1, 1.15

TRAIN = """\
import json

import yaml
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier


def train(params):
    x, y = make_classification(7000, 20, n_informative=10, random_state=1)
    x, x_test, y, y_test = train_test_split(x, y, random_state=1)
    model = DecisionTreeClassifier(
        max_depth=params["depth"], min_samples_leaf=params["leaf"], ccp_alpha=params["alpha"],
        random_state=1,
    )
    return model.fit(x, y).score(x_test, y_test)


if __name__ == "__main__":
    with open("params.yaml") as file:
        score = train(yaml.safe_load(file))
    with open("metrics.json", "w") as file:
        json.dump({"accuracy": score}, file)
"""
LOOP = """\
import json
from train import train
for point in json.load(open("points.json")):
    with open("metrics.json", "w") as file:
        json.dump({"accuracy": train(point)}, file)
"""
EACH = """\
import json, subprocess
for point in json.load(open("points.json")):
    with open("params.yaml", "w") as file:
        json.dump(point, file)
    subprocess.run(["python", "train.py"], check=True)
    json.load(open("metrics.json"))
"""
RAY = """\
import json, sys
from ray import tune
from train import train

class Trainable(tune.Trainable):
    def setup(self, config): self.config_now = config
    def reset_config(self, config): self.config_now = config; return True
    def step(self): return {"accuracy": train(self.config_now), "done": True}
    def save_checkpoint(self, folder): return None
    def load_checkpoint(self, state): pass

space = {"depth": tune.randint(2, 13), "leaf": tune.randint(1, 51),
         "alpha": tune.loguniform(1e-6, 1e-2)}
tune.Tuner(
    Trainable, param_space=space,
    tune_config=tune.TuneConfig(num_samples=int(sys.argv[1]), reuse_actors=True,
                                max_concurrent_trials=1, metric="accuracy", mode="max"),
).fit()
"""
FILES = {
    "train.py": TRAIN,
    "loop.py": LOOP,
    "each.py": EACH,
    "search_ray.py": RAY,
    "params.yaml": "depth: 4\nleaf: 5\nalpha: 0.001\n",
    "dvc.yaml": "stages:\n  train:\n    cmd: python train.py\n    deps:\n    - train.py\n"
    "    params:\n    - depth\n    - leaf\n    - alpha\n"
    "    metrics:\n    - metrics.json:\n        cache: false\n",
    "branchline.yaml": "model: m\npipeline: dvc.yaml\ntune:\n"
    "  objective: {metric: accuracy, goal: maximize}\n  sampler: random\n"
    "  space:\n    depth: {int: [2, 12]}\n    leaf: {int: [1, 50]}\n"
    "    alpha: {float: [1.0e-6, 1.0e-2], log: true}\n",
    ".gitignore": "/metrics.json\n/points.json\n.branchline/\n__pycache__/\n",
}


def rows(scratch: Path) -> list[Row]:
    """Ours against one process each, the loop in one process, DVC's queue and Ray Tune."""
    ours, each = f"branchline tune --trials {TRIALS}", "python train.py, each"
    if importlib.util.find_spec("sklearn") is None:
        return [Row("trials", ours, None, each, note="no scikit-learn: make .venv/.ready-example")]
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    root = _project(scratch / "trials")
    python = ("python",)
    tune = (*OURS, "tune", "--dry-run", "--trials", str(TRIALS))
    costs = _in_turn(
        {
            ours: Command(tune, root, partial(_unsearched, root)),
            each: Command((*python, "each.py"), root, partial(git, root, "checkout", "-q", ".")),
            "the loop in one process": Command((*python, "loop.py"), root),
        }
    )
    work = f"{TRIALS} trials of about 50 ms"
    result = [
        _row(work, (ours, costs[ours]), (name, costs[name]), goal)
        for name, goal in ((each, GOAL), ("the loop in one process", FLOOR_GOAL))
    ]
    result.append(_dvc(scratch, root, work, (ours, costs[ours])))
    result.append(_ray(root, work, (ours, costs[ours])))
    return result


def _in_turn(commands: dict[str, Command]) -> dict[str, Cost]:
    """Medians of each; the first round warms caches and does not count."""
    taken: dict[str, list[Cost]] = {name: [] for name in commands}
    for number in range(PAIRS + 1):
        for name, command in commands.items():
            if number or name != "python train.py, each":
                found = cost(command)
                taken[name] += [found] if number else []
    return {
        name: Cost(
            statistics.median(c.cpu_s for c in found), statistics.median(c.wall_s for c in found)
        )
        for name, found in taken.items()
    }


def _row(
    work: str, ours: tuple[str, Cost], peer: tuple[str, Cost], goal: float | None, note: str = ""
) -> Row:
    """One comparison, by wall time."""
    wall = f"wall {ours[1].wall_s:.2f} against {peer[1].wall_s:.2f} s"
    return Row(
        work=work,
        ours=ours[0],
        ours_s=ours[1].cpu_s,
        peer=peer[0],
        peer_s=peer[1].cpu_s,
        ratio=ours[1].wall_s / peer[1].wall_s,
        goal=goal,
        ours_wall_s=ours[1].wall_s,
        peer_wall_s=peer[1].wall_s,
        pairs=PAIRS,
        note=f"{wall}; {note}" if note else wall,
    )


def _dvc(scratch: Path, root: Path, work: str, ours: tuple[str, Cost]) -> Row:
    """DVC's queue with a few trials."""
    name = "dvc exp run --queue, --run-all"
    other = scratch / "trials-dvc"
    if peers := peers_python():  # its queue starts `dvc` by name
        os.environ["PATH"] += os.pathsep + str(Path(peers).parent)
    shutil.copytree(root, other)
    git(other, "checkout", "-q", ".")
    shutil.rmtree(other / ".branchline", ignore_errors=True)
    words = [("exp", "run", "--queue", "-S", f"depth={2 + n}") for n in range(FEW)]
    commands = [dvc(other, *line) for line in (*words, ("exp", "run", "--run-all"))]
    try:
        found = [cost(command) for command in commands if command is not None]
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return Row(work, ours[0], ours[1].cpu_s, name, note="failed")
    if not found:
        return Row(work, ours[0], ours[1].cpu_s, name, note=NO_DVC)
    times = TRIALS / FEW
    all_s = Cost(sum(c.cpu_s for c in found) * times, sum(c.wall_s for c in found) * times)
    return _row(work, ours, (name, all_s), None, f"extrapolated from {FEW} trials")


def _ray(root: Path, work: str, ours: tuple[str, Cost]) -> Row:
    """Ray Tune, which keeps its workers: one trial at a time."""
    name = "ray.tune, reuse_actors"
    python = os.environ.get("BRANCHLINE_RAY_TUNE_PYTHON")
    if not python:
        note = "no Ray Tune: make bench, or set BRANCHLINE_RAY_TUNE_PYTHON"
        return Row(work, ours[0], ours[1].cpu_s, name, note=note)
    try:
        found = cost(Command((python, "search_ray.py", str(TRIALS)), root))
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return Row(work, ours[0], ours[1].cpu_s, name, note="failed")
    return _row(work, ours, (name, found), None, "one run; processor time without Ray's servers")


def _project(root: Path) -> Path:
    root.mkdir(parents=True)
    for name, text in FILES.items():
        (root / name).write_text(text)
    commit_all(root)
    dice = random.Random(1)
    points = [
        {"depth": dice.randint(2, 12), "leaf": dice.randint(1, 50),
         "alpha": 10 ** dice.uniform(-6, -2)}
        for _ in range(TRIALS)
    ]  # fmt: skip
    (root / "points.json").write_text(json.dumps(points))
    return root


def _unsearched(root: Path) -> None:
    """Put a project back to where nothing was ever tried."""
    git(root, "checkout", "-q", ".")
    for folder in (".branchline", ".dvc/cache", ".dvc/tmp"):
        shutil.rmtree(root / folder, ignore_errors=True)
    refs = git(root, "for-each-ref", "--format=delete %(refname)", "refs/branchline")
    if refs:
        git(root, "update-ref", "--stdin", stdin=refs.encode())
