"""The loop, apart from what it trains."""
