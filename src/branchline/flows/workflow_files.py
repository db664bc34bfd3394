"""Verb: write workflows. What the settings ask for, and how the files of a repository differ.

Reads and writes no file: the command line does.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from branchline.core.policy import with_default_branch
from branchline.errors import ConfigError
from branchline.generate.workflows import (
    Facts,
    Group,
    facts_of,
    gate_name,
    groups_of,
    is_edited,
    is_ours,
    notes_of,
    why_apart,
    workflow_files,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.pipeline import Pipeline
    from branchline.core.policy import Policy


class Standing(Enum):
    """How a file stands to what the settings ask for.

    Attributes:
        CURRENT: As it should be. MISSING: Not there.
        OUTDATED: Ours, from other settings or another version.
        EDITED: Ours, and changed by hand since.
        FOREIGN: Somebody else's, where ours should be.
        LEFT_OVER: Ours, and not asked for any more.
    """

    CURRENT = "current"
    MISSING = "missing"
    OUTDATED = "outdated"
    EDITED = "edited"
    FOREIGN = "foreign"
    LEFT_OVER = "left over"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileState:
    """One file. `old` and `new` are its texts; None where there is none, or should be none."""

    path: str
    standing: Standing
    old: str | None
    new: str | None

    @property
    def is_by_hand(self) -> bool:
        """Whether somebody wrote or edited it: nothing is written over it unasked."""
        return self.old is not None and (not is_ours(self.old) or is_edited(self.old))

    def difference(self) -> tuple[str, ...]:
        """What would change, as lines of a unified diff."""
        old, new = self.old or "", self.new or ""
        return tuple(
            difflib.unified_diff(
                old.splitlines(),
                new.splitlines(),
                f"a/{self.path}" if self.old is not None else "/dev/null",
                f"b/{self.path}" if self.new is not None else "/dev/null",
                lineterm="",
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the settings of a repository ask for.

    Attributes:
        policies: Of the models, whose patterns name the default branch.
        facts: Of the same models. groups: Those that share a workflow.
        files: Paths from the root and their texts.
        notes: What the settings ask for and no workflow does, or does less well; a sentence each.
        remote: Address of DVC's default remote; "" for none.
    """

    policies: tuple[Policy, ...]
    facts: tuple[Facts, ...]
    groups: tuple[Group, ...]
    files: Mapping[str, str]
    notes: tuple[str, ...] = ()
    remote: str = ""

    @property
    def gates(self) -> tuple[str, ...]:
        """Names of the checks to require, one a workflow."""
        grouped = {name for group in self.groups for name in group.names}
        alone = (gate_name(facts) for facts in self.facts if facts.model not in grouped)
        return (*(gate_name(group.facts) for group in self.groups), *alone)


def asked_files(
    models: Sequence[tuple[Policy, Pipeline]], *, default_branch: str, remote: str = ""
) -> Asked:
    """The workflows of a repository.

    Args:
        models: Policy and pipeline of each.
        default_branch: Short name; `github.default_branch` of the first model goes before it.
        remote: Address of DVC's default remote, where `store:` names none; "" for none.

    Raises:
        ConfigError: GitHub would refuse what the settings ask for.
    """
    section = models[0][0].sections.get("github")
    named = section.get("default_branch") if isinstance(section, dict) else None
    branch = str(named or default_branch)
    policies = tuple(with_default_branch(policy, branch) for policy, _ in models)
    facts = tuple(
        _facts(policy, pipeline, branch, is_only=len(models) == 1, remote=remote)
        for policy, (_, pipeline) in zip(policies, models, strict=True)
    )
    apart = [policy.model for policy in policies if not _takes_matrix(policy)]
    groups = groups_of(facts, apart)
    notes = dict.fromkeys(
        note
        for policy, fact in zip(policies, facts, strict=True)
        for note in notes_of(policy, fact)
    )
    chosen = set(apart)
    notes |= dict.fromkeys(why_apart([f for f in facts if f.model not in chosen], groups))
    return Asked(
        policies=policies,
        facts=facts,
        groups=groups,
        files=workflow_files(facts, groups),
        notes=tuple(notes),
        remote=remote,
    )


def _facts(policy: Policy, pipeline: Pipeline, branch: str, *, is_only: bool, remote: str) -> Facts:
    """Facts of one model; what is wrong with its settings names their own file."""
    try:
        return facts_of(policy, pipeline, default_branch=branch, is_only=is_only, remote=remote)
    except ConfigError as error:
        if "/" in policy.source:
            error.message = error.message.replace("branchline.yaml:", f"{policy.source}:", 1)
        raise


def _takes_matrix(policy: Policy) -> bool:
    section = policy.sections.get("github")
    return not isinstance(section, dict) or section.get("matrix", True) is not False


def compare(asked: Mapping[str, str], standing: Mapping[str, str]) -> tuple[FileState, ...]:
    """How each file stands.

    Args:
        asked: Paths and texts that the settings ask for.
        standing: Paths and texts that are there: at least those asked for, and all workflows.

    Returns:
        In the order of what is asked for, then what is left over.
    """
    states = []
    # A checkout may have its own ends of lines (core.autocrlf): that is no edit.
    standing = {path: text.replace("\r\n", "\n") for path, text in standing.items()}
    for path, new in asked.items():
        old = standing.get(path)
        states.append(FileState(path=path, standing=_standing(old, new), old=old, new=new))
    for path, old in sorted(standing.items()):
        if path not in asked and is_ours(old):
            states.append(FileState(path=path, standing=Standing.LEFT_OVER, old=old, new=None))
    return tuple(states)


def _standing(old: str | None, new: str) -> Standing:
    if old is None:
        return Standing.MISSING
    if old == new:
        return Standing.CURRENT
    if not is_ours(old):
        return Standing.FOREIGN
    return Standing.EDITED if is_edited(old) else Standing.OUTDATED
