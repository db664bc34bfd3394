"""Appliers of `Deploy`: a job of a box, or at once by the person at work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.run.jobs import DEPLOY, NewJob
from branchline.core.trigger import TriggerKind
from branchline.errors import EffectError
from branchline.flows.deploy import deploy_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.effects.deploying import Target
    from branchline.core.effects.values import Deploy
    from branchline.flows.box import Box
    from branchline.flows.deploy_site import Site
    from branchline.ports.registry import ModelVersion, Registry


def queue_deployment(box: Box, effect: Deploy, *, at: float) -> str:
    """Queue the job that deploys: it runs the team's command, which a worker has no time for.

    The same effect again queues nothing.

    Raises:
        EffectError: The version is not registered yet; it is tried again.
    """
    version = registered(box.registry, effect)
    branch = box.repo.default_branch()
    job = NewJob(
        kind=DEPLOY,
        trigger=TriggerKind.PUSH.value,
        branch=branch,
        commit=effect.commit,
        model=effect.model,
        pusher=effect.by,
        reason=f"deploys {effect.model}@{version.version}",
        latest_wins=False,
        # The branch may have gone on meanwhile, and stays where it is.
        is_late=box.queue.heads().get(branch) != effect.commit,
    )
    (number,) = box.queue.enqueue([job], event=effect.identity, at=at)
    return f"job {number} deploys {effect.model}@{version.version}"


def deploy_now(site: Site, targets: Sequence[Target], effect: Deploy) -> str:
    """Deploy, for a person who applies the effects of a run.

    Raises:
        EffectError: The version does not stand where it was to.
        BranchlineError: As `flows.deploy.deploy_all`.
    """
    version = registered(site.registry, effect)
    done = deploy_all(site, targets, names=effect.environments, version=version.version)
    said = "; ".join(one.sentence for one in done)
    if not all(one.state.is_well for one in done):
        raise EffectError(said)
    return said


def registered(registry: Registry, effect: Deploy) -> ModelVersion:
    """The version that holds the files of a deployment.

    Raises:
        EffectError: There is none yet.
    """
    for version in reversed(registry.versions(effect.model)):
        asked = version.asked
        if not version.is_retired and asked is not None and asked.digest == effect.digest:
            return version
    raise EffectError(f"the deployment of {effect.model} waits until its model is registered")
