"""The section `deploy` before it is carried out: what cannot be is refused, each with its line.

Serves the flow `deploy`. The grammar alone is checked by `sections`, which takes more than this
version does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from branchline.config.problems import Problems
from branchline.config.units import seconds_of
from branchline.core.documents.yaml import read_yaml
from branchline.core.effects.deploying import SECTION, problems_of, targets_of
from branchline.errors import ConfigError, DocumentError, NothingToDeployError

if TYPE_CHECKING:
    from branchline.core.documents.document import Document
    from branchline.core.effects.deploying import Target
    from branchline.core.policy import Policy

FILE = "branchline.yaml"


def checked_targets(policy: Policy, data: bytes, *, file: str = FILE) -> tuple[Target, ...]:
    """The environments of a model, in the order in which they are deployed to.

    Args:
        policy: Of the model.
        data: The branchline.yaml that it was read from, for the lines.
        file: How messages name it.

    Raises:
        ConfigError: Something cannot be carried out.
        NothingToDeployError: There is no such section.
    """
    if not policy.sections.get(SECTION):
        raise NothingToDeployError(
            f"{file} has no section `deploy` for {policy.model}",
            todo="Write e.g. deploy: {staging: {run: ./deploy.sh, smoke: pytest tests/smoke}}.",
        )
    problems = Problems()
    found = problems_of(policy)
    document = _read(data, file)
    for problem in found:
        path = _path_of(document, policy.model, problem.path) if document else ()
        text = f"{problem.key}: {problem.what}"
        hint = "" if len(found) == 1 else f". {problem.todo}"
        if document is not None:
            problems.add(document, path, text + hint)
        else:
            problems.add_at(file, 1, text + hint)
    problems.raise_if_any(ConfigError, todo=found[0].todo if len(found) == 1 else "")
    return targets_of(policy)


def timeout_s_of(target: Target) -> float:
    """Most seconds of each command of an environment."""
    seconds = seconds_of(target.timeout)
    return 1800.0 if seconds is None else seconds


def _read(data: bytes, file: str) -> Document | None:
    try:
        return read_yaml(data, file=file)
    except DocumentError:  # the policy was read from it: it changed meanwhile
        return None


def _path_of(document: Document, model: str, path: tuple[str, ...]) -> tuple[Any, ...]:
    """The keys that lead to a place: below the model's own where it has the section itself."""
    value: Any = document.value
    models = value.get("models") if isinstance(value, dict) else None
    own = models.get(model) if isinstance(models, dict) else None
    return ("models", model, *path) if isinstance(own, dict) and SECTION in own else path
