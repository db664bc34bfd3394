"""Which lines of a commit caused a finding. Serves the station `effects` of a CI job.

Names of files and keys may come from a record that a branch's code wrote: files are looked up in
the commit itself, lines are found there, and sentences travel as plain text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from branchline.config.params import read_document
from branchline.core.effects.values import Annotate
from branchline.core.values import Outcome
from branchline.errors import BranchlineError
from branchline.flows.checks import check_name
from branchline.flows.law import CONFIG_FILE
from branchline.ports.ci import Note, NoteLevel
from branchline.render.ci import verdict_remarks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from branchline.config.settings_files import SettingsFiles
    from branchline.core.documents.document import Path
    from branchline.core.policy import Gate
    from branchline.core.verdict.values import Verdict
    from branchline.render.run_view import RunView

_MOST = 100
_FILE = re.compile(r"(?!/)(?!.*(?:^|/)\.\.?(?:/|$))[^\x00-\x1f\x7f:]{1,300}")
_LARGEST = 2_000_000


def lines_of(
    view: RunView,
    gate: Gate,
    show: Callable[[str], bytes | None],
    *,
    law: SettingsFiles | None,
    file: str = CONFIG_FILE,
) -> tuple[Note, ...]:
    """What is said at lines of the commit of a run.

    Args:
        view: The run.
        gate: Knows the lines of its bars.
        show: Content of a file of that commit; None where there is none.
        law: Settings that the bars stand in; None where they are the commit's own.
        file: The branchline.yaml that declares the model.
    """
    verdict = view.verdict
    if verdict is None:
        return ()
    is_own = law is None or law.text(file) == show(file)
    bars = verdict_remarks(verdict, gate, file) if is_own else ()
    found = [
        *(note for note in bars if note.line),
        *_data(view, show),
        *_parameters(view, verdict, show),
    ]
    return tuple(dict.fromkeys(found))[:_MOST]


def annotation_of(commit: str, model: str, notes: Sequence[Note]) -> Annotate | None:
    """The effect that shows notes at their lines; None where there is nothing to show."""
    if not notes:
        return None
    rows = [[n.level.value, n.file, n.line, n.title, n.text] for n in notes]
    return Annotate(commit=commit, name=f"{check_name(model)} lines", body={"notes": rows})


def notes_of(effect: Annotate) -> tuple[Note, ...]:
    """The notes of an effect."""
    rows = effect.body.get("notes")
    return tuple(
        Note(level=NoteLevel(row[0]), file=row[1], line=row[2], title=row[3], text=row[4])
        for row in (rows if isinstance(rows, list) else ())
    )


def _data(view: RunView, show: Callable[[str], bytes | None]) -> Iterator[Note]:
    """Rules of data that did not hold, at their column of the schema file."""
    for report in view.evidence.data_checks:
        for finding in report.findings:
            line = _line(report.against, ("columns", finding.column), show)
            if line:
                is_bad = finding.outcome is Outcome.FAILED and finding in report.broken
                yield Note(
                    level=NoteLevel.ERROR if is_bad else NoteLevel.WARNING,
                    file=report.against,
                    line=line,
                    title=f"{finding.rule}: {finding.outcome.value}",
                    text=f"{report.path}: {finding.sentence}",
                )


def _parameters(
    view: RunView, verdict: Verdict, show: Callable[[str], bytes | None]
) -> Iterator[Note]:
    """Parameters that changed, where the model did not pass: perhaps it was they."""
    if verdict.outcome is Outcome.PASSED or not verdict.findings:
        return
    for stage in _mappings(view.plan.get("stages")):
        for change in _mappings(stage.get("changes")):
            file, _, key = str(change.get("name") or "").partition(":")
            if change.get("kind") != "parameter" or change.get("effect") == "none" or not key:
                continue
            line = _line(file, tuple(key.split(".")), show)
            if line:
                yield Note(
                    level=NoteLevel.WARNING,
                    file=file,
                    line=line,
                    title=f"{key} changed",
                    text=f"{change.get('sentence')}; the verdict is {verdict.outcome.value}",
                )


def _mappings(value: object) -> list[dict[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _line(file: str, path: Path, show: Callable[[str], bytes | None]) -> int:
    """The line of a key in a file of the commit; 0 where it is no such file."""
    if not _FILE.fullmatch(file):
        return 0
    try:
        data = show(file)
        if data is None or len(data) > _LARGEST:
            return 0
        return read_document(file, data).line_of(path)
    except (BranchlineError, ValueError, KeyError):
        return 0
