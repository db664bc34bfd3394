"""Which lock files name exact versions."""

from __future__ import annotations

import pytest

from branchline.flows.exact_lock import names_exactly


@pytest.mark.parametrize(
    ("text", "is_exact"),
    [
        pytest.param("numpy==2.1.0\n", True, id="one-version"),
        pytest.param("numpy===2.1.0\n", True, id="one-version-by-its-very-text"),
        pytest.param("numpy==2.1.0 \\\n    --hash=sha256:00\n", True, id="with-a-digest"),
        pytest.param("numpy[a,b]==2.1.0; python_version > '3.8'\n", True, id="with-a-condition"),
        pytest.param("tiny @ file:///tmp/tiny.whl\n", True, id="one-file"),
        pytest.param("# nothing\n\n-r more.txt\n-e .\n", True, id="options-ask-for-nothing"),
        pytest.param("numpy\n", False, id="a-name-alone"),
        pytest.param("numpy>=2\n", False, id="a-range"),
        pytest.param("numpy==2.*\n", False, id="any-of-a-series"),
        pytest.param("numpy==2.1.0,!=2.2\n", False, id="two-conditions"),
        pytest.param("numpy==2.1.0\nscipy~=1.0\n", False, id="one-of-two"),
    ],
)
def test_names_exactly(text: str, is_exact: bool) -> None:  # a parameter of a case
    assert names_exactly(text) is is_exact
