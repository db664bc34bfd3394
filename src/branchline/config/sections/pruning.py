"""Sections of branchline.yaml on trials that are stopped early: the rule, and what is followed.

Data only; `kinds` says how it is checked.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from branchline.config.kinds import DURATION_KIND, Choice, Key, ListOf, Number, OneOf, Section, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.config.kinds import Path, Report

_OF_KINDS = {
    "warmup_steps": ("median", "percentile"),
    "every": ("median", "percentile"),
    "percentile": ("percentile",),
    "min_steps": ("asha", "hyperband"),
    "factor": ("asha", "hyperband"),
    "max_steps": ("hyperband",),
}


def _pruner_rule(value: Mapping[str, Any], path: Path, report: Report) -> None:
    kind = value.get("kind", "median")
    for name in value:
        kinds = _OF_KINDS.get(name, ())
        if kinds and kind not in kinds:
            report.wrong((*path, name), f"is for {' and '.join(kinds)}, and the kind is {kind}")
    if kind == "none" and "patience" in value:
        report.wrong((*path, "patience"), "waits with what a pruner stops, and the kind is none")
    if value.get("max_steps", math.inf) < value.get("min_steps", 1):
        report.wrong((*path, "max_steps"), f"is {value['max_steps']}, below min_steps")


PRUNERS = Choice(("none", "median", "percentile", "asha", "hyperband"))
PRUNER = Section(
    {
        "kind": Key(PRUNERS, "The rule.", "median"),
        "metric": Key(
            Text("a metric"), "What trials are compared by; that of the objective when not set."
        ),
        "goal": Key(
            Choice(("maximize", "minimize")),
            "Which way that metric is better; of a known one as it is by nature, else as the"
            " objective. Asked for where its name sounds otherwise.",
        ),
        "startup": Key(
            Number(low=0, whole=True),
            "Other trials to compare with: that ended (median, percentile), or that came as far"
            " (asha, hyperband).",
            5,
        ),
        "warmup_steps": Key(
            Number(low=0, whole=True), "Steps below this are not judged (median, percentile).", 0
        ),
        "every": Key(
            Number(low=1, whole=True), "Judged once in so many steps (median, percentile).", 1
        ),
        "percentile": Key(
            Number(above=0, below=100), "A trial must reach the best so many percent.", 50
        ),
        "min_steps": Key(Number(low=1, whole=True), "First step judged (asha, hyperband).", 1),
        "max_steps": Key(
            Number(low=1, whole=True),
            "Last step of a training (hyperband); that of the longest so far when not set.",
        ),
        "factor": Key(
            Number(low=2, whole=True),
            "One of so many goes on to so many times the step (asha, hyperband).",
            3,
        ),
        "patience": Key(
            Section(
                {
                    "steps": Key(Number(low=1, whole=True), "Reports.", required=True),
                    "min_delta": Key(Number(low=0), "Improvement that counts is above this.", 0),
                }
            ),
            "What improved within so many reports is not stopped.",
        ),
        "grace": Key(
            DURATION_KIND,
            "Time to end by itself, for a script that asks `should_stop`; then it is ended.",
            "10s",
        ),
    },
    words="a mapping such as {kind: asha, min_steps: 1, factor: 3}",
    rule=_pruner_rule,
)

FOLLOW = Key(
    OneOf((Text("a file or folder"), ListOf(Text("a file or folder"), at_least=1))),
    "Logs of steps that the training writes anyway, from the root: a .jsonl, .csv or .tsv"
    " file, a folder of DVCLive or MLflow, an mlflow.db; `printed` for what it prints."
    " When not set, those among the metrics and plots of its stages, and `dvclive`,"
    " `mlruns` and `mlflow.db`.",
)
