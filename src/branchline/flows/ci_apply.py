"""Verb: apply, in a CI job. From a folder of results to effects, and to a forge that knows them.

The folder was left by a job that ran a branch's code: it names runs, whose records come with it.
Everything that the world is told is made here again from these records, by the rules of the default
branch. No code of the repository is run.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from branchline.core.effects.handed_on import (
    MOST_RECORDS_BYTES,
    MOST_RESULTS_BYTES,
    RECORDS_FILE,
    RESULTS_FILE,
    HandedModel,
    HandedOn,
    HandedState,
    handed_from_text,
)
from branchline.core.effects.openings import checked_opening
from branchline.core.effects.report_marker import report_marker
from branchline.core.effects.values import SetCheck, StickyComment, TagRun
from branchline.core.policy import Do
from branchline.core.trigger.events import EventKind
from branchline.core.trigger.refnames import shown
from branchline.core.values import Outcome
from branchline.core.verdict.believed import doubts
from branchline.core.verdict.standing import standing_of
from branchline.errors import BranchlineError, CiError, RecordError
from branchline.flows.apply_run import effects_of_run
from branchline.flows.checks import check_name, state_of_end
from branchline.flows.ci_grounds import RUNS, grounds_of
from branchline.flows.ci_lines import annotation_of, lines_of
from branchline.flows.history import History
from branchline.flows.law import CONFIG_FILE
from branchline.flows.obtainable import withheld
from branchline.flows.report import reported
from branchline.render.ci import error_remarks, failure_markdown, nothing_markdown
from branchline.render.markdown import MOST_BYTES, report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.effects.values import Annotate, Effect
    from branchline.core.policy import Policy
    from branchline.core.verdict.believed import Grounds
    from branchline.flows.ci_setting import CiSetting
    from branchline.flows.project import Project
    from branchline.ports.ci import ResultsFolder
    from branchline.render.run_view import RunView

_CHECKS = {
    HandedState.SEARCHED: "passed",
    HandedState.FAILED: "failed",
    HandedState.SKIPPED: "skipped",
    HandedState.WITHHELD: "skipped",
}
_MOST_SUMMARY = 1_000
_NOT_BEGUN = "the training left no results: a job before it failed, or it was ended from outside"
_TAGGED = (EventKind.PUSH, EventKind.SCHEDULE, EventKind.PERSON, EventKind.CALL)
"""Events that are about a branch, and not about a merge that may never be."""


@dataclass(slots=True)
class Told:
    """What follows from the results of one event.

    Attributes:
        effects: In the order in which they are applied.
        notes: What does not follow, and what was doubted; a sentence each.
        reports: Model -> Markdown. is_doubted: Something did not fit.
        withheld: Why models that passed are not where they should be, so that they are not
            registered; a sentence each.
    """

    effects: list[Effect] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    reports: dict[str, str] = field(default_factory=dict)
    is_doubted: bool = False
    withheld: list[str] = field(default_factory=list)


def read_results(setting: CiSetting, folder: ResultsFolder) -> HandedOn | None:
    """What a folder says; None where there is none.

    Raises:
        CiError: It cannot be used, or is about another commit.
    """
    text = folder.read(RESULTS_FILE, most_bytes=MOST_RESULTS_BYTES)
    if text is None:
        return None
    handed = handed_from_text(text)
    event = setting.event
    if (handed.head, handed.tested) != (event.head, event.tested):
        raise CiError(
            f"the results are of commit {handed.head[:10] or 'none'}, and this job is about"
            f" {event.head[:10] or 'none'}",
            todo="Download the artifact of this very run.",
        )
    return handed


def model_of_lone_leg(folder: ResultsFolder, models: Sequence[str]) -> str:
    """The model of the leg whose results stand in a folder itself; "" where there are none.

    Raises:
        CiError: They are not of one of these models alone.
    """
    text = folder.read(RESULTS_FILE, most_bytes=MOST_RESULTS_BYTES)
    if text is None:
        return ""
    named = [handed.model for handed in handed_from_text(text).models]
    if len(named) != 1 or named[0] not in models:
        told_of = ", ".join(map(shown, named)) or "none"
        raise CiError(
            f"the results in {folder.path} are of the models {told_of}; a leg leaves those of one"
            " model that is asked for"
        )
    return named[0]


def not_begun(setting: CiSetting, policies: Sequence[Policy]) -> HandedOn:
    """What there is to tell where no job trained, because one before it failed.

    Without a word the status of the commit would be awaited for ever, where it is required.
    """
    event = setting.event
    models = tuple(
        HandedModel(model=policy.model, do=Do.TRAIN, state=HandedState.FAILED, detail=_NOT_BEGUN)
        for policy in policies
        if setting.decide(policy).do is Do.TRAIN
    )
    return HandedOn(head=event.head, tested=event.tested, models=models)


def take_records(setting: CiSetting, folder: ResultsFolder) -> frozenset[str]:
    """Take over the records that a folder holds.

    Returns:
        Names of those that were not here before.

    Raises:
        RecordError, CiError: They are not what records are.
    """
    path = folder.checked(RECORDS_FILE, most_bytes=MOST_RECORDS_BYTES)
    if not path:
        return frozenset()
    before = setting.remote.record_names()
    setting.remote.unpack_records(path)
    return frozenset(name for name, _ in setting.remote.record_names() - before)


def follow(
    setting: CiSetting,
    folder_of: HandedOn,
    policies: Sequence[Policy],
    new: frozenset[str],
    *,
    why_unknown: str = "",
    stays: bool = False,
    registers: bool = True,
) -> Told:
    """What the world is to know of the results of one folder.

    Args:
        setting: The job.
        folder_of: What the folder says.
        policies: Of the models of the event.
        new: Names of the records that came with the folder.
        why_unknown: Why the records and tags of the repository are not all here; "" where they are.
        stays: Whether this machine and its store are there after the job.
        registers: Whether registrations will be applied: then their files are looked for.

    Raises:
        CiError, RecordError: It names what is not there, or records come that nobody asked for.
    """
    told = Told()
    known = {policy.model: policy for policy in policies}
    accepted: set[str] = set()
    for handed in folder_of.models:
        policy = known.get(handed.model)
        if policy is None:
            raise CiError(
                f"the results name {shown(handed.model)}, which is no model of this event"
            )
        if handed.state is HandedState.WALKED:
            with setting.project("") as project:
                project.policy = policy
                view = _checked_view(setting, project, handed, new)
                accepted.add(f"{RUNS}{view.run}")
                grounds = grounds_of(project, view, new, why_unknown=why_unknown)
                _follow_run(setting, project, view, grounds, told)
                if registers:
                    kept, why = withheld(project, told.effects, stays=stays)
                    told.effects[:] = kept
                    # Where no place is named, that is how the project is set up: no failure.
                    where = told.withheld if project.store.sends_to() else told.notes
                    where.extend(why)
        else:
            _follow_other(setting, policy, handed, told)
    # A result counts for its key alone; a run could pass for the baseline of others.
    strange = sorted(name for name in new if name.startswith(RUNS) and name not in accepted)
    if strange:
        raise CiError(f"a run came along that the results do not name: {strange[0]}")
    told.notes.extend(folder_of.notes)
    return told


def comments_of(
    setting: CiSetting, reports: Mapping[str, str], pull: int
) -> tuple[StickyComment, ...]:
    """The comments of a pull request: one a model, so that none takes the place of another."""
    room, run = MOST_BYTES - 200, setting.event.head[:7]
    return tuple(
        StickyComment(
            pull_request=pull,
            marker=report_marker(model),
            body=text if len(text.encode()) <= room else _cut(text, room),
            run=run,
        )
        for model, text in reports.items()
    )


def _cut(text: str, room: int) -> str:
    kept = text.encode()[:room].decode("utf-8", "ignore").rpartition("\n\n")[0]
    return f"{kept}\n\nThe rest does not fit here; it stands in the job's summary.\n"


def _checked_view(
    setting: CiSetting, project: Project, handed: HandedModel, new: frozenset[str]
) -> RunView:
    """The record of a run, where it is that of this event.

    A commit that was trained on another branch is not recorded again (`git push origin
    main:models`): what the repository has already counts for the branch of this event.

    Raises:
        RecordError: It is not here, cannot be read, or says that it is of something else.
    """
    view = History(project.records, project.repo).find(handed.run)
    event = setting.event
    if view.problems or view.verdict is None:
        raise RecordError(view.problems[0] if view.problems else f"run {view.run} was not judged")
    branch = event.branch or None
    if f"{RUNS}{view.run}" not in new:
        view = replace(view, branch=branch)
    own = (handed.run, handed.model, event.tested, branch)
    said = (view.run, view.model, view.commit, view.branch)
    if said != own or view.evidence.commit != event.tested:
        raise RecordError(
            f"the record of run {shown(handed.run)} is not of model {shown(handed.model)} at"
            f" commit {event.tested[:10]} on {shown(event.branch)}"
        )
    return view


def _follow_run(
    setting: CiSetting, project: Project, view: RunView, grounds: Grounds, told: Told
) -> None:
    verdict = view.verdict
    if verdict is None:
        return
    event, gate = setting.event, project.policy.gate
    wrong = doubts(verdict, view.evidence, gate, grounds)
    found = reported(History(project.records, project.repo), view)
    text = report(found.run, found.baseline, gate, found.drawings)
    approved = project.records.approval(view.run) is not None
    standing = standing_of(verdict, gate, is_approved=approved)
    state = state_of_end(verdict.outcome.value if verdict.findings else "", standing)
    summary = verdict.summary if verdict.findings else "nothing was judged: there is no gate"
    if wrong:
        told.is_doubted = True
        told.notes.extend(f"run {view.run} does not fit the gate: {why}" for why in wrong)
        state, summary = "failed", f"the record does not fit the gate: {wrong[0]}"
        text = failure_markdown(view.model, [summary, *wrong[1:]])
    if verdict.baseline.is_rescored and not wrong:
        told.notes.append(
            f"the champion, run {verdict.baseline.run}, was scored again by the code of this"
            " commit: its numbers are that code's word"
        )
    told.reports[view.model] = text
    told.effects.append(_check(setting, view.model, state, summary))
    if not wrong:
        told.effects.extend(_annotation(setting, project, view))
        told.effects.extend(_tags(setting, project, view))
    if event.is_on_default_branch and not wrong:
        effects, notes = effects_of_run(project, view)
        told.effects.extend(effects)
        told.notes.extend(notes)


def _annotation(setting: CiSetting, project: Project, view: RunView) -> list[Annotate]:
    """What is said at lines of the commit that people see."""
    event = setting.event
    seen = event.head if setting.remote.bring_commit(event.head) else event.tested
    show = partial(project.repo.show, seen)
    found = annotation_of(
        event.head,
        view.model,
        lines_of(
            view,
            project.policy.gate,
            show,
            law=setting.law,
            file=project.policy.source or CONFIG_FILE,
        ),
    )
    return [found] if found is not None else []


def _tags(setting: CiSetting, project: Project, view: RunView) -> list[TagRun]:
    """The tag of a run that passed, where the rule of its branch says `tag`."""
    event, verdict, rule = setting.event, view.verdict, setting.decide(project.policy).rule
    asks = rule is not None and "tag" in rule.then and bool(event.branch)
    if not asks or event.kind not in _TAGGED or verdict is None:
        return []
    if verdict.outcome is not Outcome.PASSED:
        return []
    return [TagRun(run=view.run, commit=event.tested, message=verdict.summary)]


def _follow_other(setting: CiSetting, policy: Policy, handed: HandedModel, told: Told) -> None:
    state = _CHECKS.get(handed.state, "unknown")
    told.effects.append(_check(setting, handed.model, state, handed.detail))
    if handed.state is HandedState.FAILED:
        at_lines = [note for note in error_remarks(CiError(handed.detail)) if note.line]
        annotation = annotation_of(setting.event.head, handed.model, at_lines)
        told.effects.extend([annotation] if annotation else [])
    if handed.state in (HandedState.SKIPPED, HandedState.WITHHELD, HandedState.SEARCHED):
        told.reports[handed.model] = nothing_markdown(handed.model, handed.detail)
    else:
        told.reports[handed.model] = failure_markdown(handed.model, [handed.detail])
    if handed.opens is None:
        return
    try:
        rule = setting.decide(policy).rule
        opening = checked_opening(handed.opens, rule, setting.event, model=handed.model)
    except BranchlineError as error:
        told.is_doubted = True
        told.notes.append(f"no pull request is opened: {error.message}")
    else:
        told.effects.append(opening)


def _check(setting: CiSetting, model: str, state: str, summary: str) -> SetCheck:
    """Checks belong to the commit that people see, whatever merge was tested."""
    return SetCheck(
        commit=setting.event.head,
        name=check_name(model),
        state=state,
        summary=summary[:_MOST_SUMMARY],
    )
