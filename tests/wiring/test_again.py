"""A commit in a place of its own: what others left there, and what they are at."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from branchline.wiring.again import open_again

if TYPE_CHECKING:
    from pathlib import Path

BESIDE = """\
import os, subprocess, sys
from branchline.wiring.again import open_again
commit = sys.argv[2]
# As another container would have it: a number that is no process here.
os.getpid = lambda: 999999999
with open_again(sys.argv[1], commit) as project:
    print(project.root, flush=True)
    sys.stdin.read()
"""


def project(folder: Path) -> str:
    """A clone; its commit."""
    (folder / "train.py").write_text("print(1)\n")
    (folder / "branchline.yaml").write_text("model: m\ntrain: python train.py\n")
    name = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    for words in (["init", "-q"], ["add", "-A"], [*name, "commit", "-qm", "first"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    words = ["git", "rev-parse", "HEAD"]
    return subprocess.run(
        words, cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_what_lives_is_left_alone_and_what_was_killed_is_removed(tmp_path: Path) -> None:
    commit = project(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", BESIDE, str(tmp_path), commit],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as beside:
        assert beside.stdout is not None
        tree = beside.stdout.readline().strip()

        with open_again(str(tmp_path), commit):
            is_left_alone = os.path.exists(os.path.join(tree, "train.py"))
        beside.send_signal(signal.SIGKILL)
        beside.wait()
    with open_again(str(tmp_path), commit):
        is_removed = not os.path.exists(tree)

    assert tree.startswith(str(tmp_path))
    assert is_left_alone
    assert is_removed
    assert os.listdir(tmp_path / ".branchline" / "again") == []
