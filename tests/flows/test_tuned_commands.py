"""Which stage's command a parameter stands in, and what a search sets there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from branchline.errors import ConfigError
from branchline.flows.fixed import as_choice
from branchline.flows.hydra_config import has_key, uses_hydra
from branchline.flows.search import Search
from branchline.flows.tuned_params import TunedParams

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.flows.conftest import Bench

    from branchline.flows.project import Project

    MakeBench = Callable[[Mapping[str, str]], Bench]

DVC = """\
stages:
  prepare: {cmd: python prepare.py --seed 1, outs: [clean]}
  train: {cmd: "python train.py --lr 0.1", deps: [clean], params: [depth], outs: [model]}
  evaluate: {cmd: "python score.py ${depth}", deps: [model], outs: [metrics]}
  other: {cmd: python other.py --lr 5, outs: [else]}
"""
HYDRA = """\
import hydra
@hydra.main(version_base=None, config_path="../conf", config_name="config")
def main(config): ...
"""


@pytest.fixture
def project(make_bench: MakeBench) -> Project:
    """Four stages, three of them of one chain."""
    return make_bench({"dvc.yaml": DVC, "params.yaml": "depth: 3\n", "train.py": ""}).project()


def asked(space: dict[str, Any], *stages: str) -> Search:
    """A search."""
    return Search(
        metric="auc",
        space={name: as_choice(item) for name, item in space.items()},
        stages=stages,
    )


def commands(project: Project) -> dict[str, str]:
    """Stage -> its command."""
    return {stage.name: stage.cmd[0] for stage in project.pipeline.stages}


def test_a_point_is_set_in_memory_and_put_back(project: Project) -> None:
    space = {"--lr": [0.1, 0.3], "depth": [3, 5], "prepare:--seed": [1, 2]}
    params = TunedParams(project, asked(space, "evaluate"))
    before = commands(project)

    params.set({"prepare:--seed": 2, "depth": 5, "--lr": 0.3})
    tried, on_disk = commands(project), project.workspace.read("dvc.yaml")
    params.put_back()

    assert params.current == {"--lr": 0.1, "depth": 3, "prepare:--seed": 1}
    assert tried == {
        "prepare": "python prepare.py --seed 2",
        "train": "python train.py --lr 0.3",
        "evaluate": "python score.py 5",
        "other": "python other.py --lr 5",
    }
    assert on_disk == DVC.encode(), "commands change in memory alone"
    assert commands(project) == before
    assert project.workspace.read("params.yaml") == b"depth: 3\n"


def test_what_is_added_has_one_order(project: Project) -> None:
    space = {"train:--a": [1, 2], "train:--b": [1, 2]}
    params = TunedParams(project, asked(space))

    made = [
        params.edits({"train:--a": 1, "train:--b": 2}),
        params.edits({"train:--b": 2, "train:--a": 1}),
    ]

    assert made[0] == made[1]
    assert b"--lr 0.1 --a 1 --b 2" in made[0]["dvc.yaml"]
    assert params.current == {}


@pytest.mark.parametrize(
    ("name", "stages", "words"),
    [
        pytest.param("--lr", (), "commands of `train` and `other`", id="in-two-stages"),
        pytest.param("--new", (), "in the command of no stage", id="in-none-of-several"),
        pytest.param("nobody:--lr", (), "there is no stage `nobody`", id="no-such-stage"),
        pytest.param("env:LR", (), "names `env:LR`", id="another-spelling"),
    ],
)
def test_which_stage_must_be_clear(
    project: Project, name: str, stages: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        TunedParams(project, asked({name: [1, 2]}, *stages))

    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("name", "stages", "after"),
    [
        pytest.param("--lr", ("evaluate",), "train.py --lr 7", id="in-a-stage-that-it-needs"),
        pytest.param("--new", ("train",), "train.py --lr 0.1 --new 7", id="added-to-what-is-tuned"),
        pytest.param("other:--lr", (), "other.py --lr 7", id="as-the-name-says"),
    ],
)
def test_which_stage_is_meant(
    project: Project, name: str, stages: tuple[str, ...], after: str
) -> None:
    params = TunedParams(project, asked({name: [7]}, *stages))

    files = params.edits({name: 7})

    assert after in files["dvc.yaml"].decode()


def test_a_stage_of_another_folder_is_named_by_its_address(make_bench: MakeBench) -> None:
    sub = "stages:\n  train: {cmd: python t.py --lr 1, outs: [m]}\n"
    bench = make_bench({"dvc.yaml": DVC, "sub/dvc.yaml": sub, "params.yaml": "depth: 3\n"})
    params = TunedParams(
        bench.project(), asked({"sub/dvc.yaml:train:--lr": [2], "train:--lr": [3]})
    )

    files = params.edits({"sub/dvc.yaml:train:--lr": 2, "train:--lr": 3})

    assert files["sub/dvc.yaml"].decode() == sub.replace("--lr 1", "--lr 2")
    assert "train.py --lr 3" in files["dvc.yaml"].decode()


@pytest.mark.parametrize(
    ("key", "has"),
    [
        pytest.param("seed", True, id="of-the-root"),
        pytest.param("optimizer.lr", True, id="of-a-group"),
        pytest.param("optimizer", True, id="a-group"),
        pytest.param("+optimizer.lr", True, id="with-a-plus"),
        pytest.param("deep.net.width", True, id="of-a-group-in-a-group"),
        pytest.param("everywhere", True, id="of-the-global-package"),
        pytest.param("renamed.x", True, id="of-a-package-with-a-name"),
        pytest.param("lr", False, id="without-its-group"),
        pytest.param("optimizer.rate", False, id="no-such-key"),
        pytest.param("global", True, id="a-folder-is-a-group"),
    ],
)
def test_keys_of_a_folder_of_configuration(make_bench: MakeBench, key: str, has: bool) -> None:
    bench = make_bench(
        {
            "dvc.yaml": "stages: {train: {cmd: python src/train.py, outs: [m]}}\n",
            "src/train.py": HYDRA,
            "conf/config.yaml": "seed: 1\n",
            "conf/optimizer/adam.yaml": "lr: 0.1\n",
            "conf/deep/net/big.yml": "width: 9\n",
            "conf/global/a.yaml": "# @package _global_\neverywhere: 1\n",
            "conf/named/a.yaml": "# first\n# @package renamed\nx: 1\n",
            "conf/broken.yaml": "{",
        }
    )
    project = bench.project()
    (stage,) = project.pipeline.stages

    assert uses_hydra(project, stage)
    assert has_key(project, stage, key) is has


def test_a_file_of_hydra_that_a_stage_declares_is_edited(make_bench: MakeBench) -> None:
    body = "{cmd: python src/train.py, params: [conf/config.yaml: [seed]], outs: [m]}"
    dvc = f"stages: {{train: {body}}}\n"
    bench = make_bench({"dvc.yaml": dvc, "src/train.py": HYDRA, "conf/config.yaml": "seed: 1\n"})
    params = TunedParams(bench.project(), asked({"seed": [2]}))

    files = params.edits({"seed": 2})

    assert files == {"conf/config.yaml": b"seed: 2\n"}


def test_a_module_that_uses_hydra(make_bench: MakeBench) -> None:
    dvc = "stages: {train: {cmd: python -m app.train, outs: [m]}}\n"
    bench = make_bench({"dvc.yaml": dvc, "app/train.py": HYDRA, "conf/a.yaml": "x: {lr: 1}\n"})
    params = TunedParams(bench.project(), asked({"x.lr": [2]}))

    files = params.edits({"x.lr": 2})

    assert b"python -m app.train x.lr=2" in files["dvc.yaml"]
