"""A metric of the project's own code, in a process of its own."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from branchline.adapters.metric_function import ProcessFunctions
from branchline.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

CODE = """
import os, time
print("said while it is imported")
def mean(truth, said):
    print("said in a call")
    return (truth == said).mean()
def width(truth, said):
    return said.shape[1]
def refuses(truth, said):
    raise RuntimeError("not\\ndefined")
def ends(truth, said):
    os._exit(1)
def hangs(truth, said):
    time.sleep(60)
class Costs:
    high = staticmethod(lambda truth, said: 7)
"""
TRUTH = np.array([0, 1, 1, 0])


@pytest.fixture
def root(tmp_path: Path) -> str:
    (tmp_path / "mine.py").write_text(CODE)
    return str(tmp_path)


@pytest.fixture
def functions() -> ProcessFunctions:
    path = f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}"
    return ProcessFunctions({**os.environ, "PATH": path}, call_s=1.0)


def test_it_is_called_again_and_again(functions: ProcessFunctions, root: str) -> None:
    with functions.open("mine:mean", root=root) as mean:
        assert mean(TRUTH, np.array([0.0, 1, 0, 0])) == 0.75
        assert mean(TRUTH, np.array([0.0, 1, 1, 0])) == 1.0
        assert mean(TRUTH[:0], np.array([], dtype=float)) != 0  # NaN, as NumPy says


@pytest.mark.parametrize(("spec", "value"), [("mine:width", 3), ("mine:Costs.high", 7)])
def test_a_matrix_of_scores_and_a_name_within_a_class(
    functions: ProcessFunctions, root: str, spec: str, value: float
) -> None:
    with functions.open(spec, root=root) as function:
        assert function(TRUTH, np.zeros((4, 3))) == value


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        pytest.param("mine:refuses", "RuntimeError: not\ndefined", id="raises"),
        pytest.param("mine:ends", "no answer in time, or its process ended", id="ends"),
        pytest.param("mine:hangs", "no answer in time", id="hangs"),
    ],
)
def test_a_call_that_gives_no_number(
    functions: ProcessFunctions, root: str, spec: str, said: str
) -> None:
    began = time.monotonic()

    with functions.open(spec, root=root) as function, pytest.raises(ValueError, match=said):
        function(TRUTH, np.zeros(4))

    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("mine:nothing", "has no attribute 'nothing'"),
        ("absent:f", "No module named 'absent'"),
        ("mine", "names no function"),
        ("-c:x", "names no function"),
    ],
)
def test_a_function_that_is_not_there(
    functions: ProcessFunctions, root: str, spec: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=said), functions.open(spec, root=root):
        pass
