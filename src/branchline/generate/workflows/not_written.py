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
    if policy.sections.get("monitor"):
        notes.append(
            "`monitor` of branchline.yaml is in no workflow: this version has no command that"
            " watches a model in Actions"
        )
    notes += notes_of_deploy(policy, facts)
    retrain = policy.sections.get("retrain")
    if isinstance(retrain, dict):
        # By content is what `data_changed` asks for, and `always` forces.
        is_when = retrain.get("when") not in (None, "always", "data_changed")
        asked = ["`retrain.when`"] if is_when else []
        asked += ["`retrain.cooldown`"] if retrain.get("cooldown") else []
        if asked:
            notes.append(
                f"{' and '.join(asked)} of branchline.yaml: not heeded; a schedule trains what"
                " changed, by content"
            )
        if not facts.schedule:
            notes.append("`retrain` of branchline.yaml has no `schedule`: nothing is woken by it")
    if facts.schedule and facts.schedule.split()[0] == "0":
        notes.append(
            f"`retrain.schedule` is `{facts.schedule}`: at the start of an hour GitHub starts late,"
            " or drops what it cannot start; take another minute, e.g. 17"
        )
    return tuple(notes)
