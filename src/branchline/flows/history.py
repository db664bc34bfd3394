"""What was recorded, read back: runs, one run, its inputs, its logs. Changes nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from branchline.core.evidence import Evidence
from branchline.core.evidence.evidence_json import evidence_from_json
from branchline.core.policy import Gate
from branchline.core.verdict.verdict_json import verdict_from_json
from branchline.errors import BranchlineError, ConfigError, RecordError, UnknownNameError
from branchline.ports.records import CHAMPION_FILE
from branchline.render.run_view import InputView, RunView, StageView

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from branchline.core.plan.values import Result
    from branchline.core.values import JsonValue
    from branchline.core.verdict.values import Verdict
    from branchline.flows.project import Project
    from branchline.ports.records import Records, StoredRun
    from branchline.ports.repo import Repo

FILES = ("run.json", "plan.json", "evidence.json", "verdict.json")
"""Files of a record that make a `RunView`; plots are left in git."""


class History:
    """The recorded runs of one repository."""

    def __init__(self, records: Records, repo: Repo) -> None:
        self._records = records
        self._repo = repo

    def newest(self, limit: int | None = None, *, model: str = "") -> tuple[RunView, ...]:
        """The newest runs, newest first, all when `limit` is None; of any model when it is ""."""
        ids = list(self._records.run_ids())
        if model:
            views = map(view_of, self._records.runs(names=("run.json",)))
            ids = [view.run for view in views if view.model == model]
        chosen = ids if limit is None else ids[max(0, len(ids) - limit) :]
        return tuple(view_of(run) for run in reversed(self._records.runs(chosen, names=FILES)))

    def find(self, name: str = "", *, model: str = "") -> RunView:
        """The run that a name means: a run id, else the newest run of a branch or commit.

        Args:
            name: "" means the newest run of all.
            model: Whose run a branch or commit means; "" means any model's. A run id means its run.

        Raises:
            UnknownNameError: There is none; `todo` says which name is nearest.
        """
        ids = list(self._records.run_ids())
        if not ids:
            raise UnknownNameError(
                "no run is recorded here yet",
                todo="`branchline run` records one; `branchline records fetch` gets those of "
                "a remote.",
            )
        if not name or name in ids:
            return self._read(name or ids[-1])
        commit = self._repo.resolve(name)
        views = [view_of(run) for run in self._records.runs(names=("run.json",))]
        views = [view for view in views if model in ("", view.model)]
        for view in reversed(views):
            if commit is not None and view.commit == commit:
                return self._read(view.run)
        for view in reversed(views):
            if view.branch == name:
                return self._read(view.run)
        raise _unknown(name, views, exists=commit is not None)

    def baseline_of(self, view: RunView) -> RunView:
        """The run that a run was measured against, with the numbers that it was measured by.

        Where its model was scored again these are the new ones; where they could not be compared
        it has none.

        Raises:
            UnknownNameError: It has none, or it is not recorded here.
        """
        judged = view.verdict.baseline if view.verdict else None
        if judged is None or not judged.run:
            raise UnknownNameError(f"run {view.run} was measured against no other")
        found = self.find(judged.run)
        if judged.problem:
            return replace(found, evidence=replace(found.evidence, metrics=()))
        if not judged.is_rescored:
            return found
        for stored in self._records.runs([view.run], names=(CHAMPION_FILE,)):
            evidence = _read_champion(stored.files.get(CHAMPION_FILE, b""))
            if evidence is not None:
                return replace(found, evidence=evidence)
        return found

    def inputs(self, view: RunView) -> tuple[InputView, ...]:
        """All inputs of a run's stages, from the results that it made or reused."""
        keys = [facts.key for facts in view.evidence.stages if facts.key]
        results = self._records.results(keys)
        found: list[InputView] = []
        for facts in view.evidence.stages:
            result = _made_by(results.get(facts.key, ()), facts.run)
            found.extend(
                InputView(
                    stage=facts.stage,
                    kind=item.kind.value,
                    name=item.name,
                    digest=item.digest or "",
                    value=item.value,
                )
                for item in (result.inputs if result else ())
            )
        return tuple(found)

    def plots(self, run: str) -> dict[str, bytes]:
        """Plot files of a run by path from the root."""
        return {
            name.removeprefix("plots/"): content
            for stored in self._records.runs([run])
            for name, content in stored.files.items()
            if name.startswith("plots/")
        }

    def _read(self, run: str) -> RunView:
        (stored,) = self._records.runs([run], names=FILES)
        return view_of(stored)


def gate_of(project: Project, note: Callable[[str], None]) -> Gate:
    """The bars as they stand now; none, with a note, while branchline.yaml cannot be used.

    What was recorded stays readable whatever is wrong with the settings.
    """
    try:
        return project.policy.gate
    except ConfigError as error:
        wrong = error.details[0] if error.details else error.message
        more = f" (and {len(error.details) - 1} more)" if len(error.details) > 1 else ""
        note(f"note: the bars are left out, branchline.yaml cannot be used: {wrong}{more}")
        return Gate()


class Logs(Protocol):
    """The part of the ledger that knows logs."""

    def logs(
        self, *, stage: str | None = None, record: str | None = None
    ) -> Sequence[tuple[str, str]]:
        """As in `ports.ledger.Ledger`."""
        ...


def log_files(
    ledger: Logs, *, stage: str | None = None, run: str | None = None
) -> list[tuple[str, str]]:
    """(stage, log) of the newest run that has any, in the order in which the stages began.

    Raises:
        UnknownNameError: There is no such log on this machine.
    """
    found = list(ledger.logs(stage=stage, record=run))
    if not found:
        what = f"stage `{stage}`" if stage else "a stage"
        where = f" in run {run}" if run else ""
        known = sorted({name for name, _ in ledger.logs()})
        near = f" Stages with logs: {', '.join(known)}." if known else ""
        raise UnknownNameError(
            f"no log of {what}{where} is on this machine",
            todo=f"Logs stay where the stage ran; a reused stage has none.{near}",
        )
    if run is not None:
        return found
    newest: dict[str, str] = {}
    for name, path in found:
        if name in newest:
            break
        newest[name] = path
    return list(newest.items())


def view_of(stored: StoredRun) -> RunView:
    """A record as a view; what cannot be read is said in `problems`."""
    problems: list[str] = []
    run = _document(stored, "run.json", problems)
    plan = _document(stored, "plan.json", problems)
    trigger = run.get("trigger")
    evidence = _evidence(stored, problems)
    return RunView(
        run=stored.run,
        model=_text(run.get("model")),
        commit=_text(run.get("commit")) or None,
        branch=_text(run.get("branch")) or None,
        subject=_text(run.get("subject")),
        author=_text(run.get("author")),
        is_dirty=run.get("is_dirty", False) is not False,
        started_at=_text(run.get("started_at")),
        duration_s=_seconds(run.get("duration_s")),
        outcome=_text(run.get("outcome")),
        trigger=trigger if isinstance(trigger, dict) else {},
        stages=tuple(_stage(item) for item in _items(plan.get("stages"))),
        plan=plan,
        evidence=evidence,
        verdict=_verdict(stored, problems),
        problems=tuple(problems),
    )


def _document(stored: StoredRun, name: str, problems: list[str]) -> dict[str, JsonValue]:
    if name not in stored.files:
        return {}
    try:
        value = json.loads(stored.files[name])
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        problems.append(f"{name} of run {stored.run} cannot be read")
        return {}
    return value


def _evidence(stored: StoredRun, problems: list[str]) -> Evidence:
    fields = _document(stored, "evidence.json", problems)
    try:
        return evidence_from_json(fields) if fields else Evidence()
    except BranchlineError as error:
        problems.append(error.message)
        return Evidence()


def _verdict(stored: StoredRun, problems: list[str]) -> Verdict | None:
    fields = _document(stored, "verdict.json", problems)
    try:
        return verdict_from_json(fields) if fields else None
    except BranchlineError as error:
        problems.append(error.message)
        return None


def _stage(value: Mapping[str, JsonValue]) -> StageView:
    sentences = [
        _text(change.get("sentence"))
        for change in _items(value.get("changes"))
        if change.get("effect") != "none"
    ]
    return StageView(
        stage=_text(value.get("stage")),
        action=_text(value.get("action")),
        reason=_text(value.get("reason")),
        changes=tuple(sentence for sentence in sentences if sentence),
        compared_with=_text(value.get("compared_with")),
    )


def _items(value: JsonValue) -> list[dict[str, JsonValue]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""


def _seconds(value: JsonValue) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else 0.0  # type: ignore[arg-type] # a number, as just tested


def _made_by(results: Sequence[Result], run: str) -> Result | None:
    """The result that a run made; the newest when that cannot be told."""
    return next((result for result in results if result.run == run), next(iter(results), None))


def _read_champion(text: bytes) -> Evidence | None:
    try:
        return evidence_from_json(json.loads(text))
    except (ValueError, RecordError):
        return None


def _unknown(name: str, views: Sequence[RunView], *, exists: bool) -> UnknownNameError:
    import difflib

    if exists:
        return UnknownNameError(
            f"no run of `{name}` is recorded here",
            todo=f"`git checkout {name}` and `branchline run` makes one; "
            "`branchline records fetch` may bring it.",
        )
    known = [view.run for view in views] + sorted({v.branch for v in views if v.branch})
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"Did you mean `{near[0]}`? " if near else ""
    return UnknownNameError(
        f"`{name}` names no run, branch or commit", todo=f"{hint}`branchline runs` lists them."
    )
