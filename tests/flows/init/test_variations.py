"""Generated repositories of which the truth is known: what is missed is said."""

from __future__ import annotations

import sys
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[3]
EACH = 17  # of the 4,400; prime to the lengths of all lists, so that every variation occurs


@pytest.fixture(scope="module")
def variations() -> ModuleType:
    """The generator, benchmarks/init_variations.py."""
    file = ROOT / "benchmarks" / "init_variations.py"
    spec = util.spec_from_file_location("init_variations", file)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_what_is_missed_is_said_and_nothing_is_wrong(
    variations: ModuleType, tmp_path: Path
) -> None:
    outcomes: dict[str, set[str]] = {}
    wrong = []
    for number, case in enumerate(variations.cases()[::EACH]):
        for thing, outcome in variations.judged(case, str(tmp_path / str(number))).items():
            outcomes.setdefault(thing, set()).add(outcome)
            if outcome in ("wrong", "silent"):
                wrong.append(f"{thing} {outcome}: {case.name}")

    assert wrong == []
    assert outcomes["command"] == {"right", "asked"}
    assert outcomes["data"] == {"right"}
    assert outcomes["model"] == {"right"}
    assert "right" in outcomes["gate"]
