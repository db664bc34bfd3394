"""`branchline schema`: what an editor gets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsonschema  # type: ignore[import-untyped] # ships no types

from branchline.cli.dispatch import dispatch

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_it_prints_a_valid_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert dispatch(["schema"]) == 0

    jsonschema.Draft202012Validator.check_schema(json.loads(capsys.readouterr().out))


def test_it_writes_the_same_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dispatch(["schema"])
    printed = capsys.readouterr().out

    assert dispatch(["schema", "-o", str(tmp_path / "s.json")]) == 0
    assert (tmp_path / "s.json").read_text() == printed


def test_a_folder_that_is_not_there_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dispatch(["schema", "-o", str(tmp_path / "no" / "s.json")]) == 2
    assert "cannot be written" in capsys.readouterr().err
