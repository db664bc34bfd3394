"""The project of the acceptance cases: trained once, copied for each case.

Three stages: `prepare` makes the table, `train` fits with code over four files of `pkg`, a setting
file and parameters, `evaluate` scores. A case edits a copy, commits, and reads `plan --json`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.e2e.conftest import Project

    MakeIn = Callable[[Path, dict[str, str]], Project]

DVC_YAML = """\
stages:
  prepare:
    cmd: python3 prepare.py
    deps:
    - data/raw.csv
    outs:
    - data/clean.csv
  train:
    cmd: python3 train.py
    deps:
    - data/clean.csv
    params:
    - train.lr
    - train.depth
    - train.seed
    outs:
    - model.txt
  evaluate:
    cmd: python3 evaluate.py
    deps:
    - model.txt
    - data/eval.csv
    metrics:
    - metrics.json:
        cache: false
"""

PREPARE = """\
with open("data/raw.csv") as raw, open("data/clean.csv", "w") as clean:
    clean.write(raw.read().upper())
"""

TRAIN = '''\
"""Fits the model."""

import colorsys
import json

from pkg import model


def main() -> None:
    """Read, fit, write."""
    # The settings are small.
    with open("conf/app.yaml") as settings, open("data/clean.csv") as table:
        text = settings.read() + table.read() + json.dumps(model.fit(2))
    with open("ran.log", "a") as log:
        log.write("train\\n")
    with open("model.txt", "w") as out:
        out.write(text + repr(colorsys.rgb_to_hsv(1, 1, 1)))


main()
'''

MODEL = '''\
"""The model."""

from pkg.helper import scale

PROMPT = "Classify the text: "
RATE = 0.5


def fit(depth: int = 3) -> float:
    """Fit to this depth."""
    return scale(RATE * depth) + len(PROMPT)  # not a real model
'''

HELPER = """\
from .deep import OFFSET


def scale(value):
    return value * 2 + OFFSET
"""

EVALUATE = """\
import json

from scoring import score

with open("model.txt") as model, open("data/eval.csv") as table:
    value = score(model.read(), table.read())
with open("ran.log", "a") as log:
    log.write("evaluate\\n")
with open("metrics.json", "w") as out:
    json.dump({"score": value}, out)
"""

FILES = {
    ".gitignore": "ran.log\n__pycache__/\n",
    "README.md": "# Demo\n",
    "docs/guide.md": "How to.\n",
    ".github/ISSUE_TEMPLATE/bug.md": "What happened?\n",
    ".github/workflows/train.yml": "on: push\njobs: {}\n",
    "branchline.yaml": "model: demo\ngate:\n  metrics:\n    score: {min: 0}\n",
    "dvc.yaml": DVC_YAML,
    "params.yaml": "# how\ntrain:\n  lr: 0.001\n  depth: 2\n  seed: 1\nunused: 3\n",
    "requirements.txt": "numpy==2.1.0\npandas==2.2.0  # tables\n",
    "requirements-dev.txt": "pytest==8.0.0\n",
    "conf/app.yaml": 'name: demo\nlayers: [1, 2]\nrate: 0.5\nnote: "yes"\n',
    "data/raw.csv": "a,b\n1,2\n",
    "data/eval.csv": "a,b\n3,4\n",
    "data/other.csv": "x\n1\n",
    "prepare.py": PREPARE,
    "train.py": TRAIN,
    "evaluate.py": EVALUATE,
    "scoring.py": "def score(model, table):\n    return len(model) + len(table)\n",
    "serve.py": "from pkg.model import fit\n\nPORT = 80\n",
    "pkg/__init__.py": "",
    "pkg/model.py": MODEL,
    "pkg/helper.py": HELPER,
    "pkg/deep.py": "OFFSET = 1\n",
    "pkg/unused.py": "VALUE = 1\n",
    "tests/test_model.py": "from pkg.model import fit\n\n\ndef test_fit():\n    assert fit(1)\n",
}


class Workshop:
    """Makes trained projects; each kind is trained once in a session.

    Args:
        make: Makes a repository in a folder.
        folder: Where the originals are kept.
    """

    def __init__(self, make: MakeIn, folder: Path) -> None:
        self._make = make
        self._folder = folder
        self._made: dict[frozenset[tuple[str, str]], Project] = {}

    def fresh(self, root: Path, extra: Mapping[str, str] | None = None) -> Project:
        """The project before any run, with further or other files."""
        project = self._make(root, {**FILES, **(extra or {})})
        programs = [path for path in extra or () if path.startswith("bin/")]
        for path in programs:
            (root / path).chmod(0o755)
        if programs:
            project.commit("make programs executable")
        return project

    def trained(self, root: Path, extra: Mapping[str, str] | None = None) -> Project:
        """A copy of the project after a run whose dvc.lock was committed."""
        key = frozenset((extra or {}).items())
        if key not in self._made:
            project = self.fresh(self._folder / str(len(self._made)), extra)
            done = project.branchline("run")
            assert done.code == 0, done.text
            project.commit("results")
            project.executed()
            self._made[key] = project
        return self._made[key].copy(root)


@pytest.fixture(scope="session")
def workshop(make_project_in: MakeIn, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Makes trained projects."""
    return Workshop(make_project_in, tmp_path_factory.mktemp("trained"))


@pytest.fixture
def project(workshop: Workshop, tmp_path: Path) -> Project:
    """The trained project, for this test alone."""
    return workshop.trained(tmp_path / "project")


@pytest.fixture
def make_trained(workshop: Workshop, tmp_path: Path) -> Callable[[dict[str, str]], Project]:
    """Makes a trained project with further or other files."""
    return lambda extra: workshop.trained(tmp_path / "project", extra)
