"""The workflow of several models alike: decide once, check once, train in a matrix, one gate.

As in the workflow of one model, only `decide`, `checks` and `train` run code of the repository, and
none of them may write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.effects.legs import PREFIX
from branchline.generate.workflows import actions, job_texts, matrix_texts, steps
from branchline.generate.workflows.model_workflow import (
    IDENTITY,
    check_jobs,
    environment_of,
    expression_text,
    gate_job,
    no_forks,
    title_of,
    training_needs,
    triggers,
)
from branchline.generate.workflows.text import fill, quoted

if TYPE_CHECKING:
    from branchline.generate.workflows.together import Group
    from branchline.generate.workflows.values import Facts

# Each leg leaves a folder of its own; where none did, there is none to find, which is no error.
_DOWNLOAD = """\
- name: what the trainings left
  uses: <<download>>
  with:
    pattern: <<prefix>>-*
    path: ${{ runner.temp }}/<<folder>>
"""


def matrix_workflow(group: Group) -> str:
    """The text of one workflow for several models, without its head."""
    facts, end = group.facts, group.end
    small = steps.runs_on(facts.runs_on)
    shared = {"runs_on": small, "python": steps.python(facts), "folder": steps.RESULTS}
    trusted = {
        **shared,
        # The default branch's own, whatever commit woke us.
        "checkout": steps.checkout(ref=facts.default_branch),
        "alone": steps.branchline_alone(facts),
        "download": fill(_DOWNLOAD, download=actions.DOWNLOAD, prefix=PREFIX, folder=steps.RESULTS),
    }
    parts = [
        fill(
            job_texts.HEAD,
            title=title_of(facts),
            **triggers(facts),
            dispatched='description: Which model; empty for all\ntype: string\ndefault: ""',
            called="required: true",
            end=end,
            place=job_texts.PLACE,
        ),
        fill(
            matrix_texts.DECIDE,
            **shared,
            models=quoted(",".join(group.names)),
            condition=no_forks(facts.runs_on),
            checkout=steps.checkout(),
            packages=steps.packages(facts, on=facts.runs_on, with_install=False),
        ),
        check_jobs(facts),
        _train(facts, shared),
        fill(
            matrix_texts.REPORT,
            **trusted,
            models=quoted(",".join(group.names)),
            same_repository=f"&& {job_texts.SAME_REPOSITORY}",
        ),
        gate_job(facts, small),
    ]
    if facts.registers:
        parts.append(_register(group, trusted))
    return "".join(parts)


def _train(facts: Facts, shared: dict[str, str]) -> str:
    """One leg a model; all run on machines of the same kind, with the same secrets."""
    (part,) = facts.parts
    return fill(
        matrix_texts.TRAIN,
        **{**shared, "runs_on": steps.runs_on(part.runs_on)},
        job="train",
        name=quoted("train ${{ matrix.model }}"),
        needs=training_needs(facts),
        same_repository="" if facts.fork_trains else f"&& {job_texts.SAME_REPOSITORY}",
        minutes=str(part.minutes),
        environment=environment_of(facts),
        identity=IDENTITY if facts.aws else "",
        disk=steps.disk(facts, part.runs_on),
        checkout=steps.checkout(),
        packages=steps.packages(facts, on=part.runs_on, with_install=True),
        earlier="",
        stages="",
        words=" \\\n            --no-push",
        kind=PREFIX,
        aws=steps.aws(facts),
        variables=steps.variables(facts),
        upload=steps.upload(facts, name=job_texts.RESULTS_NAME, condition="if: always()"),
    )


def _register(group: Group, trusted: dict[str, str]) -> str:
    facts = group.facts
    checks = [f"check-{number}" for number in range(1, len(facts.checks) + 1)]
    return fill(
        matrix_texts.REGISTER,
        **trusted,
        models=quoted(",".join(group.names)),
        needs=", ".join(["decide", *checks, "train"]),
        checks="\n".join(f"&& needs.{job}.result == 'success'" for job in checks),
        ref=expression_text(f"refs/heads/{facts.default_branch}"),
        environment=quoted(facts.register_environment),
        end=group.end,
        queue="" if facts.is_enterprise else "queue: max",
        identity=IDENTITY if facts.register_takes_role else "",
        aws=steps.aws(facts) if facts.register_takes_role else "",
        variables=steps.variables_of_registry(facts),
    )
