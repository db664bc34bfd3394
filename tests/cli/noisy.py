"""A project whose training is nothing but chance, and counts how often it ran. For tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Clone

TRAIN = """\
import json, random, time
with open({log!r}, "a") as log:
    log.write("x")
values = json.load(open("params.json"))
random.seed(values["seed"])
time.sleep(values["sleep"])
moved = random.gauss(0, values["sd"])
json.dump({{"auc": round(values["base"] + moved, 6)}}, open("metrics.json", "w"))
open("model.bin", "w").write(str(moved))
"""
SETTINGS = """\
model: m
stages:
  train:
    cmd: python train.py
    deps: [train.py]
    params: [{params.json: [seed, base, sd, sleep]}]
    outs: [model.bin]
    metrics: [{metrics.json: {cache: false}}]
gate:
  metrics: {auc: {max_regression: 0.02}}
  replicates: REPLICATES
"""


class Noisy:
    """The project, and what was trained in it."""

    def __init__(self, clone: Clone, log: Path) -> None:
        self.clone = clone
        self._log = log

    @property
    def trained(self) -> int:
        """How often a training began."""
        return len(self._log.read_text()) if self._log.exists() else 0

    def set(self, **values: float) -> None:
        """Set parameters, and commit."""
        path = self.clone.root / "params.json"
        known = json.loads(path.read_text()) if path.exists() else {}
        self.clone.write("params.json", json.dumps({**known, **values}, indent=1))
        self.clone.commit("a change")

    def verdict(self) -> dict[str, Any]:
        """What the newest run was judged."""
        runs = json.loads(self.clone.call("runs", "--json").out)["runs"]
        shown = json.loads(self.clone.call("show", runs[0]["run"], "--json").out)
        verdict: dict[str, Any] = shown["verdict"]
        return verdict


def noisy(
    make_clone: Callable[..., Clone],
    log: Path,
    *,
    replicates: str = "{seed: seed, max: 5}",
    sd: float = 0.01,
    train: str = TRAIN,
    settings: str = SETTINGS,
) -> Noisy:
    """Make the project, and train it once: the champion."""
    clone = make_clone(
        {
            "train.py": train.format(log=str(log)),
            "branchline.yaml": settings.replace("REPLICATES", replicates),
            "params.json": json.dumps({"seed": 1, "base": 0.9, "sd": sd, "sleep": 0}, indent=1),
        }
    )
    made = Noisy(clone, log)
    said = clone.call("run")
    assert said.code == 0, said.out + said.err
    clone.commit("what it made")
    return made
