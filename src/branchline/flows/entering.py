"""Run stages in the environment that branchline.yaml asks for. Serves the station `run`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from branchline.core.policy import MakeEnvironment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from branchline.core.plan.values import Plan
    from branchline.flows.project import Project


@contextmanager
def prepared(
    project: Project, plan: Plan, say: Callable[[str], None], is_stopped: Callable[[], bool]
) -> Iterator[bool]:
    """Be in the environment while stages run, if any are to run and one is asked for.

    Yields:
        False when it was given up.

    Raises:
        EnvironmentFailedError: It cannot be made.
    """
    if plan.is_empty or project.policy.environment.make is not MakeEnvironment.ALWAYS:
        yield True
        return
    from branchline.flows.environments.using import in_environment

    with in_environment(project, is_stopped=is_stopped, say=say) as is_ready:
        yield is_ready
