"""Station `plan`: machines of a CI's jobs, and how long a job may take on them. Pure.

One answer for the workflows that are written and for what `branchline ci plan` puts out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from branchline.core.policy import Policy, Resources

OWN = "self-hosted"
"""Label of a machine of the team."""
DEFAULT_LABELS = ("ubuntu-24.04",)
"""A machine of GitHub's that does not change its system by itself, as `ubuntu-latest` does."""
HOSTED_MINUTES, OWN_MINUTES = 360, 7200
"""Most minutes of a job on GitHub's runners, and on own ones: 6 hours and 5 days."""
MOST_LEGS = 256
"""Jobs of one matrix; GitHub's limit."""
MARGIN_MINUTES = 15
"""For what stands around the stages: packages, data, the verdict."""


def small_labels(policy: Policy) -> tuple[str, ...]:
    """Labels for jobs whose stages name none, as `github.runs_on` says."""
    section = policy.sections.get("github")
    asked = section.get("runs_on") if isinstance(section, dict) else None
    return tuple(map(str, asked)) if isinstance(asked, list | tuple) else DEFAULT_LABELS


def most_minutes(labels: Sequence[str]) -> int:
    """Most minutes of a job on such a machine."""
    return OWN_MINUTES if OWN in labels else HOSTED_MINUTES


def job_minutes(stages: Iterable[Resources], labels: Sequence[str]) -> int:
    """Minutes after which a job is given up.

    Args:
        stages: What each stage of the job may take.
        labels: Of its machine.

    Returns:
        The limits of all stages, each with its retries, and a margin; the most that is possible
        where one has no limit, or they come to more.
    """
    most, seconds, count = most_minutes(labels), 0.0, 0
    for stage in stages:
        if stage.timeout_s is None:
            return most
        seconds, count = seconds + stage.timeout_s * (1 + stage.retries), count + 1
    return min(most, math.ceil(seconds / 60) + MARGIN_MINUTES) if count else most
