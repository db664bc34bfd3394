"""The workflow of one model's search: search, go on in another run, open the training pull request.

A search may take longer than a job may: it ends in time with exit code 75, keeps its trials in the
branch's cache, and the workflow starts itself again on the same branch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.generate.workflows import actions, steps
from branchline.generate.workflows.model_workflow import check_jobs, needed_checks, title_of
from branchline.generate.workflows.text import fill, flow, quoted

if TYPE_CHECKING:
    from branchline.generate.workflows.values import Facts, TuneFacts

MOST_ROUNDS = 100
"""Runs of one search; a search that does not end is an error of ours, not a bill of yours."""

_RESULTS_NAME = "search-<<slug>>-${{ github.run_attempt }}"
_LEFT = "${{ needs.search.outputs.results }}"

_SEARCH = """\
name: <<title>>
run-name: "<<title>>: ${{ github.ref_name }}, run ${{ inputs.round || '1' }}"

on:
  push:
    branches: <<patterns>>
  workflow_dispatch:
    inputs:
      reason:
        description: Why, for the record
        type: string
        default: ""
      round:
        description: How many runs this search has had, with this one
        type: string
        default: "1"

# Every job says what it may do, and why.
permissions: {}

# A search is never cancelled by another push: its trials are kept, and reused where they fit.
concurrency:
  group: branchline-<<slug>>-tune-${{ github.ref }}
  cancel-in-progress: false

defaults:
  run:
    shell: bash

jobs:
<<checks>>  search:
    name: search
    <<needs>>
    <<runs_on>>
    timeout-minutes: <<minutes>>
    <<environment>>
    permissions:
      contents: read # check out the commit, fetch records
      <<identity>>
    outputs:
      unfinished: ${{ steps.search.outputs.unfinished }}
      # Of this attempt: a later one that does not search again finds it by this.
      results: <<results>>
    steps:
      <<disk>>
      <<checkout>>
      <<python>>
      <<packages>>
      - name: trials of earlier runs
        uses: <<restore>>
        with:
          path: .branchline/studies.db
          key: search-<<slug>>-${{ github.sha }}-${{ github.run_id }}-${{ github.run_attempt }}
          restore-keys: search-<<slug>>-${{ github.sha }}-
      <<aws>>
      - name: search
        id: search
        env:
          GITHUB_TOKEN: ${{ github.token }}
          MODEL: <<model>>
          DEADLINE: <<deadline>>m
          <<variables>>
        run: |
          export PATH="$RUNNER_TEMP/packages/bin:$PATH"
          code=0
          branchline ci run --model "$MODEL" --folder "$RUNNER_TEMP/<<folder>>" \\
            --deadline "$DEADLINE" --no-push &
          search=$!
          # The signal of a cancelled job reaches this shell alone.
          trap 'kill -TERM "$search"' INT TERM
          wait "$search" || code=$?
          while kill -0 "$search" 2> /dev/null; do
            code=0
            wait "$search" || code=$?
          done
          # 75: trials are left, the next run goes on.
          if [ "$code" -eq 75 ]; then
            echo "unfinished=true" >> "$GITHUB_OUTPUT"
            exit 0
          fi
          echo "unfinished=false" >> "$GITHUB_OUTPUT"
          exit "$code"
      - name: keep the trials
        if: always()
        uses: <<save>>
        with:
          path: .branchline/studies.db
          key: search-<<slug>>-${{ github.sha }}-${{ github.run_id }}-${{ github.run_attempt }}
      <<upload>>

  go-on:
    name: go on
    needs: search
    if: needs.search.outputs.unfinished == 'true'
    <<small>>
    timeout-minutes: 5
    permissions:
      actions: write # start this workflow again
    steps:
      - name: start the next run
        env:
          GH_TOKEN: ${{ github.token }}
          GH_ENTERPRISE_TOKEN: ${{ github.token }}
          GH_HOST: ${{ github.server_url }}
          GH_REPO: ${{ github.repository }}
          REF: ${{ github.ref_name }}
          ROUND: ${{ inputs.round || '1' }}
        run: |
          case "$ROUND" in '' | *[!0-9]*) echo "round is no number"; exit 1 ;; esac
          if [ "$ROUND" -ge <<rounds>> ]; then
            echo "This search has had $ROUND runs. Look at it, then start it again by hand."
            exit 1
          fi
          command -v gh > /dev/null || { echo "gh is not installed on this runner"; exit 1; }
          # An Enterprise server has another name, and gh another variable for its token.
          export GH_HOST="${GH_HOST#*://}"
          gh workflow run <<file>> --ref "$REF" -f "round=$((ROUND + 1))" -f "reason=going on"
"""

_OPEN = """\

  # Runs no code of the branch: Branchline comes from the default branch, and the values that were
  # found are read as a stranger's.
  open:
    name: open the pull request
    needs: search
    if: needs.search.outputs.unfinished == 'false'
    <<small>>
    timeout-minutes: 15
    <<environment>>
    permissions:
      <<permissions>>
    steps:
      <<app>>
      <<checkout>>
      <<python>>
      <<alone>>
      <<download>>
      - name: open
        env:
          GITHUB_TOKEN: <<token>>
          MODEL: <<model>>
        run: |
          export PATH="$RUNNER_TEMP/packages/bin:$PATH"
          branchline ci apply --model "$MODEL" --folder "$RUNNER_TEMP/<<folder>>" \\
            --only pull-request<<words>>
"""

_APP = """\
- name: token of the app
  id: app
  uses: <<action>>
  with:
    client-id: ${{ vars.<<client_id>> }}
    private-key: ${{ secrets.<<private_key>> }}
    permission-contents: write
    permission-pull-requests: write
"""


def tune_workflow(facts: Facts, tune: TuneFacts, file: str, *, trained_by: str = "") -> str:
    """The text of one model's search, without its head.

    Args:
        facts: Of the model.
        tune: Of its search.
        file: Name of this workflow's file, by which it starts itself again.
        trained_by: Name of the workflow's file that trains it with others; "" for its own.
    """
    results, waited = fill(_RESULTS_NAME, slug=facts.slug), needed_checks(facts)
    text = fill(
        _SEARCH,
        title=title_of(facts, "tune"),
        patterns=flow(tune.patterns),
        checks=check_jobs(facts, of_pulls=False),
        needs=f"needs: [{', '.join(waited)}]" if waited else "",
        slug=facts.slug,
        runs_on=steps.runs_on(tune.runs_on),
        small=steps.runs_on(facts.runs_on),
        minutes=str(tune.minutes),
        deadline=str(tune.deadline_minutes),
        environment=_environment(facts.train_environment),
        identity="id-token: write # proves to AWS which job this is" if facts.aws else "",
        disk=steps.disk(facts, tune.runs_on),
        checkout=steps.checkout(),
        python=steps.python(facts),
        packages=steps.packages(facts, on=tune.runs_on, with_install=True),
        restore=actions.CACHE_RESTORE,
        save=actions.CACHE_SAVE,
        aws=steps.aws(facts),
        variables=steps.variables(facts),
        model=quoted(facts.model),
        folder=steps.RESULTS,
        upload=steps.upload(
            facts, name=results, condition="if: steps.search.outputs.unfinished == 'false'"
        ),
        rounds=str(MOST_ROUNDS),
        results=results,
        file=file,
    )
    return text + (_open(facts, tune, trained_by) if tune.opens_pull_request else "")


def _open(facts: Facts, tune: TuneFacts, trained_by: str) -> str:
    rights = [
        "contents: write # push the branch of the pull request, and records",
        "pull-requests: write # open it",
    ]
    if tune.mode == "dispatch":
        rights.append("actions: write # start its training, which the pull request alone would not")
    app, token, environment = "", "${{ github.token }}", ""
    if tune.app is not None:
        app = fill(
            _APP,
            action=actions.APP_TOKEN,
            client_id=tune.app.client_id,
            private_key=tune.app.private_key,
        )
        token, environment = "${{ steps.app.outputs.token }}", tune.app.environment
        rights = ["contents: read # check out the default branch; the app's token does the rest"]
    return fill(
        _OPEN,
        small=steps.runs_on(facts.runs_on),
        environment=_environment(environment),
        permissions="\n".join(rights),
        app=app,
        checkout=steps.checkout(ref=facts.default_branch),
        python=steps.python(facts),
        alone=steps.branchline_alone(facts),
        download=steps.download(name=_LEFT),
        token=token,
        model=quoted(facts.model),
        folder=steps.RESULTS,
        words=f" \\\n            --workflow {trained_by} --with-model" if trained_by else "",
    )


def _environment(name: str) -> str:
    return f"environment: {quoted(name)}" if name else ""
