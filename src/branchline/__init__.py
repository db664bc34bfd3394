"""Branchline: git-native CI/CD for machine learning. Push a branch, train a model."""

from branchline.version import __version__

__all__ = ["__version__"]
