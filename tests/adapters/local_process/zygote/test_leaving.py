"""How a fork that did its work ends."""

from __future__ import annotations

import importlib.util
import mmap
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.local_process.zygote import leaving

if TYPE_CHECKING:
    from pathlib import Path

LOOK = """
import importlib.util, sys
{imports}
spec = importlib.util.spec_from_file_location("leaving", sys.argv[1])
leaving = importlib.util.module_from_spec(spec)
spec.loader.exec_module(leaving)
print(leaving.has_nothing_at_exit())
"""


@pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("sklearn", "pandas")),
    reason="no scikit-learn: pip install -r examples/tumour-classifier/requirements.txt",
)
def test_what_usual_trainings_load_may_end_at_once() -> None:
    """Libraries that a wheel brings along, as `scikit_learn.libs`, too."""
    said = look("import sklearn.ensemble, sklearn.datasets, pandas, yaml, joblib, scipy.optimize")

    assert said == "True"


def test_a_library_of_which_nothing_is_known_ends_as_it_does(tmp_path: Path) -> None:
    library = tmp_path / "site-packages" / "unknown" / "core.so"
    library.parent.mkdir(parents=True)
    library.write_bytes(b"\0" * mmap.PAGESIZE)

    said = look(
        f"import mmap\nfile = open({str(library)!r}, 'r+b')\nkept = mmap.mmap(file.fileno(), 0)"
    )

    assert said == "False"


def look(imports: str) -> str:
    """Whether a Python that has imported this may be ended at once."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK.format(imports=imports), leaving.__file__],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
