"""A price as JSON."""

from __future__ import annotations

from branchline.core.plan.replay import Price
from branchline.render.prices import price_to_json


def test_no_price_is_none() -> None:
    assert price_to_json(None) is None


def test_a_price_is_told_by_the_hour_with_its_source() -> None:
    price = Price(name="box", usd_per_minute=0.006, dated="2026-11-27", source="a bill")

    assert price_to_json(price) == {
        "name": "box",
        "usd_per_hour": 0.36,
        "dated": "2026-11-27",
        "source": "a bill",
        "rounds_up": price.rounds_up,
    }
