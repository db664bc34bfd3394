"""A price as JSON, for every document that counts money. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from branchline.core.plan.replay import Price
    from branchline.core.values import JsonValue


def price_to_json(price: Price | None) -> dict[str, JsonValue] | None:
    """The key `price` of `cost --json` and `replay --json`; None where no price is known."""
    if price is None:
        return None
    return {
        "name": price.name,
        "usd_per_hour": round(price.usd_per_minute * 60, 6),
        "dated": price.dated,
        "source": price.source,
        "rounds_up": price.rounds_up,
    }
