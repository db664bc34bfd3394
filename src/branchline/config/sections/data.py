"""Section `data` of branchline.yaml: checks of data before anything trains.

Data only; `kinds` says how it is checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from branchline.config.kinds import SHARE_KIND, Choice, Flag, Key, ListOf, OneOf, Section, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.config.kinds import Path, Report

FILE = Text("a file")
DATA_PATH = Text("a file or folder")
COLUMNS = ListOf(Text("a column"), at_least=1)
SEVERITY = Choice(("error", "warn"))

EVIDENTLY = OneOf(
    (
        Text("a preset such as DataSummaryPreset", r"[A-Za-z_][A-Za-z0-9_]*"),
        Section(
            {
                "preset": Key(
                    Text("a preset such as DataDriftPreset", r"[A-Za-z_][A-Za-z0-9_]*"),
                    "Class of `evidently.presets`.",
                    required=True,
                ),
                "reference": Key(DATA_PATH, "Data that it compares with."),
            },
            words="a mapping such as {preset: DataDriftPreset, reference: data/reference.csv}",
        ),
    )
)


def _drift_rule(value: Mapping[str, Any], path: Path, report: Report) -> None:
    if value.get("trained_on") and value.get("reference", "baseline") != "baseline":
        report.wrong(
            (*path, "trained_on"), "goes with `reference: baseline` only; drop one of the two"
        )
    both = sorted(set(value.get("columns") or ()) & set(value.get("exclude") or ()))
    if both:
        report.wrong((*path, "exclude"), f"names `{both[0]}`, which `columns` asks for; drop one")


VALIDATE = Section(
    {
        "path": Key(DATA_PATH, "Parquet, CSV, JSON lines, or a folder of them.", required=True),
        "schema": Key(FILE, "Schema file; `branchline data init` proposes one."),
        "pandera": Key(
            Text("MODULE:SCHEMA", r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*"),
            "A pandera schema of the project, run by the project's Python.",
        ),
        "great_expectations": Key(FILE, "A suite of Great Expectations in JSON."),
        "evidently": Key(EVIDENTLY, "A report of Evidently, with its own tests."),
        "examples": Key(Flag(), "Show rows that break a rule, personal data masked.", default=True),
    },
    words="a mapping such as {path: data/train.csv, schema: data/schema.yaml}",
    one_of=("schema", "pandera", "great_expectations", "evidently"),
)  # fmt: skip

DRIFT = Section(
    {
        "path": Key(DATA_PATH, "New data.", required=True),
        "reference": Key(
            Text("`baseline`, or a file or folder"),
            "What they are compared with: data, or what the model in use was trained on.",
            "baseline",
        ),
        "trained_on": Key(
            DATA_PATH, "Path of the training data, where it is not the one that `validate` names."
        ),
        "columns": Key(COLUMNS, "Columns to compare; all when not set."),
        "exclude": Key(COLUMNS, "Columns to leave out, such as ids."),
        "max_share_drifted": Key(SHARE_KIND, "Share of the columns that may drift.", 0.3),
        "severity": Key(SEVERITY, "What it does when more drift: stop, or warn.", "error"),
    },
    words="a mapping such as {path: data/new.csv, reference: baseline}",
    rule=_drift_rule,
)

DATA = Section(
    {
        "validate": Key(
            OneOf((ListOf(VALIDATE, at_least=1), VALIDATE)),
            "Checks before anything trains on the data; one or a list.",
        ),
        "drift": Key(
            OneOf((ListOf(DRIFT, at_least=1), DRIFT)),
            "Comparison of new data with what the model was trained on; one or a list.",
        ),
    }
)
