"""Who is told of a model's state: issues on GitHub, and the workflow that trains it."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from branchline.errors import RecordError
from branchline.wiring.ci import training_workflow, workflow_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from branchline.flows.ci_setting import CiSetting
    from branchline.flows.project import Project
    from branchline.flows.watching import Told
    from branchline.ports.ledger import ChildProcess

_FOLDER = ".github/workflows"
_MODELS = re.compile(r"^ +MODELS: \"(?P<names>[^\"]*)\"$", re.MULTILINE)


@contextmanager
def one_look(project: Project) -> Iterator[Callable[[ChildProcess | None], None]]:
    """Let a clone look at a model once at a time: two would write the new data over each other.

    A command that a killed look left running is ended first.

    Yields:
        What is told of the command that runs, and None when it has ended.

    Raises:
        EffectError: Another process looks at it.
    """
    from branchline.adapters.local_process.commands import LocalCommands

    name = project.policy.model
    held = LocalCommands(os.path.join(project.state_dir, "monitor"), {}, doing="looks at")
    with held.hold(name):
        yield lambda child: held.note(name, child)


@contextmanager
def open_told(
    project: Project, environ: Mapping[str, str], *, repository: str, model: str
) -> Iterator[Told]:
    """Who tells from a clone, or from a box: of its repository on GitHub.

    Raises:
        UsageError: No repository is named, or the token cannot be used.
    """
    from branchline.flows.watching import Told
    from branchline.wiring.forges import open_github

    branch = project.repo.default_branch()
    with open_github(project.root, environ, repository=repository) as side:
        file = workflow_of(project.root, model)

        def start(reason: str, force: bool) -> None:  # noqa: FBT001 # a callback
            inputs = {"reason": reason, "model": model, "force": str(force).lower()}
            side.workflows.dispatch(file, ref=branch, inputs=inputs)

        yield Told(
            issues=side.issues,
            records=project.records,
            head=project.repo.resolve(f"refs/remotes/origin/{branch}") or "",
            start=start if file else None,
            was_started=lambda commit, since: side.workflows.has_run(
                file, ref=branch, commit=commit, since=since
            ),
        )


@contextmanager
def open_told_in_job(
    setting: CiSetting, project: Project, environ: Mapping[str, str], *, repository: str = ""
) -> Iterator[Told]:
    """Who tells from a job of GitHub Actions."""
    from branchline.flows.watching import Told
    from branchline.wiring.forges import open_github

    name = repository or environ.get("GITHUB_REPOSITORY", "")
    model, branch = project.policy.model, setting.default_branch
    with open_github(".", environ, repository=name) as side:
        # The name of the watching workflow is its model's, which may train with others.
        beside = training_workflow(environ.get("GITHUB_WORKFLOW_REF", ""))
        file = workflow_of(project.root, model) or beside

        def start(reason: str, force: bool) -> None:  # noqa: FBT001 # a callback
            inputs = {"reason": reason, "model": model, "force": str(force).lower()}
            side.workflows.dispatch(file, ref=branch, inputs=inputs)

        yield Told(
            issues=side.issues,
            records=project.records,
            head=setting.remote.branch_head(branch),
            start=start,
            was_started=lambda commit, since: side.workflows.has_run(
                file, ref=branch, commit=commit, since=since
            ),
            link=side.details,
            sync=lambda: share(setting),
        )


def share(setting: CiSetting, dropped: Sequence[str] = ()) -> None:
    """Send records to the remote of a job, and forget there what was forgotten here.

    Raises:
        RecordError: The remote did not take them: nobody may be told of what is not kept.
    """
    try:
        setting.remote.push_records()
    except RecordError as error:
        raise RecordError(
            f"the look was not recorded in the repository, so nobody is told: {error.message}",
            todo="This job needs `permissions: {contents: write}`.",
            details=error.details,
        ) from error
    if dropped:
        setting.remote.drop_looks(dropped)


def workflow_of(root: str, model: str) -> str:
    """File of the workflow that trains a model, as `workflows write` names it; "" for none.

    Args:
        root: Of a tree that holds the workflows.
        model: Its name.
    """
    own = f"branchline-{model.replace('/', '-')}.yml"
    if os.path.isfile(os.path.join(root, _FOLDER, own)):
        return own
    # One that several models share lists them; one of a single model lists none.
    shared = {
        name: found["names"].split(",")
        for name, text in workflow_texts(root).items()
        if name.startswith("branchline") and (found := _MODELS.search(text))
    }
    for name, models in shared.items():
        if model in models:
            return name
    only = "branchline.yml"
    is_there = os.path.isfile(os.path.join(root, _FOLDER, only))
    return only if is_there and only not in shared else ""
