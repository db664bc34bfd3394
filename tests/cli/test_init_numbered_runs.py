"""`init` where every training names what it leaves anew: the second one must work, too."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

LOGGERS = """\
import os


class CSVLogger:
    def __init__(self, save_dir, name="lightning_logs"):
        above = os.path.join(save_dir, name)
        taken = os.listdir(above) if os.path.isdir(above) else []
        self.log_dir = os.path.join(above, f"version_{len(taken)}")

    def save(self, rows):
        os.makedirs(self.log_dir)
        with open(os.path.join(self.log_dir, "hparams.yaml"), "w") as file:
            file.write("{}")
        with open(os.path.join(self.log_dir, "metrics.csv"), "w") as file:
            file.write("epoch,val_acc\\n" + "".join(f"{e},{a}\\n" for e, a in rows))
"""
TRAIN = """\
import os
from loggers import CSVLogger

EPOCHS = 3


def fit(epochs):
    logger = CSVLogger("logs", name="small")
    logger.save([(epoch, 0.9) for epoch in range(epochs)])
    os.makedirs("kept", exist_ok=True)
    with open(os.path.join("kept", "".join(["epoch=", str(epochs), ".ckpt"])), "wb") as file:
        file.write(b"x" * epochs)


fit(EPOCHS)
"""


def branchline(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "branchline", *words],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )


@pytest.fixture
def numbered(tmp_path: Path) -> Path:
    """A script whose logger numbers its runs, and whose checkpoints are named by their epoch."""
    root = tmp_path / "work"
    root.mkdir()
    (root / "loggers.py").write_text(LOGGERS)
    (root / "train.py").write_text(TRAIN)
    (root / ".gitignore").write_text("logs\nkept\n__pycache__\n")
    for words in (
        ["init", "-q"], ["config", "user.name", "Ada"], ["config", "user.email", "ada@example.org"],
        ["add", "-A"], ["commit", "-qm", "first"],
    ):  # fmt: skip
        subprocess.run(["git", *words], cwd=root, check=True)
    return root


@pytest.mark.parametrize("flags", [[], ["--check"]], ids=["read-in-code", "seen-in-a-run"])
def test_a_second_training_finds_its_outputs(numbered: Path, flags: list[str]) -> None:
    done = branchline(numbered, "init", "--yes", *flags)
    first = branchline(numbered, "run")
    (numbered / "train.py").write_text(TRAIN.replace("EPOCHS = 3", "EPOCHS = 4"))

    second = branchline(numbered, "run")

    assert done.returncode == 0, done.stderr
    assert first.returncode == 0, first.stderr
    assert second.returncode == 0, second.stdout + second.stderr
    assert "metrics: [logs/small]" in (numbered / "branchline.yaml").read_text()
    assert sorted(os.listdir(numbered / "logs" / "small")) == ["version_0"]


def test_a_check_names_the_folder_of_what_is_numbered(numbered: Path) -> None:
    done = branchline(numbered, "init", "--check", "--yes")

    assert done.returncode == 0, done.stderr
    written = (numbered / "branchline.yaml").read_text()
    assert "outs: [kept], metrics: [logs/small]" in written
    assert "val_acc: {max_regression: 0.01}" in written
    assert "logs/small/version_0/metrics.csv:4" in done.stdout


def test_it_warns_of_earlier_runs_that_a_training_takes_away(numbered: Path) -> None:
    subprocess.run([sys.executable, "train.py"], cwd=numbered, check=True)

    done = branchline(numbered, "init", "--yes")

    assert "logs/small holds earlier runs" in done.stdout
