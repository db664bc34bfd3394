"""Policy and pipeline -> all that the workflows of one model depend on, checked.

What GitHub would refuse only when the workflow runs is refused here, with what to write instead.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from branchline.core.policy import Do, MakeEnvironment
from branchline.errors import ConfigError
from branchline.generate.workflows.cron import cron_problem
from branchline.generate.workflows.text import shell_word
from branchline.generate.workflows.values import (
    OWN,
    AppFacts,
    AwsFacts,
    CheckFacts,
    Facts,
    TuneFacts,
    may_be_own,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from branchline.core.pipeline import Pipeline
    from branchline.core.policy import BranchRule, Policy

MOST_LEGS = 256
"""Jobs of one matrix; GitHub's limit."""
HOSTED_MINUTES, OWN_MINUTES = 360, 7200
"""Most minutes of a job on GitHub's runners, and on own ones: 6 hours and 5 days."""
OLDEST_PYTHON = 11
OWN_NAMES, OF_AWS = ("MODEL", "DEADLINE"), ("AWS_REGION", "AWS_SHARED_CREDENTIALS_FILE")
"""Variables that we give to the step which runs stages; the last two where it takes a role."""
_MARGIN_MINUTES = 15


def facts_of(policy: Policy, pipeline: Pipeline, *, default_branch: str, is_only: bool) -> Facts:
    """Everything that the workflows of one model depend on.

    Args:
        policy: Of the model, whose patterns name the default branch.
        pipeline: Its stages.
        default_branch: Short name.
        is_only: Whether it is the repository's only model.

    Raises:
        ConfigError: GitHub would refuse, or do something else; says what to write instead.
    """
    section = _section(policy, "github")
    environments = section.get("environments") or {}
    secrets, aws = tuple(section.get("secrets", ())), _aws(section.get("aws"))
    taken = (*OWN_NAMES, *(OF_AWS if aws else ()))
    _refuse_names(secrets, "github.secrets", taken)
    _refuse_names(section.get("variables", ()), "github.variables", (*taken, *secrets))
    train = environments.get("train", "training" if secrets or aws else "")
    train_on = _labels_of_stages(policy, pipeline)
    facts = Facts(
        model=policy.model,
        slug=policy.model.replace("/", "-"),
        is_only=is_only,
        default_branch=default_branch,
        push=_patterns(policy.branches, Do.TRAIN),
        pull_requests=_bases(policy),
        fork_trains=policy.pull_requests.forks == "train",
        schedule=_schedule(policy),
        checks=_checks(policy, section),
        python=_python(section.get("python", "3.12")),
        runs_on=_labels(section.get("runs_on", ("ubuntu-24.04",)), "github.runs_on"),
        train_on=train_on,
        minutes=_training_minutes(policy, pipeline, train_on),
        install=_install(policy, section),
        locks=(policy.environment.lock,) if policy.environment.lock else (),
        requirements=section.get("requirements", ".github/branchline/requirements.txt"),
        writes_requirements="requirements" not in section,
        secrets=secrets,
        variables=tuple(section.get("variables", ())),
        train_environment=train,
        pull_environment=environments.get("pull_requests", train),
        registers=_registers(policy, default_branch),
        register_environment=environments.get("register", "production"),
        aws=aws,
        tune=_tune(policy, section, train_on),
        retention_days=int(section.get("retention_days", 14)),
        free_disk=bool(section.get("free_disk", False)),
        is_enterprise=section.get("server") == "enterprise",
    )
    _refuse_trusting_forks(facts)
    return facts


def _section(policy: Policy, name: str) -> Mapping[str, Any]:
    section: Any = policy.sections.get(name)
    return section or {}


def _wrong(policy_key: str, what: str, todo: str) -> ConfigError:
    return ConfigError(f"branchline.yaml: {policy_key}: {what}", todo=todo)


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


def _schedule(policy: Policy) -> str:
    cron = _section(policy, "retrain").get("schedule", "")
    problem = cron_problem(cron) if cron else ""
    if problem:
        raise _wrong("retrain.schedule", problem, "Write five fields as in `17 2 * * 1` (UTC).")
    return str(cron)


def _python(version: str) -> str:
    if int(version.split(".")[1]) < OLDEST_PYTHON:
        raise _wrong(
            "github.python", f"is {version}, and Branchline needs 3.{OLDEST_PYTHON} or newer",
            "Name a newer one; a check may use an older one: matrix: {python: ['3.9']}.",
        )  # fmt: skip
    return version


def _refuse_names(names: Iterable[str], key: str, taken: Iterable[str]) -> None:
    """Refuse names that a step has already: GitHub takes no workflow that has a key twice."""
    known = {name.upper() for name in taken}
    for name in names:
        if name.upper() in known or name.upper().startswith(("GITHUB_", "RUNNER_", "ACTIONS_")):
            raise _wrong(
                key, f"holds `{name}`, which the step of the training has already",
                "Take it out, or give it another name.",
            )  # fmt: skip
        known.add(name.upper())


def _labels(labels: Iterable[str], key: str) -> tuple[str, ...]:
    names = tuple(labels)
    if names == (OWN,):
        raise _wrong(
            key, "is only `self-hosted`: any own runner of the organisation would take the job",
            "Add a label of the machines that are meant, e.g. [self-hosted, linux, gpu].",
        )  # fmt: skip
    windows = [name for name in names if name.lower().startswith("windows")]
    if windows:
        raise _wrong(
            key, f"is `{windows[0]}`, and Branchline runs on Linux and macOS",
            "Name another runner, e.g. [ubuntu-24.04].",
        )  # fmt: skip
    if not names:
        raise _wrong(key, "is empty", "Name a runner, e.g. [ubuntu-24.04].")
    return names


def _labels_of_stages(policy: Policy, pipeline: Pipeline) -> tuple[str, ...]:
    """The runner of a model's training: all stages that name one must name the same."""
    named: dict[tuple[str, ...], str] = {}
    for stage in pipeline.stages:
        labels = policy.resources_of(stage.name).runs_on
        if labels:
            named.setdefault(labels, stage.name)
    if len(named) > 1:
        (one, first), (other, second) = list(named.items())[:2]
        raise _wrong(
            f"resources.{second}.runs_on",
            f"is [{', '.join(other)}], but stage `{first}` has [{', '.join(one)}];"
            " a model trains in one job",
            "Give all stages of the model the same labels: those of the largest machine.",
        )
    for labels, name in named.items():
        return _labels(labels, f"resources.{name}.runs_on")
    return _labels(_section(policy, "github").get("runs_on", ("ubuntu-24.04",)), "github.runs_on")


def _most_minutes(labels: Sequence[str]) -> int:
    return OWN_MINUTES if OWN in labels else HOSTED_MINUTES


def _training_minutes(policy: Policy, pipeline: Pipeline, labels: Sequence[str]) -> int:
    """The sum of the stages' limits and a margin; the most that is possible where one has none."""
    most = _most_minutes(labels)
    limits = [policy.resources_of(stage.name).timeout_s for stage in pipeline.stages]
    if not limits or any(limit is None for limit in limits):
        return most
    minutes = math.ceil(sum(limit or 0 for limit in limits) / 60)
    if minutes > most:
        where = "own runners end jobs after 5 days" if OWN in labels else "GitHub's after 6 hours"
        raise _wrong(
            "resources",
            f"the timeouts of the stages of {policy.model} come to {minutes} minutes;"
            f" {where} ({most} minutes)",
            "Shorten them, use an own runner (`runs_on`), or an executor that outlives the job.",
        )
    return min(minutes + _MARGIN_MINUTES, most)


def _install(policy: Policy, section: Mapping[str, Any]) -> str:
    if "install" in section:
        return _command(section["install"], "github.install")
    if policy.environment.make is MakeEnvironment.ALWAYS:
        return "python -m pip install uv"  # the rest is found and made by the run
    lock = policy.environment.lock
    return f"python -I -m pip install -r {shell_word(lock)}" if lock else ""


def _command(text: str, key: str) -> str:
    if "${{" in text:
        raise _wrong(
            key, "holds `${{`, which GitHub would fill in before the shell sees it",
            "Use a variable of the shell, e.g. $NAME, and name it under github.variables.",
        )  # fmt: skip
    if any(not char.isprintable() and char not in "\n\t" for char in text):
        raise _wrong(key, "holds a control character", "Take it out.")
    return text.rstrip("\n")


def _checks(policy: Policy, section: Mapping[str, Any]) -> tuple[CheckFacts, ...]:
    from branchline.config.units import seconds_of

    checks: Any = policy.sections.get("checks") or ()
    made = []
    for number, check in enumerate(checks):
        key = f"checks.{number}"
        labels = check.get("runs_on") or section.get("runs_on", ("ubuntu-24.04",))
        matrix = check.get("matrix") or {}
        axes = tuple(
            (name, tuple(_axis_text(value, f"{key}.matrix.{name}") for value in values))
            for name, values in matrix.items()
        )
        _check_axes(axes, f"{key}.matrix")
        seconds = seconds_of(check.get("timeout")) or 1800.0
        made.append(
            CheckFacts(
                name=check["name"],
                run=_command(check["run"], f"{key}.run"),
                axes=axes,
                runs_on=_labels(labels, f"{key}.runs_on"),
                minutes=min(max(1, math.ceil(seconds / 60)), _most_minutes(labels)),
            )
        )
    return tuple(made)


def _axis_text(value: Any, key: str) -> str:
    if isinstance(value, float):
        raise _wrong(
            key, f"holds the number {value}; 3.10 is read as 3.1", "Quote it, e.g. '3.10'."
        )  # fmt: skip
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check_axes(axes: Sequence[tuple[str, tuple[str, ...]]], key: str) -> None:
    for name, values in axes:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) or name in ("include", "exclude"):
            raise _wrong(
                f"{key}.{name}", "is no name of a variable", "Use letters, digits and `_`."
            )
        for value in values:
            if "${{" in value or not value.isprintable():
                raise _wrong(f"{key}.{name}", f"is {value!r}", "Write a plain value.")
    if len({name.upper() for name, _ in axes}) < len(axes):
        raise _wrong(key, "has a name twice, in other letters", "Give each another name.")
    legs = math.prod(len(values) for _, values in axes)
    if legs > MOST_LEGS:
        raise _wrong(
            key, f"makes {legs} jobs, GitHub's limit is {MOST_LEGS}", "Take values or names out."
        )


def _aws(section: Mapping[str, Any] | None) -> AwsFacts | None:
    if not section:
        return None
    return AwsFacts(
        role=section["role"], region=section["region"], seconds=3600 * int(section.get("hours", 1))
    )


def _tune(policy: Policy, section: Mapping[str, Any], labels: Sequence[str]) -> TuneFacts | None:
    from branchline.config.units import seconds_of

    rules = [rule for rule in policy.branches if rule.do is Do.TUNE]
    if not rules or "tune" not in policy.sections:
        return None
    most = _most_minutes(labels)
    asked = seconds_of(_section(policy, "tune").get("timeout"))
    # Own runners: a token lives 24 hours at most, and a job that ends daily leaves room for others.
    deadline = min(most, 1440) - 2 * _MARGIN_MINUTES
    if asked is not None:
        deadline = min(deadline, math.ceil(asked / 60) + _MARGIN_MINUTES)
    opened = next((rule.open_pull_request for rule in rules if rule.open_pull_request), None)
    mode = str((opened or {}).get("mode", "approve"))
    return TuneFacts(
        patterns=_patterns(policy.branches, Do.TUNE),
        minutes=min(deadline + 2 * _MARGIN_MINUTES, most),
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
        raise _wrong(
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
    places = [facts.runs_on, facts.train_on, *(check.runs_on for check in facts.checks)]
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
        raise _wrong(
            "pull_requests.forks",
            f"is `train`: code of strangers would run with {' and '.join(held)}",
            "Write {forks: plan}, and push the branch to this repository once you have read it.",
        )
