"""The workflow of one model in its short form, for a small team: one file of under 60 lines.

The same rules as the long form (`model_workflow`): what runs code of the commit may write nothing,
what may write runs none of it. `gate` decides, checks, trains and judges in one job, on GitHub's
machine; settings that need more jobs than that are refused, with what to write instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.generate.workflows import actions, job_texts, steps
from branchline.generate.workflows.limits import wrong
from branchline.generate.workflows.model_workflow import environment_of, gate_name, title_of
from branchline.generate.workflows.text import fill, flow, quoted, shell_word
from branchline.generate.workflows.values import may_be_own

if TYPE_CHECKING:
    from collections.abc import Iterator

    from branchline.generate.workflows.values import CheckFacts, Facts

MOST_MINUTES = 360
_USUAL_MINUTES = 30
"""Of a check whose settings name no limit: that of the job is enough."""

_TEXT = """\
name: <<title>>
on:
  <<push>>
  <<pull_request>>
  <<merge_group>>
  <<schedule>>
  workflow_dispatch: {inputs: {force: {type: boolean}, reason: {type: string}, pr: {type: string}}}
permissions: {} # each job says what it may do
concurrency: {group: "branchline-<<slug>>-<<place>>", cancel-in-progress: <<is_pull>>}
defaults: {run: {shell: bash}}
jobs:
  gate: # the check to require: it is never skipped. It runs code of the commit, and may not write
    name: <<gate>>
    <<runs_on>>
    timeout-minutes: <<minutes>>
    <<environment>>
    permissions: {contents: read} # check out the commit, fetch records
    outputs: {should-train: "${{ steps.train.outputs.should-train }}", results: <<kept>>}
    steps:
      <<disk>>
      - uses: <<checkout>>
        with: {persist-credentials: false}
      - uses: <<setup_python>>
        with: {python-version: <<python>>}
      <<install>>
      <<checks>>
      - id: train
        run: exec branchline ci run --decide --no-push --model <<model>>
        env: <<variables>>
      - id: keep
        if: always() && steps.train.outputs.should-train == 'true'
        uses: <<upload>>
        with: {name: <<results>>, path: <<folder>>, retention-days: <<days>>}
  report: # may write, and runs no code of the commit: what the training left is a stranger's
    name: report
    needs: gate
    if: "!cancelled() && needs.gate.outputs.should-train != 'false'<<no_fork>>"
    <<runs_on>>
    timeout-minutes: 15
    permissions: {contents: write, pull-requests: write, statuses: write} # records, comment, status
    <<steps>>
      - uses: <<checkout>>
        with: {ref: <<default_branch>>, persist-credentials: false}
      - uses: <<setup_python>>
        with: {python-version: <<python>>}
      - run: <<alone>>
      - if: needs.gate.outputs.results != '' # what did not get as far as to train is told, too
        uses: <<download>>
        with: {name: "${{ needs.gate.outputs.results }}", path: <<folder>>}
      - run: branchline ci apply --absent-fails --model <<model>> --only "$GITHUB_JOB"
        env: {GITHUB_TOKEN: "${{ github.token }}"}
"""

_REGISTER = """\
  register: # on the default branch alone, and never cancelled
    name: register
    needs: gate
    if: needs.gate.outputs.results != '' && github.ref == '<<ref>>'
    <<runs_on>>
    timeout-minutes: 30
    environment: <<environment>>
    <<env>>
    permissions: {contents: write, statuses: write} # tags of the registry, status of the commit
    steps: *tell
"""

_KEPT = (
    "\"${{ steps.keep.outcome == 'success' && format('results-{0}', github.run_attempt) || '' }}\""
)
_PIP = "python -I -m pip install --disable-pip-version-check"


def minimal_workflow(facts: Facts) -> str:
    """The text of one model's workflow, without its head.

    Raises:
        ConfigError: The settings need more than one job that runs code of a commit.
    """
    _refuse(facts)
    pulls = facts.pull_requests
    runs_on = steps.runs_on(facts.parts[0].runs_on)
    text = fill(
        _TEXT,
        title=title_of(facts),
        push=f"push: {{branches: {flow(facts.push)}}}" if facts.push else "",
        pull_request=f"pull_request: {{branches: {flow(pulls)}}}" if pulls else "",
        merge_group="merge_group: {types: [checks_requested]}" if pulls else "",
        schedule=f"schedule: [{{cron: {quoted(facts.schedule)}}}] # UTC" if facts.schedule else "",
        slug=facts.slug,
        place=job_texts.PLACE if pulls else "${{ github.ref }}",
        gate=quoted(gate_name(facts)),
        runs_on=runs_on,
        minutes=str(_minutes(facts)),
        environment=environment_of(facts),
        disk=steps.disk(facts, facts.parts[0].runs_on),
        checkout=actions.CHECKOUT,
        setup_python=actions.SETUP_PYTHON,
        python=quoted(facts.python),
        install="".join(_installs(facts)),
        checks="".join(_check(check) for check in facts.checks),
        model=shell_word(facts.model),
        variables=_pairs(f'GITHUB_TOKEN: "{job_texts.TOKEN}"', steps.variables(facts)),
        upload=actions.UPLOAD,
        folder=f'"{steps.RESULTS_PATH}"',
        days=str(facts.retention_days),
        results='"results-${{ github.run_attempt }}"',
        kept=_KEPT,
        is_pull="\"${{ github.event_name == 'pull_request' }}\"",
        no_fork=f" && !({job_texts.IS_FORK})" if pulls else "",
        steps="steps: &tell" if facts.registers else "steps:",
        default_branch=quoted(facts.default_branch),
        alone=_alone(facts),
        download=actions.DOWNLOAD,
    )
    if not facts.registers:
        return text
    env = steps.variables_of_registry(facts)
    return text + fill(
        _REGISTER,
        ref=f"refs/heads/{facts.default_branch}".replace("'", "''"),
        runs_on=runs_on,
        environment=quoted(facts.register_environment),
        env=f"env: {_pairs(env)}" if env else "",
    )


def _refuse(facts: Facts) -> None:
    """Refuse what one job on one machine of GitHub's cannot do."""
    places = [("github.runs_on", facts.runs_on)]
    places += [("resources", part.runs_on) for part in facts.parts]
    places += [("checks", check.runs_on) for check in facts.checks]
    own, labels = next((one for one in places if may_be_own(one[1])), ("", ()))
    named = ", ".join(labels)
    several = next((check.name for check in facts.checks if check.axes), "")
    machines = len({labels for _, labels in places})
    reasons = (
        ("github.server", "an Enterprise server may not read its `&` and `*`", facts.is_enterprise),
        ("github.aws", "a role is taken by 30 lines in each job", facts.aws is not None),
        (own, f"it needs a machine of GitHub's, and [{named}] may be yours", own),
        ("resources", f"it needs one machine, and {machines} are named", machines > 1),
        ("deploy", "each environment is deployed by a job of its own", facts.deploys),
        ("checks", f"the check `{several}` has a matrix, which is several jobs", several),
    )
    for key, why, is_so in reasons:
        if is_so:
            raise wrong(
                "github.style", f"is `minimal`, which trains in one job: {why} ({key})",
                f"Write github: {{style: full}}, or change {key}.",
            )  # fmt: skip


def _minutes(facts: Facts) -> int:
    checks = sum(check.minutes for check in facts.checks)
    return min(MOST_MINUTES, facts.parts[0].minutes + checks)


def _installs(facts: Facts) -> Iterator[str]:
    """Branchline, then what stages and checks need: a lock with hashes takes nothing beside it."""
    first = _branchline(facts, facts.extras)
    lines = facts.install.split("\n") if facts.install else []
    if len(lines) == 1:
        yield f"- run: {_plain(f'{first} && {lines[0]}')}\n"
        return
    yield f"- run: {_plain(first)}\n"
    if lines:
        yield "- run: |\n" + "".join(f"    {line}".rstrip() + "\n" for line in lines)


def _alone(facts: Facts) -> str:
    return _plain(_branchline(facts, steps.to_register(facts)))


def _branchline(facts: Facts, extras: tuple[str, ...]) -> str:
    if not facts.writes_requirements:
        return f"{_PIP} -r {shell_word(facts.requirements)}"
    # Python is ours in each job, and new enough: no word on its version.
    words = [line.partition(";")[0].strip() for line in steps.pins(facts, extras)]
    return " ".join([_PIP, *map(shell_word, words)])


def _check(check: CheckFacts) -> str:
    limit = check.minutes if check.minutes != _USUAL_MINUTES else 0
    rest = f", timeout-minutes: {limit}" if limit else ""
    return f"- {{name: {quoted(check.name)}, run: {quoted(check.run)}{rest}}}\n"


def _pairs(*texts: str) -> str:
    """Lines `name: value` as a mapping on one line."""
    pairs = [line for text in texts for line in text.split("\n") if line]
    return "{" + ", ".join(_pair(pair) for pair in pairs) + "}"


def _pair(line: str) -> str:
    name, _, value = line.partition(": ")
    return f"{name}: {value if value.startswith(chr(34)) else quoted(value)}"


def _plain(script: str) -> str:
    """A script on one line, in quotes only where YAML would read it otherwise."""
    is_plain = ": " not in script and " #" not in script and script[0].isalpha()
    return script if is_plain and script.isprintable() and script.isascii() else quoted(script)
