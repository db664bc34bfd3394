"""Sections of branchline.yaml on tuning, rollout and telling; watching stands in `watching`.

Data only; `kinds` says how it is checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from branchline.config.kinds import (
    DURATION_KIND,
    TIMEOUT_KIND,
    Anything,
    Choice,
    Flag,
    Key,
    ListOf,
    MapOf,
    Number,
    OneOf,
    Section,
    Text,
)
from branchline.config.problems import nearest
from branchline.config.sections.github import HARMLESS_NAMES
from branchline.config.sections.pruning import FOLLOW, PRUNER, PRUNERS
from branchline.config.sections.training import COMMAND, TEXTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.config.kinds import Path, Report

OPTIONS = MapOf(Anything(), "options")


def _range_rule(value: Mapping[str, Any], path: Path, report: Report) -> None:
    given = [name for name in ("float", "int", "choice", "fixed") if name in value]
    if len(given) != 1:
        report.wrong(path, "needs exactly one of `float`, `int`, `choice`, `fixed`")
        return
    bounds = value[given[0]]
    if given[0] in ("choice", "fixed"):
        return
    if len(bounds) != 2 or bounds[0] >= bounds[1]:
        report.wrong((*path, given[0]), f"is {bounds}, must be [low, high] with low < high")
        return
    if value.get("log") and bounds[0] <= 0:
        report.wrong((*path, given[0]), f"is {bounds}; with `log: true` both must be > 0")
    step = value.get("step")
    if step is not None and value.get("log"):
        report.wrong((*path, "step"), f"is {step}; a logarithmic scale has no steps")
    elif step is not None and step > bounds[1] - bounds[0]:
        report.wrong((*path, "step"), f"is {step}, and only {bounds[0]} would be tried of {bounds}")


RANGE = Section(
    {
        "float": Key(ListOf(Number(), at_least=2), "Real numbers from low to high."),
        "int": Key(ListOf(Number(whole=True), at_least=2), "Whole numbers from low to high."),
        "choice": Key(ListOf(Anything(), at_least=1), "Values to choose from."),
        "fixed": Key(Anything(), "One value, set in every trial and not searched."),
        "log": Key(Flag(), "Search on a logarithmic scale.", default=False),
        "step": Key(Number(above=0), "Distance of the values tried."),
        "when": Key(OPTIONS, "Only when other parameters have these values."),
    },
    words="a list of values, {float: [low, high]} or {int: [low, high]}",
    rule=_range_rule,
)


def _name_rule(name: str) -> str:
    """What is wrong with a name that stands for something in a command."""
    from branchline.core.run.spots import spot_of

    try:
        spot_of(name)
    except ValueError as error:
        return str(error)
    return ""


FIXED = OneOf((Number(), Flag(), Text("one value, set in every trial", is_command=True)))


def _tune_rule(value: Mapping[str, Any], path: Path, report: Report) -> None:
    """See that what `when` names is set by each trial, and can have the value that it waits for."""
    from branchline.config.sections.better import pruner_goal_rule

    pruner_goal_rule(value, path, report)
    space = value.get("space") or {}
    for name, written in space.items():
        when = written.get("when") if isinstance(written, dict) else None
        for other, wanted in (when or {}).items():
            where = (*path, "space", name, "when", other)
            if other not in space or other == name:
                hint = nearest(other, [known for known in space if known != name])
                if "did you mean" not in hint:
                    hint = f"; where it has one value, add `{other}: VALUE`"
                report.wrong(where, f"is no other parameter of `space`{hint}")
                continue
            among = _values_of(space[other])
            missing = [v for v in _as_list(wanted) if among is not None and v not in among]
            if missing:
                report.wrong(where, f"is {missing[0]!r}, which `{other}` never is: it is {among}")


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _values_of(written: Any) -> list[Any] | None:
    """The values that a parameter may take; None for a range."""
    if not isinstance(written, dict):
        return _as_list(written)
    if "choice" in written:
        return list(written["choice"])
    return [written["fixed"]] if "fixed" in written else None


def _objective_rule(value: Mapping[str, Any], path: Path, report: Report) -> None:
    from branchline.config.sections.better import goal_rule

    if "metric" in value:
        goal_rule(value["metric"], value.get("goal"), path, report)


OBJECTIVE = Section(
    {
        "metric": Key(Text("a metric"), "What is searched for.", required=True),
        "goal": Key(
            Choice(("maximize", "minimize")),
            "Which way is better; of a known metric as it is by nature (`rmse`: minimize), else as"
            " its name tells. Asked for where the name tells nothing, or sounds like a loss.",
        ),
        "constraint": Key(OPTIONS, "Bounds that other metrics must keep."),
    },
    rule=_objective_rule,
)

TUNE = Section(
    {
        "stages": Key(TEXTS, "Stages that a trial runs."),
        "runs_on": Key(
            TEXTS,
            "Runner of a search in GitHub Actions; that of its stages when these name one only.",
        ),
        "run": Key(
            COMMAND, "Your own search, instead of trials of `space`; it leaves the file `write`."
        ),
        "objective": Key(
            OneOf((ListOf(OBJECTIVE, at_least=1), OBJECTIVE)),
            "What is optimised. Of several that trade off, you choose the trial.",
            required=True,
        ),
        "space": Key(
            MapOf(
                OneOf((ListOf(Anything(), at_least=1), RANGE, FIXED)),
                "parameters",
                name_rule=_name_rule,
            ),
            "Parameters and the values they may take: keys of parameter files, options (`--lr`) and"
            " variables (`$LR`) of a command, keys of Hydra.",
        ),
        "trials": Key(Number(low=1, whole=True), "Most trials.", 50),
        "timeout": Key(DURATION_KIND, "Most time for all trials."),
        "budget": Key(
            Section(
                {
                    "cost": Key(
                        Number(above=0),
                        "Most money for all trials and for confirming the best.",
                        required=True,
                    ),
                    "per_hour": Key(
                        Number(above=0),
                        "Price of an hour of a trial, same currency.",
                        required=True,
                    ),
                }
            ),
            "What all trials may cost, in any currency.",
        ),
        "stop": Key(
            Section(
                {
                    "plateau": Key(
                        Number(low=1, whole=True), "Trials without a gain.", required=True
                    ),
                    "min_gain": Key(Number(low=0), "A gain that counts.", 0),
                }
            ),
            "End the search when no further gain is likely.",
        ),
        "parallel": Key(Number(low=1, whole=True), "Trials at once.", 1),
        "executor": Key(
            Choice(("local", "ray")),
            "Where trials are made: on this machine, or on the nodes of a Ray cluster.",
            "local",
        ),
        "sampler": Key(
            Choice(("tpe", "random", "grid", "cmaes", "gp", "nsgaii", "qmc")),
            "How trials are chosen. Where there are no more combinations than `trials`, all are"
            " tried. Without the extra `tune`, what is left out here draws at random.",
            "tpe",
        ),
        "pruner": Key(
            OneOf((PRUNERS, PRUNER)),
            "How bad trials are stopped early, from what they report at each step.",
            "none",
        ),
        "follow": FOLLOW,
        "seed": Key(Number(low=0, whole=True), "Seed of the search.", 1),
        "write": Key(
            Text("a file"), "File that the best values are written to.", "best_params.yaml"
        ),
        "replicates": Key(
            Section(
                {
                    "seed": Key(
                        Text("a parameter"), "Parameter that holds the seed.", required=True
                    ),
                    "runs": Key(
                        Number(low=1, whole=True), "Most trainings of a trial, ranked by mean.", 1
                    ),
                }
            ),
            "Repeat trials with other seeds, so that the best is not the luckiest.",
        ),
        "confirm": Key(
            Section(
                {
                    "top": Key(Number(low=1, whole=True), "How many of the best.", 3),
                    "seeds": Key(
                        Number(low=0, whole=True), "With how many fresh seeds; 0 for none.", 3
                    ),
                }
            ),
            "The best are trained again with fresh seeds before one is offered; needs the seed of"
            " `replicates`, here or under `gate`.",
        ),
        "retry": Key(Number(low=0, whole=True), "How often a crashed trial is tried again.", 0),
    },
    rule=_tune_rule,
)

RAY = Section(
    {
        "address": Key(
            Text("`auto` or HOST:PORT", r"auto|[^\s:/]+:[0-9]{1,5}"),
            "Head of the cluster, which this machine has joined; `auto` finds it.",
            "auto",
        ),
        "wait": Key(DURATION_KIND, "How long to wait for room.", "10m"),
    },
    words="a mapping such as {address: auto}",
)

EXECUTORS = Section(
    {
        name: Key(RAY if name == "ray" else OPTIONS, f"Settings of {title}.")
        for name, title in (
            ("local", "this machine"),
            ("ssh", "machines reached by SSH"),
            ("slurm", "Slurm"),
            ("ray", "Ray"),
            ("sagemaker", "SageMaker"),
            ("kubernetes", "Kubernetes"),
            ("docker", "containers"),
        )
    },
    more=Section({"kind": Key(Text(), "Which executor it is.", required=True)}, more=Anything()),
)

REGISTRY = Section(
    {
        "kind": Key(Choice(("git", "mlflow")), "Where models are registered.", "git"),
        "uri": Key(Text("a URL"), "Tracking server, for mlflow."),
        "aliases": Key(TEXTS, "Stages that a version can hold.", ["staging", "production"]),
        "protected": Key(
            TEXTS, "Stages that only a version with a passed verdict may get.", ["production"]
        ),
        "paths": Key(
            TEXTS,
            "Outputs that are the model; when not set, those that the stage with the metrics "
            "depends on or makes.",
        ),
    }
)


def _steps_rule(value: Mapping[str, Any], path: Path, report: Report) -> None:
    steps = value.get("steps")
    if steps and (sorted(set(steps)) != list(steps) or steps[-1] != 100):
        report.wrong(
            (*path, "steps"), f"is {steps}; must rise and end with 100, e.g. [10, 50, 100]"
        )


ENVIRONMENT_OF_SERVICE = Section(
    {
        "strategy": Key(
            Choice(("rolling", "blue_green", "canary", "shadow", "ab")),
            "How the new version takes over.",
            "blue_green",
        ),
        "steps": Key(
            ListOf(Number(above=0, high=100), at_least=1),
            "Shares of the traffic, in percent; the last is 100.",
        ),
        "needs": Key(Text("an environment"), "Environment that must have succeeded before."),
        "approval": Key(Choice(("none", "human", "github-environment")), "Who must agree.", "none"),
        "bake": Key(DURATION_KIND, "Least time of a step."),
        "max_step_time": Key(DURATION_KIND, "Most time of a step."),
        "keep_old": Key(DURATION_KIND, "How long the old version stays loaded."),
        "smoke": Key(
            Text("a file or command", is_command=True),
            "Command that must end well after `run`; else the version before comes back.",
        ),
        "run": Key(
            COMMAND,
            "Command that deploys; told by variables what to deploy. May be run twice.",
        ),
        "rollback": Key(
            COMMAND, "Command that brings the version before back; `run` with it when not set."
        ),
        "timeout": Key(TIMEOUT_KIND, "Most time of each of these commands.", "30m"),
        "secrets": Key(
            HARMLESS_NAMES, "Secrets that its commands get as variables, and no other's do."
        ),
        "variables": Key(
            HARMLESS_NAMES, "Configuration variables that its commands get as variables."
        ),
        "url": Key(Text("a URL"), "Where the service answers."),
        "guard": Key(ListOf(OPTIONS), "Metrics that abort the rollout."),
    },
    words="a mapping such as {run: ./deploy.sh, smoke: pytest tests/smoke}",
    more=Anything(),
    rule=_steps_rule,
)

DEPLOY = Section(
    {
        "service": Key(Text(), "Name of the service; the model's name when not set."),
        "engine": Key(Text(), "What serves and splits traffic.", "embedded"),
        "environments": Key(
            MapOf(ENVIRONMENT_OF_SERVICE, "environments"), "Environments, in order."
        ),
    },
    more=ENVIRONMENT_OF_SERVICE,
)

EVENTS = Choice(
    (
        "failed_verdict",
        "passed_verdict",
        "unknown_verdict",
        "failed_run",
        "drift",
        "deployed",
        "rolled_back",
        "registered",
        "tuned",
    )
)
NOTIFY = Section(
    {
        "urls": Key(ListOf(Text("a URL, best as ${env:NAME}")), "Who is told.", required=True),
        "on": Key(
            ListOf(EVENTS),
            "What they are told.",
            ["failed_verdict", "drift", "deployed", "rolled_back"],
        ),
    }
)

REPORT = Section(
    {
        "plots": Key(ListOf(OneOf((Text("a file"), OPTIONS))), "Plots to show."),
        "metrics": Key(TEXTS, "Metrics to show first."),
        "title": Key(Text(), "Heading."),
    }
)
