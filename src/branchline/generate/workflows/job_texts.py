"""The jobs of a model's workflow, as templates that `model_workflow` fills."""

from __future__ import annotations

SAME_REPOSITORY = """\
(github.event_name != 'pull_request'
|| github.event.pull_request.head.repo.full_name == github.repository)
"""
IS_FORK = (
    "github.event_name == 'pull_request'"
    " && github.event.pull_request.head.repo.full_name != github.repository"
)
# Values stand on one line: GitHub's own parser keeps the indentation of folded ones.
PLACE = "${{ github.event.pull_request.number || github.ref }}"
TOKEN = "${{ github.token }}"  # noqa: S105 # an expression
LEFT = "needs.train.outputs.results"
"""Name of the artifact of the job that judged."""
RESULTS_NAME = "${{ steps.results.outputs.name }}"
KEPT = "${{ steps.keep.outcome == 'success' && steps.results.outputs.name || '' }}"
"""The same where something was kept under it; "" where the job did not get as far."""

OWN_REFUSES = """\
if [ "$IS_FORK" = true ]; then
  refuse "Code of forks runs on no own machine: read it, then push the branch here."
fi
"""

# `dispatched` and `called` say which models may be asked for, by hand and by another workflow.
HEAD = """\
name: <<title>>
run-name: "<<title>>: ${{ github.event_name }} on ${{ github.head_ref || github.ref_name }}"

on:
  <<push>>
  <<pull_request>>
  <<merge_group>>
  <<schedule>>
  workflow_dispatch:
    inputs:
      force:
        description: Train although a result exists
        type: boolean
        default: false
      reason:
        description: Why, for the record
        type: string
        default: ""
      model:
        <<dispatched>>
      pr:
        description: Number of the pull request that it is for
        type: string
        default: ""
  workflow_call:
    inputs:
      model:
        description: Which model of the calling repository
        type: string
        <<called>>

# Every job says what it may do, and why.
permissions: {}

# A newer commit of a pull request ends the run of the older one; a branch's runs wait.
concurrency:
  group: branchline<<end>>-${{ inputs.model }}-<<place>>
  cancel-in-progress: ${{ github.event_name == 'pull_request' }}

defaults:
  run:
    shell: bash

jobs:
"""

DECIDE = """\
  decide:
    name: decide
    <<condition>>
    <<runs_on>>
    timeout-minutes: 15
    permissions:
      contents: read # check out the commit, fetch records
    outputs:
      should-train: ${{ steps.plan.outputs.should-train }}
      training-changed: ${{ steps.plan.outputs.training-changed }}
      data-changed: ${{ steps.plan.outputs.data-changed }}
      withheld: ${{ steps.plan.outputs.withheld }}
      matrix: ${{ steps.plan.outputs.matrix }}
      labels: ${{ steps.plan.outputs.labels }}
      reason: ${{ steps.plan.outputs.reason }}
    steps:
      <<checkout>>
      <<python>>
      <<packages>>
      - name: plan
        id: plan
        env:
          GITHUB_TOKEN: ${{ github.token }}
          MODEL: ${{ inputs.model || '<<model_text>>' }}
        run: |
          export PATH="$RUNNER_TEMP/packages/bin:$PATH"
          branchline ci plan --model "$MODEL"

"""

CHECK = """\
  <<job>>:
    name: <<name>>
    <<condition>>
    <<runs_on>>
    timeout-minutes: <<minutes>>
    permissions:
      contents: read # check out the commit
    <<strategy>>
    steps:
      <<checkout>>
      <<python>>
      <<packages>>
      - name: check
        <<env>>
        run: |
          export PATH="$RUNNER_TEMP/packages/bin:$PATH"
          <<run>>

"""

TRAIN = """\
  <<job>>:
    name: <<name>>
    needs: <<needs>>
    if: >-
      needs.decide.outputs.should-train == 'true'
      <<same_repository>>
    <<runs_on>>
    timeout-minutes: <<minutes>>
    <<environment>>
    permissions:
      contents: read # check out the commit, fetch records
      <<identity>>
    outputs:
      # Of this attempt: a later one that does not train again finds it by this.
      results: <<results>>
    steps:
      # An artifact's name takes no `/`, which the name of a model may hold.
      - name: name the results
        id: results
        env:
          MODEL: ${{ inputs.model || '<<model_text>>' }}
        run: |
          name="<<kind>>-${MODEL//[^A-Za-z0-9._-]/-}-$GITHUB_RUN_ATTEMPT"
          echo "name=$name" >> "$GITHUB_OUTPUT"
      <<disk>>
      <<checkout>>
      <<python>>
      <<packages>>
      <<earlier>>
      <<aws>>
      - name: train
        env:
          GITHUB_TOKEN: ${{ github.token }}
          MODEL: ${{ inputs.model || '<<model_text>>' }}
          <<stages>>
          <<variables>>
        run: |
          export PATH="$RUNNER_TEMP/packages/bin:$PATH"
          # In place of the shell, so that a cancelled job stops the training at once.
          # It may not send the records: the job `report` does.
          exec branchline ci run --model "$MODEL" --folder "$RUNNER_TEMP/<<folder>>"<<words>>
      <<upload>>

"""

REPORT = """\
  # The only job that may write to pull requests. It runs no code of the repository: Branchline
  # comes from the default branch, and what the training left is read as a stranger's.
  report:
    name: report
    needs: [decide, <<trainings>>]
    if: >-
      !cancelled() && needs.decide.outputs.should-train != 'false'
      <<same_repository>>
    <<runs_on>>
    timeout-minutes: 15
    permissions:
      contents: write # push the records of the run: refs/branchline, no branch
      pull-requests: write # the comment with the report
      statuses: write # the status of the head commit
    steps:
      <<checkout>>
      <<python>>
      <<alone>>
      <<download>>
      - name: report
        env:
          GITHUB_TOKEN: ${{ github.token }}
          MODEL: ${{ inputs.model || '<<model_text>>' }}
        run: |
          export PATH="$RUNNER_TEMP/packages/bin:$PATH"
          # Also where the training did not begin: a status that is required is not awaited then.
          branchline ci apply --model "$MODEL" --folder "$RUNNER_TEMP/<<folder>>" \\
            --only report --absent-fails

"""

GATE = """\
  # The check to require. It always runs: a required check that is skipped would wait for ever.
  gate:
    name: <<gate>>
    needs: [<<needs>>]
    if: always()
    <<runs_on>>
    timeout-minutes: 5
    permissions: {}
    steps:
      - name: gate
        env:
          DECIDE: ${{ needs.decide.result }}
          SHOULD_TRAIN: ${{ needs.decide.outputs.should-train }}
          TRAIN: ${{ needs.train.result }}
          REASON: ${{ needs.decide.outputs.reason }}
          WITHHELD: ${{ needs.decide.outputs.withheld }}
          IS_FORK: ${{ <<is_fork>> }}
          <<results>>
        run: |
          refuse() {
            printf '%s\\n' "$1"
            printf '%s\\n' "$1" >> "$GITHUB_STEP_SUMMARY"
            exit 1
          }
          <<own>>
          [ "$DECIDE" = success ] || refuse "The job decide ended with: $DECIDE."
          <<checks>>
          <<parts>>
          case "$TRAIN" in
            success) ;;
            skipped)
              # Not known means run: GitHub drops an output that holds a secret's text.
              if [ "$SHOULD_TRAIN" != false ]; then
                refuse "There is something to train, and it was not trained."
              fi
              if [ "$IS_FORK" = true ] && [ "$WITHHELD" != false ]; then
                refuse "Training is withheld from forks: read it, then push the branch here."
              fi
              ;;
            *) refuse "The job train ended with: $TRAIN." ;;
          esac
          printf 'Decided: %s\\n' "$REASON"
"""

REGISTER = """\

  register:
    name: register
    needs: [decide, train, gate]
    if: >-
      !cancelled() && needs.gate.result == 'success' && needs.train.result == 'success'
      && github.ref == '<<ref>>'
    <<runs_on>>
    timeout-minutes: 30
    environment: <<environment>>
    # Never cancelled: what began to register ends.
    concurrency:
      group: branchline-<<slug>>-${{ inputs.model }}-register
      cancel-in-progress: false
      <<queue>>
    permissions:
      contents: write # tags of the registry, and records
      statuses: write # the status of the commit
      <<identity>>
    steps:
      <<checkout>>
      <<python>>
      <<alone>>
      <<download>>
      <<aws>>
      - name: register
        env:
          GITHUB_TOKEN: ${{ github.token }}
          MODEL: ${{ inputs.model || '<<model_text>>' }}
          <<variables>>
        run: |
          export PATH="$RUNNER_TEMP/packages/bin:$PATH"
          branchline ci apply --model "$MODEL" --folder "$RUNNER_TEMP/<<folder>>" \\
            --only register
"""
