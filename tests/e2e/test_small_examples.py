"""The small examples do what their README says: run, tune, one changed line, nothing to train."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
NEEDS = {"argparse-script": ("sklearn",), "hydra-app": ("sklearn", "hydra")}


def environment() -> dict[str, str]:
    """The interpreter of these tests as `python`, and nobody's git configuration."""
    person = {"NAME": "Ada", "EMAIL": "ada@example.org"}
    return {name: text for name, text in os.environ.items() if not name.startswith("GIT_")} | {
        "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "NO_COLOR": "1",
        **{f"GIT_AUTHOR_{key}": text for key, text in person.items()},
        **{f"GIT_COMMITTER_{key}": text for key, text in person.items()},
    }


def called(folder: Path, *words: str) -> str:
    """What a command says; it must succeed."""
    done = subprocess.run(
        words, cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)  # each training imports scikit-learn
@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        pytest.param(
            "argparse-script",
            "train: python train.py --c 0.0001 --scale   # no parameter file: what is searched"
            " stands here",
            "train: python train.py --c 0.01   # no parameter file: what is searched stands here",
            id="options-of-a-script",
        ),
        pytest.param(
            "hydra-app",
            "    cmd: python train.py model=forest model.trees=2",
            "    cmd: python train.py model=logistic model.c=0.1",
            id="a-group-of-hydra-and-its-keys",
        ),
    ],
)
def test_a_small_example(tmp_path: Path, name: str, before: str, after: str) -> None:
    for module in NEEDS[name]:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"no {module}: pip install -r examples/{name}/requirements.txt")
    folder = tmp_path / name
    shutil.copytree(EXAMPLES / name, folder)
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
        called(folder, "git", *words)
    branchline = (sys.executable, "-m", "branchline")

    called(folder, *branchline, "run")
    called(folder, "git", "add", "-A")
    called(folder, "git", "commit", "-q", "-m", "trained")
    called(folder, *branchline, "tune")
    changed = called(folder, "git", "diff", "-U0", "branchline.yaml").splitlines()
    said = called(folder, *branchline, "run")

    assert [line for line in changed if line[0] in "+-" and line[1] not in "+-"] == [
        f"-{before}",
        f"+{after}",
    ]
    assert "reuse   train" in said
