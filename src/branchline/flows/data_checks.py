"""Verb: check data before anything trains on them. Serves the stations `evidence` and `verdict`.

Data that no stage makes are checked before the first stage starts, those that a stage makes before
the first stage that follows it. What was found is kept by the digest of data and rules: data that
did not change cost a look at their stat. Where data are bad, nothing starts that comes after them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from branchline.config.data_checks import data_settings
from branchline.config.monitoring import watched_reference
from branchline.core.evidence.data.data_json import (
    profile_from_json,
    profile_to_json,
    report_from_json,
    report_to_json,
)
from branchline.core.evidence.data.settings import BASELINE, Drift, Validate, reference_path
from branchline.core.evidence.data.values import DataFinding
from branchline.core.plan.values import Action, DataPlan, DataState
from branchline.core.values import Outcome, digest_of
from branchline.core.verdict.data import summary_of
from branchline.errors import BranchlineError, DataError, MissingExtraError, MissingInputError
from branchline.flows.data_checking import Checker
from branchline.flows.data_reference import FILE, Champion, profiles_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from branchline.core.evidence.data.values import DataReport, TableProfile
    from branchline.core.plan.values import Plan
    from branchline.flows.plan import Planner
    from branchline.flows.project import Project

_RECORDS = 10
"""Newest records in which a report is looked for that this clone has not kept."""

_LOOKS = 3
"""So often a check is made whose data, or rules, changed meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One check of one table.

    Attributes:
        kind: `schema`, `pandera`, `great_expectations`, `evidently` or `drift`.
        asked: As branchline.yaml says.
        makers: Stages of this walk that make the data.
    """

    kind: str
    asked: Validate | Drift
    makers: frozenset[str] = frozenset()


def items_of(project: Project, planner: Planner | None = None) -> tuple[Item, ...]:
    """All checks in the order of branchline.yaml."""
    settings = data_settings(project.policy)
    found: list[Item] = []

    def makers(path: str) -> frozenset[str]:
        if planner is None:
            return frozenset()
        wanted = {stage.address for stage in planner.stages}
        return frozenset(m.stage for m in planner.producers.makers(path)) & wanted

    for one in settings.validate:
        if _is_left_out(planner, one.path):
            continue
        named = (
            ("schema", one.schema),
            ("pandera", one.pandera),
            ("great_expectations", one.great_expectations),
            ("evidently", one.evidently),
        )
        found += [Item(kind=k, asked=one, makers=makers(one.path)) for k, spec in named if spec]
    found += [
        Item(kind="drift", asked=one, makers=makers(one.path))
        for one in settings.drift
        if not _is_left_out(planner, one.path)
    ]
    return tuple(found)


def _is_left_out(planner: Planner | None, path: str) -> bool:
    """Whether data are made by a stage that this walk was not asked for, and read by none of it."""
    if planner is None:
        return False
    makers = {made.stage for made in planner.producers.makers(path)}
    here = {stage.address for stage in planner.stages}
    read = {need for stage in planner.stages for need in planner.producers.needs(stage)}
    return bool(makers) and not makers & (here | read)


class DataChecks:
    """The checks of one walk.

    Args:
        project: Ports.
        planner: Knows which stage makes which data; None for checks by hand, where all are there.
        say: Told what is being checked now, where that takes a pass over the data.
    """

    def __init__(
        self,
        project: Project,
        planner: Planner | None = None,
        *,
        say: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self._project = project
        self._planner = planner
        self._say = say
        self._items = items_of(project, planner)
        self._found: dict[int, DataReport] = {}
        self._digests: dict[int, tuple[str, str]] = {}
        self._after: dict[str, frozenset[str]] = {}
        self._champion = Champion(project)
        self._checker = Checker(project, planner, self._champion)

    @property
    def reports(self) -> tuple[DataReport, ...]:
        """What was found so far, in the order of branchline.yaml."""
        return tuple(self._found[index] for index in sorted(self._found))

    @property
    def why_not(self) -> str:
        """Why nothing may start; "" while it may."""
        return summary_of(self.reports)

    @property
    def broken(self) -> tuple[str, ...]:
        """Each rule that was found to be broken, or not to be judged, a sentence each."""
        return tuple(
            f"`{report.path}`: {finding.sentence}"
            for report in self.reports
            for finding in report.broken
        )

    def begin(self) -> str:
        """Check all data that are there before anything runs; why nothing may start, or ""."""
        self._check(lambda item: not item.makers)
        return self.why_not

    def before(self, stage: str) -> str:
        """Check what the stage comes after and nobody has checked yet; why it may not start."""
        if not self._items:
            return ""
        done = self._upstream(stage)
        if done:  # they may have taken hours
            self.look_again()
        self._check(lambda item: item.makers <= done)
        bad = [
            report
            for index, report in self._found.items()
            if report.outcome is not Outcome.PASSED and self._items[index].makers <= done
        ]
        return summary_of(bad)

    def look_again(self) -> None:
        """Forget what was found in data that are others by now; who comes after them asks again."""
        for index, (path, digest) in self._digests.items():
            if self._checker.digest(path) != digest:
                self._found.pop(index, None)

    def rest(self) -> str:
        """Check what is left once the walk is over; why the run is not good, or ""."""
        self._check(lambda _item: True)
        return self.why_not

    def foreseen(self, plan: Plan) -> tuple[DataPlan, ...]:
        """What is known of the data without reading them: nothing is checked, nothing is kept."""
        return tuple(self._foreseen(item, plan) for item in self._items)

    def _foreseen(self, item: Item, plan: Plan) -> DataPlan:
        path, known = item.asked.path, None
        moving = [
            entry.stage
            for entry in plan.stages
            if entry.stage in item.makers
            and (entry.action in (Action.RUN, Action.MAY_RUN) or entry.restore)
        ]
        try:
            against = self._checker.against(item.kind, item.asked)
            key = "" if moving else self._checker.key(item.kind, item.asked)
            known = self._kept(key) if key else None
        except BranchlineError as error:
            state, said = (
                DataState.BAD,
                f"`{path}` cannot be checked: {error.message}. {error.todo}",
            )
            return DataPlan(path=path, check=item.kind, state=state, sentence=said.strip())
        if known is None:
            named = against if " " in against else f"`{against}`"
            when = f"once `{moving[-1]}` has made it" if moving else "before anything trains on it"
            state, said = DataState.UNCHECKED, f"`{path}` will be checked against {named}, {when}."
        elif known.outcome is Outcome.PASSED:
            state, said = DataState.GOOD, f"`{path}` was checked before, and is good."
        else:
            count = len(known.broken) - 1
            rest = f" And {count} more broken." if count else ""
            state = DataState.BAD
            said = f"`{path}` was checked before, and is bad: {known.broken[0].sentence}{rest}"
        return DataPlan(path=path, check=item.kind, state=state, sentence=said)

    def _check(self, is_due: Callable[[Item], bool]) -> None:
        for index, item in enumerate(self._items):
            if index not in self._found and is_due(item):
                path = item.asked.path
                self._digests[index] = path, self._checker.digest(path)
                self._found[index] = self._report(item)

    def _upstream(self, stage: str) -> frozenset[str]:
        """Stages that a stage needs, directly or not."""
        if self._planner is None:
            return frozenset()
        if stage not in self._after:
            by_address = {one.address: one for one in self._planner.stages}
            needs = self._planner.producers.needs(by_address[stage]) if stage in by_address else ()
            above = frozenset(needs)
            for need in needs:
                above |= self._upstream(need)
            self._after[stage] = above
        return self._after[stage]

    def _report(self, item: Item) -> DataReport:
        """What a check says of data and rules that stayed as they are while it read them."""
        for _ in range(_LOOKS):
            key = self._checker.key(item.kind, item.asked)
            kept = self._kept(key) if key else None
            if kept is not None:
                return kept
            against = self._checker.against(item.kind, item.asked)
            self._say(f"checking {item.asked.path} against {against}")
            report = self._checker.run(item.kind, item.asked, key=key)
            if not key or self._checker.key(item.kind, item.asked) == key:
                is_read = all(finding.rule != "unreadable" for finding in report.findings)
                if key and is_read:
                    self._project.data_memory.keep(key, _json(report_to_json(report)))
                return report
            self._checker.look_again()
        said = f"They, or the rules, changed each of {_LOOKS} times while they were checked."
        moving = DataFinding(rule="unreadable", outcome=Outcome.UNKNOWN, sentence=said)
        return replace(report, key="", findings=(moving,))

    def _kept(self, key: str) -> DataReport | None:
        data = self._project.data_memory.find(key)
        if data is not None:
            try:
                return report_from_json(json.loads(data))
            except (ValueError, KeyError, TypeError):
                pass
        return self._recorded(key)

    def _recorded(self, key: str) -> DataReport | None:
        """The report in one of the newest records, which another clone may have made."""
        for report in self._newest():
            if report.key == key and all(f.rule != "unreadable" for f in report.findings):
                return report
        return None

    def _newest(self) -> Iterator[DataReport]:
        from branchline.core.evidence.evidence_json import evidence_from_json
        from branchline.errors import RecordError

        ids = list(self._project.records.run_ids())[-_RECORDS:]
        for stored in reversed(self._project.records.runs(ids, names=("evidence.json",))):
            try:
                yield from evidence_from_json(
                    json.loads(stored.files.get("evidence.json", b""))
                ).data_checks
            except (ValueError, RecordError):
                continue

    def files(self, note: Callable[[str], None] = lambda _text: None) -> dict[str, bytes]:
        """Files for the record of a run: what its data look like, to compare later data with.

        Args:
            note: Told why `monitor` will have nothing to compare with.
        """
        watched = watched_reference(self._project.policy)
        if self.why_not or not (self._items or watched):
            return {}
        settings = data_settings(self._project.policy)
        paths = [one.path for one in settings.validate]
        paths += [reference_path(settings, d) for d in settings.drift if d.reference == BASELINE]
        paths += [watched] if watched else []
        found: dict[str, TableProfile | None] = {}
        for path in dict.fromkeys(paths):
            try:
                found[path] = self._profile(path)
            except (DataError, MissingInputError, MissingExtraError) as error:
                if path == watched:
                    note(
                        f"`branchline monitor` cannot compare new data with those of this run:"
                        f" {error.message}. {error.todo}".strip()
                    )
        kept = {path: profile for path, profile in found.items() if profile is not None}
        return {FILE: profiles_file(kept)} if kept else {}

    def _profile(self, path: str) -> TableProfile:
        """What a table looks like.

        Raises:
            DataError, MissingInputError, MissingExtraError: It cannot be read any more.
        """
        types = self._checker.types(path)
        digest = self._checker.digest(path)
        key = digest_of(["profile", path, digest, sorted((n, t.value) for n, t in types.items())])
        data = self._project.data_memory.find(key) if digest else None
        if data is not None:
            try:
                return profile_from_json(json.loads(data))
            except (ValueError, KeyError, TypeError):
                pass
        files = self._project.data_files
        profile = files.profile(files.open(path), types=types)
        if digest and self._checker.digest(path) == digest:  # else it is of what came meanwhile
            self._project.data_memory.keep(key, _json(profile_to_json(profile)))
        return profile


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def watched_data(project: Project) -> tuple[str, ...]:
    """Paths from the root on which the answer of the checks depends; `/` ends a folder's."""
    settings = data_settings(project.policy)
    found: list[str] = []
    for one in settings.validate:
        found += [one.path, one.schema, one.great_expectations]
        found.append(one.evidently.reference if one.evidently else "")
        if one.schema:
            found += Checker(project, None, Champion(project)).others(one.schema)
    found += [p for d in settings.drift for p in (d.path, d.reference) if p != BASELINE]
    kept = dict.fromkeys(path for path in found if path)
    is_folder = project.workspace.list_folder
    return tuple(f"{p}/" if is_folder(p) is not None else p for p in kept)


def has_no_lasting_answer(project: Project) -> bool:
    """Whether a check may say something else though no file changed: code of the project, time."""
    settings = data_settings(project.policy)
    checker = Checker(project, None, Champion(project))
    return any(
        one.pandera or (one.schema and checker.is_timed(one.schema)) for one in settings.validate
    )
