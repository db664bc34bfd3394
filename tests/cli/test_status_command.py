"""`branchline` alone."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from branchline.cli.dispatch import dispatch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest
    from tests.cli.conftest import Clone


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


def test_of_several_models_each_has_its_plan_and_its_last_run(
    make_clone: Callable[..., Clone],
) -> None:
    models = "models: {churn: {train: echo 1 > model}, fraud: {train: echo 2 > model}}\n"
    clone = make_clone({"branchline.yaml": models})
    assert clone.call("run", "--model", "fraud").code == 0

    said = clone.call().out.splitlines()

    assert said[0].startswith("project   2 models, branch main, ")
    assert [row.split()[-1] for row in said if row.startswith("model ")] == ["churn", "fraud"]
    assert said[3] == "last run  none is recorded here"
    assert said[6].startswith("last run  ")
    assert "none" not in said[6]
    assert said[-1] == "next      branchline run --model churn"
    assert clone.call("run").code == 0
    assert "none is recorded" not in clone.call().out


def test_of_several_models_one_that_cannot_be_planned_does_not_hide_the_others(
    make_clone: Callable[..., Clone],
) -> None:
    models = "models: {churn: {pipeline: gone/dvc.yaml}, fraud: {train: echo 2 > model}}\n"
    clone = make_clone({"branchline.yaml": models})

    said = clone.call()

    assert said.code == 0
    assert "plan      error: branchline.yaml:1: pipeline: gone/dvc.yaml does not exist" in said.out
    assert "First train: no result yet." in said.out
    assert said.out.splitlines()[-1] == "next      branchline plan --model churn"
