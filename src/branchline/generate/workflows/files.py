"""All files of a repository's workflows: paths and texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.errors import ConfigError
from branchline.generate.workflows import steps
from branchline.generate.workflows.header import digest, with_header
from branchline.generate.workflows.matrix_workflow import matrix_workflow
from branchline.generate.workflows.minimal import minimal_workflow
from branchline.generate.workflows.model_workflow import model_workflow
from branchline.generate.workflows.monitor_workflow import monitor_workflow
from branchline.generate.workflows.store import libraries as libraries_of
from branchline.generate.workflows.tune_workflow import tune_workflow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.generate.workflows.together import Group
    from branchline.generate.workflows.values import Facts

FOLDER = ".github/workflows"
REQUIREMENTS = ".github/branchline/requirements.txt"


def workflow_files(models: Sequence[Facts], groups: Sequence[Group] = ()) -> dict[str, str]:
    """Paths from the root and their texts, in order.

    Args:
        models: Facts of each model of the repository.
        groups: Those that share a workflow; each of the others has its own.

    Raises:
        ConfigError: Two models would have the same files.
    """
    files: dict[str, str] = {}
    shared: dict[str, str] = {}
    for group in groups:
        name = f"branchline{group.end}.yml"
        shared |= dict.fromkeys(group.names, name)
        settings = digest(" ".join(facts.digest for facts in group.models))
        files[f"{FOLDER}/{name}"] = with_header(matrix_workflow(group), settings)
    for facts in models:
        end = "" if facts.is_only else f"-{facts.slug}"
        path = f"{FOLDER}/branchline{end}.yml"
        if facts.model not in shared:
            _refuse_twice(files, path, facts)
            text = minimal_workflow(facts) if facts.is_minimal else model_workflow(facts)
            files[path] = with_header(text, facts.digest)
        if facts.monitor is not None:
            name = f"{FOLDER}/branchline-monitor{end}.yml"
            _refuse_twice(files, name, facts)
            files[name] = with_header(monitor_workflow(facts, facts.monitor), facts.digest)
        if facts.tune is not None:
            name = f"branchline-tune{end}.yml"
            _refuse_twice(files, f"{FOLDER}/{name}", facts)
            files[f"{FOLDER}/{name}"] = with_header(
                tune_workflow(facts, facts.tune, name, trained_by=shared.get(facts.model, "")),
                facts.digest,
            )
    written = [facts for facts in models if _needs_requirements(facts)]
    if written:
        extras = {extra for facts in written for extra in facts.extras}
        libraries = dict.fromkeys(one for facts in written for one in libraries_of(facts.store))
        text = "".join(f"{line}\n" for line in (steps.pin(extras), *libraries))
        # Of the pin alone: caches are named after this file, and outlive other settings.
        files[REQUIREMENTS] = with_header(text, digest(text))
    return files


def _needs_requirements(facts: Facts) -> bool:
    """Whether a workflow reads the file that we write; the short form holds its pin itself."""
    is_alone = facts.tune is None and facts.monitor is None
    return facts.writes_requirements and not (facts.is_minimal and is_alone)


def _refuse_twice(files: dict[str, str], path: str, facts: Facts) -> None:
    if path in files:
        raise ConfigError(
            f"branchline.yaml: models.{facts.model}: another model has the file {path}",
            todo="Give it a name that differs in more than `/` and `-`.",
        )
