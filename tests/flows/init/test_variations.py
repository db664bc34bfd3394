"""Generated repositories of each layout, of which the truth is known: what is missed is said."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
LAYOUTS = ("Script", "DVC", "Hydra", "Notebook", "Trainer", "Monorepo", "Targets")
LOOKED_AT = {"Script": 40}
EACH = 10


@pytest.fixture(scope="module")
def variations() -> Iterator[ModuleType]:
    """The generator, benchmarks/init_variations.py."""
    sys.path.insert(0, str(BENCHMARKS))
    yield import_module("init_variations")
    sys.path.remove(str(BENCHMARKS))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_missed_is_said_and_nothing_is_wrong(variations: ModuleType, layout: str) -> None:
    found = variations.looked_at(variations.sampled(layout, LOOKED_AT.get(layout, EACH)))

    bad = [
        f"{thing} {outcome}: {case.name}"
        for case, outcomes in found
        for thing, outcome in outcomes.items()
        if outcome in ("wrong", "silent")
    ]
    right = sum(list(outcomes.values()).count("right") for _, outcomes in found)
    assert bad == []
    assert right > 0.75 * sum(len(outcomes) for _, outcomes in found)


def test_samples_are_always_the_same_and_each_value_occurs(variations: ModuleType) -> None:
    for layout in LAYOUTS:
        few, many = variations.sampled(layout, 20), variations.sampled(layout, 150)

        assert [case.name for case in few] == [case.name for case in many[:20]]
        assert len({case.name for case in many}) == len(many)
        for axis in many[0].axes:
            assert len({case.axes[axis] for case in many}) > 1


@pytest.mark.parametrize(
    ("layout", "ends"),
    [
        pytest.param("DVC", 0, id="dvc"),
        pytest.param("Hydra", 0, id="hydra"),
        pytest.param("Notebook", 0, id="notebook"),
        pytest.param("Trainer", 0, id="trainer"),
        pytest.param("Monorepo", 0, id="monorepo"),
        pytest.param("Targets", 0, id="targets"),
        pytest.param("DVC", 4, id="a-file-that-no-reader-reads-is-unknown"),
        pytest.param("Targets", 4, id="metrics-that-nobody-finds-are-unknown"),
    ],
)
def test_what_was_found_ends_with_a_verdict(
    variations: ModuleType, tmp_path: Path, layout: str, ends: int
) -> None:
    running = import_module("init_layouts.running")
    fit = [case for case in variations.sampled(layout, 100) if case.ends == ends]
    case = next((case for case in fit if running.can_run(case)), None)
    if case is None:
        pytest.skip(f"nothing here has what a training of layout {layout} imports")

    endings = running.ran(case, str(tmp_path))

    assert [ending.problem(case) for ending in endings] == [""] * len(case.truths)


def test_the_judgement_itself_can_fail(variations: ModuleType, tmp_path: Path) -> None:
    """A truth that is not so must not be counted as found."""
    judged = import_module("init_layouts.cases").judged
    (case, *_) = [c for c in variations.sampled("Targets", 60) if c.axes["target"] == "Makefile"]
    (truth,) = case.truths
    lies: dict[str, dict[str, Any]] = {
        "command": {"commands": ("python other.py",)},
        "parameters": {"params": ("other.yaml",)},
        "data": {"data": ("other.csv",)},
        "model": {"model": "other.pkl"},
        "metrics file": {"metrics": "other.json"},
        "gate": {"gate": {"rmse": "maximize", "r2": "maximize"}},
    }

    for number, (thing, lie) in enumerate(lies.items()):
        wrong = replace(case, truths=(replace(truth, **lie),))
        outcomes = judged(wrong, str(tmp_path / str(number)))

        assert outcomes[thing] in ("wrong", "silent")
        assert [other for other in outcomes if outcomes[other] != "right"] == [thing]
