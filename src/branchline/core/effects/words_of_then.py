"""Words of `then` that a verdict lets happen and that are not carried out, a sentence each. Pure.

Serves the station `effects`: what a rule asks for is done or said, never left out in silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.effects.deploying import deploys_to, problems_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.policy import Policy

GIVES_STAGE = ("deploy", "promote")
"""Words by which a version that is registered gets its first stage."""


def left_undone(then: Sequence[str], policy: Policy, *, stage: str = "") -> tuple[str, ...]:
    """What a rule asks for and nobody does; sentences without a full stop.

    Args:
        then: Of the rule.
        policy: Whose section `deploy` says whether there is anything to deploy to.
        stage: That the version gets; "" for none.

    >>> from branchline.core.policy import Policy
    >>> left_undone(("register", "promote"), Policy(model="m"), stage="staging")
    ()
    >>> left_undone(("promote",), Policy(model="m"))[0]
    '`then: promote` does nothing without `register`: it gives a stage to what that registers'
    """
    found = []
    targets = deploys_to(policy)
    for word in dict.fromkeys(then):
        if word == "notify":
            found.append("`then: notify` is not carried out yet: nobody is notified")
        elif word in GIVES_STAGE and "register" not in then:
            found.append(
                f"`then: {word}` does nothing without `register`: it gives a stage to what that"
                " registers"
            )
        elif word == "deploy" and targets:
            continue
        elif word == "deploy" and policy.sections.get("deploy"):
            problem = problems_of(policy)[0]
            gives = f"gives the version `{stage}`, and " if stage else ""
            found.append(
                f"`then: deploy` {gives}deploys nowhere: {problem.key} {problem.what}."
                f" {problem.todo.removesuffix('.')}"
            )
        elif word in GIVES_STAGE and not stage:
            why = "a deployment gives it" if targets else "each one is protected, so a person's"
            found.append(f"`then: {word}` gives no stage: {why}")
    return tuple(found)
