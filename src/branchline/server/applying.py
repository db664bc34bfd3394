"""Who applies which effect in a box. `flows.apply` goes through the outbox with this table."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from branchline.core.effects.values import Deploy, OpenPullRequest, SetCheck, StickyComment, TagRun
from branchline.flows.apply_deploy import queue_deployment
from branchline.flows.apply_forge import Opener, apply_check, apply_comment, apply_tag

if TYPE_CHECKING:
    from branchline.flows.apply import Appliers
    from branchline.flows.box import Box
    from branchline.flows.pull_events import Intake


def appliers_of(box: Box, intake: Intake) -> Appliers:
    """Who applies what.

    Args:
        box: Where.
        intake: Told of branches that are written.
    """
    opener = Opener(box.forge, box.branches, intake, time.time)

    def check(effect: SetCheck) -> str:
        apply_check(box.forge, effect, at=time.time())
        return f"check {effect.name} is {effect.state}"

    def comment(effect: StickyComment) -> str:
        apply_comment(box.forge, effect, at=time.time())
        return f"report of #{effect.pull_request} is that of run {effect.run}"

    return {
        SetCheck: check,
        StickyComment: comment,
        TagRun: lambda effect: apply_tag(box.branches, effect, at=time.time()),
        OpenPullRequest: lambda effect: opener.apply(effect).said,
        Deploy: lambda effect: queue_deployment(box, effect, at=time.time()),
        **_registry(box),
    }


def _registry(box: Box) -> Appliers:
    from branchline import wiring
    from branchline.core.policy import Policy
    from branchline.flows.law import law_policy
    from branchline.flows.places import Places
    from branchline.wiring import jobs

    places = Places(box.path)
    return wiring.registry_appliers(
        box.registry,
        law_policy(box.repo) or Policy(model="model"),
        jobs.open_artifacts(places.home, places.store),
    )
