"""Which GPUs a stage gets to see."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.core.run import assign_devices, device_environment, device_names


@pytest.mark.parametrize(
    ("visible", "count", "names"),
    [
        pytest.param(None, 3, ("0", "1", "2"), id="all-when-nothing-is-said"),
        pytest.param("", 3, (), id="empty-hides-all"),
        pytest.param("-1", 3, (), id="minus-one-hides-all"),
        pytest.param("2, 0", 3, ("2", "0"), id="order-of-the-user"),
        pytest.param("1,-1,0", 3, ("1",), id="reading-stops-at-the-first-invalid-name"),
        pytest.param("MIG-0b5f,GPU-1", 1, ("MIG-0b5f", "GPU-1"), id="mig-and-uuid"),
        pytest.param(None, 0, (), id="no-gpu"),
    ],
)
def test_device_names(visible: str | None, count: int, names: tuple[str, ...]) -> None:
    assert device_names(visible, count) == names


@given(
    st.integers(0, 9),
    st.lists(st.sampled_from("abcdef"), unique=True),
    st.sets(st.sampled_from("abcdef")),
)
def test_no_gpu_is_given_twice(wanted: int, slots: list[str], taken: set[str]) -> None:
    given_now = assign_devices(wanted, slots, taken)

    assert not set(given_now) & taken
    assert len(given_now) == min(wanted, len(set(slots) - taken))


def test_a_stage_that_asked_for_none_keeps_the_callers_environment() -> None:
    assert device_environment(0, ()) == {}
    assert device_environment(2, ("0", "3")) == {"CUDA_VISIBLE_DEVICES": "0,3"}
    assert device_environment(1, ()) == {"CUDA_VISIBLE_DEVICES": ""}
