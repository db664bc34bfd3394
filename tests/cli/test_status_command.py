"""`branchline` alone."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from branchline.cli.dispatch import dispatch

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_outside_a_repository_it_is_the_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert dispatch([]) == 0
    assert capsys.readouterr().out.startswith("Usage: branchline")


def test_in_a_repository_without_settings_it_names_init(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    monkeypatch.chdir(tmp_path)

    assert dispatch([]) == 0
    assert "next: branchline init" in capsys.readouterr().out


def test_in_a_project_it_says_what_would_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "dvc.yaml").write_text("stages: {a: {cmd: echo x > o, outs: [o]}}\n")
    monkeypatch.chdir(tmp_path)

    assert dispatch([]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "next      branchline run"
