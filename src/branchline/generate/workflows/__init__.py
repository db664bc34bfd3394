"""Settings into the workflows of GitHub Actions, and what goes with them. Pure text."""

from branchline.generate.workflows.facts import facts_of
from branchline.generate.workflows.files import workflow_files
from branchline.generate.workflows.header import is_edited, is_ours
from branchline.generate.workflows.model_workflow import gate_name
from branchline.generate.workflows.not_written import notes_of
from branchline.generate.workflows.runner_script import runner_script
from branchline.generate.workflows.suggestions import (
    DEPENDABOT,
    Repository,
    aws_script,
    aws_trust,
    code_owners,
    repository_name,
)
from branchline.generate.workflows.together import Group, groups_of, why_apart
from branchline.generate.workflows.values import Facts

__all__ = [
    "DEPENDABOT",
    "Facts",
    "Group",
    "Repository",
    "aws_script",
    "aws_trust",
    "code_owners",
    "facts_of",
    "gate_name",
    "groups_of",
    "is_edited",
    "is_ours",
    "notes_of",
    "repository_name",
    "runner_script",
    "why_apart",
    "workflow_files",
]
