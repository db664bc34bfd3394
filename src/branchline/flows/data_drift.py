"""New data against a reference, column by column. Serves `flows.data_checking`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from branchline.config.data_checks import data_settings
from branchline.config.pipeline import refuse_link_outside
from branchline.core.evidence.data.data_json import profile_from_json
from branchline.core.evidence.data.drift import compare_profiles
from branchline.core.evidence.data.schema import Severity
from branchline.core.evidence.data.settings import BASELINE, Drift, reference_path
from branchline.core.evidence.data.values import DataFinding, DataReport
from branchline.core.values import Outcome
from branchline.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.evidence.data.schema import ColumnType
    from branchline.core.evidence.data.values import ColumnDrift, TableProfile
    from branchline.flows.data_reference import Champion
    from branchline.flows.project import Project


def trained_on(project: Project, asked: Drift) -> str:
    """Which data in the baseline's record are the reference."""
    return reference_path(data_settings(project.policy), asked)


def check_drift(project: Project, asked: Drift, champion: Champion, against: str) -> DataReport:
    """How far the columns of new data are from those of the reference.

    Args:
        project: Ports.
        asked: As branchline.yaml says.
        champion: The data of the baseline.
        against: How the report calls the reference.
    """
    files = project.data_files
    before = _reference(project, asked, champion)
    if before is None:
        nothing = (_nothing(project, asked, champion),)
        return DataReport(check="drift", path=asked.path, against=against, findings=nothing)
    after = files.profile(files.open(asked.path), types=_types_of(before), like=before)
    found = [item for item in compare_profiles(before, after) if _is_asked(asked, item.column)]
    absent = [
        column.name
        for column in before.columns
        if after.column(column.name) is None and _is_asked(asked, column.name)
    ]
    return DataReport(
        check="drift",
        path=asked.path,
        against=against,
        rows=after.rows,
        rules=len(found),
        findings=tuple(_drift_findings(asked, found, absent)),
        drift=tuple(found),
    )


def _reference(project: Project, asked: Drift, champion: Champion) -> TableProfile | None:
    if asked.reference == BASELINE:
        return champion.profile(trained_on(project, asked))
    is_profile = asked.reference.endswith(".json")
    if is_profile:
        refuse_link_outside(project.root, asked.reference)
    data = project.workspace.read(asked.reference) if is_profile else None
    if data is not None:
        try:
            return profile_from_json(json.loads(data))
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"`{asked.reference}` is no profile: {error}",
                todo=f"Write one: `branchline data profile PATH --json > {asked.reference}`.",
            ) from error
    files = project.data_files
    return files.profile(files.open(asked.reference))


def _nothing(project: Project, asked: Drift, champion: Champion) -> DataFinding:
    """Nothing to compare with. That stops nobody: the next model's record will have it."""
    path = trained_on(project, asked)
    if champion.is_known and champion.run:
        sentence = (
            f"Not compared: the record of run `{champion.run}`, the baseline, does not say"
            f" what `{path}` looked like. The record of this run will."
        )
    elif champion.is_known:
        sentence = f"Not compared: {champion.via}."
    else:
        sentence = f"Not compared: there is no baseline yet ({champion.via})."
    return DataFinding(
        rule="drift", outcome=Outcome.UNKNOWN, severity=Severity.WARN, sentence=sentence
    )


def _types_of(profile: TableProfile) -> dict[str, ColumnType]:
    """What the columns of a text format are read as: what they were when they were profiled."""
    return {column.name: column.type for column in profile.columns if column.type is not None}


def _is_asked(asked: Drift, column: str) -> bool:
    return column not in asked.exclude and (not asked.columns or column in asked.columns)


def _drift_findings(
    asked: Drift, found: Sequence[ColumnDrift], absent: Sequence[str]
) -> list[DataFinding]:
    findings = [
        DataFinding(
            rule="drift",
            column=name,
            severity=asked.severity,
            sentence=f"`{name}` is not there any more, or of another type.",
        )
        for name in absent
    ]
    judged = [item for item in found if item.psi is not None]
    if not judged:
        sentence = found[0].why if found else "there is no column that both have"
        findings.append(
            DataFinding(
                rule="drift",
                outcome=Outcome.UNKNOWN,
                severity=Severity.WARN,
                sentence=f"Not compared: {sentence}.",
            )
        )
        return findings
    drifted = [item for item in judged if item.is_drifted]
    share = len(drifted) / len(judged)
    # 3 of 10 columns are 0.3 exactly, whatever binary says.
    is_too_much = share > asked.max_share_drifted * (1 + 1e-12)
    if drifted:
        named = ", ".join(f"`{item.column}`" for item in drifted[:5])
        more = f" and {len(drifted) - 5} more" if len(drifted) > 5 else ""
        sentence = (
            f"{len(drifted)} of {len(judged)} columns drifted ({share:.0%}): {named}{more};"
            f" at most {asked.max_share_drifted:.0%} may."
        )
        findings.append(
            DataFinding(
                rule="drift",
                severity=asked.severity if is_too_much else Severity.WARN,
                sentence=sentence,
                broken=len(drifted),
                total=len(judged),
            )
        )
    return findings
