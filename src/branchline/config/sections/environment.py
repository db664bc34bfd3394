"""Section `environment` of branchline.yaml: what surrounds the code, and where it is made.

Data only; `kinds` says how it is checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from branchline.config.kinds import Choice, Key, ListOf, Section, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.config.kinds import Path, Report


def _day_rule(value: Mapping[str, Any], path: Path, report: Report) -> None:
    from datetime import date

    day = value.get("as_of", "commit")
    if isinstance(day, str) and day[:1].isdigit():
        try:
            date.fromisoformat(day)
        except ValueError:
            report.wrong((*path, "as_of"), f"is `{day}`, which is no day; write YYYY-MM-DD")


ENVIRONMENT = Section(
    {
        "lock": Key(
            Text("a file"),
            "Lock or requirements file whose meaning enters every key; found when not set.",
        ),
        "variables": Key(
            ListOf(Text("a variable's name", r"[A-Za-z_][A-Za-z0-9_]*")),
            "Environment variables on which results depend.",
        ),
        "image": Key(Text("an image"), "Container image, best with its digest."),
        "make": Key(
            Choice(("auto", "always", "never")),
            "Where Branchline makes the environment that stages run in: everywhere, nowhere, or in"
            " a box alone.",
            "auto",
        ),
        "python": Key(
            Text('a minor version in quotes, as in `"3.9"`', r"3\.\d{1,2}"),
            "Interpreter that it is made with; what the project's files say when not set.",
        ),
        "as_of": Key(
            Text("`commit`, `none`, or a day in quotes", r"commit|none|\d{4}-\d{2}-\d{2}"),
            "Up to when published versions count where files leave them open.",
            "commit",
        ),
    },
    rule=_day_rule,
)
