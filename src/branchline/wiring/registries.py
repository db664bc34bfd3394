"""Picks the adapters of registered models: where their tags are, and who shows them elsewhere."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.errors import UnknownNameError

if TYPE_CHECKING:
    from branchline.adapters.git import Git
    from branchline.core.policy import Policy
    from branchline.flows.apply import Appliers
    from branchline.ports.artifacts import Artifacts
    from branchline.ports.registry import Registry
    from branchline.ports.store import Store
    from branchline.ports.tracker import Tracker


def open_registry(start: str = ".", *, remote: str | None = None) -> Registry:
    """The registry of a repository.

    Args:
        start: Any folder of it.
        remote: The git remote that holds the truth; "." is this repository itself; None is its only
            remote that is a box, or the one called `box`; the repository itself where it has none.

    Raises:
        UnknownNameError: It has several boxes, and none is named.
    """
    from branchline.adapters.git import Git
    from branchline.adapters.git.registry import GitRegistry

    git = Git.open(start)
    return GitRegistry(git, remote=remote_of_registry(git, remote))


def remote_of_registry(git: Git, remote: str | None) -> str:
    """The remote that holds the registry; "" where the repository itself does.

    Args:
        git: The repository.
        remote: As in `open_registry`.

    Raises:
        UnknownNameError: It has several boxes, and none is named.
    """
    if remote is None:
        boxes = _boxes(git)
        if len(boxes) > 1 and "box" not in boxes:
            raise UnknownNameError(
                f"this clone has several boxes: {', '.join(boxes)}",
                todo="Say which: --remote NAME; --remote . is the clone itself.",
            )
        remote = "box" if "box" in boxes else next(iter(boxes), "")
    return "" if remote == "." else remote


def _boxes(git: Git) -> list[str]:
    """Names of the remotes that `branchline remote add` made."""
    asked = ["config", "-z", "--get-regexp", r"^remote\..*\.branchline$"]
    rows = os.fsdecode(git.ask(asked).out).split("\0")
    named = [row.partition("\n") for row in rows if row.endswith("\ntrue")]
    return sorted(key.removeprefix("remote.").removesuffix(".branchline") for key, *_ in named)


def open_tracker(kind: str, uri: str) -> Tracker:
    """What shows runs and versions elsewhere.

    Args:
        kind: As in `registry.kind`.
        uri: As written in branchline.yaml; `${env:NAME}` is looked up here, and MLFLOW_TRACKING_URI
            when it is empty.

    Raises:
        EffectError: No such kind, or the variable is not set.
    """
    from branchline.errors import EffectError

    if kind != "mlflow":
        raise EffectError(f"there is no tracker of kind {kind!r}")
    if uri.startswith("${env:"):
        name = uri.removeprefix("${env:").removesuffix("}")
        uri = os.environ.get(name, "")
        if not uri:
            raise EffectError(
                f"registry.uri is the variable {name}, which is not set here",
                todo=f"Set {name} to the address of the MLflow server.",
            )
    from branchline.adapters.mlflow import MlflowTracker

    return MlflowTracker(uri or os.environ.get("MLFLOW_TRACKING_URI", ""))


def open_artifacts(store: Store, folder: str, *, is_exposed: bool = False) -> Artifacts:
    """Where what runs left is laid out: `FOLDER/artifacts/RUN` and `FOLDER/metrics/RUN`.

    Args:
        store: Of the project whose runs they are.
        folder: Absolute, e.g. a box's own.
        is_exposed: Whether commands of others get the folders.
    """
    from branchline.adapters.dvc.artifacts import DvcArtifacts
    from branchline.adapters.dvc.store import DvcStore

    if not isinstance(store, DvcStore):
        raise TypeError(f"artifacts are linked from a DvcStore, not from {type(store).__name__}")
    return DvcArtifacts(store, folder, is_exposed=is_exposed)


def registry_appliers(
    registry: Registry, policy: Policy, artifacts: Artifacts | None = None
) -> Appliers:
    """Who applies what concerns the registry, by the rules of a policy.

    Args:
        registry: The truth.
        policy: Of the default branch.
        artifacts: Lays the model's files out for a tracker; None sends it no files.
    """
    from branchline.core.effects.registering import rules_of
    from branchline.flows.apply_registry import RegistryAppliers

    return RegistryAppliers(
        registry=registry, rules=rules_of(policy), artifacts=artifacts, tracker=open_tracker
    ).table()
