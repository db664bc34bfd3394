"""The fake of port `steps` keeps its contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from branchline.testing.steps import FakeSteps, StepsContract

if TYPE_CHECKING:
    from pathlib import Path

    from branchline.ports.steps import Steps


class TestFakeSteps(StepsContract):
    """In memory."""

    @pytest.fixture
    def steps(self) -> Steps:
        return FakeSteps()

    def place(self, tmp_path: Path, name: str) -> str:
        return f"/work/{name}"

    def write(self, steps: Steps, path: str, text: str) -> None:
        assert isinstance(steps, FakeSteps)
        steps.files[path] = text.encode()
