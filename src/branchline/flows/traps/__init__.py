"""Traps in a team's own files: workflows, branches, documents of trust. Pure: texts in, values out.

Each kind has a row in docs/explanation/traps.md.
"""

from branchline.flows.traps.branches import traps_of_branches
from branchline.flows.traps.trust import traps_of_trust
from branchline.flows.traps.values import Trap
from branchline.flows.traps.workflow import filtered_jobs, traps_of_workflow

__all__ = [
    "Trap",
    "filtered_jobs",
    "traps_of_branches",
    "traps_of_trust",
    "traps_of_workflow",
]
