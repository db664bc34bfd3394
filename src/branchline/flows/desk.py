"""What people look at in a box: pull requests, jobs, models, in one view each. Changes nothing.

Acting is `flows.pulls` and the queue's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from branchline.core.effects.report_marker import is_report
from branchline.errors import BranchlineError, UnknownNameError
from branchline.ports.forge import Check, CheckState, PullState
from branchline.ports.queue import QueueQuery
from branchline.render.pull_view import PullView, parameter_changes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from branchline.core.documents.document import Document
    from branchline.core.policy import Gate
    from branchline.core.values import JsonValue
    from branchline.flows.history import History
    from branchline.flows.pulls import Pulls
    from branchline.ports.forge import Comment, Pull
    from branchline.ports.queue import Queue, QueuedJob
    from branchline.ports.registry import ModelVersion, Registry
    from branchline.render.pull_view import ParameterChange

_MOST_FILES = 20
_MOST_BYTES = 256_000
_LOCKS = ("dvc.lock", "branchline.lock")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelView:
    """One model: its versions, newest first."""

    name: str
    versions: tuple[ModelVersion, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One box, as people see it.

    Attributes:
        name: Of the box, for headings.
        default_branch: Short name.
        pulls: Its pull requests.
        queue: Its jobs.
        registry: How to get to its models; None where there are none.
        show: Content of a file of a commit; None where there is none.
        recorded: Report of the newest recorded run of a commit, as Markdown; "" without any.
        log_path: Where the log of a job stands.
        wake: Makes sure that somebody works on the queue.
        now: The clock, seconds since 1970.
    """

    name: str
    default_branch: str
    pulls: Pulls
    queue: Queue
    registry: Callable[[], Registry | None]
    show: Callable[[str, str], bytes | None]
    recorded: Callable[[str], str]
    log_path: Callable[[int], str]
    wake: Callable[[], object]
    now: Callable[[], float]

    def view(self, number: int) -> PullView:
        """One pull request.

        Raises:
            UnknownNameError: There is none of that number.
        """
        pull = self.pulls.get(number)
        standing = self.pulls.standing(pull)
        base, head = self._compared(pull)
        files = self.pulls.branches.changed_files(base, head) if base and head else ()
        comments = self.pulls.forge.comments(number)
        reports = {c.marker: c.body for c in comments if is_report(c.marker)}
        return PullView(
            pull=pull,
            conflicts=standing.conflicts,
            refusals=standing.refusals if pull.state is PullState.OPEN else (),
            objections=standing.objections,
            checks=tuple(self.pulls.forge.checks(pull.commit)),
            # What was trained before the pull request was opened left no comment at it.
            report="\n\n".join(reports.values()) if reports else self.recorded(pull.commit),
            comments=tuple(c for c in comments if _is_for_people(c, pull)),
            parameters=self._parameters(base, head, files),
            files=tuple(files),
            diff=self.pulls.branches.diff(base, head) if base and head else "",
            jobs=tuple(self._jobs_of(pull)),
        )

    def checks(self, pull: Pull) -> Sequence[Check]:
        """Checks of the head commit of a pull request."""
        return self.pulls.forge.checks(pull.commit)

    def jobs(self, limit: int = 50) -> Sequence[QueuedJob]:
        """Jobs, newest first."""
        return self.queue.jobs(QueueQuery(limit=limit))

    def job(self, number: int) -> QueuedJob:
        """One job.

        Raises:
            UnknownNameError: There is none of that number.
        """
        job = self.queue.job(number)
        if job is None:
            raise UnknownNameError(f"there is no job {number}", todo="See `branchline queue`.")
        return job

    def models(self) -> tuple[ModelView, ...]:
        """Models, by name."""
        registry = self.registry()
        if registry is None:
            return ()
        return tuple(
            ModelView(name=name, versions=tuple(reversed(registry.versions(name))))
            for name in registry.models()
        )

    def pull_of(self, job: QueuedJob) -> Pull | None:
        """The pull request that a job belongs to: its own, else the open one of its branch."""
        if job.asked.pull_request is not None:
            return self.pulls.forge.pull(job.asked.pull_request)
        found = self.pulls.forge.pulls(state=PullState.OPEN, head=job.asked.branch)
        return found[0] if found else None

    def _compared(self, pull: Pull) -> tuple[str, str]:
        """(base, head) to show the difference of, as it was when it was merged."""
        branches = self.pulls.branches
        if pull.state is not PullState.MERGED or not pull.merged_as:
            return branches.head(pull.asked.base) or "", pull.commit
        for comment in self.pulls.forge.comments(pull.number):
            before = self.pulls.base_before(comment, pull.merged_as)
            if before:
                return before, pull.commit
        return branches.head(pull.asked.base) or "", pull.commit

    def _jobs_of(self, pull: Pull) -> Sequence[QueuedJob]:
        mine = self.queue.jobs(QueueQuery(branch=pull.asked.head, limit=20))
        after = (
            self.queue.jobs(QueueQuery(commit=pull.merged_as, limit=5)) if pull.merged_as else ()
        )
        by_number = {job.job: job for job in (*mine, *after)}
        return [by_number[number] for number in sorted(by_number, reverse=True)]

    def _parameters(
        self, base: str, head: str, files: Sequence[tuple[str, str]]
    ) -> tuple[ParameterChange, ...]:
        start = self.pulls.branches.merge_base(base, head) if base and head else None
        old: dict[str, JsonValue] = {}
        new: dict[str, JsonValue] = {}
        for _, path in [item for item in files if _reader(item[1])][:_MOST_FILES]:
            for commit, documents in ((start, old), (head, new)):
                value = self._document(commit, path) if commit else None
                if value is not None:
                    documents[path] = value
        return parameter_changes(old, new)

    def _document(self, commit: str, path: str) -> JsonValue:
        try:
            data = self.show(commit, path)
            reader = _reader(path)
            if data is None or reader is None or len(data) > _MOST_BYTES:
                return None
            return cast("JsonValue", reader(data, file=path).value)
        except BranchlineError:
            return None  # what cannot be read stands in the diff


def report_of(history: History, commit: str, gate: Gate) -> str:
    """The report of the newest recorded run of a commit; "" when it has none."""
    from branchline.flows.report import report_markdown

    try:
        run = history.find(commit)
    except BranchlineError:
        return ""
    return report_markdown(history, run, gate) if run.commit == commit else ""


def _reader(path: str) -> Callable[..., Document] | None:
    """What reads a parameter file; None for other files."""
    from branchline.core.documents.json import read_json
    from branchline.core.documents.toml import read_toml
    from branchline.core.documents.yaml import read_yaml

    name = path.rpartition("/")[2]
    if name in _LOCKS or name.startswith("."):
        return None
    ending = name.rpartition(".")[2].lower()
    return {"yaml": read_yaml, "yml": read_yaml, "json": read_json, "toml": read_toml}.get(ending)


def _is_for_people(comment: Comment, pull: Pull) -> bool:
    """Whether a comment is shown: not the report, nor a note of a merge that did not happen."""
    if not comment.marker:
        return True
    return bool(pull.merged_as) and comment.marker == f"merge:{pull.merged_as}"


def summary_of(checks: Sequence[Check]) -> CheckState | None:
    """What several checks say in one word: the worst; None without any."""
    order = [
        CheckState.FAILED,
        CheckState.UNKNOWN,
        CheckState.WAITING,
        CheckState.PENDING,
        CheckState.NEUTRAL,
        CheckState.PASSED,
        CheckState.SKIPPED,
    ]
    states = {check.state for check in checks}
    return next((state for state in order if state in states), None)
