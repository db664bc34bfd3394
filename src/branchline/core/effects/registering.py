"""Rules of the registry: version numbers, who may hold a stage, what a rollback goes back to.

Serves the station `effects`. Pure: what is registered is an argument, from `verdict.registered`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from branchline.core.effects.deploying import deploys_to
from branchline.core.effects.words_of_then import GIVES_STAGE
from branchline.core.values import Outcome
from branchline.core.verdict.registered import (
    is_model_name,
    is_stage_name,
    is_version,
    version_order,
)
from branchline.errors import RegistryError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.policy import Policy
    from branchline.core.values import JsonValue

FIRST_VERSION = "v1.0.0"
BUMPS = ("major", "minor", "patch")
ROLLBACK = "rollback of "
"""How the reason of an event begins that gave a stage back."""


class Held(Protocol):
    """What a rollback reads of a stage's event (`ports.registry.StageEvent` has it)."""

    @property
    def version(self) -> str:
        """The version that got the stage."""
        ...

    @property
    def reason(self) -> str:
        """Why."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryRules:
    """The section `registry` of branchline.yaml.

    Attributes:
        kind: git or mlflow. uri: Tracking server, as written (`${env:NAME}` is not resolved).
        stages: Stages that exist. protected: Those that only a passed verdict may reach.
        paths: Outputs that are the model; empty means: find them.
    """

    kind: str = "git"
    uri: str = ""
    stages: tuple[str, ...] = ("staging", "production")
    protected: tuple[str, ...] = ("production",)
    paths: tuple[str, ...] = ()


def rules_of(policy: Policy) -> RegistryRules:
    """The rules that a policy states."""
    section = policy.sections.get("registry")
    if not hasattr(section, "items"):
        return RegistryRules()
    given: Mapping[str, JsonValue] = section  # type: ignore[assignment] # items() was just found
    default = RegistryRules()
    return RegistryRules(
        kind=str(given.get("kind") or default.kind),
        uri=str(given.get("uri") or ""),
        stages=_texts(given.get("aliases"), default.stages),
        protected=_texts(given.get("protected"), default.protected),
        paths=_texts(given.get("paths"), ()),
    )


def stage_for(
    policy: Policy, then: Sequence[str], outcome: Outcome, *, lets_on: bool = False
) -> str:
    """The stage that a version gets by itself when it is registered; "" for none.

    The first stage that is not protected, where the default branch's rule says `promote` or
    `deploy` and the verdict has passed, or is open for noise alone and the gate or a person lets it
    on. What was not judged gets none, and a protected stage is a person's to give. Where that stage
    is an environment of `deploy:`, its deployment gives it, once it has ended well.

    Args:
        policy: Its section `registry` names the stages.
        then: Of the default branch's rule.
        outcome: Of the run's verdict.
        lets_on: Whether an open one goes on (`core.verdict.standing`); without a gate it says
            nothing.

    >>> from branchline.core.policy import Policy
    >>> policy = Policy(model="m")
    >>> [stage_for(policy, ("register", "deploy"), o) for o in (Outcome.PASSED, Outcome.UNKNOWN)]
    ['staging', '']
    """
    is_open = outcome is Outcome.UNKNOWN and lets_on and bool(policy.gate.metrics)
    if not set(GIVES_STAGE) & set(then) or not (outcome is Outcome.PASSED or is_open):
        return ""
    rules = rules_of(policy)
    stage = next((stage for stage in rules.stages if stage not in rules.protected), "")
    return "" if stage in deploys_to(policy) else stage


def _texts(value: JsonValue, default: tuple[str, ...]) -> tuple[str, ...]:
    if value is None:
        return default
    return (value,) if isinstance(value, str) else tuple(str(item) for item in value)  # type: ignore[union-attr] # a list, the grammar says


def check_model_name(model: str, known: Sequence[str] = ()) -> None:
    """Refuse a name that cannot stand in a tag, or not beside those of other models.

    Args:
        model: The name.
        known: Models that have versions.

    Raises:
        RegistryError: It cannot.
    """
    alike = [name for name in known if name.casefold() == model.casefold()]
    if alike and model not in alike:
        raise RegistryError(
            f"{model!r} differs only by case from {alike[0]!r}, which has versions: where names of"
            " files do not tell upper from lower case, their tags are the same",
            todo=f"Call the model {alike[0]}, or something else altogether.",
        )
    if not is_model_name(model):
        raise RegistryError(
            f"{model!r} cannot name a model in the registry",
            todo="Use letters, digits, `-`, `_` and `/`, a letter or digit first and last.",
        )


def next_version(taken: Sequence[str], *, bump: str = "patch") -> str:
    """The version number that follows the highest one, whether that is retired or not.

    Args:
        taken: Versions of the model, retired ones too; a number is never used twice.
        bump: Which part is raised: major, minor or patch.

    Raises:
        ValueError: No such part.

    >>> [next_version([]), next_version(["v1.9.9", "v1.10.0"])]
    ['v1.0.0', 'v1.10.1']
    """
    if bump not in BUMPS:
        raise ValueError(f"{bump!r} is none of {', '.join(BUMPS)}")
    if not taken:
        return FIRST_VERSION
    major, minor, patch, *_ = version_order(max(taken, key=version_order))
    if bump == "major":
        return f"v{major + 1}.0.0"
    return f"v{major}.{minor + 1}.0" if bump == "minor" else f"v{major}.{minor}.{patch + 1}"


def check_promotion(
    stage: str,
    rules: RegistryRules,
    *,
    label: str,
    outcome: str,
    is_retired: bool,
    has_held: bool = False,
    override: str = "",
) -> None:
    """Refuse a stage that a version may not get.

    Args:
        stage: The stage that is asked for.
        rules: Which stages exist and which are protected.
        label: `model@v1.2.3`, for messages.
        outcome: Word of the version's verdict; "" when its tag does not say.
        is_retired: Whether the version was taken back.
        has_held: It held the stage before: a rollback needs no new verdict.
        override: A person's reason to go against the verdict.

    Raises:
        UnknownNameError: No such stage.
        RegistryError: Retired, or a protected stage without a passed verdict.
    """
    if stage not in rules.stages or not is_stage_name(stage):
        known = ", ".join(rules.stages) or "none"
        raise UnknownNameError(
            f"there is no stage `{stage}`",
            todo=f"Stages: {known}. `registry: {{aliases: [...]}}` in branchline.yaml names them.",
        )
    if is_retired:
        raise RegistryError(f"{label} is retired", todo="Promote another version.")
    if stage not in rules.protected or has_held or override.strip():
        return
    if outcome != Outcome.PASSED.value:
        said = f"its verdict is {outcome}" if outcome else "its tag does not say any verdict"
        raise RegistryError(
            f"{label} may not get `{stage}`: {said}, and `{stage}` is for versions that passed",
            todo='Train and judge it again, or say why it shall: --override "REASON"'
            " (recorded in the tag).",
        )


def version_before(history: Sequence[Held], *, retired: Sequence[str] = ()) -> str:
    """The version that held a stage before the one that holds it now; "" when there is none.

    Goes back like undo: after a rollback, a second one goes further back instead of forth again.

    Args:
        history: Events of the stage, oldest first.
        retired: Versions that cannot come back.
    """
    stack: list[str] = []
    for event in history:
        if event.reason.startswith(ROLLBACK) and event.version in stack:
            while stack[-1] != event.version:
                stack.pop()
        elif not stack or stack[-1] != event.version:
            stack.append(event.version)
    below = [v for v in stack[:-1] if v and v not in retired and v != stack[-1]]
    return below[-1] if below else ""


def is_overtaken(history: Sequence[Held], version: str) -> bool:
    """Whether a stage that follows a registration by itself was given already, or went past it.

    An effect that is applied late or twice must not take a stage back from a newer version, nor
    undo a rollback that came after it.

    Args:
        history: Events of the stage, oldest first.
        version: Version whose registration asks for the stage.
    """
    order = version_order(version)
    return any(
        event.version == version
        or (is_version(event.version) and version_order(event.version) > order)
        for event in history
    )
