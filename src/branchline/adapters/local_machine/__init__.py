"""This computer: clock, environment, Python on PATH, devices."""

from branchline.adapters.local_machine.machine import LocalMachine

__all__ = ["LocalMachine"]
