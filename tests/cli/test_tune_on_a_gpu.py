"""A search on a machine with an NVIDIA GPU: forked trials that use it. Skipped where there is none.

Needs the driver's `nvidia-smi`, and PyTorch in the Python that runs the tests.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from tests.cli.test_tune_parallel import begun, is_gone, until
from tests.cli.test_tune_study import Searching
from tests.gpus import GPUS, NEEDS_GPU

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = NEEDS_GPU

TRAIN = """\
import json, os, sys, time
import torch
p = {{k: v for k, v in (line.split(":") for line in open("params.yaml"))}}
with open({pids!r}, "a") as notes:
    notes.write(f"{{os.getpid()}}\\n")
torch.manual_seed(int(p["seed"]))
x = torch.randn(20000, 64, device="cuda")
y = (x @ torch.linspace(-1, 1, 64, device="cuda") > 0).float()
net = torch.nn.Linear(64, 1).cuda()
step = torch.optim.SGD(net.parameters(), lr=float(p["x"]))
for _ in range(20 * int(p["y"])):
    step.zero_grad()
    torch.nn.functional.binary_cross_entropy_with_logits(net(x)[:, 0], y).backward()
    step.step()
time.sleep(float(os.environ.get("SLOW", "0")))
score = ((net(x)[:, 0] > 0) == (y > 0.5)).float().mean().item()
json.dump({{"score": round(score, 3), "is_fork": "serve" in open("/proc/self/cmdline").read(),
           "seen": torch.cuda.device_count()}}, open("metrics.json", "w"))
"""
DEVICE = "import torch\ntorch.zeros(1, device='cuda')\n"


@pytest.fixture
def project(tmp_path: Path) -> Searching:
    """A network that learns on the GPU."""
    made = Searching.create(tmp_path / "p")
    (made.folder / "train.py").write_text(TRAIN.format(pids=str(tmp_path / "p" / "pids")))
    stages = made.folder / "dvc.yaml"
    # By its path: a link to it would not find the packages beside it.
    stages.write_text(stages.read_text().replace("cmd: python", f"cmd: {sys.executable}"))
    made.settings("sampler: random", "trials: 4")
    return made


def used_mb() -> int:
    """Memory in use on the first GPU."""
    words = ["nvidia-smi", "-i", "0", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    return int(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


def test_forked_trials_use_the_gpu_and_give_it_back(project: Searching, tmp_path: Path) -> None:
    before = used_mb()

    said = project.call("tune", "--dry-run")
    told = project.told()

    assert "not a fork" not in said
    assert [t["state"] for t in told["trials"]] == ["succeeded"] * 5, told
    assert until(lambda: used_mb() <= before + 50, 20)
    assert all(is_gone(pid) for pid in begun(tmp_path / "p" / "pids"))
    best = told["trials"][0]
    params = {"x": 0.9, "y": 5, "seed": 7} | best["params"]
    (project.folder / "params.yaml").write_text("".join(f"{k}: {v}\n" for k, v in params.items()))
    subprocess.run([sys.executable, "train.py"], cwd=project.folder, check=True)
    alone = json.loads((project.folder / "metrics.json").read_text())
    assert alone["score"] == pytest.approx(best["value"], abs=0.002)
    assert best["metrics"]["seen"] == alone["seen"] == GPUS


def test_a_package_that_takes_the_device_when_imported_is_not_forked(
    project: Searching, tmp_path: Path
) -> None:
    site = tmp_path / "site-packages"
    site.mkdir()
    (site / "taking.py").write_text(DEVICE)
    text = (project.folder / "train.py").read_text()
    (project.folder / "train.py").write_text("import taking\n" + text)
    before = project.environ.get("PYTHONPATH", "")
    project.environ["PYTHONPATH"] = f"{tmp_path / 'site-packages'}{os.pathsep}{before}".rstrip(
        os.pathsep
    )

    said = project.call("tune", "--dry-run")

    assert "not a fork of one that has the imports done" in said, said
    assert "when it is imported" in said, said
    assert said.count("succeeded, score") == 5


def test_a_limit_of_memory_leaves_room_for_the_device(project: Searching) -> None:
    settings = (project.folder / "branchline.yaml").read_text()
    wanted = "resources: {train: {gpus: 1, memory: 16G}}\n"
    (project.folder / "branchline.yaml").write_text(settings + wanted)

    said = project.call("tune", "--dry-run", "--parallel", str(GPUS + 1))

    assert f"{GPUS} of {GPUS + 1} trials at once: `train` needs 1 of {GPUS} GPUs" in said
    assert said.count("succeeded, score") == 5, said


def test_killed_it_leaves_nothing_on_the_device(project: Searching, tmp_path: Path) -> None:
    before, pids = used_mb(), tmp_path / "p" / "pids"
    with subprocess.Popen(
        [sys.executable, "-m", "branchline", "tune", "--dry-run"],
        cwd=project.folder,
        env=project.environ | {"SLOW": "20"},
        stdout=subprocess.DEVNULL,
    ) as search:
        assert until(lambda: bool(begun(pids)))
        time.sleep(5)
        search.kill()

    project.call("tune", "--dry-run")  # ends what was left, and goes on
    assert until(lambda: all(is_gone(pid) for pid in begun(pids)), 20)
    assert until(lambda: used_mb() <= before + 50, 20)
    assert os.listdir(project.folder / ".branchline" / "again") == []
