"""Which lock files name exact versions, so that their packages are those of then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from branchline.flows.exact_lock import exact_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.flows.conftest import Bench

    Make = Callable[[Mapping[str, str]], Bench]


@pytest.mark.parametrize(
    ("files", "lock"),
    [
        pytest.param({"requirements.txt": "numpy==2.1.0\n"}, "requirements.txt", id="pins"),
        pytest.param({"requirements.txt": "numpy==2.1.0\nscipy>=1\n"}, "", id="one-is-left-open"),
        pytest.param(
            {"requirements.txt": "-r more.txt\nnumpy==2.1.0\n", "more.txt": "scipy\n"},
            "",
            id="one-of-an-included-file-is-left-open",
        ),
        pytest.param({"requirements.txt": "# nothing\n"}, "", id="nothing-is-asked-for"),
        pytest.param({"uv.lock": "version = 1\n"}, "uv.lock", id="a-lock-of-uv"),
        pytest.param({}, "", id="no-file"),
    ],
)
def test_exact_lock(make_bench: Make, files: dict[str, str], lock: str) -> None:
    bench = make_bench({"dvc.yaml": "stages: {f: {cmd: f, outs: [o]}}\n", **files})

    assert exact_lock(bench.project()) == lock
