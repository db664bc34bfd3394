"""Policy from the default branch, code from the pushed branch: which part of a policy is which.

Rules, gate, limits, registry and everything that reaches outside come from the default branch.
What a branch is free to try comes from its own tree: the search (`tune`) and what surrounds the
code (`environment`; a variable is handed over only where the default branch names it, too).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.errors import ConfigError

if TYPE_CHECKING:
    from branchline.config.settings_files import SettingsFiles
    from branchline.core.policy import Policy

_OWN_SECTIONS = ("tune",)
_OUTWARD = ("registry", "deploy", "monitor", "retrain", "notify", "executors")
_RULES = ("branches", "gate", "changes", "resources", "link", "store")


def governed(own: Policy, law: SettingsFiles) -> Policy:
    """The policy that a pushed tree is walked with.

    Args:
        own: As the tree says.
        law: Settings of the default branch.

    Returns:
        The tree's own where the default branch does not know its model; without what reaches
        outside (registry, store, ...): nobody has agreed to that yet.

    Raises:
        ConfigError: The default branch's settings cannot be used: a tree makes no rules of its own.
    """
    ruling = law_for(own.model, law)
    if ruling is None:
        kept = {name: text for name, text in own.sections.items() if name not in _OUTWARD}
        return replace(own, sections=kept, store=None, store_options={})
    sections = {k: v for k, v in ruling.sections.items() if k not in _OWN_SECTIONS}
    sections.update({k: v for k, v in own.sections.items() if k in _OWN_SECTIONS})
    return replace(
        ruling,
        environment=own.environment,
        sections=sections,
        source=own.source,
    )


def changed_rules(own: Policy, law: SettingsFiles) -> tuple[str, ...]:
    """Names of the parts that a pushed tree says otherwise than the default branch, sorted.

    Raises:
        ConfigError: The default branch's settings cannot be used.
    """
    ruling = law_for(own.model, law)
    if ruling is None:
        left_out = {name for name in _OUTWARD if name in own.sections}
        return tuple(sorted(left_out | ({"store"} if own.store else set())))
    found = {name for name in _RULES if _text(own, name) != _text(ruling, name)}
    for name in {*own.sections, *ruling.sections} - set(_OWN_SECTIONS):
        if own.sections.get(name) != ruling.sections.get(name):
            found.add(name)
    return tuple(sorted(found))


def law_for(model: str, law: SettingsFiles) -> Policy | None:
    """The default branch's policy of one model; None when it declares no such model.

    Raises:
        ConfigError: Its settings cannot be used.
    """
    try:
        models = law.load().models
    except ConfigError as error:
        raise ConfigError(
            "the settings of the default branch, by which other branches are judged, cannot be"
            f" used: {error.message}",
            todo="Mend them by a commit on the default branch itself; what a branch changes of them"
            " counts after its merge.",
            details=error.details,
        ) from error
    return next((m.policy for m in models if m.policy.model == model), None)


def _text(policy: Policy, name: str) -> str:
    """One part of a policy without the lines that it stands in."""
    if name == "store":
        return repr((policy.store, sorted(policy.store_options.items())))
    if name != "gate":
        return repr(getattr(policy, name))
    metrics = tuple(replace(rule, line=0) for rule in policy.gate.metrics)
    return repr(replace(policy.gate, metrics=metrics))
