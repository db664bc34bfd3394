"""A box on a machine with an NVIDIA GPU: real trainings that share it. Skipped where there is none.

Needs the driver's `nvidia-smi`, and PyTorch in the Python that `python3` is.
"""

from __future__ import annotations

import itertools
import json
import sys
from typing import TYPE_CHECKING

import pytest
from tests.e2e.remote.shop import Shop
from tests.gpus import GPUS, NEEDS_GPU

from branchline.adapters.local_machine import LocalMachine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


pytestmark = NEEDS_GPU

SETTINGS = """\
model: net
stages:
  train:
    cmd: {python} train.py
    deps: [train.py]
    params: [lr]
    outs: [model.pt]
    metrics: [{{metrics.json: {{cache: false}}}}]
resources: {{train: {{gpus: {gpus}}}}}
gate: {{metrics: {{auc: {{min: 0.5}}}}}}
"""
# Two classes that a line parts, and a note of when the GPU was in use, and which.
TRAIN = """\
import json, os, time
import torch
began = time.time()
torch.manual_seed(0)
lr = float(open("params.yaml").read().split("lr:")[1])
x = torch.randn(20000, 64, device="cuda")
y = (x @ torch.linspace(-1, 1, 64, device="cuda") > 0).float()
net = torch.nn.Sequential(torch.nn.Linear(64, 512), torch.nn.ReLU(), torch.nn.Linear(512, 1)).cuda()
step = torch.optim.Adam(net.parameters(), lr=lr)
for number in range(300):
    step.zero_grad()
    loss = torch.nn.functional.binary_cross_entropy_with_logits(net(x)[:, 0], y)
    loss.backward()
    step.step()
time.sleep(max(0, began + 4 - time.time()))  # long enough for another to come upon it
score = ((net(x)[:, 0] > 0) == (y > 0.5)).float().mean().item()
torch.save(net.state_dict(), "model.pt")
json.dump({{"auc": round(score, 4)}}, open("metrics.json", "w"))
with open({notes!r}, "a") as notes:
    seen = os.environ.get("CUDA_VISIBLE_DEVICES"), torch.cuda.device_count()
    notes.write(json.dumps([began, time.time(), *seen]) + "\\n")
print("on", torch.cuda.get_device_name(0), "auc", score, flush=True)
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A box whose trainings want a GPU."""
    made = Shop.create(
        tmp_path,
        {
            "branchline.yaml": SETTINGS.format(python=sys.executable, gpus=1),
            "train.py": TRAIN.format(notes=str(tmp_path / "notes")),
            "params.yaml": "lr: 0.01\n",
        },
    )
    yield made
    made.stop()


def notes_of(shop: Shop) -> list[tuple[float, float, str, int]]:
    """When which GPU was in use: from, until, the variable, how many devices were seen."""
    lines = (shop.root.parent / "notes").read_text().splitlines()
    return sorted(tuple(json.loads(line)) for line in lines)


def test_the_driver_is_asked() -> None:
    assert LocalMachine({}).gpus() == GPUS


def test_trainings_share_the_gpus_one_each(shop: Shop) -> None:
    count = GPUS + 1
    for number in range(count):
        shop.write("params.yaml", f"lr: 0.0{number + 1}\n")
        shop.commit(f"number {number}")
        shop.push(f"HEAD:train/{number}", wait=False)

    jobs = [shop.until(number + 1, within_s=200) for number in range(count)]

    assert [(job.state.value, job.outcome) for job in jobs] == [("succeeded", "passed")] * count
    assert "on NVIDIA" in shop.log(1)
    notes = notes_of(shop)
    assert len(notes) == count
    assert {(len(seen.split(",")), devices) for _, _, seen, devices in notes} == {(1, 1)}
    for device in {seen for _, _, seen, _ in notes}:
        used = [(began, ended) for began, ended, seen, _ in notes if seen == device]
        assert all(early[1] <= late[0] for early, late in itertools.pairwise(used))


def test_a_training_that_wants_more_than_there_are_gets_all(shop: Shop) -> None:
    shop.write("branchline.yaml", SETTINGS.format(python=sys.executable, gpus=GPUS + 7))
    shop.commit("greedy")

    said = shop.push("main")

    assert shop.until(1).outcome == "passed", said
    assert notes_of(shop)[0][3] == GPUS
