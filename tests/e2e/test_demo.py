"""The demo tells the truth: each of its steps behaves as it says."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import branchline

DEMO = os.path.join(os.path.dirname(__file__), "..", "..", "examples", "demo.py")


@pytest.mark.slow
@pytest.mark.timeout(900)  # stages that take seconds take a minute beside other tests
@pytest.mark.skipif(
    importlib.util.find_spec("sklearn") is None,
    reason="no scikit-learn: pip install -r examples/tumour-classifier/requirements.txt",
)
def test_the_demo_behaves_as_it_tells(tmp_path: Path) -> None:
    source = os.path.dirname(os.path.dirname(branchline.__file__))

    done = subprocess.run(
        [sys.executable, DEMO, "--dir", str(tmp_path / "demo"), "--remove"],
        env={**os.environ, "PYTHONPATH": source},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "\033" not in done.stdout, "colour in a pipe"
    assert "12 steps in" in done.stdout
    assert not (tmp_path / "demo").exists()
    assert [line for line in commands() if str(tmp_path) in line] == [], "the box's worker is left"


def commands() -> list[str]:
    """Command lines of all processes but this one."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        if place.parent.name != str(os.getpid()):
            with contextlib.suppress(OSError):
                found.append(place.read_text(errors="replace"))
    return found
