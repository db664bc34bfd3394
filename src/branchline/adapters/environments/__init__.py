"""Environments by lock digest, made by uv where it is installed, else by venv and pip."""

from branchline.adapters.environments.local import LockEnvironments

__all__ = ["LockEnvironments"]
