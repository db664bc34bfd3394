"""What became of deployments as JSON and as Markdown for a job's summary. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from branchline.core.effects.deployed import step_to_json
from branchline.core.values import SCHEMA_VERSION
from branchline.render.safe_markdown import code, sentence

if TYPE_CHECKING:
    from collections.abc import Sequence
    from enum import Enum

    from branchline.core.effects.deployed import StepDone
    from branchline.core.values import JsonValue


class Seen(Protocol):
    """What is shown of one environment (`flows.deploy.Deployed` has it)."""

    @property
    def environment(self) -> str:
        """Its name."""
        ...

    @property
    def version(self) -> str:
        """What was to stand there; "" where that is not known."""
        ...

    @property
    def previous(self) -> str:
        """What stood there before; "" for nothing."""
        ...

    @property
    def state(self) -> Enum:
        """What was done."""
        ...

    @property
    def sentence(self) -> str:
        """The same for people, without a full stop."""
        ...

    @property
    def steps(self) -> tuple[StepDone, ...]:
        """Commands that ran."""
        ...

    @property
    def log(self) -> str:
        """Where their output is kept."""
        ...

    @property
    def url(self) -> str:
        """Of the service."""
        ...


def deployed_to_json(
    model: str, done: Sequence[Seen], *, is_dry: bool = False
) -> dict[str, JsonValue]:
    """`deploy --json`."""
    return {
        "schema_version": SCHEMA_VERSION,
        "model": model,
        "is_dry_run": is_dry,
        "environments": [
            {
                "environment": one.environment,
                "version": one.version,
                "previous": one.previous,
                "state": str(one.state.value),
                "sentence": one.sentence,
                "steps": [step_to_json(step) for step in one.steps],
                "log": one.log,
                "url": one.url,
            }
            for one in done
        ],
    }


def deployed_markdown(model: str, done: Sequence[Seen]) -> str:
    """What a job's summary says."""
    lines = [f"## Branchline: deployment of {code(model)}", ""]
    for one in done:
        lines.append(f"- {sentence(one.sentence)}.")
        lines += [
            f"  - {step.step}: {sentence(step.detail or 'ended well')}, {step.duration_s:.1f} s"
            for step in one.steps
        ]
    return "\n".join([*lines, ""])
