"""What of a made environment enters every key: interpreter and packages as they were found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.changes.values import PACKAGES, Input, InputKind
from branchline.flows.environments.using import found_for, looked_for, question_here

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.environment.values import Resolved
    from branchline.flows.project import Project


def planned_inputs(project: Project) -> tuple[tuple[Input, ...], str]:
    """Interpreter and packages; the same set is the same input, whatever file it came from.

    Returns:
        The inputs, and why the packages are not known; "" where they are.

    Raises:
        EnvironmentFailedError: There is no such set, or it cannot be looked for here.
    """
    question = question_here(project)
    found: Resolved | None
    doubt = ""
    if project.only_looks:
        looked = looked_for(project, question)
        found, why = (None, looked) if isinstance(looked, str) else (looked, "")
        doubt = f"which packages it needs is not known before it runs: {why}" if why else ""
    else:
        found = found_for(project, question, is_stopped=lambda: False, say=lambda _text: None)
    digest = None if found is None else found.digest
    # What a repository itself holds is installed, too; its content is part of the state.
    local = question.state if question.asked.local else ""
    names = () if found is None else tuple(f"{p.name}=={p.version}" for p in found.packages)
    minor = question.python.minor
    inputs = (
        Input(
            kind=InputKind.ENVIRONMENT,
            name="python",
            digest=minor,
            value=minor,
            via="environment",
        ),
        Input(
            kind=InputKind.ENVIRONMENT,
            name=PACKAGES,
            digest=f"{digest}{local}" if digest else None,
            value=" ".join(names),
            via="environment",
        ),
    )
    return inputs, doubt


def planned_versions(project: Project, inputs: Mapping[str, Input]) -> dict[str, str]:
    """What the record says of the environment: interpreter, every package, the set's digest."""
    packages = inputs[PACKAGES]
    return {
        "python": question_here(project).python.version,
        "packages": packages.value,
        "packages_digest": (packages.digest or "")[:16],
    }
