"""What each field of `deploy --json` and of the records of deployments means, with samples."""

from __future__ import annotations

from branchline.core.effects.deployed import Attempt, AttemptState, StepDone, attempt_to_json
from branchline.flows.deploy_site import Deployed, DeployState
from branchline.render.deployments import deployed_to_json

_STEP = {
    "step": "string: `run`, `smoke` or `rollback`",
    "command": "string: as written, secrets masked",
    "exit_code": "integer or null: null where a signal or the time ended it",
    "duration_s": "number: wall time in seconds",
    "detail": "string: how it ended; empty: well",
}

FIELDS = {
    "schema_version": "integer: version of this document",
    "model": "string: the model's name",
    "is_dry_run": "boolean: nothing was run",
    "environments": "array: in the order in which they were reached",
    "environments[].environment": "string: its name, and that of the stage in the registry",
    "environments[].version": "string: what was to stand there; empty: not known",
    "environments[].previous": "string: what stood there before; empty: nothing",
    "environments[].state": "string: `deployed`, `stands` (already), `planned` (dry run), `held`, "
    "`rolled_back`, `failed` (what stands is not known), `waits` (for a person), `not_reached` or "
    "`nothing` (is registered)",
    "environments[].sentence": "string: the same for people",
    "environments[].steps": "array: commands that ran",
    **{f"environments[].steps[].{name}": text for name, text in _STEP.items()},
    "environments[].log": "string: path of what they printed; empty: none ran",
    "environments[].url": "string: of branchline.yaml",
}

RECORD_FIELDS = {
    "schema_version": "integer: version of this document",
    "attempt": "string: id; ids sort by time",
    "model": "string: the model's name",
    "environment": "string: its name",
    "version": "string: what was deployed",
    "digest": "string: of its files; what is held is held by this",
    "previous": "string: version that stood there; empty: none",
    "code": "string: full hash of the commit whose commands ran",
    "at": "string: when it began (UTC, ISO 8601)",
    "by": "string: who, `Name <address>`",
    "state": "string: `begun`, `deployed`, `rolled_back` or `failed`",
    "steps": "array: commands that ran",
    **{f"steps[].{name}": text for name, text in _STEP.items()},
    "log": "string: path on the machine that ran it",
}

_DONE = StepDone(step="run", command="./deploy.sh", exit_code=0, duration_s=1.0)
SAMPLE = deployed_to_json(
    "m",
    [
        Deployed(
            environment="staging", state=DeployState.DEPLOYED, sentence="s", steps=(_DONE,)
        )
    ],
)  # fmt: skip
RECORD = attempt_to_json(
    Attempt(
        attempt="20260101T000000-0a1b2c3d",
        model="m",
        environment="staging",
        version="v1.0.0",
        digest="d",
        state=AttemptState.DEPLOYED,
        steps=(_DONE,),
    )
)
