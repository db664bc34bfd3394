"""Which models of a repository share one workflow, and what that one is made from.

Models share it where only their names, stages and times differ: one job decides for all, each that
must train is a leg of one matrix, and one gate stands for all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from branchline.core.plan.ci_machines import MOST_LEGS
from branchline.errors import ConfigError
from branchline.generate.workflows.values import Facts, PartFacts

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_MAY_DIFFER = frozenset({"model", "slug", "is_only", "extras", "tune", "monitor", "parts"})
_ALIKE = frozenset(
    {"default_branch", "push", "pull_requests", "fork_trains", "schedule", "checks", "python",
     "runs_on", "install", "locks", "requirements", "writes_requirements", "store", "secrets",
     "variables", "registry", "train_environment", "pull_environment", "registers",
     "register_environment", "aws", "retention_days", "free_disk", "is_enterprise"}
)  # fmt: skip
_SAID = {
    "push": "branches",
    "pull_requests": "pull_requests.into",
    "fork_trains": "pull_requests.forks",
    "schedule": "retrain.schedule",
    "checks": "checks",
    "locks": "environment.lock",
    "store": "store",
    "registry": "registry",
    "train_environment": "github.environments.train",
    "pull_environment": "github.environments.pull_requests",
    "registers": "branches",
    "register_environment": "github.environments.register",
    "is_enterprise": "github.server",
    "parts": "resources.runs_on",
    "deploys": "deploy",
    "is_minimal": "github.style",
}
"""Words of branchline.yaml for what `github` does not say under the same name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Models that one workflow trains.

    Attributes:
        models: Facts of each; at least two.
        facts: What they share, under the name of the whole; `parts` has the longest time.
    """

    models: tuple[Facts, ...]
    facts: Facts

    @property
    def end(self) -> str:
        """What the names of its files end with; "" for the first of the repository."""
        return "" if self.facts.is_only else f"-{self.facts.slug}"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its models."""
        return tuple(facts.model for facts in self.models)


def groups_of(models: Sequence[Facts], apart: Collection[str] = ()) -> tuple[Group, ...]:
    """The models that share a workflow; who is in no group has one of its own.

    Args:
        models: Facts of each model of the repository.
        apart: Names of models whose settings ask for a workflow of their own.

    Raises:
        ConfigError: A matrix would have more legs than GitHub takes, or two models would leave
            results under one name.
    """
    shapes: dict[object, list[Facts]] = {}
    for facts in models:
        if facts.model not in apart and not _own_needs(facts):
            shapes.setdefault(_shape(facts), []).append(facts)
    several = [group for group in shapes.values() if len(group) > 1]
    return tuple(_group(group, is_first=not number) for number, group in enumerate(several))


def why_apart(models: Sequence[Facts], groups: Sequence[Group]) -> tuple[str, ...]:
    """A sentence for each model that could share a workflow if it differed less."""
    together = {name for group in groups for name in group.names}
    said = []
    for facts in models:
        if facts.model in together or len(models) < 2:
            continue
        other = groups[0].models[0] if groups else next(m for m in models if m is not facts)
        differs = _own_needs(facts) or tuple(
            name for name, own in _shape(facts) if own != dict(_shape(other)).get(name)
        )
        # What is installed follows from the lock.
        shown = [name for name in differs if name != "install" or "locks" not in differs]
        keys = dict.fromkeys(_SAID.get(name, f"github.{name}") for name in shown)
        if keys:
            listed = ", ".join(f"`{key}`" for key in keys)
            word = "differ" if len(keys) > 1 else "differs"
            why = f"{listed} {word} from {other.model}"
            if tuple(keys) == ("checks",) and _elsewhere(facts) == _elsewhere(other):
                why = "its `checks` run in its folder (below `models:` in the root all share them)"
            said.append(f"{facts.model} has a workflow of its own: {why}")
    return tuple(said)


def _elsewhere(facts: Facts) -> tuple[object, ...]:
    """Checks without the folder that they run in, which the file of a folder gives them."""
    return tuple(
        replace(check, run=re.sub(r"\Acd [^\n]+\n", "", check.run)) for check in facts.checks
    )


def _own_needs(facts: Facts) -> tuple[str, ...]:
    """What a matrix has no place for: a training of several jobs, and what is not known here."""
    strange = {field.name for field in fields(facts)} - _MAY_DIFFER - _ALIKE
    found = [name for name in sorted(strange) if getattr(facts, name)]
    return ("parts", *found) if len(facts.parts) > 1 else tuple(found)


def _shape(facts: Facts) -> tuple[tuple[str, object], ...]:
    """All that models of one workflow must have in common."""
    held: list[tuple[str, object]] = [(name, getattr(facts, name)) for name in sorted(_ALIKE)]
    return (*held, ("parts", tuple(part.runs_on for part in facts.parts)))


def _group(models: Sequence[Facts], *, is_first: bool) -> Group:
    first = models[0]
    if len(models) > MOST_LEGS:
        raise ConfigError(
            f"branchline.yaml: {len(models)} models share one workflow, and GitHub's limit for a"
            f" matrix is {MOST_LEGS}",
            todo="Write github: {matrix: false} for some: each of these has a workflow of its own.",
        )
    slugs: dict[str, str] = {}
    for facts in models:
        if facts.slug in slugs:
            raise ConfigError(
                f"branchline.yaml: models.{facts.model}: its results would have the name of those"
                f" of {slugs[facts.slug]}",
                todo="Give it a name that differs in more than `/` and `-`.",
            )
        slugs[facts.slug] = facts.model
    extras = tuple(sorted({extra for facts in models for extra in facts.extras}))
    minutes = max(part.minutes for facts in models for part in facts.parts)
    part = PartFacts(stages=(), runs_on=first.parts[0].runs_on, minutes=minutes)
    whole = replace(
        first,
        model=f"{first.model} and like",
        slug=f"{first.slug}-and-like",
        is_only=is_first,
        extras=extras,
        parts=(part,),
        tune=None,
    )
    return Group(models=tuple(models), facts=whole)
