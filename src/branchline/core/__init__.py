"""The walk: pure values and functions. No I/O, clock, chance, log or environment."""
