"""What libraries work out once: had ready where it is kept, and never in the way."""

from __future__ import annotations

import functools
import importlib.util
import subprocess
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.local_process.zygote import once

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    made = types.ModuleType("a_library")
    monkeypatch.setitem(sys.modules, "a_library", made)
    return made


def test_an_answer_that_is_kept_is_had_with_the_folder_of_the_script_on_the_path(
    library: types.ModuleType,
) -> None:
    paths: list[str] = []
    library.__dict__["found"] = functools.cache(lambda: paths.append(sys.path[0]))
    before = list(sys.path)

    for _ in range(2):
        once.work_out("/of/the/script", [("a_library", "found")])

    assert paths == ["/of/the/script"]
    assert sys.path == before


def fails() -> None:
    raise ValueError("of the library")


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(None, id="of-another-version"),
        pytest.param(fails, id="not-kept"),
        pytest.param(functools.cache(fails), id="one-that-fails"),
        pytest.param(functools.cache(lambda needed: needed), id="one-that-needs-an-argument"),
    ],
)
def test_what_cannot_be_had_is_left_to_the_script(
    library: types.ModuleType, function: Callable[..., object] | None
) -> None:
    if function is not None:
        library.__dict__["found"] = function
    before = list(sys.path)

    once.work_out("", [("a_library", "found"), ("not_loaded", "found")])

    assert sys.path == before


LOOK = """
import importlib.util, sys, sklearn.utils._indexing as indexing, numpy
spec = importlib.util.spec_from_file_location("once", sys.argv[1])
once = importlib.util.module_from_spec(spec)
spec.loader.exec_module(once)
once.work_out("")
opened = []
sys.addaudithook(lambda event, args: event == "open" and opened.append(args[0]))
indexing._safe_indexing(numpy.zeros((4, 2)), [0, 1])
print(len(opened))
"""


@pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("sklearn", "narwhals")),
    reason="no scikit-learn: pip install -r examples/tumour-classifier/requirements.txt",
)
def test_choosing_rows_reads_no_packages_any_more() -> None:
    """Fails where narwhals calls it otherwise: then name it so in `once.KNOWN`."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK, str(Path(once.__file__))],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "0"
