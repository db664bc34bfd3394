"""The fake of the port `issues` keeps its contract."""

from __future__ import annotations

import pytest

from branchline.testing.issues import FakeIssues, IssuesContract


class TestFakeIssues(IssuesContract):
    """In memory."""

    @pytest.fixture
    def issues(self) -> FakeIssues:
        """A fresh one."""
        return FakeIssues()
