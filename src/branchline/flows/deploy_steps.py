"""One version on its way to one environment: commands, registry, rollback. Serves `deploy`."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING

from branchline.core.effects.deployed import (
    REASON,
    Attempt,
    AttemptState,
    StepDone,
    new_id,
    standing,
)
from branchline.core.run import command_lines
from branchline.core.secrecy import names_secret_variable, redacted
from branchline.errors import BranchlineError, DeploymentError
from branchline.flows.deploy_site import BEGUN, ENDED, Deployed, DeployState
from branchline.flows.registry import version_of
from branchline.ports.commands import Order

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.effects.deploying import Target
    from branchline.flows.deploy_site import Site
    from branchline.ports.registry import ModelVersion


def slug_of(model: str) -> str:
    """A model's name where `/` may not stand."""
    return model.replace("/", "=")


class Deployment:
    """One version on its way to one environment."""

    def __init__(self, site: Site, target: Target, version: ModelVersion) -> None:
        self._site, self._target, self._version = site, target, version
        self._attempts = site.attempts(target.name)
        there = standing(self._attempts, *site.holder(target.name))
        # What stood there itself is nothing to go back to.
        self._is_again = there == version.version
        self._previous = "" if self._is_again else there
        at = site.now().astimezone(UTC)
        name = new_id(self._attempts, at, site.new_id())
        self._log = os.path.join(site.logs, f"{slug_of(site.model)}.{target.name}.{name}.log")
        self._attempt = Attempt(
            attempt=name,
            model=site.model,
            environment=target.name,
            version=version.version,
            digest=version.asked.digest if version.asked else "",
            previous=self._previous,
            code=site.code,
            at=at.isoformat(timespec="seconds"),
            by=site.by,
            log=self._log,
        )
        self._steps: list[StepDone] = []

    def made(self) -> Deployed:
        """Run the commands, and make the registry say what stands."""
        site, target = self._site, self._target
        label = site.label(self._version.version)
        folder = site.lay_out(self._version)
        last = self._attempts[-1] if self._attempts else None
        if last is not None and last.state is AttemptState.BEGUN:
            site.say(
                f"a deployment of {site.label(last.version)} to `{target.name}`, begun"
                f" {last.at[:16].replace('T', ' ')} UTC, did not say how it ended; the command runs"
                " again"
            )
        site.record(self._attempt, BEGUN)
        # The machine of a CI job is gone when the job is killed, and this record with it.
        site.announce()
        instead = f" instead of {site.label(self._previous)}" if self._previous else ""
        site.say(f"deploying {label} to `{target.name}`{instead}")
        given = self._variables(self._version.version, folder, self._previous)
        is_well = self._step("run", target.run, given)
        if is_well and target.smoke:
            is_well = self._step("smoke", target.smoke, given)
        if not is_well:
            return self._rolled_back()
        # The tag is the last thing before the record: who was killed here sees it by its reason.
        site.registry.assign(
            site.model,
            self._version.version,
            target.name,
            by=site.by,
            reason=f"{REASON}, attempt {self._attempt.attempt}",
        )
        where = f" ({target.url})" if target.url else ""
        return self._ended(
            AttemptState.DEPLOYED,
            DeployState.DEPLOYED,
            f"{label} stands in `{target.name}`{where}{instead}",
        )

    def _rolled_back(self) -> Deployed:
        """Bring the version before back."""
        site, target, previous = self._site, self._target, self._previous
        what = self._steps[-1]
        label = site.label(self._version.version)
        failed = f"{label} did not hold in `{target.name}`: {what.step}: {what.detail}"
        if self._is_again:
            return self._ended(
                AttemptState.FAILED,
                DeployState.FAILED,
                f"{failed}; `{target.name}` had it already, as far as is known, so there is nothing"
                " to go back to: what stands there now is not known. Look there, then `branchline"
                f" deploy {target.name} --retry`",
            )
        if not previous and not target.rollback:
            return self._ended(
                AttemptState.ROLLED_BACK,
                DeployState.ROLLED_BACK,
                f"{failed}; nothing stood there before, and there is no `rollback` command, so what"
                " `run` did is left as it is",
            )
        site.say(f"rolling back to {site.label(previous)}" if previous else "rolling back")
        folder = ""
        if previous:
            try:
                folder = site.lay_out(version_of(site.registry, site.model, previous))
            except BranchlineError as error:
                self._ended(AttemptState.FAILED, DeployState.FAILED, "")
                raise DeploymentError(
                    f"{failed}; and {site.label(previous)} cannot be brought back:"
                    f" {error.message}. What stands there is not known",
                    todo=error.todo,
                ) from error
        given = self._variables(previous, folder, self._version.version)
        is_well = self._step("rollback", target.rollback or target.run, given)
        if not is_well:
            return self._ended(
                AttemptState.FAILED,
                DeployState.FAILED,
                f"{failed}; and the rollback failed, too ({self._steps[-1].detail}): what stands in"
                f" `{target.name}` is not known. Look there, then"
                f" `branchline deploy {target.name}"
                + (f" --version {previous}`" if previous else " --retry`"),
            )
        back = f"{site.label(previous)} stands there again" if previous else "it was taken back"
        return self._ended(AttemptState.ROLLED_BACK, DeployState.ROLLED_BACK, f"{failed}; {back}")

    def _ended(self, attempt: AttemptState, state: DeployState, sentence: str) -> Deployed:
        done = replace(self._attempt, state=attempt, steps=tuple(self._steps))
        self._site.record(done, ENDED)
        self._site.send()
        return Deployed(
            environment=self._target.name,
            state=state,
            sentence=sentence,
            version=self._version.version,
            previous=self._previous,
            steps=tuple(self._steps),
            log=self._log,
            url=self._target.url,
        )

    def _variables(self, version: str, folder: str, previous: str) -> dict[str, str]:
        site, target = self._site, self._target
        found = {
            "BRANCHLINE_MODEL": site.model,
            "BRANCHLINE_VERSION": version,
            "BRANCHLINE_MODEL_PATH": folder,
            "BRANCHLINE_ENVIRONMENT": target.name,
            "BRANCHLINE_PREVIOUS_VERSION": previous,
        }
        more = {"BRANCHLINE_URL": target.url, "BRANCHLINE_STRATEGY": target.strategy}
        return found | {name: value for name, value in more.items() if value}

    def _step(self, step: str, command: str, given: Mapping[str, str]) -> bool:
        """Run one command; whether it ended well."""
        site, target = self._site, self._target
        if step == "smoke":
            site.say(f"smoke test of `{target.name}`")
        foreign = site.foreign(target)
        secrets = [
            value
            for name, value in site.environ.items()
            if name in target.secrets or name in foreign or names_secret_variable(name, value)
        ]
        ended = site.commands.run(
            Order(
                name=f"{site.model}.{target.name}",
                lines=command_lines((command,), is_list=False),
                folder=site.root,
                environ=given,
                without=foreign,
                masked=tuple(secrets),
                timeout_s=site.timeout_s(target),
                log=self._log,
            ),
            site.show,
        )
        self._steps.append(
            StepDone(
                step=step,
                command=redacted(command.strip()),
                exit_code=ended.exit_code,
                duration_s=ended.duration_s,
                detail="" if ended.is_well else ended.detail,
            )
        )
        return ended.is_well
