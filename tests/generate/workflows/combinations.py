"""Settings for the workflows: every pair of options that change the text stands in one of them."""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, Any

import yaml

from branchline.config.branchline_yaml import load_policy
from branchline.core.pipeline import Dep, Out, Pipeline, Stage
from branchline.flows.workflow_files import Asked, asked_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OWN = "[self-hosted, linux, gpu]"
ROLE = "arn:aws:iam::123456789012:role/training"

# Option -> its values -> what it adds: top-level lines, and lines below `github:`.
OPTIONS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "lock": {
        "none": ("", ""),
        "file": ("environment: {lock: req/my lock.txt}", ""),
        "made": ("environment: {make: always, lock: requirements.txt}", ""),
    },
    "checks": {
        "none": ("", ""),
        "plain": ("checks: [{name: 'lint: all', run: \"ruff check .\\nmypy\"}]", ""),
        "matrix": (
            "checks: [{name: tests, run: pytest -q, timeout: 10m,"
            " matrix: {python: ['3.10', '3.12'], torch: [2, '2.10', true]}}]",
            "",
        ),
        "excluded": (
            "checks: [{name: tests, run: pytest -q, matrix: {python: ['3.10', '3.12'], torch: [2]},"
            " exclude: [{python: '3.10', torch: 2}]}]",
            "",
        ),
        "own": (f"checks: [{{name: tests, run: pytest -q, runs_on: {OWN}}}]", ""),
        "beside": (
            "checks: [{name: lint, run: ruff check .},"
            " {name: integration, run: pytest -x it, when: beside}]",
            "",
        ),
    },
    "tracker": {
        "none": ("", ""),
        "mlflow": (
            "registry: {kind: mlflow, uri: '${env:MLFLOW_URI}'}",
            "variables: [MLFLOW_URI, REGION]",
        ),
    },
    "secrets": {
        "none": ("", ""),
        "two": ("", "secrets: [KEY, OTHER_KEY]"),
        "of the store": ("", "secrets: [KEY, AWS_ACCESS_KEY_ID, GOOGLE_APPLICATION_CREDENTIALS]"),
    },
    "store": {
        "none": ("", ""),
        "s3": ("store: 's3://bucket/prefix'", ""),
        "gs": ("store: {url: 'gs://bucket'}", ""),
        "folder": ("store: /mnt/models", ""),
    },
    "environments": {
        "default": ("", ""),
        "own": ("", "environments: {train: gpu, pull_requests: gpu pulls, register: live}"),
    },
    "aws": {
        "none": ("", ""),
        "role": ("", f"aws: {{role: '{ROLE}', region: eu-central-1}}"),
        "longer": ("", f"aws: {{role: '{ROLE}', region: eu-central-1, hours: 12}}"),
    },
    "runner": {
        "hosted": ("", ""),
        "own": (f"resources: {{train: {{runs_on: {OWN}, timeout: 30h}}}}", ""),
        "limited": ("resources: {train: {timeout: 90m}}", ""),
        "several": (
            f"resources: {{train: {{runs_on: {OWN}}}, evaluate: {{runs_on: [ubuntu-24.04]}},"
            " prepare: {runs_on: [ubuntu-24.04]}}",
            "",
        ),
    },
    "tune": {
        "none": ("", ""),
        **{
            mode: (
                "tune: {runs_on: [ubuntu-24.04], objective: {metric: auc}, space: {lr: [1, 2]},"
                " timeout: 30m}\n"
                "branches: {'tuning/**': {do: tune, open_pull_request:"
                f" {{branch: 'training/{{commit}}', mode: {mode}}}}},"
                " 'training/**': {do: train}, '{default}': {do: train, then: [register, deploy]}}",
                "app: {client_id: APP_ID, private_key: APP_KEY}" if mode == "app" else "",
            )
            for mode in ("approve", "dispatch", "app")
        },
        "quiet": (
            f"tune: {{runs_on: {OWN}, objective: {{metric: auc}}, space: {{lr: [1, 2]}}}}\n"
            "branches: {'tuning/*': {do: tune}, 'x': {do: nothing}, '{default}': {do: train}}",
            "",
        ),
        "app of another environment": (
            "tune: {objective: {metric: auc}, space: {lr: [1, 2]}, runs_on: [ubuntu-24.04]}\n"
            "branches: {'tuning/**': {do: tune, open_pull_request:"
            " {branch: 'training/{commit}', mode: app}}, '{default}': {do: train}}",
            "app: {client_id: APP_ID, private_key: APP_KEY, environment: bots}",
        ),
    },
    "deploy": {
        "none": ("", ""),
        "one": ("deploy: {staging: {run: ./deploy.sh}}", ""),
        "two": (
            "deploy: {environments: {staging: {run: ./deploy.sh, smoke: pytest smoke, url:"
            " 'https://staging.example.org/it''s', secrets: [STAGING_KEY], timeout: 5m},"
            " production: {needs: staging, run: ./deploy.sh, rollback: ./back.sh,"
            " secrets: [LIVE_KEY], variables: [REGION, ZONE]}}}",
            "",
        ),
        "a person's": (
            "deploy: {staging: {run: ./d.sh}, production: {run: ./d.sh, approval: human}}",
            "",
        ),
    },
    "schedule": {"none": ("", ""), "weekly": ("retrain: {schedule: '17 2 * * 1'}", "")},
    "monitor": {
        "none": ("", ""),
        "scheduled": (
            "monitor: {schedule: '23 */6 * * *', run: \"python fetch.py\", timeout: 5h,"
            " source: data/new.csv, trained_on: data/train.csv,"
            " actions: [{do: open_issue}, {do: retrain}]}",
            "",
        ),
        "by hand": ("monitor: {metrics: {auc: {min: 0.9}}, metrics_from: live.json}", ""),
    },
    "pulls": {
        "train": ("", ""),
        "forks": ("pull_requests: {forks: train}", ""),
        "nothing": ("pull_requests: {do: nothing}", ""),
    },
    "numbers": {"default": ("", ""), "own": ("", "python: '3.13'\n  retention_days: 90")},
    "disk": {"as-is": ("", ""), "freed": ("", "free_disk: true")},
    "small": {
        "hosted": ("", ""),
        "own": ("", f"runs_on: {OWN}"),
        "labelled": ("", "runs_on: [our-box]"),
    },
    "style": {"default": ("", ""), "named": ("", "style: full")},
    "server": {"public": ("", ""), "enterprise": ("", "server: enterprise")},
    "packages": {
        "pinned": ("", ""),
        "own": ("", "requirements: ci/requirements.txt\n  install: pip install -e .[train]"),
    },
    "branch": {"main": ("", ""), "other": ("", "default_branch: it's/main")},
    "models": {
        "one": ("model: tumours", ""),
        "two": ("models: {a/b: {}, c: {}}", ""),
        "apart": ("models: {a/b: {}, c: {}}", "matrix: false"),
    },
}

Choice = tuple[tuple[str, str], ...]
# Code of strangers gets no secret and no machine of the team: these are refused together.
NOT_WITH_FORKS = {
    ("secrets", "two"), ("secrets", "of the store"), ("aws", "role"), ("aws", "longer"),
    ("runner", "own"), ("runner", "several"), ("small", "own"), ("small", "labelled"),
    ("checks", "own"),
}  # fmt: skip


def _is_refused(one: tuple[str, str], other: tuple[str, str]) -> bool:
    return any(
        pull == ("pulls", "forks") and held in NOT_WITH_FORKS
        for pull, held in ((one, other), (other, one))
    )


def pairwise() -> Iterator[Choice]:
    """Choices of all options, so that every pair of values stands in one."""
    values = [(name, value) for name, values in OPTIONS.items() for value in values]
    missing = {
        frozenset(pair)
        for pair in itertools.combinations(values, 2)
        if pair[0][0] != pair[1][0] and not _is_refused(*pair)
    }
    while missing:
        first = min(missing, key=sorted)
        chosen: dict[str, str] = dict(sorted(first))
        for name in OPTIONS:
            if name not in chosen:
                possible = [
                    value
                    for value in OPTIONS[name]
                    if not any(_is_refused((name, value), other) for other in chosen.items())
                ]
                chosen[name] = max(possible, key=lambda v: _gain((name, v), chosen, missing))
        choice = tuple((name, chosen[name]) for name in OPTIONS)
        missing -= {frozenset(pair) for pair in itertools.combinations(choice, 2)}
        yield choice


def _gain(
    one: tuple[str, str], chosen: Mapping[str, str], missing: set[frozenset[tuple[str, str]]]
) -> int:
    return sum(frozenset((one, other)) in missing for other in chosen.items())


def settings_of(choice: Choice) -> str:
    """The branchline.yaml of a choice."""
    added = [OPTIONS[name][value] for name, value in choice]
    top = [text for text, _ in added if text]
    below = [f"  {text}" for _, text in added if text]
    return "\n".join([*top, *(["github:", *below] if below else [])]) + "\n"


def asked_of(text: str, *, stages: tuple[str, ...] = ("train",), remote: str = "") -> Asked:
    """What a branchline.yaml asks for, in a repository whose stages need one another in a row.

    Args:
        text: The file.
        stages: Their names.
        remote: Address of DVC's default remote.
    """
    loaded = load_policy(text.encode())
    if "evaluate:" in text:
        stages = ("prepare", "train", "evaluate")
    made = [
        Stage(
            name=name,
            address=name,
            cmd=("x",),
            cmd_is_list=False,
            wdir=".",
            file="d",
            line=1,
            deps=(Dep(path=f"out-{before}", spelled=f"out-{before}"),) if before else (),
            outs=(Out(path=f"out-{name}", spelled=f"out-{name}"),),
        )
        for before, name in zip(("", *stages), stages, strict=False)
    ]
    models = [(model.policy, Pipeline(stages=tuple(made))) for model in loaded.models]
    return asked_files(models, default_branch="main", remote=remote)


@functools.cache
def all_asked() -> tuple[tuple[Choice, Asked], ...]:
    """Every choice of `pairwise`, and what it asks for; made when the first test needs it."""
    return tuple((choice, asked_of(settings_of(choice))) for choice in pairwise())


@functools.cache
def all_texts() -> dict[str, str]:
    """Every workflow of these by number and path, as `3/.github/workflows/branchline.yml`."""
    return {
        f"{number}/{path}": text
        for number, (_, asked) in enumerate(all_asked())
        for path, text in asked.files.items()
        if path.endswith(".yml")
    }


@functools.cache
def all_workflows() -> dict[str, dict[Any, Any]]:
    """The same, parsed; by libyaml where it is there, which takes a tenth of the time."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return {path: yaml.load(text, Loader=loader) for path, text in all_texts().items()}


@functools.cache
def all_jobs() -> tuple[tuple[str, str, dict[str, Any]], ...]:
    """Path of the workflow, name and content of each job."""
    return tuple(
        (path, name, job)
        for path, workflow in all_workflows().items()
        for name, job in workflow["jobs"].items()
    )
