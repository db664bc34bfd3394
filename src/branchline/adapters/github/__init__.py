"""GitHub and GitHub Enterprise: pull requests, checks, comments, workflows, assets."""

from branchline.adapters.github.addresses import Address, address_of
from branchline.adapters.github.annotations import GitHubAnnotations
from branchline.adapters.github.assets import GitHubAssets
from branchline.adapters.github.checks import CheckRuns, Statuses
from branchline.adapters.github.checkup import GitHubCheckup
from branchline.adapters.github.client import Client
from branchline.adapters.github.forge import GitHubForge
from branchline.adapters.github.issues import GitHubIssues
from branchline.adapters.github.repository import Repository
from branchline.adapters.github.workflows import GitHubWorkflows

__all__ = [
    "Address",
    "CheckRuns",
    "Client",
    "GitHubAnnotations",
    "GitHubAssets",
    "GitHubCheckup",
    "GitHubForge",
    "GitHubIssues",
    "GitHubWorkflows",
    "Repository",
    "Statuses",
    "address_of",
]
