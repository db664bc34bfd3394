"""The jobs of a workflow that trains several models, as templates that `matrix_workflow` fills.

What deciding, training and the gate have in common with the workflow of one model stands there.
"""

from __future__ import annotations

from branchline.generate.workflows import job_texts

_ONE = "MODEL: ${{ inputs.model || '<<model_text>>' }}"

DECIDE = job_texts.DECIDE.replace(
    _ONE, "MODEL: ${{ inputs.model }}\n          MODELS: <<models>>"
).replace('ci plan --model "$MODEL"', 'ci plan --model "$MODEL" --models "$MODELS"')

_OF_THE_LAST_LEG = """\
    outputs:
      # Of this attempt: a later one that does not train again finds it by this.
      results: <<results>>
"""
TRAIN = job_texts.TRAIN.replace(_ONE, "MODEL: ${{ matrix.model }}")
TRAIN = TRAIN.replace(_OF_THE_LAST_LEG, "").replace(
    "    <<runs_on>>\n",
    # The condition is looked at first: where nothing trains there is no matrix to be empty.
    "    strategy:\n"
    "      fail-fast: false\n"
    "      matrix: ${{ fromJSON(needs.decide.outputs.matrix) }}\n"
    "    <<runs_on>>\n",
)

REPORT = """\
  # The only job that may write to pull requests. It runs no code of the repository: Branchline
  # comes from the default branch, and what the trainings left is read as a stranger's.
  report:
    name: report
    needs: [decide, train]
    if: >-
      !cancelled() && needs.decide.outputs.should-train != 'false'
      <<same_repository>>
    <<runs_on>>
    timeout-minutes: 30
    permissions:
      contents: write # push the records of the runs: refs/branchline, no branch
      pull-requests: write # the comment of each model with its report
      statuses: write # the status of the head commit, one a model
    steps:
      <<checkout>>
      <<python>>
      <<alone>>
      <<download>>
      - name: report
        env:
          GITHUB_TOKEN: ${{ github.token }}
          MODEL: ${{ inputs.model }}
          MODELS: <<models>>
          # Who had to train; nobody knows where the job `decide` failed.
          MATRIX: ${{ needs.decide.outputs.matrix }}
        run: |
          export PATH="$RUNNER_TEMP/packages/bin:$PATH"
          # Also where a training did not begin: a status that is required is not awaited then.
          branchline ci apply --model "$MODEL" --models "$MODELS" --matrix "$MATRIX" \\
            --folders --folder "$RUNNER_TEMP/<<folder>>" --only report --absent-fails

"""

REGISTER = """\

  register:
    name: register
    needs: [<<needs>>]
    # Each model by its own verdict: one that failed does not keep the others back.
    if: >-
      !cancelled() && needs.decide.outputs.should-train == 'true' && needs.train.result != 'skipped'
      <<checks>>
      && github.ref == '<<ref>>'
    <<runs_on>>
    timeout-minutes: 30
    environment: <<environment>>
    # Never cancelled: what began to register ends.
    concurrency:
      group: branchline<<end>>-${{ inputs.model }}-register
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
          MODEL: ${{ inputs.model }}
          MODELS: <<models>>
          MATRIX: ${{ needs.decide.outputs.matrix }}
          <<variables>>
        run: |
          export PATH="$RUNNER_TEMP/packages/bin:$PATH"
          branchline ci apply --model "$MODEL" --models "$MODELS" --matrix "$MATRIX" \\
            --folders --folder "$RUNNER_TEMP/<<folder>>" --only register
"""
