"""`branchline doctor --github` for a folder: its workflows and rules, and the repository."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.policy import Policy
    from branchline.flows.doctor import Check
    from branchline.flows.workflow_needs import WorkflowNeeds

__all__ = ["examine_folder"]

_PATIENCE_S = 60.0


def examine_folder(
    folder: str, environ: Mapping[str, str], *, repository: str = ""
) -> tuple[Check, ...]:
    """Look at the repository on GitHub that a folder belongs to.

    Args:
        folder: In a clone, or anywhere where the repository is named.
        environ: See `forges.open_github`.
        repository: `OWNER/NAME`; "" finds it.
    """
    from branchline.adapters.checkup.team_files import workflows
    from branchline.flows.doctor_github import examine_github
    from branchline.flows.workflow_needs import needs_of
    from branchline.wiring.forges import open_github

    root = _root(folder)
    policies = _policies(root)
    needs = [needs_of(path, content) for path, content in workflows(root)]
    with open_github(folder, environ, repository=repository, patience_s=_PATIENCE_S) as side:
        return examine_github(
            side.checkup.facts(),
            needs,
            modes=_modes(policies),
            stores=None if policies is None else _stores(root, policies, needs),
            token_from=side.address.token_from,
            now_s=time.time(),
        )


def _root(folder: str) -> str:
    from branchline.adapters.git.plumbing import find_places
    from branchline.errors import RepositoryError

    try:
        return find_places(folder).root
    except RepositoryError:
        return folder


def _policies(root: str) -> list[Policy] | None:
    """Of each model; None where branchline.yaml cannot be used."""
    from branchline.errors import BranchlineError
    from branchline.wiring.declared import read_config

    try:
        loaded = read_config(root, "model")
    except (OSError, BranchlineError):
        return None
    return [model.policy for model in loaded.models]


def _stores(root: str, policies: Sequence[Policy], needs: Sequence[WorkflowNeeds]) -> list[str]:
    """Where the outputs of each model are kept besides the machine that made them; "" nowhere.

    A folder is nothing that a machine of GitHub's could reach, and as DVC's remote it is that of
    the machine that wrote the settings.
    """
    from branchline.generate.workflows.store import kind_of
    from branchline.generate.workflows.values import may_be_own
    from branchline.wiring.declared import dvc_address
    from branchline.wiring.stores import shown

    has_own = any(may_be_own(labels) for need in needs for labels in need.labels)
    of_dvc = dvc_address(root)
    return [
        "" if kind_of(address) == "folder" and not has_own else shown(address)
        for address in (policy.store or of_dvc for policy in policies)
    ]


def _modes(policies: Sequence[Policy] | None) -> list[str] | None:
    """How each branch rule starts the training of the pull request that it opens."""
    from branchline.core.effects.openings import DEFAULT_MODE

    if policies is None:
        return None
    return [
        str(rule.open_pull_request.get("mode", DEFAULT_MODE))
        for policy in policies
        for rule in policy.branches
        if rule.open_pull_request is not None
    ]
