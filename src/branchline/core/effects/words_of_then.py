"""Words of `then` that a verdict lets happen and that are not carried out, a sentence each. Pure.

Serves the station `effects`: what a rule asks for is done or said, never left out in silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    for word in dict.fromkeys(then):
        if word == "notify":
            found.append("`then: notify` is not carried out yet: nobody is notified")
        elif word in GIVES_STAGE and "register" not in then:
            found.append(
                f"`then: {word}` does nothing without `register`: it gives a stage to what that"
                " registers"
            )
        elif word in GIVES_STAGE and not stage:
            found.append(f"`then: {word}` gives no stage: each one is protected, so a person's")
        elif word == "deploy" and policy.sections.get("deploy"):
            found.append(
                f"`then: deploy` gives the version `{stage}`; nothing is rolled out to the targets"
                " of `deploy:` yet"
            )
    return tuple(found)
