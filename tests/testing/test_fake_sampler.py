"""The fake of port `sampler`, and the samplers that need no library, keep its contract."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from branchline.flows.sampling import FixedPoints, points
from branchline.flows.search import Search
from branchline.testing.sampler import FakeSampler, SamplerContract

if TYPE_CHECKING:
    from collections.abc import Callable

    from branchline.ports.sampler import Sampler

SPACE: dict[str, Any] = {
    "lr": {"float": [1e-4, 1.0], "log": True},
    "kind": ["forest", "linear"],
    "trees": {"choice": [10, 20], "when": {"kind": "forest"}},
}


class TestFakeSampler(SamplerContract):
    """A list of points."""

    @pytest.fixture
    def space(self) -> dict[str, Any]:
        return {"x": {"int": [0, 20]}}

    @pytest.fixture
    def make(self) -> Callable[[], Sampler]:
        return lambda: FakeSampler([{"x": number} for number in range(20)])


class TestRandom(SamplerContract):
    """Points that are drawn."""

    @pytest.fixture
    def space(self) -> dict[str, Any]:
        return SPACE

    @pytest.fixture
    def make(self) -> Callable[[], Sampler]:
        asked = Search(metric="auc", space=SPACE, sampler="random", trials=30)
        return partial(_fixed, asked)


class TestGrid(SamplerContract):
    """Every combination, those that `when` makes equal once."""

    @pytest.fixture
    def space(self) -> dict[str, Any]:
        return {**SPACE, "lr": [0.1, 0.2, 0.3]}

    @pytest.fixture
    def make(self, space: dict[str, Any]) -> Callable[[], Sampler]:
        return partial(_fixed, Search(metric="auc", space=space, sampler="grid", trials=30))


def _fixed(asked: Search) -> Sampler:
    return FixedPoints(points(asked))
