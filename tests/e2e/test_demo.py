"""The demo tells the truth: each of its steps behaves as it says."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import branchline

if TYPE_CHECKING:
    from pathlib import Path

DEMO = os.path.join(os.path.dirname(__file__), "..", "..", "examples", "demo.py")


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("sklearn") is None,
    reason="no scikit-learn: pip install -r examples/tumour-classifier/requirements.txt",
)
def test_the_demo_behaves_as_it_tells(tmp_path: Path) -> None:
    source = os.path.dirname(os.path.dirname(branchline.__file__))

    done = subprocess.run(
        [sys.executable, DEMO, "--dir", str(tmp_path / "demo")],
        env={**os.environ, "PYTHONPATH": source},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "\033" not in done.stdout, "colour in a pipe"
    assert (tmp_path / "demo" / "tumour-classifier" / "dvc.lock").exists()
