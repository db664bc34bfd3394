"""What surrounds the walk in a CI job: the event, the rules that count, what the checkout lacks.

Everything is decided from content, so a checkout of one commit is enough: the default branch's
branchline.yaml, the records and the registry's tags are brought, history is not.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from branchline.core.policy import Policy, with_default_branch
from branchline.core.trigger.events import EventKind, decide_event, trigger_of_event
from branchline.core.trigger.refnames import shown
from branchline.errors import (
    BranchlineError,
    CiError,
    RecordError,
    RepositoryError,
    UnknownNameError,
)
from branchline.flows.law import CONFIG_FILE, ruled, settings_at

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from branchline.config.settings_files import SettingsFiles
    from branchline.core.trigger import Trigger
    from branchline.core.trigger.events import Event
    from branchline.core.trigger.rules import Decision
    from branchline.flows.project import Project
    from branchline.ports.ci import CiJob
    from branchline.ports.ci_remote import CiRemote
    from branchline.ports.repo import Repo


@dataclass(frozen=True, slots=True, kw_only=True)
class CiSetting:
    """A job of a CI, and all that it needs to know.

    Attributes:
        job: Where outputs, summary and annotations go. event: What woke it.
        remote: Where the checkout came from.
        default_branch: Short name. law: Its settings; None where the tree's own counts.
        base: Commit that a pull request was merged into; "" elsewhere.
        is_empty: The newest commit of a push changes nothing: it asks for a training.
        open: Opens the project of one model under these rules.
        of_several: Whether the commit declares several models: another job may train another.
        notes: What is missing or was changed, a sentence each.
    """

    job: CiJob
    event: Event
    remote: CiRemote
    default_branch: str
    open: Callable[[CiSetting, str], AbstractContextManager[Project]]
    law: SettingsFiles | None = None
    base: str = ""
    is_empty: bool = False
    of_several: bool = False
    notes: list[str] = field(default_factory=list)

    def project(self, model: str) -> AbstractContextManager[Project]:
        """Open the project of one model."""
        return self.open(self, model)

    def decide(self, policy: Policy) -> Decision:
        """What the event asks for under a policy."""
        return decide_event(self.event, policy, is_empty=self.is_empty)

    @property
    def idle_reason(self) -> str:
        """Why nothing is to be looked at: a deleted branch, a closed pull request; "" otherwise."""
        event = self.event
        if event.is_deleted or event.is_closed or event.kind is EventKind.OTHER:
            return self.decide(Policy(model="")).reason
        return ""

    def trigger(self, decision: Decision) -> Trigger:
        """Why the walk is entered."""
        return trigger_of_event(self.event, decision, base=self.base)


def look(
    job: CiJob,
    remote: CiRemote,
    repo: Repo,
    opener: Callable[[CiSetting, str], AbstractContextManager[Project]],
    *,
    is_trusted: bool = False,
) -> CiSetting:
    """Read the event and bring what the checkout lacks; what cannot be brought is noted.

    Args:
        job: The job.
        remote: Where its checkout came from.
        repo: The checkout.
        opener: Opens the project of one model.
        is_trusted: Whether the checkout may hold the default branch, whatever the event is about:
            nothing of it is trained.

    Raises:
        CiError: The event cannot be read, or the checkout holds another commit.
    """
    event = job.event()
    default = event.default_branch or repo.default_branch()
    event = replace(event, default_branch=default)
    setting = CiSetting(job=job, event=event, remote=remote, default_branch=default, open=opener)
    if setting.idle_reason:
        return setting
    if is_trusted:
        remote.bring_commit(event.tested)
    else:
        _check_commit(event, repo)
    parents = remote.parents(event.tested) if event.tested != event.head else ()
    base = parents[0] if len(parents) == 2 and parents[1] == event.head else ""
    return replace(
        setting,
        base=base,
        law=_law(setting, repo),
        is_empty=event.looks_empty and remote.is_empty_commit(event.head),
    )


def bring_records(setting: CiSetting, models: Sequence[str]) -> str:
    """Bring what was recorded and registered.

    Returns:
        What is not here, as a sentence without a full stop; "" where all of it is. It is noted.
    """
    why = ""
    try:
        setting.remote.bring_tags([f"{model}{sign}" for model in models for sign in "@#"])
    except RepositoryError as error:
        why = f"the registry's tags could not be fetched: {error.message}"
        setting.notes.append(why)
    try:
        setting.remote.fetch_records()
    except (RecordError, RepositoryError) as error:
        why = f"the records could not be fetched: {error.message}"
        setting.notes.append(
            "the records could not be fetched, so what other machines trained counts as not"
            f" trained: {error.message}"
        )
    return why


def policies_of(setting: CiSetting, own: Sequence[Policy]) -> tuple[Policy, ...]:
    """The policy of each model that the event asks about, its patterns naming the default branch.

    Args:
        setting: The job.
        own: As the checked-out tree declares them.

    Raises:
        UnknownNameError: The event names a model that the tree does not declare.
    """
    wanted = setting.event.model
    names = [policy.model for policy in own]
    if wanted and wanted not in names:
        raise UnknownNameError(
            f"the event asks for the model {shown(wanted)}, and branchline.yaml declares none",
            todo=f"Models: {', '.join(names)}.",
        )
    law = setting.law
    return tuple(
        with_default_branch(ruled(policy, law) if law is not None else policy, branch)
        for policy in own
        if wanted in ("", policy.model)
        for branch in (setting.default_branch,)
    )


def say_changed_rules(setting: CiSetting, own: Sequence[Policy]) -> None:
    """Note which rules of the commit do not count yet, for each model that is looked at.

    Args:
        setting: The job.
        own: As the checked-out tree declares them.
    """
    from branchline.config.governing import changed_rules

    law, wanted = setting.law, setting.event.model
    if law is None:
        return
    for policy in own:
        changed = changed_rules(policy, law) if wanted in ("", policy.model) else ()
        if changed:
            names = ", ".join(f"`{name}`" for name in changed)
            setting.notes.append(
                f"{policy.source or CONFIG_FILE} changes {names} of {shown(policy.model)}: that"
                f" takes effect after the merge, what stands on {shown(setting.default_branch)}"
                " counts"
            )


def _check_commit(event: Event, repo: Repo) -> None:
    here = repo.head(details=False).commit
    if here is not None and event.tested and here not in (event.tested, event.head):
        raise CiError(
            f"the checkout holds commit {here[:10]}, and the event is about {event.tested[:10]}",
            todo="Check out what woke the job: actions/checkout without `ref:`.",
        )


def _law(setting: CiSetting, repo: Repo) -> SettingsFiles | None:
    """Settings of the default branch; None where the commit's own counts.

    It must be known: a tree that is judged must not bring its own rules.

    Raises:
        CiError: The default branch cannot be fetched.
    """
    if setting.event.is_on_default_branch:
        return None
    branch = setting.default_branch
    try:
        commit = setting.remote.bring_branch(branch)
    except BranchlineError as error:
        raise CiError(
            f"the rules stand on the default branch {shown(branch)}, which cannot be fetched:"
            f" {error.message}",
            todo="Let the job read the repository: `permissions: {contents: read}`, and give the"
            " step GITHUB_TOKEN.",
        ) from error
    if not commit:
        setting.notes.append(f"there is no branch {shown(branch)} yet: the tree's own rules count")
        return None
    return settings_at(repo, commit)
