"""Who holds a stage by the word of a tracker, where the team keeps its registry there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.errors import EffectError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.flows.project import Project


def is_elsewhere(project: Project) -> bool:
    """Whether the policy names a tracker; costs no import."""
    section = project.policy.sections.get("registry")
    return isinstance(section, dict) and section.get("kind", "git") != "git"


def holders_elsewhere(project: Project) -> tuple[Mapping[str, str], str]:
    """Alias -> commit of the version that has it there, and a remark.

    An alias that nobody has there is left out: its mirror may be on its way, so git's tags are
    asked for it. So are they for all when the server does not answer, and the remark says it.
    """
    from branchline.core.effects.registering import rules_of

    rules = rules_of(project.policy)
    alias = project.policy.gate.baseline
    wanted = dict.fromkeys([alias, *(["staging"] if alias == "production" else [])])
    found: dict[str, str] = {}
    try:
        for name in wanted:
            version = project.tracker.holder(project.policy.model, name)
            if version is not None:
                found[name] = version.commit
    except (EffectError, MissingExtraError) as error:
        return {}, f"{rules.kind} was not asked ({error.message}), git's tags were"
    return found, ""
