"""The tutorial does what it says: its snippets are run in their order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "tutorial" / "first-run.md"
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


class Reader:
    """Somebody who types what the page says."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "iris"
        commands = home / "bin"
        commands.mkdir()
        for name, words in (("branchline", "-m branchline "), ("python", "")):
            (commands / name).write_text(f'#!/bin/sh\nexec {sys.executable} {words}"$@"\n')
            (commands / name).chmod(0o755)
        self.environment = {
            **os.environ,
            "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
            "GIT_CONFIG_GLOBAL": os.devnull,
            **{f"GIT_{who}_NAME": "Ada" for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": "ada@example.org" for who in ("AUTHOR", "COMMITTER")},
        }

    def types(self, text: str) -> str:
        """Run a shell snippet; returns what it printed."""
        done = subprocess.run(
            ["bash", "-c", text], cwd=self.folder, env=self.environment,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout


@pytest.mark.slow
def test_the_first_run_goes_as_told(tmp_path: Path) -> None:
    blocks = BLOCK.findall(PAGE.read_text())
    shell = [text for kind, text in blocks if kind == "sh"]
    (script,) = [text for kind, text in blocks if kind == "python"]
    (gate,) = [text for kind, text in blocks if kind == "yaml"]
    reader = Reader(tmp_path)
    make, save, look, plan, run, comment, worse = shell
    reader.folder = tmp_path
    reader.types(make)
    reader.folder = tmp_path / "iris"
    (reader.folder / "train.py").write_text(script)
    reader.types(save)

    assert "train.py:1  a training script" in reader.types(look)
    assert "1 of 1 stage has to run" in reader.types(plan)
    assert "\nNothing to run" in reader.types(run)
    assert "Nothing to run" in reader.types(comment)

    settings = reader.folder / "branchline.yaml"
    kept = settings.read_text().partition("# Take the #")[0]
    settings.write_text(kept + gate)
    judged = reader.types("branchline run")
    assert "Nothing to run" in judged
    assert "passed `rmse`" in judged

    assert reader.types(worse).splitlines()[-1] == "3"
    (reader.folder / "params.json").write_text('{"slope": 2.9}\n')
    assert "Nothing to run" in reader.types("branchline run")
    assert "rmse" in reader.types("branchline runs")
    assert "rmse" in reader.types("branchline show")
