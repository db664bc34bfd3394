"""Verbs of `branchline data`: propose a schema, check by hand, look at a table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.core.evidence.data.schema import ColumnType
from branchline.core.evidence.data.settings import Validate
from branchline.core.evidence.data.values import Count, Measure
from branchline.errors import DataError, UsageError
from branchline.flows.data_checking import Checker
from branchline.flows.data_checks import DataChecks
from branchline.flows.data_reference import Champion
from branchline.generate.data_schema import schema_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from branchline.core.evidence.data.values import DataReport, TableProfile
    from branchline.flows.project import Project

_NEARLY = 0.9
"""Share of different values from which it is worth to count exactly: estimates are off by 5 %."""


def propose_schema(project: Project, path: str, out: str) -> TableProfile:
    """Write a schema that the data at `path` fit.

    Args:
        project: Ports.
        path: The reference data, from the root.
        out: File to write, from the root.

    Raises:
        UsageError: There is a file already.
        DataError: The data have no rows, or cannot be read.
    """
    if project.workspace.entry(out) is not None:
        raise UsageError(
            f"branchline data init: `{out}` is there already, and is not written over",
            todo="Name another file with --out, or remove this one first.",
        )
    files = project.data_files
    table = files.open(path)
    profile = files.profile(table)
    if profile.rows == 0:
        raise DataError(f"`{path}` has no rows", todo="A schema is proposed from rows.")
    types = {c.name: c.type for c in profile.columns if c.type is not None}
    asked = [
        column.name
        for column in profile.columns
        if column.type in (ColumnType.INTEGER, ColumnType.TEXT)
        and column.distinct >= _NEARLY * (profile.rows - column.nulls) > 1
    ]
    measures = [Measure(count=Count.REPEATED, column=name) for name in asked]
    counted = files.measure(table, measures, types=types) if measures else ()
    unique = {name for name, repeats in zip(asked, counted, strict=True) if repeats == 0}
    project.workspace.replace(out, schema_text(profile, unique=unique).encode())
    return profile


def check_by_hand(
    project: Project, path: str, schema: str, say: Callable[[str], None]
) -> tuple[DataReport, ...]:
    """Check now.

    Args:
        project: Ports.
        path: One table; "" for all that branchline.yaml names, or the one that `schema` names.
        schema: A schema file; "" for what branchline.yaml says.
        say: Told what is being checked.

    Raises:
        UsageError: Nothing says what is to be checked.
    """
    if schema:
        checker = Checker(project, None, Champion(project))
        read = checker.schema(schema)
        if not (path or read.data):
            raise UsageError(
                f"branchline data check: `{schema}` does not say which data it is for",
                todo="Name them: branchline data check PATH --schema FILE.",
            )
        asked = Validate(path=path or read.data, schema=schema)
        return (checker.run("schema", asked),)
    checks = DataChecks(project, say=say)
    checks.begin()
    reports = tuple(r for r in checks.reports if not path or r.path == path)
    if not reports:
        about = f"`{path}`" if path else "any data"
        raise UsageError(
            f"branchline data check: branchline.yaml does not say how to check {about}",
            todo="Name a schema with --schema, or add `data: {validate: {path, schema}}`.",
        )
    return reports


def profile_of(project: Project, path: str) -> TableProfile:
    """What a table looks like."""
    files = project.data_files
    types = Checker(project, None, Champion(project)).types(path)
    return replace(files.profile(files.open(path), types=types), path=path)
