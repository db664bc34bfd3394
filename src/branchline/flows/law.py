"""The policy of a box's default branch. Serves the flows and servers of a box."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from branchline.core.policy import with_default_branch
from branchline.core.trigger.refnames import HEADS
from branchline.errors import ConfigError

if TYPE_CHECKING:
    from branchline.core.policy import Policy
    from branchline.ports.repo import Repo

CONFIG_FILE = "branchline.yaml"


def law_text(repo: Repo) -> bytes | None:
    """branchline.yaml of the default branch; None while there is none."""
    head = repo.resolve(HEADS + repo.default_branch())
    return None if head is None else repo.show(head, CONFIG_FILE)


def law_policy(repo: Repo, model: str = "") -> Policy | None:
    """The default branch's policy of a model, of its first one where none is named.

    None where there is none that can be read.
    """
    text = law_text(repo)
    if text is None:
        return None
    try:
        policies = _policies(text)
    except ConfigError:
        return None
    found = next((policy for policy in policies if model in ("", policy.model)), None)
    return found and with_default_branch(found, repo.default_branch())


def ruled(own: Policy, law: bytes) -> Policy:
    """Rules for a model that the default branch may not know yet: then its first model's rules.

    A branch cannot make rules of its own by naming another model.

    Args:
        own: As a tree declares it.
        law: branchline.yaml of the default branch.
    """
    from branchline.config.branchline_yaml import load_policy
    from branchline.config.governing import governed, law_for

    if law_for(own.model, law) is not None:
        return governed(own, law)
    try:
        first = load_policy(law).models[0].policy
    except ConfigError:
        return own
    return replace(own, branches=first.branches, pull_requests=first.pull_requests)


@lru_cache(maxsize=8)
def _policies(text: bytes) -> tuple[Policy, ...]:
    """The policies of a branchline.yaml; a worker asks for the same ones at every turn."""
    from branchline.config.branchline_yaml import load_policy

    return tuple(found.policy for found in load_policy(text).models)
