"""Whose model a run is measured against: by the word of a tracker, and by its record.

What is asked here costs nothing; `flows.rescore` scores the champion again where it has to be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.verdict.bars import moved_by_chance
from branchline.errors import EffectError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from branchline.core.evidence import Evidence
    from branchline.core.plan.values import Result
    from branchline.core.policy import Gate
    from branchline.core.verdict.values import Baseline
    from branchline.flows.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Champion:
    """What a run is measured against.

    Attributes:
        evidence: Comparable with the run's; None where there is none, or it cannot be compared.
        baseline: Whose it is, and how it was come by.
        recorded: As its own run left it, comparable or not; None when it is not known. What it
            predicted of the same examples stays true whatever cannot be scored again.
        is_stopped: The user stopped the run meanwhile: there is no verdict.
    """

    evidence: Evidence | None
    baseline: Baseline
    recorded: Evidence | None = None
    is_stopped: bool = False


def stands(
    gate: Gate, results: Iterable[Result], recorded: Evidence | None, evidence: Evidence
) -> bool:
    """Whether the champion's recorded numbers will do as they are, by the keys of both runs.

    They do where nobody asks for them, where the run that is judged has no numbers, and where the
    stages that leave numbers are those of the champion's run.

    Args:
        gate: The bars.
        results: Of the run that is judged.
        recorded: As the champion's run left it; None when there is none or it cannot be read.
        evidence: Of the run that is judged.
    """
    is_asked = bool(moved_by_chance(gate, evidence))
    scored = [r for r in results if any(out.kind == "metric" for out in r.outs)]
    if recorded is None or not is_asked or not scored:
        return True
    keys = {facts.stage: facts.key for facts in recorded.stages}
    is_same = recorded.evaluation_data == evidence.evaluation_data
    return is_same and all(r.key and keys.get(r.stage) == r.key for r in scored)


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
