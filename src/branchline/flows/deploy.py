"""Verb: deploy a registered version to an environment, by the team's command.

The command, then its smoke test, then the registry: a stage is given when the version stands. What
does not hold is rolled back and held. Killed at any point the same call goes on: the record of its
begin says that what stands is not known, so that the command runs again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.core.effects.deployed import AttemptState, is_held, is_known, standing, stands
from branchline.core.effects.registering import check_promotion
from branchline.core.secrecy import redacted
from branchline.core.values import Outcome
from branchline.errors import DeploymentError, NothingToDeployError
from branchline.flows.deploy_site import ENDED, Deployed, DeployState
from branchline.flows.deploy_steps import Deployment
from branchline.flows.registry import version_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.effects.deployed import Attempt
    from branchline.core.effects.deploying import Target
    from branchline.flows.deploy_site import Site
    from branchline.ports.registry import ModelVersion


def deploy_all(
    site: Site,
    targets: Sequence[Target],
    *,
    names: Sequence[str] = (),
    version: str = "",
    retry: bool = False,
    again: bool = False,
    is_dry: bool = False,
    if_any: bool = False,
) -> tuple[Deployed, ...]:
    """Deploy to environments one after the other, until one does not get the version.

    Args:
        site: Where.
        targets: All of the policy, each after the one that it needs.
        names: Which of them; empty means all but those where a person is asked for.
        version: Number, or a stage that it holds; "" takes what each target waits for.
        retry: Also what is held.
        again: Also what stands there already.
        is_dry: Say what would be done.
        if_any: Nothing to deploy is no error.

    Raises:
        BranchlineError: It cannot be begun: no such version, one that may not get the stage, files
            that are damaged or gone, another process at work.
    """
    chosen = [target for target in targets if not names or target.name in names]
    done: list[Deployed] = []
    for target in chosen:
        if target.approval != "none" and not names:
            done.append(_waits(target))
            continue
        before = next((one for one in done if one.environment == target.needs), None)
        if before is not None and not before.state.is_well:
            done.append(_not_reached(target, before))
            continue
        given = version or (before.version if before is not None else "")
        try:
            chosen_version = choose(site, target, given)
        except NothingToDeployError as error:
            if not if_any:
                raise
            done.append(_nothing(target, error))
            continue
        done.append(
            deploy(
                site,
                target,
                chosen_version,
                retry=retry,
                again=again,
                is_dry=is_dry,
                is_given_before=is_dry and before is not None,
            )
        )
    return tuple(done)


def choose(site: Site, target: Target, version: str = "") -> ModelVersion:
    """The version that an environment gets.

    Without a name: what the environment that it needs has; else the newest that passed.

    Raises:
        UnknownNameError: No such version. NothingToDeployError: There is none to be deployed.
    """
    if version:
        return version_of(site.registry, site.model, version)
    if target.needs:
        holder, _ = site.holder(target.needs)
        if not holder:
            raise NothingToDeployError(
                f"`{target.name}` gets what `{target.needs}` has, and that has no version of"
                f" {site.model} yet",
                todo=f"Deploy there first: branchline deploy {target.needs}.",
            )
        return version_of(site.registry, site.model, holder)
    for found in reversed(site.registry.versions(site.model)):
        asked = found.asked
        if not found.is_retired and asked and asked.outcome == Outcome.PASSED.value:
            return found
    raise NothingToDeployError(
        f"no version of {site.model} is registered whose verdict passed, so there is nothing to"
        " deploy",
        todo="`branchline apply` registers what a run on the default branch made;"
        " --version NAME deploys one all the same.",
    )


def deploy(
    site: Site,
    target: Target,
    version: ModelVersion,
    *,
    retry: bool = False,
    again: bool = False,
    is_dry: bool = False,
    is_given_before: bool = False,
) -> Deployed:
    """Deploy one version to one environment; what stands there already is left as it is.

    Args:
        site: Where.
        target: The environment.
        version: What it shall get.
        retry: Although it did not hold before.
        again: Although it stands there already.
        is_dry: Say what would be done.
        is_given_before: Whether a dry run has just found that the environment before would get it.

    Raises:
        BranchlineError: As `deploy_all`.
    """
    _check(site, target, version, is_given_before=is_given_before)
    if is_dry:
        return _decided(site, target, version, retry=retry, again=again) or _planned(
            site, target, version
        )
    with site.commands.hold(f"{site.model}.{target.name}"):
        decided = _decided(site, target, version, retry=retry, again=again)
        if decided is not None:
            _settle(site, target, decided)
            return decided
        return Deployment(site, target, version).made()


def _check(site: Site, target: Target, version: ModelVersion, *, is_given_before: bool) -> None:
    """Refuse what may not stand in an environment, before anything runs."""
    label = site.label(version.version)
    if version.asked is None or not version.asked.paths:
        raise DeploymentError(
            f"the tag {label} does not say which files it stands for",
            todo="It was made by another tool. Register the model with `branchline apply`.",
        )
    check_promotion(
        target.name,
        site.rules,
        label=label,
        outcome=version.asked.outcome,
        is_retired=version.is_retired,
        has_held=target.name in version.stages,
    )
    if not target.needs or is_given_before or _stood(site, target, version):
        return
    holder, reason = site.holder(target.needs)
    is_there = stands(site.attempts(target.needs), holder, reason)
    if not is_there or holder != version.version:
        has = f"has {site.label(holder)}" if holder else "has no version yet"
        if holder and not is_there:
            has = f"was given {site.label(holder)} and nobody deployed it there"
        raise DeploymentError(
            f"{label} may not go to `{target.name}` before it stands in `{target.needs}`, which"
            f" {has}",
            todo=f"branchline deploy {target.needs} --version {version.version}",
        )


def _stood(site: Site, target: Target, version: ModelVersion) -> bool:
    """Whether a version was deployed there before: who goes back asks no other environment."""
    return any(
        attempt.state is AttemptState.DEPLOYED and attempt.version == version.version
        for attempt in site.attempts(target.name)
    )


def _decided(
    site: Site, target: Target, version: ModelVersion, *, retry: bool, again: bool
) -> Deployed | None:
    """What holds without a command; None where one must run."""
    holder, reason = site.holder(target.name)
    attempts = site.attempts(target.name)
    label = site.label(version.version)
    if holder == version.version and stands(attempts, holder, reason) and not again:
        return Deployed(
            environment=target.name,
            state=DeployState.STANDS,
            sentence=f"{label} stands in `{target.name}` already; nothing was run",
            version=version.version,
            previous=holder,
            url=target.url,
        )
    digest = version.asked.digest if version.asked else ""
    if is_held(attempts, digest) and not retry:
        return _held(site, target, version, [a for a in attempts if a.digest == digest][-1])
    return None


def _held(site: Site, target: Target, version: ModelVersion, last: Attempt) -> Deployed:
    """A version that did not hold before: nothing runs, and what stands there instead."""
    attempts, (holder, reason) = site.attempts(target.name), site.holder(target.name)
    there = standing(attempts, holder, reason)
    is_sure = is_known(attempts, holder, reason)
    why = "; ".join(f"{s.step}: {s.detail}" for s in last.steps if s.detail)
    has = f"; it has {site.label(there)}" if there else ""
    todo = (
        " Other files are deployed by themselves; these by"
        f" `branchline deploy {target.name} --retry`"
    )
    if not is_sure:
        has = f"; what stands in `{target.name}` is not known"
        back = f"`branchline deploy {target.name} --version {there}`, or " if there else ""
        todo = f" Look there, then {back}`branchline deploy {target.name} --retry`"
    return Deployed(
        environment=target.name,
        state=DeployState.HELD if is_sure else DeployState.FAILED,
        sentence=f"{site.label(version.version)} is held: it did not hold in `{target.name}` on"
        f" {last.at[:16].replace('T', ' ')} UTC ({why}){has}.{todo}",
        version=version.version,
        previous=there,
        url=target.url,
    )


def _planned(site: Site, target: Target, version: ModelVersion) -> Deployed:
    there = standing(site.attempts(target.name), *site.holder(target.name))
    previous = there if there != version.version else ""
    instead = f" instead of {site.label(previous)}" if previous else ""
    smoke = f", then `{redacted(target.smoke)}`" if target.smoke else ", without a smoke test"
    return Deployed(
        environment=target.name,
        state=DeployState.PLANNED,
        sentence=f"would deploy {site.label(version.version)} to `{target.name}`{instead}:"
        f" `{redacted(target.run)}`{smoke}",
        version=version.version,
        previous=previous,
        url=target.url,
    )


def _waits(target: Target) -> Deployed:
    return Deployed(
        environment=target.name,
        state=DeployState.WAITS,
        sentence=f"`{target.name}` waits for a person: branchline deploy {target.name}",
        url=target.url,
    )


def _nothing(target: Target, error: NothingToDeployError) -> Deployed:
    return Deployed(
        environment=target.name, state=DeployState.NOTHING, sentence=error.message, url=target.url
    )


def _not_reached(target: Target, before: Deployed) -> Deployed:
    return Deployed(
        environment=target.name,
        state=DeployState.NOT_REACHED,
        sentence=f"`{target.name}` is untouched: it needs `{before.environment}`",
        version=before.version,
        url=target.url,
    )


def _settle(site: Site, target: Target, decided: Deployed) -> None:
    """Say how a deployment ended that was killed after its last effect."""
    attempts = site.attempts(target.name)
    last = attempts[-1] if attempts else None
    is_open = last is not None and last.state is AttemptState.BEGUN
    if last is None or not is_open or decided.state is not DeployState.STANDS:
        return
    if last.version == decided.version:
        site.record(replace(last, state=AttemptState.DEPLOYED), ENDED)
        site.send()
