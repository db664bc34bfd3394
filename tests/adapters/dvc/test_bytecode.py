"""Compiled Python never outlives an edit of its source within the same second."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from branchline.adapters.dvc.bytecode import drop_stale

if TYPE_CHECKING:
    from pathlib import Path


def imported(folder: Path) -> str:
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    code = [sys.executable, "-c", "import model; print(model.TEXT)"]
    done = subprocess.run(code, cwd=folder, env=environ, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_an_edit_within_the_second_is_seen(tmp_path: Path) -> None:
    source = tmp_path / "model.py"
    source.write_text("TEXT = 'one'\n")
    assert imported(tmp_path) == "one"
    second = source.stat().st_mtime
    source.write_text("TEXT = 'two'\n")
    os.utime(source, (second, second))
    assert imported(tmp_path) == "one", "Python itself is fooled: this is what is guarded against"

    drop_stale([str(source)])

    assert imported(tmp_path) == "two"


def test_compiled_files_of_untouched_sources_stay(tmp_path: Path) -> None:
    source = tmp_path / "model.py"
    source.write_text("TEXT = 'one'\n")
    imported(tmp_path)
    (compiled,) = (tmp_path / "__pycache__").iterdir()
    later = source.stat().st_ctime + 1
    os.utime(compiled, (later, later))

    drop_stale([str(source), str(tmp_path / "gone.py"), str(tmp_path / "data.csv")])

    assert compiled.exists()
