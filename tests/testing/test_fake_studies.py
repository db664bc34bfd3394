"""The fake of port `studies` keeps its contract."""

from __future__ import annotations

import pytest

from branchline.testing.studies import FakeStudies, Shelf, StudiesContract


class TestFakeStudies(StudiesContract):
    """In memory."""

    @pytest.fixture
    def shelf(self) -> Shelf:
        return Shelf()

    @pytest.fixture
    def studies(self, shelf: Shelf) -> FakeStudies:
        return FakeStudies(shelf)

    @pytest.fixture
    def beside(self, shelf: Shelf) -> FakeStudies:
        return FakeStudies(shelf)
