"""Policy and pipeline -> all that the workflows of one model depend on, checked.

What GitHub would refuse only when the workflow runs is refused here, with what to write instead.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from branchline.core.effects.openings import DEFAULT_MODE
from branchline.core.plan.ci_machines import MARGIN_MINUTES, most_minutes, small_labels
from branchline.core.policy import Do, MakeEnvironment
from branchline.generate.workflows.check_facts import checks_of
from branchline.generate.workflows.cron import cron_problem
from branchline.generate.workflows.deploy_job import deploys_of
from branchline.generate.workflows.limits import command_of, labels_of, wrong
from branchline.generate.workflows.parts import parts_of, tune_labels
from branchline.generate.workflows.store import kind_of
from branchline.generate.workflows.text import shell_word
from branchline.generate.workflows.values import (
    AppFacts,
    AwsFacts,
    Facts,
    MonitorFacts,
    TuneFacts,
    may_be_own,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from branchline.core.pipeline import Pipeline
    from branchline.core.policy import BranchRule, Policy

OLDEST_PYTHON = 11
OWN_NAMES, OF_AWS = ("MODEL", "DEADLINE", "STAGES"), ("AWS_REGION", "AWS_SHARED_CREDENTIALS_FILE")
"""Variables that we give to the step which runs stages; the last two where it takes a role."""


def facts_of(
    policy: Policy, pipeline: Pipeline, *, default_branch: str, is_only: bool, remote: str = ""
) -> Facts:
    """Everything that the workflows of one model depend on.

    Args:
        policy: Of the model, whose patterns name the default branch.
        pipeline: Its stages.
        default_branch: Short name.
        is_only: Whether it is the repository's only model.
        remote: Address of DVC's default remote; "" for none.

    Raises:
        ConfigError: GitHub would refuse, or do something else; says what to write instead.
    """
    section = _section(policy, "github")
    environments = section.get("environments") or {}
    secrets, aws = tuple(section.get("secrets", ())), _aws(section.get("aws"))
    variables = tuple(section.get("variables", ()))
    taken = (*OWN_NAMES, *(OF_AWS if aws else ()))
    _refuse_names(secrets, "github.secrets", taken)
    _refuse_names(variables, "github.variables", (*taken, *secrets))
    train = environments.get("train", "training" if secrets or aws else "")
    parts = parts_of(policy, pipeline)
    facts = Facts(
        model=policy.model,
        slug=policy.model.replace("/", "-"),
        is_only=is_only,
        default_branch=default_branch,
        push=_patterns(policy.branches, Do.TRAIN),
        pull_requests=_bases(policy),
        fork_trains=policy.pull_requests.forks == "train",
        schedule=_schedule(policy, "retrain"),
        checks=checks_of(policy),
        python=_python(section.get("python", "3.12")),
        runs_on=labels_of(small_labels(policy), "github.runs_on"),
        parts=parts,
        install=_install(policy, section),
        locks=(policy.environment.lock,) if policy.environment.lock else (),
        requirements=section.get("requirements", ".github/branchline/requirements.txt"),
        writes_requirements="requirements" not in section,
        store=kind_of(policy.store or remote),
        extras=_extras(policy),
        secrets=secrets,
        variables=variables,
        registry=_registry(policy, (*secrets, *variables)),
        train_environment=train,
        pull_environment=environments.get("pull_requests", train),
        registers=_registers(policy, default_branch),
        deploys=deploys_of(policy, default_branch),
        register_environment=environments.get("register", "production"),
        aws=aws,
        tune=_tune(policy, section, pipeline),
        monitor=_monitor(policy),
        retention_days=int(section.get("retention_days", 14)),
        free_disk=bool(section.get("free_disk", False)),
        is_enterprise=section.get("server") == "enterprise",
        is_minimal=section.get("style") == "minimal",
    )
    _refuse_trusting_forks(facts)
    return facts


def _section(policy: Policy, name: str) -> Mapping[str, Any]:
    section: Any = policy.sections.get(name)
    return section or {}


def _patterns(rules: Sequence[BranchRule], do: Do) -> tuple[str, ...]:
    """The patterns that GitHub needs so that the same branches are woken.

    Our first rule that matches decides, GitHub's last: reversed, with `!` for the others.
    """
    wanted = [rule.pattern if rule.do is do else f"!{rule.pattern}" for rule in reversed(rules)]
    while wanted and wanted[0].startswith("!"):
        del wanted[0]
    return tuple(dict.fromkeys(wanted))


def _bases(policy: Policy) -> tuple[str, ...]:
    """Branches whose pull requests wake us: to train, or for the checks alone."""
    is_wanted = policy.pull_requests.do is Do.TRAIN or policy.sections.get("checks")
    return policy.pull_requests.into if is_wanted else ()


def _registers(policy: Policy, default_branch: str) -> bool:
    from branchline.core.trigger.rules import rule_for

    rule = rule_for(default_branch, policy.branches)
    return rule is not None and rule.do is Do.TRAIN and "register" in rule.then


def _registry(policy: Policy, names: Sequence[str]) -> tuple[str, ...]:
    """Names by which a registration reaches the tracking server; jobs must be given these."""
    registry = _section(policy, "registry")
    if registry.get("kind") != "mlflow":
        return ()
    uri = str(registry.get("uri") or "")
    needed = uri.removeprefix("${env:").removesuffix("}") if uri.startswith("${env:") else ""
    if needed and needed not in names:
        raise wrong(
            "registry.uri", f"is the variable {needed}, which no job gets",
            f"Write github: {{variables: [{needed}]}}, or name it under github.secrets.",
        )  # fmt: skip
    return tuple(name for name in names if name == needed or name.startswith("MLFLOW_"))


def _schedule(policy: Policy, section: str) -> str:
    cron = _section(policy, section).get("schedule", "")
    problem = cron_problem(cron) if cron else ""
    if problem:
        raise wrong(f"{section}.schedule", problem, "Write five fields as in `17 2 * * 1` (UTC).")
    return str(cron)


def _monitor(policy: Policy) -> MonitorFacts | None:
    from branchline.config.monitoring import monitor_of

    asked = monitor_of(policy)
    if asked is None:
        return None
    # What it runs, and a quarter of an hour to install, to compare, and to leave what was seen.
    minutes = math.ceil(asked.timeout_s / 60) if asked.run else 0
    return MonitorFacts(
        schedule=_schedule(policy, "monitor"),
        minutes=min(minutes + 15, most_minutes(small_labels(policy))),
        asks_for_training=asked.retrain is not None,
    )


def _python(version: str) -> str:
    if int(version.split(".")[1]) < OLDEST_PYTHON:
        raise wrong(
            "github.python", f"is {version}, and Branchline needs 3.{OLDEST_PYTHON} or newer",
            "Name a newer one; a check may use an older one: matrix: {python: ['3.9']}.",
        )  # fmt: skip
    return version


def _refuse_names(names: Iterable[str], key: str, taken: Iterable[str]) -> None:
    """Refuse names that a step has already: GitHub takes no workflow that has a key twice."""
    known = {name.upper() for name in taken}
    for name in names:
        if name.upper() in known or name.upper().startswith(("GITHUB_", "RUNNER_", "ACTIONS_")):
            raise wrong(
                key, f"holds `{name}`, which the step of the training has already",
                "Take it out, or give it another name.",
            )  # fmt: skip
        known.add(name.upper())


def _install(policy: Policy, section: Mapping[str, Any]) -> str:
    if "install" in section:
        return command_of(section["install"], "github.install")
    if policy.environment.make is MakeEnvironment.ALWAYS:
        return "python -I -m pip install uv"  # the rest is found and made by the run
    lock = policy.environment.lock
    return f"python -I -m pip install -r {shell_word(lock)}" if lock else ""


def _extras(policy: Policy) -> tuple[str, ...]:
    """What Branchline needs besides itself: to compare, to read data, to search, to register."""
    wanted = {
        "gate": bool(
            policy.gate.metrics or policy.sections.get("data") or policy.sections.get("monitor")
        ),
        "mlflow": _section(policy, "registry").get("kind") == "mlflow",
        "tune": bool(policy.sections.get("tune")),
    }
    return tuple(extra for extra, is_wanted in wanted.items() if is_wanted)


def _aws(section: Mapping[str, Any] | None) -> AwsFacts | None:
    if not section:
        return None
    return AwsFacts(
        role=section["role"], region=section["region"], seconds=3600 * int(section.get("hours", 1))
    )


def _tune(policy: Policy, section: Mapping[str, Any], pipeline: Pipeline) -> TuneFacts | None:
    from branchline.config.units import seconds_of

    rules = [rule for rule in policy.branches if rule.do is Do.TUNE]
    if not rules or "tune" not in policy.sections:
        return None
    labels = tune_labels(policy, pipeline)
    most = most_minutes(labels)
    asked = seconds_of(_section(policy, "tune").get("timeout"))
    # Own runners: a token lives 24 hours at most, and a job that ends daily leaves room for others.
    deadline = min(most, 1440) - 2 * MARGIN_MINUTES
    if asked is not None:
        deadline = min(deadline, math.ceil(asked / 60) + MARGIN_MINUTES)
    opened = next((rule.open_pull_request for rule in rules if rule.open_pull_request), None)
    mode = str((opened or {}).get("mode", DEFAULT_MODE))
    return TuneFacts(
        runs_on=labels,
        patterns=_patterns(policy.branches, Do.TUNE),
        minutes=min(deadline + 2 * MARGIN_MINUTES, most),
        deadline_minutes=deadline,
        opens_pull_request=opened is not None,
        mode=mode,
        app=_app(section, mode),
    )


def _app(section: Mapping[str, Any], mode: str) -> AppFacts | None:
    if mode != "app":
        return None
    app = section.get("app")
    if not app:
        raise wrong(
            "github", "has no `app`, but a rule opens pull requests with {mode: app}",
            "Add github.app: {client_id: VARIABLE, private_key: SECRET}, or use {mode: dispatch}.",
        )  # fmt: skip
    return AppFacts(
        client_id=app["client_id"],
        private_key=app["private_key"],
        environment=app.get("environment", "training-pull-requests"),
    )


def _refuse_trusting_forks(facts: Facts) -> None:
    if not facts.fork_trains:
        return
    places = [facts.runs_on, *(part.runs_on for part in facts.parts)]
    places += [check.runs_on for check in facts.checks]
    held = [
        name
        for name, is_there in (
            ("an own runner", any(map(may_be_own, places))),
            ("secrets", bool(facts.secrets)),
            ("access to AWS", facts.aws is not None),
        )
        if is_there
    ]
    if held:
        raise wrong(
            "pull_requests.forks",
            f"is `train`: code of strangers would run with {' and '.join(held)}",
            "Write {forks: plan}, and push the branch to this repository once you have read it.",
        )
