"""One check of one table: its key, and how it is made. Serves `flows.data_checks`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from branchline.config.data_schema import read_schema
from branchline.config.pipeline import refuse_link_outside
from branchline.core.evidence.data.data_json import profile_to_json
from branchline.core.evidence.data.judging import judge_counts, judge_shape, of_rows
from branchline.core.evidence.data.masking import shown_value
from branchline.core.evidence.data.measures import asked_of
from branchline.core.evidence.data.settings import BASELINE, Drift, Validate
from branchline.core.evidence.data.values import (
    Count,
    DataFinding,
    DataReport,
    Examples,
    Measure,
)
from branchline.core.values import Outcome, digest_of
from branchline.errors import DataError, DataSchemaError, MissingInputError
from branchline.flows.data_drift import check_drift, trained_on

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.evidence.data.measures import Asked
    from branchline.core.evidence.data.schema import ColumnType, DataSchema, Overlap
    from branchline.core.evidence.data.values import Table
    from branchline.flows.data_reference import Champion
    from branchline.flows.plan import Planner
    from branchline.flows.project import Project

ALGORITHM = 1
"""Raised when the same data and rules would be judged otherwise than by an older version."""
_MOST_EXAMPLES = 10
_MOST_FINDINGS = 200
_ROWS = Measure(count=Count.ROWS)


class Checker:
    """Makes reports.

    Args:
        project: Ports.
        planner: Knows what stages make; None for checks by hand.
        champion: The data of the model in use.
    """

    def __init__(self, project: Project, planner: Planner | None, champion: Champion) -> None:
        self._project = project
        self._planner = planner
        self._champion = champion
        self._schemas: dict[str, DataSchema] = {}

    # What a report depends on

    def digest(self, path: str) -> str:
        """Content of data, as they lie here or are promised by a pointer or stage; "" if none."""
        content = self._project.workspace.content(path)
        if content is None and self._planner is not None:
            producers = self._planner.producers
            pointer = producers.pointer(path)
            content = producers.content(path) or (
                pointer.content if pointer and pointer.path == path else None
            )
        return (content.md5 or "") if content is not None else ""

    def key(self, kind: str, asked: Validate | Drift) -> str:
        """Digest of all that a report depends on; "" where that cannot be said."""
        data = self.digest(asked.path)
        rules = self._rules(kind, asked)
        if not data or rules is None:
            return ""
        return digest_of([ALGORITHM, kind, asked.path, data, rules])

    def _rules(self, kind: str, asked: Validate | Drift) -> Sequence[object] | None:
        if isinstance(asked, Drift):
            if asked.reference != BASELINE:
                against: object = self.digest(asked.reference)
            else:
                profile = self._champion.profile(trained_on(self._project, asked))
                against = (
                    digest_of(profile_to_json(profile))
                    if profile is not None
                    else f"none:{self._champion.run}:{self._champion.is_known}"
                )
            return [
                against, asked.reference, list(asked.columns), list(asked.exclude),
                asked.max_share_drifted, asked.severity.value,
            ]  # fmt: skip
        if kind == "schema":
            schema = self.schema(asked.schema)
            if schema.depends_on_time:
                return None
            others = [self.digest(overlap.path) for overlap in schema.overlaps]
            before = self._rows_before(schema, asked.path)
            text = digest_of(self._project.workspace.read(asked.schema) or b"")
            return [asked.schema, text, others, before, asked.examples]
        if kind == "great_expectations":
            text = digest_of(self._project.workspace.read(asked.great_expectations) or b"")
            return [asked.great_expectations, text, asked.examples]
        if kind == "evidently" and asked.evidently is not None:
            reference = asked.evidently.reference
            return [asked.evidently.preset, reference, self.digest(reference) if reference else ""]
        return None  # A module of the project may import anything.

    def schema(self, file: str) -> DataSchema:
        """A schema file of the tree.

        Raises:
            DataSchemaError: It is not there, or cannot be used.
        """
        if file not in self._schemas:
            refuse_link_outside(self._project.root, file)
            data = self._project.workspace.read(file)
            if data is None:
                raise DataSchemaError(
                    f"there is no schema file `{file}`",
                    todo="`branchline data init PATH` proposes one.",
                )
            self._schemas[file] = read_schema(data, file=file)
        return self._schemas[file]

    def others(self, schema_file: str) -> list[str]:
        """Further data that a schema names; none where it cannot be read."""
        try:
            return [overlap.path for overlap in self.schema(schema_file).overlaps]
        except DataSchemaError:
            return []

    def is_timed(self, schema_file: str) -> bool:
        """Whether what a schema says of the same data depends on the time."""
        try:
            return self.schema(schema_file).depends_on_time
        except DataSchemaError:
            return False

    def types(self, path: str) -> Mapping[str, ColumnType]:
        """Types that a schema of branchline.yaml declares for a path."""
        from branchline.config.data_checks import data_settings

        for one in data_settings(self._project.policy).validate:
            if one.path == path and one.schema:
                return self.schema(one.schema).types
        return {}

    def _rows_before(self, schema: DataSchema, path: str) -> int | None:
        return None if schema.rows.change is None else self._champion.rows(path)

    def look_again(self) -> None:
        """Forget schemas that were read: they may be others by now."""
        self._schemas.clear()

    # Making one

    def run(self, kind: str, asked: Validate | Drift, *, key: str = "") -> DataReport:
        """Check.

        Raises:
            MissingInputError: The data are not here.
            DataSchemaError, DataCheckError, MissingExtraError: They could not be checked.
        """
        against = self.against(kind, asked)
        self._bring_back([asked.path, *self._beside(kind, asked)])
        try:
            if isinstance(asked, Drift):
                report = check_drift(self._project, asked, self._champion, against)
            elif kind == "schema":
                report = self.by_schema(asked, self.schema(asked.schema))
            else:
                report = self._own(kind, asked, against)
        except DataError as error:
            text = " ".join(
                part for part in (f"{error.message}.", *error.details[:2], error.todo) if part
            )
            finding = DataFinding(rule="unreadable", sentence=text)
            report = DataReport(check=kind, path=asked.path, against=against, findings=(finding,))
        return replace(report, key=key)

    def _beside(self, kind: str, asked: Validate | Drift) -> list[str]:
        """Further data that a check reads."""
        if isinstance(asked, Drift):
            return [asked.reference] if asked.reference != BASELINE else []
        if kind == "schema":
            return self.others(asked.schema)
        reference = asked.evidently.reference if kind == "evidently" and asked.evidently else ""
        return [reference] if reference else []

    def _bring_back(self, paths: Sequence[str]) -> None:
        """Put tracked data back that only the store has, as before a stage that reads them.

        Raises:
            MissingInputError: The store has them not.
        """
        if self._planner is None:
            return
        store, workspace = self._project.store, self._project.workspace
        for path in paths:
            pointer = self._planner.producers.pointer(path)
            if pointer is None or workspace.entry(pointer.path) is not None:
                continue
            if not (store.has(pointer.content) or store.can_fetch(pointer.content)):
                raise MissingInputError(
                    f"data to check, `{path}`, are not on this machine: {store.looked_at()}",
                    todo=f"Type `dvc pull {path}`, or `dvc push` it to a folder that this machine"
                    " reaches by an absolute path.",
                )
            store.restore(pointer.path, pointer.content)
            self._planner.inputs.reader.forget([pointer.path, path])

    def against(self, kind: str, asked: Validate | Drift) -> str:
        """What the data are held against, in words."""
        if isinstance(asked, Drift):
            if asked.reference != BASELINE:
                return asked.reference
            run = self._champion.found_run
            return f"the baseline, run {run}" if run else "the baseline"
        if kind == "evidently":
            return asked.evidently.preset if asked.evidently else ""
        return {
            "schema": asked.schema, "pandera": asked.pandera,
            "great_expectations": asked.great_expectations,
        }[kind]  # fmt: skip

    def by_schema(self, asked: Validate, schema: DataSchema) -> DataReport:
        """A table held against a schema: shape, one pass, and examples of what is broken."""
        files = self._project.data_files
        table = files.open(asked.path)
        found = list(judge_shape(schema, table))
        items = asked_of(schema, table)
        numbers = files.measure(table, [item.measure for item in items], types=schema.types)
        now_s = datetime.fromisoformat(self._project.machine.now()).timestamp()
        judged = judge_counts(
            schema, items, numbers, now_s=now_s, rows_before=self._rows_before(schema, asked.path)
        )
        beside = [
            rule.name for rule in schema.columns if rule.is_unique and table.column(rule.name)
        ]
        for item, finding in judged:
            shows = asked.examples and bool(finding.broken) and len(found) < _MOST_FINDINGS
            found.append(
                replace(finding, examples=self._examples(table, item, schema, beside))
                if shows
                else finding
            )
        for overlap in schema.overlaps:
            found += self._overlap(table, overlap, schema, shows=asked.examples)
        return DataReport(
            check="schema",
            path=asked.path,
            against=schema.file,
            rows=int(numbers[0] or 0),
            rules=len(items) - 1 + len(schema.columns) + len(schema.overlaps) + 1,
            findings=tuple(found),
        )

    def _examples(
        self, table: Table, item: Asked, schema: DataSchema, beside: Sequence[str]
    ) -> Examples:
        found = self._project.data_files.examples(
            table, item.measure, types=schema.types, beside=beside, limit=_MOST_EXAMPLES
        )
        return masked(found)

    def _overlap(
        self, table: Table, asked: Overlap, schema: DataSchema, *, shows: bool
    ) -> list[DataFinding]:
        where = f"{schema.file}:{asked.line}"
        files = self._project.data_files
        try:
            other = files.open(asked.path)
        except MissingInputError as error:
            raise MissingInputError(f"{where}: {error.message}", todo=error.todo) from error
        for one in (table, other):
            absent = [key for key in asked.keys if one.column(key) is None]
            if absent:
                sentence = f"`{one.path}` has no column `{absent[0]}`, so no overlap can be told."
                return [
                    DataFinding(
                        rule="no_overlap",
                        column=absent[0],
                        severity=asked.severity,
                        outcome=Outcome.UNKNOWN,
                        sentence=sentence,
                    )
                ]
        count, examples = files.overlap(table, other, asked.keys, limit=_MOST_EXAMPLES)
        total = int(files.measure(table, [_ROWS], types={})[0] or 0)
        if count <= asked.tolerance * total:
            return []
        keys = ", ".join(f"`{key}`" for key in asked.keys)
        return [
            DataFinding(
                rule="no_overlap",
                column=asked.keys[0],
                severity=asked.severity,
                sentence=f"{of_rows(count, total)} stand in `{asked.path}`, too, by {keys}.",
                broken=count,
                total=total,
                examples=masked(examples) if shows else None,
            )
        ]

    def _own(self, kind: str, asked: Validate, against: str) -> DataReport:
        """What the project's own check says; only that one knows its rules."""
        self._project.data_files.open(asked.path)  # Ours says better what is missing or empty.
        reference = asked.evidently.reference if kind == "evidently" and asked.evidently else ""
        said = self._project.own_checks.run(kind, against, asked.path, reference=reference)
        findings = tuple(
            replace(f, examples=masked(f.examples) if f.examples and asked.examples else None)
            for f in said.findings[:_MOST_FINDINGS]
        )
        return DataReport(
            check=kind,
            path=asked.path,
            against=against,
            rows=said.rows,
            rules=said.rules,
            findings=findings,
        )


def masked(examples: Examples) -> Examples:
    """Examples as reports show them: nothing personal, no row twice."""
    rows = (
        tuple(shown_value(c, v) for c, v in zip(examples.columns, row, strict=True))
        for row in examples.rows
    )
    return Examples(columns=examples.columns, rows=tuple(dict.fromkeys(rows)))
