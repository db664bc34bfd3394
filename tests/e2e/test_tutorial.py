"""The tutorials do what they say: their snippets are run in their order."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PAGES = Path(__file__).parents[2] / "docs" / "tutorial"
PAGE = PAGES / "first-run.md"
PUSH = PAGES / "push-to-train.md"
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
            "BRANCHLINE_IDLE_S": "5",
            **{f"GIT_{who}_NAME": "Ada" for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": "ada@example.org" for who in ("AUTHOR", "COMMITTER")},
        }
        self.remarks = ""

    def types(self, text: str) -> str:
        """Run a shell snippet; returns what it printed."""
        done = subprocess.run(
            ["bash", "-c", text], cwd=self.folder, env=self.environment,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        self.remarks = done.stderr
        return done.stdout

    def until(self, command: str, has: str) -> str:
        """Repeat a command until it says something: what follows a job takes a moment."""
        until = time.monotonic() + 60
        while has not in (said := self.types(command)):
            assert time.monotonic() < until, said
            time.sleep(0.1)
        return said

    def follows(self) -> str:
        """Follow the job that the last command named."""
        (how,) = re.findall(r"follow with: (branchline logs --job \d+ -f)", self.remarks)
        return self.types(how)


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
    kept = settings.read_text().partition("gate:")[0]
    settings.write_text(kept + gate)
    judged = reader.types("branchline run")
    assert "Nothing to run" in judged
    assert "passed `rmse`" in judged

    assert reader.types(worse).splitlines()[-1] == "3"
    (reader.folder / "params.json").write_text('{"slope": 2.9}\n')
    assert "Nothing to run" in reader.types("branchline run")
    assert "rmse" in reader.types("branchline runs")
    assert "rmse" in reader.types("branchline show")


@pytest.mark.slow
def test_push_to_train_goes_as_told(tmp_path: Path) -> None:
    first = BLOCK.findall(PAGE.read_text())
    blocks = BLOCK.findall(PUSH.read_text())
    shell = [text for kind, text in blocks if kind == "sh"]
    (space,) = [text for kind, text in blocks if kind == "yaml"]
    (script,) = [text for kind, text in first if kind == "python"]
    (gate,) = [text for kind, text in first if kind == "yaml"]
    make, push, search, look, approve, merge, get, worse, refused, serve = shell
    reader = Reader(tmp_path)
    reader.folder.mkdir()
    (reader.folder / "train.py").write_text(script)
    reader.types("git init -q; echo '{\"slope\": 2.9}' > params.json; git add -A; git commit -qm a")
    reader.types("branchline init")
    settings = reader.folder / "branchline.yaml"
    settings.write_text(settings.read_text().partition("gate:")[0] + gate)
    reader.types("branchline run")

    reader.types(make)
    assert "v1.0.0" in reader.until(push, "staging")
    settings.write_text(settings.read_text() + space)
    reader.types(search)
    assert "search: skipped" in reader.remarks
    assert "train: reused" in reader.remarks
    assert "1. rmse 0  slope 3" in reader.remarks
    assert '+{"slope": 3.0}' in reader.until(look, "#1 Train iris")
    reader.types(approve)
    assert "train: reused" in reader.follows()
    assert json.loads(reader.until("branchline pr show 1 --json", "passed"))
    reader.types(merge)
    assert "train: reused" in reader.follows()
    assert "v1.0.1" in reader.until("branchline models", "v1.0.1")
    reader.types(get)
    assert "production" in reader.types("branchline models")
    reader.types(worse)
    assert "failed: `rmse`" in reader.follows()
    reader.until("branchline pr show 2", "  failed  ")
    reader.types(refused)
    assert "Failed: 1 of 1 bar, on `rmse`" in reader.remarks
    assert "branchline serve" in serve
    worker = tmp_path / "box.git" / "branchline" / "worker.pid"
    if worker.exists():
        os.kill(int(worker.read_text().split()[0]), signal.SIGTERM)
