"""What `branchline plan` prints for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from branchline.cli.console import Console
    from branchline.core.plan.values import Plan


def show_plan(plan: Plan, console: Console) -> None:
    """Print the table of stages and the sentence about all of them."""
    from branchline.render.plan import plan_data_lines, plan_summary, plan_table

    if plan.stages:
        console.table(plan_table(plan))
    console.write(plan_summary(plan))
    console.lines(plan_data_lines(plan))
