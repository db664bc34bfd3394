"""Flow of a box: whether a push is taken, for what its pre-receive hook cannot tell by itself.

Policy from the default branch as it is before the push, code from the pushed branch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.policy import rules_with_default_branch
from branchline.core.trigger.options import parse_options
from branchline.core.trigger.protect import Ground, judge_push
from branchline.core.trigger.refnames import HEADS, TAGS
from branchline.errors import ConfigError
from branchline.flows.law import CONFIG_FILE, settings_at
from branchline.generate.branch_rules import rules_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from branchline.config.settings_files import SettingsFiles
    from branchline.core.policy import BranchRule
    from branchline.core.trigger.protect import Refusal
    from branchline.core.trigger.rules import RefUpdate
    from branchline.flows.box import Box

NO_BLOB = "none"
"""An id that no file has: whenever the default branch moves, the rules are read again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """What the default branch of a box says of branches.

    Attributes:
        branch: Its name. commit: What it holds; "" when the box does not hold it.
        blob: Id of its branchline.yaml in the root; `none` without one: files of folders may count.
        rules: Branch rules of each model; the built-in ones where nothing else can be read.
        trouble: Why its branchline.yaml cannot be used; "" when it can.
    """

    branch: str
    commit: str
    blob: str
    rules: tuple[tuple[BranchRule, ...], ...]
    trouble: str = ""


def read_law(
    box: Box, load: Callable[[SettingsFiles | None], Sequence[tuple[BranchRule, ...]]]
) -> Law:
    """Read the branch rules of the default branch.

    Args:
        box: The box.
        load: The rules of each model that settings declare; of None, the built-in ones.
    """
    branch = box.repo.default_branch()
    commit = box.repo.resolve(f"{HEADS}{branch}") or ""
    trouble, found = "", None
    try:
        found = settings_at(box.repo, commit) if commit else None
        rules = load(found)
    except ConfigError as error:
        # What cannot be read protects as nothing was said: never less than the built-in rules.
        rules, trouble = load(None), error.message
    return Law(
        branch=branch,
        commit=commit,
        blob=_blob_id(found.text(CONFIG_FILE) if found else None, commit),
        rules=tuple(rules_with_default_branch(of_model, branch) for of_model in rules),
        trouble=trouble,
    )


def refresh_rules(box: Box, law: Law) -> bool:
    """Let pre-receive know the branch rules as they are now.

    Returns:
        Whether anything was written.
    """
    text = rules_text(law.rules, default_branch=law.branch, commit=law.commit, blob=law.blob)
    if box.box.rules() == text:
        return False
    box.box.write_rules(text)
    return True


def judge(
    box: Box, law: Law, updates: Sequence[RefUpdate], options: Sequence[str]
) -> tuple[Refusal, ...]:
    """What of a push is refused.

    Raises:
        PushRefusedError: An option is not known.
    """
    parse_options(options)
    settings = box.settings
    kinds = box.repo.object_kinds([update.new for update in updates if update.new])
    return judge_push(
        updates,
        Ground(
            heads=box.branches.heads(),
            rules=law.rules,
            default_branch=law.branch,
            is_ancestor=box.repo.is_ancestor,
            object_kind=lambda name: kinds.get(name, ""),
            allowed=settings.ref_characters,
            remote=settings.name,
            has_tag=lambda name: box.repo.resolve(f"{TAGS}{name}") is not None,
        ),
    )


def _blob_id(data: bytes | None, commit: str) -> str:
    """The id that git gives a file; of the kind that the commit's own id is."""
    import hashlib

    if data is None:
        return NO_BLOB if commit else ""
    kind = "sha256" if len(commit) == 64 else "sha1"
    digest = hashlib.new(kind, b"blob %d\0" % len(data) + data, usedforsecurity=False)
    return digest.hexdigest()
