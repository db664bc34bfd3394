"""The jobs that deploy, one an environment: on the default branch, after `register`.

They run the team's command of the default branch's own commit, with a token that the command does
not get. Which environments have a job, and why others have none, is said here, too.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from branchline.config.units import seconds_of
from branchline.core.effects.deploying import HUMAN, problems_of, targets_of
from branchline.core.trigger.rules import rule_for
from branchline.generate.workflows import steps
from branchline.generate.workflows.limits import wrong
from branchline.generate.workflows.text import fill, quoted
from branchline.generate.workflows.values import DeployFacts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.effects.deploying import Target
    from branchline.core.policy import Policy
    from branchline.generate.workflows.values import Facts

_COMMANDS = 3
"""Of a deployment: run, smoke, rollback. Each may last as long as `timeout` says."""
_MARGIN_MINUTES = 15
_MOST_MINUTES = 360
TAKEN = ("MODEL", "ENVIRONMENT", "PATH", "HOME")
"""Variables that the step has already."""
_TAKEN_STARTS = ("GITHUB_", "RUNNER_", "ACTIONS_", "BRANCHLINE_")

_DEPLOY = """\

  # Runs the team's command of this very commit, which is the default branch's. The token is for the
  # tag that says what stands where; the command does not get it.
  <<job>>:
    name: <<name>>
    needs: [<<needs>>]
    if: >-
      !cancelled() && <<condition>>
      && github.ref == '<<ref>>'
    <<runs_on>>
    timeout-minutes: <<minutes>>
    <<environment>>
    # Never cancelled: what began to deploy ends, or is rolled back.
    concurrency:
      group: branchline-<<slug>>-${{ inputs.model }}-<<job>>
      cancel-in-progress: false
      <<queue>>
    permissions:
      contents: write # the tag of the registry, and the record of the deployment
      <<identity>>
    steps:
      <<checkout>>
      <<python>>
      <<alone>>
      <<install>>
      <<aws>>
      - name: deploy
        env:
          GITHUB_TOKEN: ${{ github.token }}
          MODEL: ${{ inputs.model || '<<model_text>>' }}
          ENVIRONMENT: <<target>>
          <<variables>>
        run: |
          export PATH="$RUNNER_TEMP/packages/bin:$PATH"
          set -- "$ENVIRONMENT" --model "$MODEL" --if-any
          # Who runs this job again asks for what did not hold before.
          [ "$GITHUB_RUN_ATTEMPT" = 1 ] || set -- "$@" --retry
          exec branchline deploy "$@"
"""


def deploys_of(policy: Policy, default_branch: str) -> tuple[DeployFacts, ...]:
    """What decides the text of the jobs that deploy; none where the default branch does not.

    Args:
        policy: Of the model.
        default_branch: Short name.

    Raises:
        ConfigError: GitHub would refuse a setting.
    """
    if not _is_asked(policy, default_branch):
        return ()
    found: list[DeployFacts] = []
    jobs: dict[str, str] = {}
    for target in targets_of(policy):
        if target.approval == HUMAN or (target.needs and target.needs not in jobs):
            continue
        job = f"deploy-{re.sub(r'[^A-Za-z0-9_-]', '-', target.name)}"
        if job in jobs.values():
            raise wrong(
                f"deploy.{target.name}", f"would have the job `{job}`, as another environment has",
                "Give it a name that differs in more than `/` and `-`.",
            )  # fmt: skip
        jobs[target.name] = job
        found.append(_facts(target, jobs))
    return tuple(found)


def _is_asked(policy: Policy, default_branch: str) -> bool:
    rule = rule_for(default_branch, policy.branches)
    return rule is not None and {"register", "deploy"} <= set(rule.then)


def _facts(target: Target, jobs: Mapping[str, str]) -> DeployFacts:
    key = f"deploy.{target.name}"
    for name in (*target.secrets, *target.variables):
        if name.upper() in TAKEN or name.upper().startswith(_TAKEN_STARTS):
            raise wrong(
                key, f"names `{name}`, which the step of the deployment has already",
                "Take it out, or give it another name.",
            )  # fmt: skip
    both = set(target.secrets) & set(target.variables)
    if both:
        raise wrong(
            key, f"names `{min(both)}` as a secret and as a variable", "Take one of them out."
        )
    if "${{" in target.url:
        raise wrong(f"{key}.url", "holds `${{`, which GitHub would fill in", "Write the URL.")
    seconds = seconds_of(target.timeout) or 0.0
    minutes = math.ceil(seconds / 60) * _COMMANDS + _MARGIN_MINUTES
    return DeployFacts(
        environment=target.name,
        job=jobs[target.name],
        after=jobs.get(target.needs, ""),
        # `${env:NAME}` is a value of the machine that deploys: no text of a workflow.
        url="" if target.url.startswith("${env:") else target.url,
        secrets=target.secrets,
        variables=target.variables,
        minutes=min(minutes, _MOST_MINUTES),
    )


def deploy_jobs(facts: Facts, shared: Mapping[str, str]) -> str:
    """The text of the jobs.

    Args:
        facts: Of the model.
        shared: Values of the templates that all jobs have.
    """
    return "".join(_job(facts, deploy, shared) for deploy in facts.deploys)


def _job(facts: Facts, deploy: DeployFacts, shared: Mapping[str, str]) -> str:
    url = f"\n  url: {quoted(deploy.url)}" if deploy.url else ""
    if deploy.after:
        needs = f"gate, {deploy.after}"
        condition = f"needs.gate.result == 'success'\n&& needs.{deploy.after}.result == 'success'"
    else:
        needs = "gate, register"
        # A person may have what is registered deployed again: that trains, and registers, nothing.
        condition = (
            "needs.gate.result == 'success'\n"
            "&& (needs.register.result == 'success'\n"
            "|| (github.event_name == 'workflow_dispatch' && needs.register.result == 'skipped'))"
        )
    ref = f"refs/heads/{facts.default_branch}".replace("'", "''")
    values = {
        **shared,
        "checkout": steps.checkout(),
        "alone": steps.branchline_alone(facts),
        "install": steps.install_stages(facts),
        "identity": "id-token: write # proves to AWS which job this is"
        if facts.register_takes_role
        else "",
        "aws": steps.aws(facts) if facts.register_takes_role else "",
        "queue": "" if facts.is_enterprise else "queue: max",
    }
    return fill(
        _DEPLOY,
        **values,
        job=deploy.job,
        name=quoted(f"deploy to {deploy.environment}"),
        needs=needs,
        condition=condition.replace("\n", "\n      "),
        ref=ref,
        minutes=str(deploy.minutes),
        environment=f"environment:\n  name: {quoted(deploy.environment)}{url}",
        target=quoted(deploy.environment),
        variables=_variables(facts, deploy),
    )


def _variables(facts: Facts, deploy: DeployFacts) -> str:
    """Its own secrets and variables, and those by which store and tracker are reached."""
    own = [f"{name}: ${{{{ secrets.{name} }}}}" for name in deploy.secrets]
    own += [f"{name}: ${{{{ vars.{name} }}}}" for name in deploy.variables]
    taken = {*deploy.secrets, *deploy.variables}
    shared = [
        line
        for line in steps.variables_of_registry(facts).splitlines()
        if line.partition(":")[0] not in taken
    ]
    return "\n".join([*own, *shared])


def notes_of_deploy(policy: Policy, facts: Facts) -> tuple[str, ...]:
    """What `deploy` asks for and no job does, and what whoever writes the jobs must know."""
    if not policy.sections.get("deploy"):
        return ()
    problems = problems_of(policy)
    if problems:
        first = problems[0]
        return (
            f"`deploy` of branchline.yaml is in no workflow: {first.key} {first.what}."
            f" {first.todo.removesuffix('.')}",
        )
    if not _is_asked(policy, facts.default_branch):
        return (
            "`deploy` of branchline.yaml is in no workflow: the rule of"
            f" `{facts.default_branch}` does not say `then: [register, deploy]`",
        )
    jobs = {deploy.environment for deploy in facts.deploys}
    notes = [
        f"`{target.name}` has no job: a person deploys there (`branchline deploy {target.name}`)"
        for target in targets_of(policy)
        if target.name not in jobs
    ]
    if facts.register_environment in jobs:
        notes.append(
            f"the job `register` runs in the environment `{facts.register_environment}`, too: who"
            " must review its deployments is asked before anything is registered; `github:"
            " {environments: {register: registry}}` takes it apart"
        )
    return tuple(notes)
