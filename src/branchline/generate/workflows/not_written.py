"""What settings ask for and no workflow does yet, or GitHub does less well than one thinks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.generate.workflows.deploy_job import notes_of_deploy
from branchline.generate.workflows.store import notes_of_store

if TYPE_CHECKING:
    from branchline.core.policy import Policy
    from branchline.generate.workflows.values import Facts


def notes_of(policy: Policy, facts: Facts) -> tuple[str, ...]:
    """Sentences for whoever writes the workflows of a model; none where all is done.

    Args:
        policy: Of the model, whose patterns name the default branch.
        facts: All that decides the text of its workflows.
    """
    notes = [*notes_of_store(facts)]
    if facts.monitor is not None and not facts.monitor.schedule:
        notes.append(
            "`monitor` of branchline.yaml has no `schedule`: its workflow is started by hand only"
        )
    notes += notes_of_deploy(policy, facts)
    retrain = policy.sections.get("retrain")
    if isinstance(retrain, dict):
        if retrain.get("when") == "drift" and facts.monitor is None:
            notes.append(
                "`retrain.when` of branchline.yaml is `drift`, and there is no `monitor`: nobody"
                " looks, so a schedule trains what changed, by content"
            )
        if not facts.schedule:
            notes.append("`retrain` of branchline.yaml has no `schedule`: nothing is woken by it")
    schedules = {
        "retrain": facts.schedule,
        "monitor": facts.monitor.schedule if facts.monitor is not None else "",
    }
    notes += [
        f"`{section}.schedule` is `{cron}`: at the start of an hour GitHub starts late, or drops"
        " what it cannot start; take another minute, e.g. 17"
        for section, cron in schedules.items()
        if cron and cron.split()[0] == "0"
    ]
    return tuple(notes)
