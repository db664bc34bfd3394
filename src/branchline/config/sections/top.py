"""The top level of branchline.yaml.

Data only; `kinds` says how it is checked.
"""

from __future__ import annotations

from typing import Any

from branchline.config.kinds import Anything, Key, ListOf, MapOf, OneOf, Section, Text
from branchline.config.sections import (
    data,
    environment,
    github,
    serving,
    short_form,
    training,
    watching,
)
from branchline.config.sections.checks import CHECK

MODEL = Text(
    "a name of letters, digits, `-`, `_` and `/` that starts and ends with a letter or digit",
    r"[A-Za-z0-9](?:[A-Za-z0-9_/-]*[A-Za-z0-9])?",
)

STAGES = MapOf(Anything("a stage such as {cmd: ...}"), "stages")
"""DVC's grammar; `grammar` checks it when the stages are read."""

DEFAULT_BRANCHES: dict[str, dict[str, Any]] = {
    "tuning/**": {
        "do": "tune",
        "open_pull_request": {"branch": "training/{commit}", "into": "{default}"},
    },
    "training/**": {"do": "train"},
    "train/**": {"do": "train"},
    "models": {"do": "train", "fast_forward_only": True},
    "models/**": {"do": "train", "fast_forward_only": True},
    "models-*": {"do": "train", "fast_forward_only": True},
    "{default}": {"do": "train", "then": ["register", "deploy"]},
}
"""`{default}` is the repository's default branch (`core.policy.with_default_branch`)."""

SECTIONS: dict[str, Key] = {
    "pipeline": Key(
        Text("a dvc.yaml"),
        "The dvc.yaml that makes the model; every dvc.yaml of the repository when not set.",
    ),
    "stages": Key(STAGES, "Stages in DVC's grammar, instead of a dvc.yaml."),
    "train": Key(
        short_form.TRAIN,
        "The short form: one stage `train` that leaves metrics.json, model/ or both.",
    ),
    "branches": Key(
        training.BRANCHES,
        "What pushes to branches do; the first pattern that matches wins.",
        DEFAULT_BRANCHES,
    ),
    "pull_requests": Key(training.PULL_REQUESTS, "What pull requests do."),
    "checks": Key(ListOf(CHECK), "Checks of the code, as jobs of GitHub Actions."),
    "data": Key(data.DATA, "Checks of the data."),
    "tune": Key(serving.TUNE, "Search for hyperparameters."),
    "gate": Key(training.GATE, "What a model must reach."),
    "tests": Key(ListOf(training.TEST), "Tests of the model itself."),
    "resources": Key(MapOf(training.STAGE_RESOURCES, "stages"), "What stages need and may use."),
    "executors": Key(serving.EXECUTORS, "Settings of the machines and engines that run stages."),
    "environment": Key(environment.ENVIRONMENT, "What surrounds the code and enters every key."),
    "changes": Key(training.CHANGES, "Which changes matter to the model."),
    "store": Key(training.STORE, "Where outputs are kept; this machine only when not set."),
    "link": Key(training.LINK, "How outputs get from the store into the workspace.", "reflink"),
    "registry": Key(serving.REGISTRY, "Where models are registered."),
    "deploy": Key(serving.DEPLOY, "Where and how the model is rolled out."),
    "monitor": Key(watching.MONITOR, "How the model is watched."),
    "retrain": Key(watching.RETRAIN, "When the model is trained again."),
    "notify": Key(serving.NOTIFY, "Who is told what."),
    "report": Key(serving.REPORT, "What reports show."),
    "github": Key(github.GITHUB, "What `branchline workflows` writes for GitHub Actions."),
}
"""Everything that a model may have, on top or below `models`."""

TOP = Section(
    {
        "model": Key(MODEL, "Name of the model."),
        "models": Key(
            MapOf(OneOf((Section(SECTIONS),)), "models"),
            "Several models; keys on top are defaults, a key below replaces the one on top.",
        ),
        **SECTIONS,
    },
    words="a mapping with the key `model`",
)
