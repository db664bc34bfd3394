"""`branchline doctor` as text and as JSON."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

from tests.cli.conftest import IDENTITY

from branchline.cli.dispatch import dispatch

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_outside_a_repository_it_fails_and_says_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert dispatch(["doctor"]) == 1
    assert "Type: git init" in capsys.readouterr().out


def test_json_has_every_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    monkeypatch.chdir(tmp_path)

    code = dispatch(["doctor", "--json"])

    answer = json.loads(capsys.readouterr().out)
    assert (code, answer["is_fine"]) == (0, True)
    assert {"git", "repository", "disk", "store"} <= {check["name"] for check in answer["checks"]}


def test_secrets_are_listed_by_name_and_never_by_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "branchline.yaml").write_text(
        "model: churn\ntrain: python train.py\n"
        'registry: {kind: mlflow, uri: "${env:CHURN_TRACKER}"}\ngithub: {secrets: [CHURN_KEY]}\n'
    )
    (tmp_path / "train.py").write_text("print(1)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHURN_KEY", "hunter2")
    monkeypatch.delenv("CHURN_TRACKER", raising=False)

    dispatch(["doctor"])
    text = capsys.readouterr().out
    dispatch(["doctor", "--json"])
    answer = capsys.readouterr().out

    (box,) = (box for box in json.loads(answer)["checklist"] if box["name"] == "secrets")
    assert box["is_ticked"] is False
    assert box["sentence"] == "not set here: CHURN_TRACKER (branchline.yaml:3); set: CHURN_KEY"
    assert "[ ] secrets" in text
    assert "of 10 boxes are ticked" in text
    assert "hunter2" not in text + answer


def test_settings_that_cannot_be_used_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "branchline.yaml").write_text("model: churn\ngat: {}\n")
    monkeypatch.chdir(tmp_path)

    code = dispatch(["doctor"])

    said = capsys.readouterr().out
    assert code == 1
    assert "fail  settings" in said
    assert "branchline.yaml:2" in said


def test_it_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "branchline.yaml").write_text("model: churn\ntrain: python train.py\n")
    (tmp_path / "train.py").write_text("print(1)\n")
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))

    assert dispatch(["doctor"]) == 0

    assert sorted(tmp_path.rglob("*")) == before


def test_an_edited_workflow_opens_the_box_of_pushes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)  # or there is no first commit
    monkeypatch.chdir(tmp_path)
    dispatch(["new", "churn"])
    monkeypatch.chdir(tmp_path / "churn")
    dispatch(["doctor"])
    fresh = capsys.readouterr().out
    path = tmp_path / "churn" / ".github" / "workflows" / "branchline.yml"
    path.write_text(path.read_text() + "# mine\n")

    dispatch(["doctor"])

    edited = capsys.readouterr().out
    assert "9 of 10 boxes are ticked." in fresh
    assert "[ ] first verdict" in fresh
    assert "not what branchline.yaml asks for: .github/workflows/branchline.yml" in edited
