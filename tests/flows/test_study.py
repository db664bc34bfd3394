"""Which search it is: what changes it, and what does not."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from branchline.core.policy import Environment
from branchline.core.run.pruning import Pruner, PrunerSettings
from branchline.core.run.stopping import Budget
from branchline.flows.search import Objective, Search, Seeds
from branchline.flows.stop_rules import StopRules
from branchline.flows.study import study_of
from branchline.flows.tuned_params import TunedParams

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.flows.conftest import Bench

    from branchline.core.run.studies import Study

    MakeBench = Callable[[Mapping[str, str]], Bench]

TRAIN = (
    "{cmd: python train.py, deps: [train.py, data.csv, made], params: [lr, kind, seed], outs: [m]}"
)
FILES = {
    "dvc.yaml": "stages:\n  prepare: {cmd: make made, deps: [raw], outs: [made]}\n"
    f"  train: {TRAIN}\n",
    "train.py": "import lib\n",
    "lib.py": "x = 1\n",
    "data.csv": "1\n",
    "raw": "1\n",
    "sgd.txt": "1\n",
    "params.yaml": "lr: 0.5\nkind: a\nseed: 1\nother: 1\n",
}
SPACE = {"lr": {"float": [0.1, 1.0]}, "kind": ["a", "b"]}
ASKED = Search(metric="auc", space=SPACE, sampler="tpe", trials=5)


@dataclass
class World:
    """What a search depends on."""

    bench: Bench
    asked: Search = ASKED
    read: dict[str, str] = field(default_factory=lambda: {"sgd.txt": "d1"})

    def study(self) -> Study:
        """Which search it is now."""
        project = self.bench.project()
        params = TunedParams(project, self.asked, tuple(self.asked.space))
        return study_of(project, self.asked, params, self.read)

    def write(self, path: str, old: str, new: str) -> None:
        """Change a file."""
        text = self.bench.files[path].decode()
        assert old in text
        self.bench.write(path, text.replace(old, new))

    def ask(self, **changes: Any) -> None:
        """Ask for another search."""
        self.asked = replace(self.asked, **changes)


@pytest.fixture
def world(make_bench: MakeBench) -> World:
    """A search that begins."""
    return World(make_bench(FILES))


def variable(world: World) -> None:
    world.bench.machine.environ["MODE"] = "fast"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda w: w.write("train.py", "lib", "lib, os"), id="code"),
        pytest.param(lambda w: w.write("lib.py", "1", "2"), id="code-that-it-imports"),
        pytest.param(lambda w: w.write("data.csv", "1", "2"), id="data"),
        pytest.param(lambda w: w.write("raw", "1", "2"), id="data-of-a-stage-before"),
        pytest.param(
            lambda w: w.write("dvc.yaml", "python train", "python -O train"), id="command"
        ),
        pytest.param(lambda w: w.write("dvc.yaml", "make made", "make -B made"), id="its-command"),
        pytest.param(lambda w: w.write("params.yaml", "seed: 1", "seed: 2"), id="the-seed"),
        pytest.param(lambda w: w.read.update({"sgd.txt": "d2"}), id="what-it-read-undeclared"),
        pytest.param(lambda w: w.read.clear(), id="what-it-reads-no-longer"),
        pytest.param(variable, id="a-variable"),
        pytest.param(lambda w: setattr(w.bench.machine, "python", "3.12"), id="the-interpreter"),
        pytest.param(
            lambda w: w.bench.write("requirements.txt", "numpy==2.0\n"), id="its-environment"
        ),
    ],
)
def test_other_code_or_data_are_another_base(
    world: World, change: Callable[[World], object]
) -> None:
    world.bench.allow(environment=Environment(variables=("MODE",)))
    before = world.study()

    change(world)

    assert world.study().base != before.base


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda w: w.write("params.yaml", "lr: 0.5", "lr: 0.7"), id="the-best-written"),
        pytest.param(lambda w: w.write("params.yaml", "kind: a", "kind: b"), id="a-best-choice"),
        pytest.param(lambda w: w.write("params.yaml", "other: 1", "other: 2"), id="unread"),
        pytest.param(lambda w: w.bench.write("README.md", "hello"), id="a-file-of-no-stage"),
        pytest.param(lambda w: w.ask(trials=50), id="more-trials"),
        pytest.param(lambda w: w.ask(parallel=4), id="side-by-side"),
        pytest.param(lambda w: w.ask(budget=Budget(time_s=9, plateau=3)), id="its-budget"),
    ],
)
def test_it_stays_the_same_search(world: World, change: Callable[[World], object]) -> None:
    before = world.study()

    change(world)

    assert world.study().identity == before.identity


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"space": {**SPACE, "lr": {"float": [0.2, 1.0]}}}, id="a-range-begins-later"),
        pytest.param({"space": {**SPACE, "lr": {"float": [0.1, 0.9]}}}, id="a-range-ends-earlier"),
        pytest.param({"space": {**SPACE, "lr": {"float": [0.1, 1], "step": 0.1}}}, id="with-steps"),
        pytest.param({"seed": 2}, id="another-seed"),
        pytest.param({"sampler": "random"}, id="another-sampler"),
        pytest.param({"stop": StopRules(pruner=PrunerSettings(kind=Pruner.ASHA))}, id="a-pruner"),
        pytest.param({"seeds": Seeds(name="seed", runs=2)}, id="repeated"),
        pytest.param({"metric": "f1"}, id="another-metric"),
        pytest.param({"more": (Objective(metric="f1"),)}, id="a-second-objective"),
        pytest.param({"constraint": {"size": {"max": 3}}}, id="a-constraint"),
        pytest.param({"stages": ("train",)}, id="stages-that-are-named"),
    ],
)
def test_another_search_has_the_same_base(world: World, changes: dict[str, Any]) -> None:
    before = world.study()

    world.ask(**changes)
    after = world.study()

    assert after.identity != before.identity
    assert after.base == before.base


def test_a_file_of_parameters_that_is_not_declared_counts_as_it_is_held(
    make_bench: MakeBench,
) -> None:
    files = {**FILES, "dvc.yaml": "stages:\n  train: {cmd: python train.py, outs: [m]}\n"}
    world = World(make_bench(files))
    digest = world.bench.planner().inputs.reader.digest
    world.read = {"params.yaml": str(digest("params.yaml"))}
    before = world.study()

    world.write("params.yaml", "lr: 0.5", "lr: 0.7")
    world.read = {"params.yaml": str(digest("params.yaml"))}
    best_written = world.study()
    world.write("params.yaml", "other: 1", "other: 2")
    other = world.study()

    assert best_written == before
    assert other.base != before.base
