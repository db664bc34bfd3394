"""Proof that a gate can fail: what every gate must refuse, and what makes its numbers too good."""
