"""The workflow that watches one model in production: one job looks, another one tells.

The job that looks runs the repository's code and may write nothing. The one that tells runs none of
it, keeps the look, and has one issue while an alarm lasts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.generate.workflows import steps
from branchline.generate.workflows.model_workflow import title_of
from branchline.generate.workflows.text import fill, quoted

if TYPE_CHECKING:
    from branchline.generate.workflows.values import Facts, MonitorFacts

_LEFT = "${{ needs.look.outputs.results }}"

_MONITOR = """\
name: <<title>>
run-name: "<<title>>: ${{ github.event_name }} on ${{ github.ref_name }}"

on:
  <<schedule>>
  workflow_dispatch:

# Every job says what it may do, and why.
permissions: {}

# One look after the other: the next one judges by what this one records.
concurrency:
  group: branchline-<<slug>>-monitor-${{ github.ref }}
  cancel-in-progress: false

defaults:
  run:
    shell: bash

jobs:
  # What the schedule asked for and GitHub dropped is said by the next look, and made up for by it.
  look:
    name: look
    <<runs_on>>
    timeout-minutes: <<minutes>>
    <<environment>>
    permissions:
      contents: read # check out the commit, fetch records
      <<identity>>
    outputs:
      # Of this attempt: a later one that does not look again finds it by this.
      results: <<results>>
    steps:
      <<checkout>>
      <<python>>
      <<packages>>
      <<aws>>
      - name: look
        env:
          GITHUB_TOKEN: ${{ github.token }}
          MODEL: <<model>>
          <<variables>>
        run: |
          export PATH="$RUNNER_TEMP/packages/bin:$PATH"
          # In place of the shell, so that a cancelled job stops at once. A model that is not well
          # ends no job: it would be told each time, and the job `tell` tells of a change.
          exec branchline monitor --model "$MODEL" --leave "$RUNNER_TEMP/<<folder>>"
      - name: name the results
        id: results
        run: |
          name="look-<<slug>>-$GITHUB_RUN_ATTEMPT"
          echo "name=$name" >> "$GITHUB_OUTPUT"
      <<upload>>

  # The only job that may write. It runs no code of the repository: Branchline comes from the
  # default branch, and what the other job saw is read as a stranger's.
  tell:
    name: tell
    needs: look
    if: >-
      !cancelled() && needs.look.outputs.results != ''
      && github.ref == '<<ref>>'
    <<runs_on>>
    timeout-minutes: 15
    permissions:
      contents: write # keep the look: refs/branchline, no branch
      issues: write # one issue while an alarm lasts
      <<actions>>
    steps:
      <<checkout_default>>
      <<python>>
      <<alone>>
      <<download>>
      - name: tell
        env:
          GITHUB_TOKEN: ${{ github.token }}
          MODEL: <<model>>
        run: |
          export PATH="$RUNNER_TEMP/packages/bin:$PATH"
          branchline monitor --model "$MODEL" --from "$RUNNER_TEMP/<<folder>>"
"""


def monitor_workflow(facts: Facts, monitor: MonitorFacts) -> str:
    """The text of the workflow that watches one model, without its head."""
    environment = f"environment: {quoted(facts.train_environment)}"
    return fill(
        _MONITOR,
        title=title_of(facts, "monitor"),
        schedule=steps.schedule(monitor.schedule),
        slug=facts.slug,
        runs_on=steps.runs_on(facts.runs_on),
        minutes=str(monitor.minutes),
        environment=environment if facts.train_environment else "",
        identity="id-token: write # proves to AWS which job this is" if facts.aws else "",
        results="${{ steps.results.outputs.name }}",
        checkout=steps.checkout(),
        python=steps.python(facts),
        packages=steps.packages(facts, on=facts.runs_on, with_install=True),
        aws=steps.aws(facts),
        model=quoted(facts.model),
        variables=steps.variables(facts),
        folder=steps.RESULTS,
        upload=steps.upload(facts, name="${{ steps.results.outputs.name }}"),
        ref=f"refs/heads/{facts.default_branch}".replace("'", "''"),
        actions="actions: write # start the training that drift asks for"
        if monitor.asks_for_training
        else "",
        checkout_default=steps.checkout(ref=facts.default_branch),
        alone=steps.branchline_alone(facts),
        download=steps.download(name=_LEFT, title="what was seen"),
    )
