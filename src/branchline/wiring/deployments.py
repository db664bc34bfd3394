"""Picks the adapters of a deployment: from a clone, or in a job of a CI.

The default branch's tree is what is deployed from: its settings, its commands.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from branchline.errors import CiError, DeploymentError
from branchline.wiring import opening, registries
from branchline.wiring.declared import CONFIG_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from branchline.adapters.git import Git
    from branchline.core.effects.deploying import Target
    from branchline.core.effects.registering import RegistryRules
    from branchline.flows.ci_setting import CiSetting
    from branchline.flows.deploy_site import Site
    from branchline.flows.project import Project
    from branchline.ports.artifacts import Artifacts
    from branchline.ports.registry import ModelVersion, Registry
    from branchline.ports.repo import Repo

FOLDER = "deploy"


@contextmanager
def open_site(
    model: str | None,
    *,
    remote: str | None,
    say: Callable[[str], None],
    show: Callable[[str], None],
) -> Iterator[tuple[Site, tuple[Target, ...]]]:
    """Open what deployments of a model are made from, in the clone that holds this folder.

    Args:
        model: Its name; None where there is one.
        remote: Holds the registry, as in `open_registry`.
        say: Told what is done.
        show: Gets what commands print.

    Raises:
        DeploymentError: The clone is not at the default branch, or has changes of its own.
        ConfigError: `deploy` of branchline.yaml cannot be carried out.
    """
    from branchline.adapters.git import Git

    with opening.open_project(model=model) as project:
        refuse_elsewhere(project.repo)
        git = Git.open(project.root)
        held_by = registries.remote_of_registry(git, remote)
        if held_by:
            project.records.fetch(held_by)
        found, targets = _site(
            project,
            registries.open_registry(project.root, remote=held_by or "."),
            environ=os.environ,
            artifacts=_box_artifacts(held_by),
            say=say,
            show=show,
            send=(lambda: _sent(project, held_by, say)) if held_by else lambda: None,
        )
        yield found, targets


@contextmanager
def open_ci_site(
    setting: CiSetting,
    environ: Mapping[str, str],
    model: str | None,
    *,
    say: Callable[[str], None],
    show: Callable[[str], None],
) -> Iterator[tuple[Site, tuple[Target, ...]]]:
    """Open the same in a job of a CI, with its event.

    Raises:
        DeploymentError: The event is not about the default branch.
        CiError: What was registered and recorded cannot be fetched.
    """
    from branchline.flows.ci_setting import bring_records
    from branchline.wiring import ci

    event = setting.event
    if not event.is_on_default_branch:
        raise DeploymentError(
            f"only `{setting.default_branch}` is deployed from, and this job is about"
            f" {event.ref or event.name}",
            todo="Merge it: the job of the default branch deploys.",
        )
    name = model or event.model or None
    with opening.open_checkout(
        ".", model=name, branch=event.branch, default_branch=setting.default_branch, law=setting.law
    ) as project:
        missing = bring_records(setting, [project.policy.model])
        if missing:
            raise CiError(
                f"what stands where is not known: {missing}",
                todo="Let the job write the repository: `permissions: {contents: write}`, and give"
                " the step GITHUB_TOKEN.",
            )
        yield _site(
            project,
            ci.open_ci_registry(environ),
            environ=environ,
            without=frozenset((*ci.SECRETS, *ci.FILES)),
            say=say,
            show=show,
            send=lambda: _sent(project, "", say, push=setting.remote.push_records),
            by=f"{event.actor} <{event.actor}@users.noreply.github.com>" if event.actor else "",
        )


def box_site(
    path: str,
    project: Project,
    registry: Registry,
    *,
    say: Callable[[str], None],
    show: Callable[[str], None],
    without: frozenset[str],
) -> tuple[Site, tuple[Target, ...]]:
    """The same for a job of a box, in its worktree.

    Args:
        path: Of the box.
        project: The worktree of a commit of the default branch.
        registry: The box's.
        say: Told what is done.
        show: Gets what commands print.
        without: Variables that commands do not get.

    Raises:
        ConfigError: `deploy` of branchline.yaml cannot be carried out.
    """
    from branchline.adapters.git import Git
    from branchline.adapters.git.plumbing import find_places
    from branchline.flows.places import Places
    from branchline.wiring import jobs

    places = Places(path)
    return _site(
        project,
        registry,
        environ=os.environ,
        artifacts=jobs.open_artifacts(places.home, places.store, is_exposed=True),
        without=without,
        say=say,
        show=show,
        send=lambda: None,
        git=Git(find_places(path)),
        folder=os.path.join(places.home, FOLDER),
    )


def refuse_elsewhere(repo: Repo) -> None:
    """See that a tree is the default branch's, as it is committed.

    Raises:
        DeploymentError: It is not.
    """
    head, default = repo.head(), repo.default_branch()
    if head.commit is None:
        raise DeploymentError("there is no commit yet, so nothing to deploy from")
    if head.branch != default and (head.branch or repo.resolve(default) != head.commit):
        raise DeploymentError(
            f"only `{default}` is deployed from, and this is"
            f" {f'`{head.branch}`' if head.branch else 'commit ' + head.short}",
            todo=f"git switch {default}",
        )
    paths = repo.dirty_paths()
    changed = [p for p, is_known in zip(paths, repo.is_tracked(paths), strict=True) if is_known]
    if changed:
        raise DeploymentError(
            f"what is deployed is what `{default}` has, and {changed[0]} is changed here"
            + (f", with {len(changed) - 1} more" if len(changed) > 1 else ""),
            todo="Commit or stash the changes (`git stash`).",
        )


def _site(
    project: Project,
    registry: Registry,
    *,
    environ: Mapping[str, str],
    say: Callable[[str], None],
    show: Callable[[str], None],
    send: Callable[[], None],
    artifacts: Artifacts | None = None,
    without: frozenset[str] = frozenset(),
    by: str = "",
    git: Git | None = None,
    folder: str = "",
) -> tuple[Site, tuple[Target, ...]]:
    from datetime import UTC, datetime

    from branchline.adapters.git import Git
    from branchline.adapters.git.deployments import GitDeployments
    from branchline.adapters.local_process.commands import LocalCommands
    from branchline.config.deployment import checked_targets, timeout_s_of
    from branchline.core.effects.registering import rules_of
    from branchline.flows.deploy_files import lay_out_version
    from branchline.flows.deploy_site import Site

    repo, policy = project.repo, project.policy
    commit = repo.head(details=False).commit or ""
    targets = checked_targets(policy, repo.show(commit, CONFIG_FILE) or b"")
    folder = folder or os.path.join(project.state_dir, FOLDER)
    names = {target.name: {*target.secrets, *target.variables} for target in targets}

    def foreign(target: Target) -> frozenset[str]:
        others = {name for other in targets for name in names[other.name]}
        return frozenset(others - names[target.name])

    def lay_out(version: ModelVersion) -> str:
        held = artifacts or registries.open_artifacts(project.store, folder, is_exposed=True)
        return lay_out_version(held, project.store, repo, version)

    rules = rules_of(policy)

    def share() -> None:
        send()
        _tell_tracker(registry, rules, policy.model, say)

    inherited = {name: value for name, value in environ.items() if name not in without}
    site = Site(
        model=policy.model,
        root=project.root,
        code=commit,
        registry=registry,
        rules=rules,
        deployments=GitDeployments(git or Git.open(project.root)),
        commands=LocalCommands(os.path.join(folder, "now"), inherited),
        lay_out=lay_out,
        timeout_s=timeout_s_of,
        environ=environ,
        foreign=foreign,
        logs=os.path.join(project.state_dir, "logs"),
        by=by or repo.actor() or "Branchline <branchline@localhost>",
        now=lambda: datetime.now(UTC),
        new_id=lambda: os.urandom(4).hex(),
        say=say,
        show=show,
        announce=send,
        send=share,
    )
    return site, targets


def _tell_tracker(
    registry: Registry, rules: RegistryRules, model: str, say: Callable[[str], None]
) -> None:
    """Let the aliases of a tracking server follow; one that does not answer is a remark."""
    from branchline.errors import EffectError, MissingExtraError
    from branchline.flows.registry import held_stages

    if rules.kind == "git":
        return
    try:
        tracker = registries.open_tracker(rules.kind, rules.uri)
        tracker.show_stages(model, held_stages(registry, rules, model))
    except (EffectError, MissingExtraError) as error:
        say(
            f"{rules.kind} does not know it yet: {error.message};"
            f" `branchline registry mirror {model}` tells it"
        )


def _sent(
    project: Project,
    remote: str,
    say: Callable[[str], None],
    *,
    push: Callable[[], object] | None = None,
) -> None:
    """Share the records; what is not shared is said, and no failure: the deployment stands."""
    from branchline.errors import BranchlineError

    try:
        push() if push is not None else project.records.push(remote)
    except BranchlineError as error:
        say(
            f"the record of this deployment was not shared: {error.message}; other machines do not"
            " know of it"
        )


def _box_artifacts(remote: str) -> Artifacts | None:
    """What lays out files of a box's store, where the registry is that of a box on this machine."""
    if not remote:
        return None
    from branchline.errors import BranchlineError
    from branchline.flows.places import Places
    from branchline.wiring import boxes, jobs

    try:
        box = boxes.find_box(".", remote)
    except BranchlineError:
        return None
    if box.host:
        return None
    places = Places(box.path)
    return jobs.open_artifacts(places.home, places.store, is_exposed=True)
