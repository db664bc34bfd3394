"""Variables that are others for a while are what they were afterwards."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from branchline.core.environment.aside import put_aside


@pytest.mark.parametrize("fails", [False, True], ids=["it-ends", "it-fails"])
def test_what_was_set_changed_and_removed_is_as_before_and_nothing_else(fails: bool) -> None:
    variables = {"CHANGED": "1", "REMOVED": "1", "OTHER": "1"}

    with (
        pytest.raises(ValueError, match="late") if fails else nullcontext(),
        put_aside(variables, ["CHANGED", "REMOVED", "ADDED", "NEVER"]),
    ):
        variables.update(CHANGED="2", ADDED="2", OTHER="2")
        del variables["REMOVED"]
        if fails:
            raise ValueError("late")

    assert variables == {"CHANGED": "1", "REMOVED": "1", "OTHER": "2"}
