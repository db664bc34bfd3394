"""What `branchline ci plan` decides and says, and `ci run --decide` before it walks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.errors import CiError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.cli.console import Console
    from branchline.core.plan.asked import AskedModel
    from branchline.core.policy import Policy
    from branchline.flows.ci_setting import CiSetting
    from branchline.ports.ci import CiJob, Note


def decide(
    setting: CiSetting, policies: Sequence[Policy], job: CiJob, console: Console, notes: list[Note]
) -> tuple[AskedModel, ...]:
    """Decide for each model; write the job's outputs and its summary, and show the plan.

    Args:
        setting: The job's event.
        policies: Of the models that are asked about; none where the event asks for nothing.
        job: Takes outputs and summary.
        console: Shows the plan.
        notes: Takes annotations.
    """
    from branchline.core.plan.asked import outputs_of, reason_of
    from branchline.flows.ci_plan import plan_models
    from branchline.render.ci import plan_markdown, plan_remarks

    asked, stages = plan_models(setting, policies)
    reason = setting.idle_reason or reason_of(asked)
    outputs = outputs_of(asked, reason=reason)
    if not job.write_outputs(outputs):
        console.note("GITHUB_OUTPUT is not set: the outputs are printed only")
    job.write_summary(plan_markdown(setting.event, asked, setting.notes, reason=reason))
    notes.extend(plan_remarks(asked, stages))
    _show(console, outputs, asked, setting.notes)
    return asked


def wanted(asked: Sequence[AskedModel], policies: Sequence[Policy]) -> tuple[Policy, ...]:
    """Those of the policies for which a job has something to do.

    Raises:
        CiError: There is something to train, and it is withheld from a fork.
    """
    for one in asked:
        if one.is_withheld:
            raise CiError(
                f"{one.model} would be trained, and that is withheld: {one.decision.reason}",
                todo="Read the code, then push its branch to this repository.",
            )
    walking = {one.model for one in asked if one.walks}
    return tuple(policy for policy in policies if policy.model in walking)


def _show(
    console: Console,
    outputs: dict[str, str],
    asked: Sequence[AskedModel],
    notes: Sequence[str],
) -> None:
    """The outputs, and the plan of each model, for the log."""
    from branchline.cli.plan_report import show_plan
    from branchline.core.plain_text import plain

    for one in asked:
        if one.plan is not None:
            console.write(f"{plain(one.model)}:")
            show_plan(one.plan, console)
    for note in notes:
        console.note(f"note: {plain(note)}")
    for name, value in outputs.items():
        console.write(f"{name}={plain(value)}")
