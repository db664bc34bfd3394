"""Durations, sizes and shares."""

from __future__ import annotations

import math

import pytest

from branchline.config.units import bytes_of, seconds_of, share_of


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param("30m", 1800, id="minutes"),
        pytest.param("1h30m", 5400, id="two-units"),
        pytest.param("1.5h", 5400, id="a-fraction"),
        pytest.param("1d", 86400, id="a-day"),
        pytest.param("250ms", 0.25, id="milliseconds"),
        pytest.param(90, 90, id="plain-seconds"),
        pytest.param("90", None, id="text-needs-a-unit"),
        pytest.param(-1, None, id="negative"),
        pytest.param(math.nan, None, id="nan"),
        pytest.param(math.inf, None, id="infinite"),
        pytest.param(True, None, id="a-boolean"),
        pytest.param("", None, id="nothing"),
        pytest.param("3 h", None, id="a-space"),
    ],
)
def test_seconds_of(value: object, seconds: float | None) -> None:
    assert seconds_of(value) == seconds


@pytest.mark.parametrize(
    ("value", "size"),
    [
        pytest.param("32G", 32 * 1024**3, id="gigabytes"),
        pytest.param("512MiB", 512 * 1024**2, id="long-unit"),
        pytest.param("1.5GB", 1610612736, id="a-fraction"),
        pytest.param(1024, 1024, id="plain-bytes"),
        pytest.param("10B", 10, id="bytes"),
        pytest.param("32g", None, id="small-letter"),
        pytest.param(-1, None, id="negative"),
        pytest.param(1.5, None, id="half-a-byte"),
        pytest.param(True, None, id="a-boolean"),
    ],
)
def test_bytes_of(value: object, size: int | None) -> None:
    assert bytes_of(value) == size


@pytest.mark.parametrize(
    ("value", "share"),
    [
        pytest.param("10%", 0.1, id="percent"),
        pytest.param(0.3, 0.3, id="a-number"),
        pytest.param("100%", 1.0, id="all"),
        pytest.param(1, 1.0, id="one"),
        pytest.param("101%", None, id="more-than-all"),
        pytest.param(1.1, None, id="a-number-above-one"),
        pytest.param(math.nan, None, id="nan"),
    ],
)
def test_share_of(value: object, share: float | None) -> None:
    assert share_of(value) == share
