"""Optuna's samplers keep the contract of port `sampler`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from branchline.core.run.studies import Inherited
from branchline.flows.search import Search
from branchline.testing.sampler import SamplerContract
from branchline.wiring.searches import sampler_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from branchline.ports.sampler import Sampler

pytest.importorskip("optuna", reason="the extra `tune` is not installed")

PLAIN = {"lr": {"float": [1e-4, 1.0], "log": True}, "depth": {"int": [1, 8]}}
MIXED = {
    **PLAIN,
    "kind": ["forest", "linear"],
    "trees": {"int": [10, 50], "step": 10, "when": {"kind": "forest"}},
}


class _Contract(SamplerContract):
    kind = ""

    @pytest.fixture
    def space(self) -> dict[str, Any]:
        return PLAIN if self.kind == "cmaes" else MIXED

    @pytest.fixture
    def make(self, space: dict[str, Any]) -> Callable[[], Sampler]:
        asked = Search(metric="auc", space=space, sampler=self.kind, seed=3, trials=self.trials)
        return partial(sampler_of, asked, Inherited())


class TestTpe(_Contract):
    """Which learns from what was stopped early, too."""

    kind = "tpe"


class TestNsgaii(_Contract):
    """By generations of 20."""

    kind, trials = "nsgaii", 48


class TestCmaes(_Contract):
    """Whose state is made again."""

    kind = "cmaes"


class TestQmc(_Contract):
    """Points that fill the space evenly."""

    kind = "qmc"
