"""Picks the adapters of a CI job: the job, the remote of its checkout, its projects, its forge."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from branchline.core.effects.legs import newest_legs, spelled
from branchline.wiring import declared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from typing import TextIO

    from branchline.adapters.git import Git
    from branchline.core.policy import Policy
    from branchline.flows.apply import Appliers
    from branchline.flows.ci_setting import CiSetting
    from branchline.flows.project import Project
    from branchline.ports.ci import CiJob, Note, ResultsFolder
    from branchline.ports.ci_remote import CiRemote
    from branchline.ports.forge import Forge, Pull
    from branchline.ports.registry import Registry
    from branchline.ports.repo import Repo

DEFAULT_SERVER = "https://github.com"
RESULTS = "branchline-results"
SECRETS = (
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "ACTIONS_RUNTIME_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
)
FILES = ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY")
"""Files by which a process speaks to the runner: not a stage's."""


def open_job(environ: Mapping[str, str], out: TextIO) -> CiJob:
    """The job that this process runs in."""
    from branchline.adapters.actions import ActionsJob

    return ActionsJob(environ, out)


def open_repo(start: str = ".") -> Repo:
    """The checkout."""
    from branchline.adapters.git import Git, GitRepo

    return GitRepo(Git.open(start))


def open_remote(environ: Mapping[str, str], start: str = ".") -> CiRemote:
    """Where the checkout came from, with the job's token."""
    from branchline.adapters.git.ci_remote import GitCiRemote

    return GitCiRemote(_with_token(environ, start))


def open_ci_registry(environ: Mapping[str, str], start: str = ".") -> Registry:
    """The registry of the checkout's remote."""
    from branchline.adapters.git.registry import GitRegistry

    return GitRegistry(_with_token(environ, start), remote="origin")


def open_results(path: str, environ: Mapping[str, str]) -> ResultsFolder:
    """The folder of results.

    Args:
        path: Of it; "" is beside the checkout, in RUNNER_TEMP, so that the tree stays clean.
        environ: Of the process.
    """
    from branchline.adapters.actions.folder import LocalResultsFolder

    return LocalResultsFolder(path or os.path.join(environ.get("RUNNER_TEMP", "."), RESULTS))


def open_legs(
    path: str, models: Sequence[str], environ: Mapping[str, str]
) -> dict[str, ResultsFolder]:
    """The folders that legs of a matrix left, by their models; the newest attempt of each.

    Args:
        path: The folder that holds them; "" is that of results. Where it is itself what one leg
            left, that is the only one: actions/download-artifact (v5 and later) makes no folder
            of the artifact's name where its pattern finds a single artifact.
        models: All that are asked about.
        environ: Of the process.

    Raises:
        CiError: It cannot be looked at, or holds what a single leg does not leave.
    """
    from branchline.adapters.actions.folder import folders_in
    from branchline.flows.ci_apply import model_of_lone_leg

    home = path or os.path.join(environ.get("RUNNER_TEMP", "."), RESULTS)
    alone = open_results(home, environ)
    if lone := model_of_lone_leg(alone, models):
        return {lone: alone}
    legs = newest_legs(folders_in(home), models)
    return {model: open_results(os.path.join(home, name), environ) for model, name in legs.items()}


def own_policies(start: str = ".") -> tuple[Policy, ...]:
    """Policies of all models that the checked-out tree declares."""
    from branchline.adapters.git import Git

    root = Git.open(start).places.root
    loaded = declared.read_config(root)
    return tuple(model.policy for model in loaded.models)


def workflow_texts(start: str = ".") -> dict[str, str]:
    """Texts of all workflows that the checked-out tree holds, by their names, sorted."""
    from branchline.adapters.git import Git

    folder = os.path.join(Git.open(start).places.root, ".github/workflows")
    texts = {}
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        path = os.path.join(folder, name)
        if name.endswith((".yml", ".yaml")) and os.path.isfile(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                texts[name] = file.read()
    return texts


def policies_at(commit: str, start: str = ".") -> tuple[Policy, ...]:
    """Policies of all models that a commit declares; those of the checkout where it has none.

    Its settings are read as data: the checkout stays as it is.

    Raises:
        ConfigError: It cannot be used.
    """
    from branchline.flows.law import settings_at

    repo = open_repo(start)
    found = settings_at(repo, commit) if repo.resolve(commit) else None
    if found is None:
        return own_policies(start)
    return tuple(model.policy for model in found.load().models)


def opener(start: str = ".") -> Callable[[CiSetting, str], AbstractContextManager[Project]]:
    """What opens the project of one model under the rules of a setting."""
    return partial(_open, start)


@contextmanager
def _open(start: str, setting: CiSetting, model: str) -> Iterator[Project]:
    from branchline.wiring import opening

    event = setting.event
    with opening.open_checkout(
        start,
        model=model,
        branch=event.branch,
        default_branch=setting.default_branch,
        law=setting.law,
    ) as project:
        # Runs are named by their commit, and a leg does not see what other legs record.
        project.run_suffix = spelled(model) if setting.of_several else ""
        yield project


def take_away() -> None:
    """Take the job's own variables from this process: stages run a branch's code without them."""
    for name in (*SECRETS, *FILES):
        os.environ.pop(name, None)


def _with_token(environ: Mapping[str, str], start: str) -> Git:
    from branchline.adapters.git import Git
    from branchline.adapters.git.ci_remote import with_token

    server = environ.get("GITHUB_SERVER_URL") or DEFAULT_SERVER
    return Git.open(start, with_token(environ, server, environ.get("GITHUB_TOKEN", "")))


@contextmanager
def open_appliers(
    setting: CiSetting,
    environ: Mapping[str, str],
    *,
    model: str | None,
    workflow: str,
    with_model: bool = False,
    log: Callable[[Note], None] = lambda _note: None,
) -> Iterator[Appliers]:
    """Who applies what in a CI job.

    Args:
        setting: The job.
        environ: Of the process.
        model: Whose registry rules count; None for the first.
        workflow: File of the workflow that trains a pull request; "" finds it.
        with_model: Whether that workflow trains several, and is told which.
        log: Takes annotations that cannot stand at the commit.

    Raises:
        UsageError: The job does not know its repository, or its token cannot be used.
    """
    from branchline.core.effects.values import Annotate
    from branchline.flows.ci_pull import annotate
    from branchline.wiring.forges import open_github

    with open_github(".", environ, repository=environ.get("GITHUB_REPOSITORY", "")) as side:
        file = workflow or training_workflow(environ.get("GITHUB_WORKFLOW_REF", ""))

        def start(branch: str, pull: Pull) -> str:
            inputs = {"pr": str(pull.number), "reason": f"pull request #{pull.number}"}
            if with_model and model:
                inputs["model"] = model
            side.workflows.dispatch(file, ref=branch, inputs=inputs)
            return f"{file} trains it"

        def was_started(branch: str, commit: str) -> bool:
            return side.workflows.has_run(file, ref=branch, commit=commit)

        table = appliers(
            setting, side.forge, environ, model=model, start=start, was_started=was_started
        )
        yield {**table, Annotate: lambda effect: annotate(side.annotations, effect, log)}


def appliers(
    setting: CiSetting,
    forge: Forge,
    environ: Mapping[str, str],
    *,
    model: str | None = None,
    start: Callable[[str, Pull], str] | None = None,
    was_started: Callable[[str, str], bool] = lambda _branch, _commit: False,
) -> Appliers:
    """Who applies what, on a forge; see `open_appliers`."""
    import time

    from branchline.adapters.git import Git
    from branchline.adapters.git.branches import GitBranches
    from branchline.core.effects.values import OpenPullRequest, SetCheck, StickyComment, TagRun
    from branchline.flows.apply_forge import apply_check, apply_comment
    from branchline.flows.ci_pull import RemoteOpener, tag_there
    from branchline.wiring.registries import registry_appliers

    branches = GitBranches(Git.open("."))
    opener = RemoteOpener(forge, branches, setting.remote, time.time, start, was_started)

    def check(effect: SetCheck) -> str:
        apply_check(forge, effect, at=time.time())
        return f"check {effect.name} of commit {effect.commit[:7]} is {effect.state}"

    def comment(effect: StickyComment) -> str:
        apply_comment(forge, effect, at=time.time())
        return f"the report of #{effect.pull_request} is that of commit {effect.run}"

    policies = own_policies()
    policy = next((one for one in policies if one.model == model), policies[0])
    return {
        SetCheck: check,
        StickyComment: comment,
        TagRun: lambda effect: tag_there(branches, setting.remote, effect, at=time.time()),
        OpenPullRequest: lambda effect: opener.apply(effect).said,
        **registry_appliers(open_ci_registry(environ), policy),
    }


def training_workflow(reference: str) -> str:
    """File of the workflow that trains, as `branchline workflows write` names both.

    Args:
        reference: GITHUB_WORKFLOW_REF, of the workflow that searched, or that watches.

    >>> training_workflow("o/r/.github/workflows/branchline-tune-a.yml@refs/heads/main")
    'branchline-a.yml'
    """
    file = reference.partition("@")[0].rpartition("/")[2]
    for begin in ("branchline-tune", "branchline-monitor"):
        if file.startswith(begin):
            return f"branchline{file.removeprefix(begin)}"
    return file
