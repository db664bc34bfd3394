"""The section `deploy` as values: where a version goes, by which commands, what is wrong with it.

Serves the station `effects`. Pure: what is not carried out here (shares of traffic, guards) is a
problem with a place and a remedy, never left out in silence.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from branchline.core.effects.values import Deploy
from branchline.core.values import Outcome
from branchline.core.verdict.registered import is_stage_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.effects.values import Register
    from branchline.core.policy import Policy
    from branchline.core.values import JsonValue

SECTION = "deploy"
DEFAULT_TIMEOUT = "30m"
HUMAN = "human"
"""Value of `approval`: a person types the command, nothing else deploys there."""

_TOP = ("service", "engine", "environments")
_KEYS = (
    "run", "smoke", "rollback", "url", "needs", "approval", "strategy", "timeout",
    "secrets", "variables",
)  # fmt: skip
_OF_TRAFFIC = (
    "steps", "bake", "max_step_time", "keep_old", "guard", "min_requests", "sticky", "shadow",
    "on_insufficient_data", "hooks",
)  # fmt: skip
_SPLITTING = ("canary", "shadow", "ab")
_URL = re.compile(r"https?://[^\s\x00-\x1f\x7f<>\"\\]+|\$\{env:[A-Za-z_][A-Za-z0-9_]*\}")
"""What GitHub takes as the address of an environment, or where this machine says it."""
_STAGES = ("staging", "production")
"""Stages of a registry that names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One environment.

    Attributes:
        name: Of the environment, and of the stage that says in the registry which version it has.
        run: Command that deploys. smoke: Command that must end well after it; "" for none.
        rollback: Command that brings the version before back; "" means: `run` again, with that one.
        url: Where the service answers; "" when not said.
        needs: Environment that must have the version first; "" for none.
        approval: none, human or github-environment.
        strategy: As written, for the command; "" when not said.
        timeout: Most time of each command, as written.
        secrets, variables: Names that its commands get, and those of no other environment.
    """

    name: str
    run: str
    smoke: str = ""
    rollback: str = ""
    url: str = ""
    needs: str = ""
    approval: str = "none"
    strategy: str = ""
    timeout: JsonValue = DEFAULT_TIMEOUT
    secrets: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a section cannot be carried out.

    Attributes:
        path: Keys that lead to the place, from `deploy` on. what: What stands there. todo: What to
            write instead.
    """

    path: tuple[str, ...]
    what: str
    todo: str

    @property
    def key(self) -> str:
        """The place in one word."""
        return ".".join(self.path)


def targets_of(policy: Policy) -> tuple[Target, ...]:
    """The environments that can be deployed to, each after the one that it needs.

    Empty where there is no section, or something is wrong with it (`problems_of`).
    """
    if not _section(policy) or problems_of(policy):
        return ()
    return _in_order([_target(name, value) for name, (_, value) in _environments(policy).items()])


def deploys_to(policy: Policy) -> frozenset[str]:
    """Names of the environments of `targets_of`: stages that nothing but a deployment gives."""
    return frozenset(target.name for target in targets_of(policy))


def problems_of(policy: Policy) -> tuple[Problem, ...]:
    """What is wrong with the section; empty where there is none, and where all is well.

    >>> from branchline.core.policy import Policy
    >>> policy = Policy(model="m", sections={"deploy": {"staging": {"smoke": "./look.sh"}}})
    >>> [(problem.key, problem.what) for problem in problems_of(policy)]
    [('deploy.staging', 'has no `run`')]
    """
    section = _section(policy)
    if not section:
        return ()
    found = []
    engine = section.get("engine", "embedded")
    if engine != "embedded":
        found.append(
            Problem(
                path=(SECTION, "engine"),
                what=f"is `{engine}`, and this version splits no traffic",
                todo="Leave `engine` out: the command `run` brings the new version to its users.",
            )
        )
    within = section.get("environments")
    found += [
        Problem(
            path=(SECTION, name), what="stands under `environments`, too", todo="Keep one of both."
        )
        for name in (within if isinstance(within, dict) else ())
        if name in section and name not in _TOP
    ]
    environments = _environments(policy)
    if not environments:
        found.append(
            Problem(
                path=(SECTION,),
                what="names no environment",
                todo="Write e.g. deploy: {staging: {run: ./deploy.sh}}.",
            )
        )
    for name, (path, value) in environments.items():
        found += _problems_of_one(policy, name, path, value, environments)
    return tuple(found)


def _problems_of_one(
    policy: Policy,
    name: str,
    path: tuple[str, ...],
    value: Mapping[str, Any],
    environments: Mapping[str, tuple[tuple[str, ...], Mapping[str, Any]]],
) -> list[Problem]:
    found = [_strange_key(path, key) for key in value if key not in _KEYS]
    stages = _stages(policy)
    if not is_stage_name(name) or name not in stages:
        listed = ", ".join(dict.fromkeys((*stages, name)))
        found.append(
            Problem(
                path=path,
                what="is no stage of the registry, where it is kept which version stands where",
                todo=f"Add it: registry: {{aliases: [{listed}]}}."
                if is_stage_name(name)
                else "Name it in lower-case letters, digits and `-`.",
            )
        )
    if not value.get("run"):
        found.append(
            Problem(
                path=path,
                what="has no `run`",
                todo="Write the command that deploys, e.g. run: ./deploy.sh. It is told what to"
                " deploy by variables: $BRANCHLINE_VERSION, $BRANCHLINE_MODEL_PATH.",
            )
        )
    strategy = value.get("strategy")
    if strategy in _SPLITTING:
        found.append(
            Problem(
                path=(*path, "strategy"),
                what=f"is `{strategy}`, which splits traffic, and this version splits none",
                todo="Leave it out: the command `run` replaces the version at once, or in its own"
                " way.",
            )
        )
    url = str(value.get("url") or "")
    if url and not _URL.fullmatch(url):
        found.append(
            Problem(
                path=(*path, "url"),
                what=f"is {url!r}, which is no address of the web",
                todo="Write e.g. url: https://staging.example.org, or leave it out.",
            )
        )
    needs = value.get("needs")
    if needs is not None and needs not in environments:
        near = difflib.get_close_matches(str(needs), environments, n=1)
        known = ", ".join(other for other in environments if other != name) or "none"
        found.append(
            Problem(
                path=(*path, "needs"),
                what=f"is `{needs}`, which is no environment",
                todo=f"Did you mean `{near[0]}`?" if near else f"Others are: {known}.",
            )
        )
    elif needs is not None and _goes_round(name, environments):
        found.append(
            Problem(
                path=(*path, "needs"),
                what=f"is `{needs}`, which needs `{name}` itself",
                todo="Leave one of them out.",
            )
        )
    return found


def _strange_key(path: tuple[str, ...], key: str) -> Problem:
    if key in _OF_TRAFFIC:
        return Problem(
            path=(*path, key),
            what="is about shares of traffic and old versions, and this version splits no traffic",
            todo="Leave it out, or do it in the command `run`.",
        )
    near = difflib.get_close_matches(key, _KEYS, n=1)
    hint = f"Did you mean `{near[0]}`?" if near else f"Known are {', '.join(_KEYS)}."
    return Problem(path=(*path, key), what="is no key of an environment", todo=hint)


def _goes_round(
    name: str, environments: Mapping[str, tuple[tuple[str, ...], Mapping[str, Any]]]
) -> bool:
    """Whether an environment needs itself, by whatever way."""
    at, seen = name, set[str]()
    while at in environments and at not in seen:
        seen.add(at)
        at = str(environments[at][1].get("needs") or "")
        if at == name:
            return True
    return False


def _section(policy: Policy) -> Mapping[str, Any]:
    section: Any = policy.sections.get(SECTION)
    return section or {}


def _environments(policy: Policy) -> dict[str, tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Name -> (keys that lead to it, its settings), in the order of the file."""
    section = _section(policy)
    within = section.get("environments")
    found: dict[str, tuple[tuple[str, ...], Mapping[str, Any]]] = {}
    for name, value in (within or {}).items():
        found[name] = ((SECTION, "environments", name), value or {})
    for name, value in section.items():
        if name not in _TOP:
            found[name] = ((SECTION, name), value or {})
    return found


def _stages(policy: Policy) -> Sequence[str]:
    """Stages that the registry knows; `registering`, which has its rules, imports this module."""
    registry: Any = policy.sections.get("registry")
    named = registry.get("aliases") if hasattr(registry, "get") else None
    if named is None:
        return _STAGES
    return (named,) if isinstance(named, str) else tuple(str(one) for one in named)


def _target(name: str, value: Mapping[str, Any]) -> Target:
    return Target(
        name=name,
        run=str(value["run"]),
        smoke=str(value.get("smoke") or ""),
        rollback=str(value.get("rollback") or ""),
        url=str(value.get("url") or ""),
        needs=str(value.get("needs") or ""),
        approval=str(value.get("approval") or "none"),
        strategy=str(value.get("strategy") or ""),
        timeout=value.get("timeout") or DEFAULT_TIMEOUT,
        secrets=tuple(value.get("secrets") or ()),
        variables=tuple(value.get("variables") or ()),
    )


def _in_order(targets: Sequence[Target]) -> tuple[Target, ...]:
    """Each after the one that it needs, else as written."""
    done: list[Target] = []
    left = list(targets)
    while left:
        names = {target.name for target in left}
        ready = [target for target in left if target.needs not in names]
        done += ready
        left = [target for target in left if target not in ready]
    return tuple(done)


def deployment_of(
    policy: Policy, then: Sequence[str], registration: Register, outcome: Outcome
) -> Deploy | None:
    """The deployment that follows a registration; None where none does.

    Where the default branch's rule says `deploy`, and the verdict has passed: what is open, whoever
    lets it on, is a person's to deploy. An environment where a person is asked for has none, too.

    Args:
        policy: Of the default branch.
        then: Of its rule.
        registration: What is registered.
        outcome: Of the run's verdict.
    """
    names = tuple(t.name for t in targets_of(policy) if t.approval == "none")
    if "deploy" not in then or not names or outcome is not Outcome.PASSED:
        return None
    return Deploy(
        model=registration.model,
        commit=registration.commit,
        digest=registration.digest,
        environments=names,
        by=registration.by,
    )


def not_deployed(policy: Policy, then: Sequence[str], outcome: Outcome) -> tuple[str, ...]:
    """Why a registered version is not deployed although the rule says so; at most a sentence."""
    targets = targets_of(policy)
    if "deploy" not in then or not targets or outcome is Outcome.PASSED:
        return ()
    return (
        f"`then: deploy` deploys what passed, and the verdict is {outcome.value}: a person may, by"
        f" `branchline deploy {targets[0].name} --version VERSION`",
    )
