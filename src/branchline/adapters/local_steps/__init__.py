"""Adapter `local_steps`: port `steps` for logs on this machine's disks."""

from branchline.adapters.local_steps.follower import LocalSteps

__all__ = ["LocalSteps"]
