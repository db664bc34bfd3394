"""The workflow of one model: decide, check, train, report, gate, register, deploy.

Only `decide`, `checks` and `train` run code of any branch, and none of them may write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.generate.workflows import job_texts, steps
from branchline.generate.workflows.deploy_job import deploy_jobs
from branchline.generate.workflows.text import fill, flow, quoted
from branchline.generate.workflows.values import may_be_own

if TYPE_CHECKING:
    from branchline.generate.workflows.values import CheckFacts, Facts

IDENTITY = "id-token: write # proves to AWS which job this is"
GATE = "branchline gate"
"""Name of the check to require; that of the only model."""


def model_workflow(facts: Facts) -> str:
    """The text of one model's workflow, without its head."""
    small = steps.runs_on(facts.runs_on)
    shared = {
        "runs_on": small,
        "python": steps.python(facts),
        "model_text": facts.model,
        "slug": facts.slug,
        "folder": steps.RESULTS,
    }
    trusted = {
        **shared,
        # The default branch's own, whatever commit woke us.
        "checkout": steps.checkout(ref=facts.default_branch),
        "alone": steps.branchline_alone(facts),
        "download": steps.download(name=f"${{{{ {job_texts.LEFT} }}}}"),
    }
    trainings = _trainings(facts)
    # Of a part that failed, where the last job did not begin.
    left = " || ".join(f"needs.{job}.outputs.results" for job in reversed(trainings))
    some = f"({left})" if len(trainings) > 1 else left
    parts = [
        _head(facts),
        fill(
            job_texts.DECIDE,
            **shared,
            condition=no_forks(facts.runs_on),
            checkout=steps.checkout(),
            packages=steps.packages(facts, on=facts.runs_on, with_install=False),
        ),
        check_jobs(facts),
        *(_train(facts, shared, number) for number in range(1, len(trainings) + 1)),
        fill(
            job_texts.REPORT,
            **{
                **trusted,
                "download": steps.download(name=f"${{{{ {left} }}}}", of=some),
            },
            trainings=", ".join(trainings),
            same_repository=f"&& {job_texts.SAME_REPOSITORY}",
        ),
        gate_job(facts, small),
    ]
    if facts.registers:
        queue = "" if facts.is_enterprise else "queue: max"
        parts.append(
            fill(
                job_texts.REGISTER,
                **trusted,
                ref=expression_text(f"refs/heads/{facts.default_branch}"),
                environment=quoted(facts.register_environment),
                queue=queue,
                identity=IDENTITY if facts.register_takes_role else "",
                aws=steps.aws(facts) if facts.register_takes_role else "",
                variables=steps.variables_of_registry(facts),
            )
        )
        parts.append(deploy_jobs(facts, shared))
    return "".join(parts)


def title_of(facts: Facts, word: str = "") -> str:
    """Name of a workflow: `branchline`, with the model's name where there are several."""
    words = ["branchline", word, "" if facts.is_only else facts.model]
    return " ".join(part for part in words if part)


def gate_name(facts: Facts) -> str:
    """Name of the check to require."""
    return GATE if facts.is_only else f"{GATE} {facts.model}"


def check_jobs(facts: Facts, *, of_pulls: bool = True) -> str:
    """The checks of the code, a job each; `of_pulls`: where pull requests may wake them."""
    return "".join(
        check_job(facts, number, check, of_pulls=of_pulls)
        for number, check in enumerate(facts.checks)
    )


def needed_checks(facts: Facts) -> list[str]:
    """Ids of the checks for which what trains or searches waits."""
    return [f"check-{n}" for n, check in enumerate(facts.checks, 1) if not check.is_beside]


def expression_text(text: str) -> str:
    """A text between single quotes of an expression."""
    return text.replace("'", "''")


def triggers(facts: Facts) -> dict[str, str]:
    """What wakes a workflow, as places of its head."""
    pulls = facts.pull_requests
    return {
        "push": f"push:\n  branches: {flow(facts.push)}" if facts.push else "",
        "pull_request": f"pull_request:\n  branches: {flow(pulls)}" if pulls else "",
        "merge_group": "merge_group:\n  types: [checks_requested]" if pulls else "",
        "schedule": steps.schedule(facts.schedule),
    }


def _head(facts: Facts) -> str:
    model = quoted(facts.model)
    return fill(
        job_texts.HEAD,
        title=title_of(facts),
        **triggers(facts),
        dispatched=f"description: Which model\ntype: choice\noptions: [{model}]\ndefault: {model}",
        called=f"default: {model}",
        end=f"-{facts.slug}",
        place=job_texts.PLACE,
    )


def check_job(facts: Facts, number: int, check: CheckFacts, *, of_pulls: bool = True) -> str:
    """One check; `number` counts from 0, `of_pulls`: where pull requests may wake it."""
    axes = dict(check.axes)
    strategy, env, name = "", "", check.name
    version = ""
    if axes:
        rows = [f"    {axis}: {flow(values)}" for axis, values in axes.items()]
        left_out = [f"      - {_pairs(one)}" for one in check.exclude]
        rows += ["    exclude:", *left_out] if left_out else []
        strategy = "\n".join(["strategy:", "  fail-fast: false", "  matrix:", *rows])
        given = [f"  MATRIX_{axis.upper()}: ${{{{ matrix.{axis} }}}}" for axis in axes]
        env = "\n".join(["env:", *given])
        name += " (" + ", ".join(f"${{{{ matrix.{axis} }}}}" for axis in axes) + ")"
        version = "${{ matrix.python }}" if "python" in axes else ""
    return fill(
        job_texts.CHECK,
        job=f"check-{number + 1}",
        name=quoted(name),
        condition=no_forks(check.runs_on) if of_pulls else "",
        runs_on=steps.runs_on(check.runs_on),
        minutes=str(check.minutes),
        strategy=strategy,
        checkout=steps.checkout(),
        python=steps.python(facts, version),
        packages=steps.packages(facts, on=check.runs_on, with_install=True),
        env=env,
        run=check.run,
    )


def _pairs(values: tuple[tuple[str, str], ...]) -> str:
    return "{" + ", ".join(f"{name}: {quoted(value)}" for name, value in values) + "}"


def no_forks(labels: tuple[str, ...]) -> str:
    """The condition of a job that runs code of a commit; "" where the machine is GitHub's."""
    same = job_texts.SAME_REPOSITORY.replace("\n", "\n  ").rstrip()
    return f"if: >-\n  {same}" if may_be_own(labels) else ""


def _trainings(facts: Facts) -> list[str]:
    """Ids of the jobs that train, in order; the last one judges."""
    return [*(f"train-{number}" for number in range(1, len(facts.parts))), "train"]


def training_needs(facts: Facts, before: str = "") -> str:
    """Jobs without whose success a part of the training, and what follows it, is skipped."""
    first = [before] if before else needed_checks(facts)
    return f"[{', '.join(['decide', *first])}]" if first else "decide"


def _train(facts: Facts, shared: dict[str, str], number: int) -> str:
    """One part of the training; `number` counts from 1."""
    ids, part = _trainings(facts), facts.parts[number - 1]
    is_last, before = number == len(ids), ids[number - 2] if number > 1 else ""
    words = " \\\n            --no-push"
    if before:
        words += f' \\\n            --earlier "$RUNNER_TEMP/{steps.EARLIER}"'
    if not is_last:
        words += ' \\\n            --stages "$STAGES"'
    return fill(
        job_texts.TRAIN,
        **{**shared, "runs_on": steps.runs_on(part.runs_on)},
        job=ids[number - 1],
        name="train" if is_last else quoted(f"train, part {number}"),
        needs=training_needs(facts, before),
        same_repository="" if facts.fork_trains else f"&& {job_texts.SAME_REPOSITORY}",
        minutes=str(part.minutes),
        environment=environment_of(facts),
        results=job_texts.KEPT,
        identity=IDENTITY if facts.aws else "",
        disk=steps.disk(facts, part.runs_on),
        checkout=steps.checkout(),
        packages=steps.packages(facts, on=part.runs_on, with_install=True),
        earlier=steps.earlier(f"${{{{ needs.{before}.outputs.results }}}}") if before else "",
        stages="" if is_last else f"STAGES: {quoted(','.join(part.stages))}",
        words=words,
        kind="results" if is_last else f"part-{number}",
        aws=steps.aws(facts),
        variables=steps.variables(facts),
        upload=steps.upload(facts, name=job_texts.RESULTS_NAME, condition="if: always()"),
    )


def environment_of(facts: Facts) -> str:
    """The environment of a job that trains, as a line; "" for none."""
    if not facts.train_environment and not facts.pull_environment:
        return ""
    if facts.train_environment == facts.pull_environment:
        return f"environment: {quoted(facts.train_environment)}"
    of_pull, other = facts.pull_environment, facts.train_environment
    return (
        f"environment: ${{{{ github.event_name == 'pull_request' && '{of_pull}' || '{other}' }}}}"
    )


def gate_job(facts: Facts, runs_on: str) -> str:
    """The check to require, which looks at all jobs before it."""
    # What runs on own machines is skipped for forks, and a check that was skipped is no check.
    first = [facts.runs_on, *(check.runs_on for check in facts.checks)]
    jobs = [f"check-{number + 1}" for number in range(len(facts.checks))]
    results = [f"CHECK_{n}: ${{{{ needs.check-{n}.result }}}}" for n in range(1, len(jobs) + 1)]
    refusals = [
        f'[ "$CHECK_{n}" = success ] || refuse "The job check-{n} ended with: $CHECK_{n}."'
        for n in range(1, len(jobs) + 1)
    ]
    parts = _trainings(facts)[:-1]
    results += [f"PART_{n}: ${{{{ needs.{job}.result }}}}" for n, job in enumerate(parts, 1)]
    part_checks = [
        f'case "$PART_{n}" in success | skipped) ;; *)'
        f' refuse "The job {job} ended with: $PART_{n}." ;; esac'
        for n, job in enumerate(parts, 1)
    ]
    return fill(
        job_texts.GATE,
        gate=quoted(gate_name(facts)),
        is_fork=job_texts.IS_FORK,
        needs=", ".join(["decide", *jobs, *_trainings(facts)]),
        parts="\n".join(part_checks),
        runs_on=runs_on,
        results="\n".join(results),
        own=job_texts.OWN_REFUSES if any(map(may_be_own, first)) else "",
        checks="\n".join(refusals),
    )
