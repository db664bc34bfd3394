"""Checks of data before anything trains: what a schema asks, what was measured, what differs."""
