"""git: the repository and the records in it, by git's plumbing commands."""

from branchline.adapters.git.plumbing import Git
from branchline.adapters.git.records import GitRecords
from branchline.adapters.git.repo import GitRepo

__all__ = ["Git", "GitRecords", "GitRepo"]
