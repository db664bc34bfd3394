"""`branchline doctor` as text and as JSON."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

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
