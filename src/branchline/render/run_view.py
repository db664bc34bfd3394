"""One recorded run as the renderers see it. Pure values; `flows.history` makes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from branchline.core.evidence import Evidence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.values import JsonValue
    from branchline.core.verdict.values import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class StageView:
    """One stage of a recorded plan.

    Attributes:
        stage: Address. action: run, may_run, reuse or skip. reason: One sentence.
        changes: A sentence for each input that changed, those without effect left out.
        compared_with: Run that it was compared with; "" for none.
    """

    stage: str
    action: str
    reason: str
    changes: tuple[str, ...] = ()
    compared_with: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """One recorded run.

    Attributes:
        run: Its id. model: Name of the model.
        commit, branch, subject, author, is_dirty: Where it was made.
        started_at: UTC, ISO 8601; "" when the record does not say.
        duration_s: Wall time in seconds.
        outcome: passed, failed, unknown; "" when it was not judged.
        trigger: What woke it: kind, actor, force, reason.
        stages: The plan, in its order.
        plan: The same as recorded.
        evidence: Empty when the record has none.
        verdict: None when it was not judged.
        problems: What of the record could not be read, a sentence each.
    """

    run: str
    model: str = ""
    commit: str | None = None
    branch: str | None = None
    subject: str = ""
    author: str = ""
    is_dirty: bool = False
    started_at: str = ""
    duration_s: float = 0.0
    outcome: str = ""
    trigger: Mapping[str, JsonValue] = field(default_factory=dict)
    stages: tuple[StageView, ...] = ()
    plan: Mapping[str, JsonValue] = field(default_factory=dict)
    evidence: Evidence = field(default_factory=Evidence)
    verdict: Verdict | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InputView:
    """One input of one stage of a run: its digest, and its value where it has one."""

    stage: str
    kind: str
    name: str
    digest: str
    value: str = ""
