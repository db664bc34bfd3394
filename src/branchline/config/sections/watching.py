"""Sections `monitor` and `retrain` of branchline.yaml: watching a model, training it again.

Data only; `kinds` says how it is checked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from branchline.config.kinds import (
    DURATION_KIND,
    TIMEOUT_KIND,
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
from branchline.config.sections.data import COLUMNS, DATA_PATH
from branchline.config.sections.training import COMMAND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.config.kinds import Path, Report

_CRON_FIELD = r"[0-9A-Za-z*,/?-]+"


@dataclass(frozen=True)
class Schedule(Text):
    """Five fields of cron that come to pass."""

    words: str = "five fields of cron, such as 17 2 * * 1"
    pattern: str = rf"{_CRON_FIELD}(?: +{_CRON_FIELD}){{4}}"

    def check(self, value: object, path: Path, report: Report) -> None:
        """See `Kind`."""
        before = len(report.problems)
        super().check(value, path, report)
        # ${env:NAME} is read where the schedule is.
        if len(report.problems) > before or not re.fullmatch(self.pattern, str(value)):
            return
        from branchline.core.trigger.cron import cron_of, is_never_due

        try:
            if is_never_due(cron_of(str(value))):
                report.wrong(
                    path,
                    f"is {value!r}, which never comes: no month of these has such a day; write"
                    f" {self.words}",
                )
        except ValueError as error:
            report.wrong(path, f"is {value!r}: {error}; write {self.words}")


CRON = Schedule()
MATERIAL, MIN_ROWS = 0.1, 200
"""As `core.evidence.data.drift` has them, which is not loaded for them; a test holds them equal."""
MOST_METRICS = 100
TRAINING = ("training", "baseline")
"""Words for the data that the model in production was trained on."""


def _bound_rule(value: Mapping[str, Any], path: Path, report: Report) -> None:
    if "min" not in value and "max" not in value:
        report.wrong(path, "has no bound: write {min: NUMBER}, {max: NUMBER} or both")


def _columns_rule(value: Mapping[str, Any], path: Path, report: Report) -> None:
    both = sorted(set(value.get("only") or ()) & set(value.get("exclude") or ()))
    if both:
        report.wrong((*path, "exclude"), f"names `{both[0]}`, which `only` asks for; drop one")


def _action_rule(value: Mapping[str, Any], path: Path, report: Report) -> None:
    for key in ("cooldown", "force"):
        if key in value and value.get("do") != "retrain":
            report.wrong((*path, key), "goes with `do: retrain` only; drop it")


def _monitor_rule(value: Mapping[str, Any], path: Path, report: Report) -> None:
    if "metrics" in value and "metrics_from" not in value and "labels" not in value:
        report.wrong(
            (*path, "metrics"),
            "come from nowhere: write `metrics_from: FILE` beside it, which `run` leaves, or"
            " `labels: {target: y, score: p}`, to compute them",
        )
    if len(value.get("metrics") or {}) > MOST_METRICS:
        report.wrong((*path, "metrics"), f"are more than {MOST_METRICS}; watch those that matter")
    labels = value.get("labels")
    if labels is not None and "metrics" not in value:
        report.wrong((*path, "labels"), "go with `metrics`, which are computed from them")
    elif labels is not None and "path" not in labels and "source" not in value:
        report.wrong((*path, "labels"), "has no `path`, and there is no `source`: name the file")
    if "trained_on" in value and value.get("reference", TRAINING[0]) not in TRAINING:
        report.wrong(
            (*path, "trained_on"), "goes with `reference: training` only; drop one of the two"
        )


MONITOR = Section(
    {
        "schedule": Key(CRON, "When to look, in UTC: five fields, such as 17 */6 * * *."),
        "run": Key(COMMAND, "Run before each look: it fetches `source`, leaves `metrics_from`."),
        "timeout": Key(TIMEOUT_KIND, "Most time of `run`.", "30m"),
        "source": Key(DATA_PATH, "New data: Parquet, CSV, JSON lines, or a folder of them."),
        "reference": Key(
            Text("`training`, or a file or folder"),
            "What they are compared with: what the model in production was trained on (`baseline`"
            " says the same), data, or a profile of `branchline data profile --json`.",
            TRAINING[0],
        ),
        "trained_on": Key(
            DATA_PATH,
            "Path of the training data, where `data.validate` does not name one. Its profile goes"
            " into the record of each run.",
        ),
        "min_rows": Key(
            Number(low=MIN_ROWS, whole=True), "Rows below which drift is not judged.", 500
        ),
        "limit": Key(
            Number(low=MATERIAL),
            "Population stability index (PSI) that a column may have, where chance allows no more.",
            MATERIAL,
        ),
        "columns": Key(
            Section(
                {
                    "only": Key(COLUMNS, "Columns to compare; all when not set."),
                    "exclude": Key(COLUMNS, "Columns to leave out, such as ids and the truth."),
                    "limits": Key(
                        MapOf(Number(low=MATERIAL), "columns"), "A `limit` of its own, by column."
                    ),
                },
                words="a mapping such as {exclude: [id], limits: {country: 0.25}}",
                rule=_columns_rule,
            ),
            "Columns to leave out, or with a limit of their own.",
        ),
        "metrics": Key(
            MapOf(
                Section(
                    {
                        "min": Key(Number(), "Lowest value that is healthy, inclusive."),
                        "max": Key(Number(), "Highest value that is healthy, inclusive."),
                    },
                    words="a mapping such as {min: 0.9}",
                    rule=_bound_rule,
                ),
                "metrics",
            ),
            "Bounds by metric, dotted as in the file; what is not known is never healthy.",
        ),
        "metrics_from": Key(Text("a file"), "Metrics file that `run` leaves anew at each look."),
        "labels": Key(
            Section(
                {
                    "path": Key(Text("a file"), "File of these rows; `source` when not set."),
                    "target": Key(Text("a column"), "Column of the truth.", required=True),
                    "score": Key(
                        OneOf((Text("a column"), COLUMNS)),
                        "Column of the model's score, or a list with one column a class.",
                    ),
                    "prediction": Key(
                        Text("a column"), "Column of the model's decision, or of its value."
                    ),
                    "query": Key(Text("a column"), "Column of the query, for ranking."),
                    "weight": Key(Text("a column"), "Column of weights."),
                },
                words="a mapping such as {path: labelled.parquet, target: y, score: p}",
                one_of=("score", "prediction"),
            ),
            "Rows whose truth is known by now: metrics that `metrics_from` lacks are computed from"
            " them, where there are `min_rows`.",
        ),
        "actions": Key(
            ListOf(
                Section(
                    {
                        "do": Key(
                            Choice(("open_issue", "notify", "retrain")),
                            "`open_issue`: one issue while an alarm lasts (`notify` does the same);"
                            " `retrain`: ask for a training when the model is degraded.",
                            required=True,
                        ),
                        "cooldown": Key(
                            DURATION_KIND, "Of `retrain`: least time between two.", "7d"
                        ),
                        "force": Key(
                            Flag(), "Of `retrain`: although a result may exist.", default=False
                        ),
                    },
                    words="a mapping such as {do: open_issue}",
                    rule=_action_rule,
                )
            ),
            "What follows when the state changes.",
            [{"do": "open_issue"}],
        ),
    },
    words="a mapping such as {schedule: 17 */6 * * *, source: data/new.parquet}",
    one_of=("source", "metrics"),
    rule=_monitor_rule,
)

RETRAIN = Section(
    {
        "schedule": Key(CRON, "When to retrain, in UTC."),
        "when": Key(
            Choice(("always", "data_changed", "drift")),
            "Only if: `data_changed` decides by content, `always` trains whatever is known, `drift`"
            " asks the last look of `branchline monitor` first, and trains unless it says healthy.",
            "data_changed",
        ),
        "cooldown": Key(
            DURATION_KIND, "Least time between two trainings that a schedule or drift asked for."
        ),
    }
)
