"""What the scripts in the workflows do, run by bash as a runner would."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.generate.workflows.combinations import asked_of

if TYPE_CHECKING:
    from pathlib import Path

FILES = asked_of(
    "model: m\nchecks: [{name: lint, run: ruff}, {name: tests, run: pytest}]\n"
    "tune: {objective: {metric: auc}, space: {lr: [1, 2]}}\n"
    "github: {aws: {role: 'arn:aws:iam::123456789012:role/training', region: eu-central-1}}\n"
).files


def script_of(file: str, job: str, step: str) -> str:
    workflow: Any = yaml.safe_load(FILES[f".github/workflows/{file}"])
    found = [s["run"] for s in workflow["jobs"][job]["steps"] if s["name"] == step]
    assert len(found) == 1
    return str(found[0])


def run(script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        env={
            "PATH": f"{folder}/bin:{os.environ['PATH']}",
            "RUNNER_TEMP": str(folder),
            "GITHUB_OUTPUT": str(folder / "output"),
            "GITHUB_STEP_SUMMARY": str(folder / "summary"),
            **variables,
        },
        capture_output=True,
        text=True,
        timeout=20,
    )


def stand_in(folder: Path, name: str, body: str) -> None:
    """A program of this name, first on the script's PATH."""
    for place in (folder / "bin", folder / "packages/bin"):
        place.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(f"#!/bin/sh\n{body}\n")
        (place / name).chmod(0o755)


PASSING = {
    "DECIDE": "success", "SHOULD_TRAIN": "true", "TRAIN": "success", "REASON": "code changed",
    "WITHHELD": "false", "IS_FORK": "false", "CHECK_1": "success", "CHECK_2": "success",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        pytest.param({}, 0, id="all-succeeded"),
        pytest.param({"SHOULD_TRAIN": "false", "TRAIN": "skipped"}, 0, id="nothing-to-train"),
        pytest.param({"TRAIN": "skipped"}, 1, id="training-skipped-that-was-wanted"),
        pytest.param(
            {"SHOULD_TRAIN": "", "TRAIN": "skipped"}, 1, id="not-known-whether-training-is-wanted"
        ),
        pytest.param({"TRAIN": "failure"}, 1, id="training-failed"),
        pytest.param({"TRAIN": "cancelled"}, 1, id="training-cancelled"),
        pytest.param({"TRAIN": ""}, 1, id="not-known"),
        pytest.param(
            {"DECIDE": "failure", "SHOULD_TRAIN": "", "TRAIN": "skipped"}, 1, id="not-decided"
        ),
        pytest.param({"DECIDE": "cancelled", "TRAIN": "skipped"}, 1, id="cancelled"),
        pytest.param({"CHECK_2": "failure"}, 1, id="a-check-failed"),
        pytest.param({"CHECK_1": "skipped"}, 1, id="a-check-was-skipped"),
        pytest.param(
            {"IS_FORK": "true", "SHOULD_TRAIN": "false", "TRAIN": "skipped", "WITHHELD": "true"},
            1,
            id="withheld-from-a-fork",
        ),
        pytest.param(
            {"IS_FORK": "true", "SHOULD_TRAIN": "false", "TRAIN": "skipped", "WITHHELD": ""},
            1,
            id="fork-and-not-known-whether-withheld",
        ),
        pytest.param(
            {"IS_FORK": "true", "SHOULD_TRAIN": "false", "TRAIN": "skipped"}, 0, id="fork-of-docs"
        ),
    ],
)
def test_gate(tmp_path: Path, changed: dict[str, str], code: int) -> None:
    done = run(script_of("branchline.yml", "gate", "gate"), tmp_path, **{**PASSING, **changed})

    assert done.returncode == code, done.stdout + done.stderr
    assert (tmp_path / "summary").exists() is bool(code)


def test_a_hostile_reason_is_only_printed(tmp_path: Path) -> None:
    reason = "::error::$(touch pwned) `touch pwned` ${{ x }}"

    done = run(
        script_of("branchline.yml", "gate", "gate"), tmp_path, **PASSING | {"REASON": reason}
    )

    assert done.stdout == f"Decided: {reason}\n"


@pytest.mark.parametrize(
    ("code", "left", "said"),
    [
        pytest.param(0, 0, "unfinished=false", id="done"),
        pytest.param(75, 0, "unfinished=true", id="trials-are-left"),
        pytest.param(1, 1, "unfinished=false", id="failed"),
        pytest.param(130, 130, "unfinished=false", id="interrupted"),
    ],
)
def test_search(tmp_path: Path, code: int, left: int, said: str) -> None:
    stand_in(tmp_path, "branchline", f'echo "$@"; exit {code}')

    done = run(
        script_of("branchline-tune.yml", "search", "search"), tmp_path, MODEL="m", DEADLINE="330m"
    )

    assert done.returncode == left
    assert (tmp_path / "output").read_text().strip() == said
    assert "--deadline 330m" in done.stdout


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param("1", 0, id="first"),
        pytest.param("100", 1, id="too-many"),
        pytest.param("1; touch pwned", 1, id="no-number"),
        pytest.param("", 1, id="empty"),
    ],
)
def test_a_search_goes_on_in_another_run(tmp_path: Path, number: str, code: int) -> None:
    stand_in(tmp_path, "gh", 'printf "%s|" "$GH_HOST"; for word; do printf "%s|" "$word"; done')

    done = run(
        script_of("branchline-tune.yml", "go-on", "start the next run"),
        tmp_path,
        REF="tuning/$(touch pwned)",
        ROUND=number,
        GH_HOST="https://git.example.org",
    )

    assert done.returncode == code
    if code == 0:
        assert done.stdout == (
            "git.example.org|workflow|run|branchline-tune.yml|"
            "--ref|tuning/$(touch pwned)|-f|round=2|"
            "-f|reason=going on|"
        )


# What GitHub and AWS would answer, in front of the script that asks them.
ANSWERS = """\
import io, json, sys, urllib.parse, urllib.request
def answer(asked, timeout):
    if asked.full_url.startswith("https://sts.eu-central-1.amazonaws.com/"):
        form = urllib.parse.parse_qs(asked.data.decode())
        assert form["RoleArn"] == ["arn:aws:iam::123456789012:role/training"], form
        assert form["WebIdentityToken"] == ["proof"] and form["DurationSeconds"] == ["3600"]
        found = {"Credentials": {
            "AccessKeyId": "id", "SecretAccessKey": "very-secret", "SessionToken": "as-secret"}}
        said = {"AssumeRoleWithWebIdentityResponse": {"AssumeRoleWithWebIdentityResult": found}}
    else:
        assert asked.full_url == "https://token.example/?a=b&audience=sts.amazonaws.com"
        assert asked.headers["Authorization"] == "bearer asked"
        said = {"value": "proof"}
    return io.BytesIO(json.dumps(said).encode())
urllib.request.urlopen = answer
exec(sys.stdin.read())
"""


def test_credentials_of_aws_are_masked_and_only_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "answers.py").write_text(ANSWERS)
    stand_in(tmp_path, "python3", f"exec {sys.executable} {tmp_path}/answers.py")

    done = run(
        script_of("branchline.yml", "train", "credentials of AWS"),
        tmp_path,
        AWS_REGION="eu-central-1",
        ROLE="arn:aws:iam::123456789012:role/training",
        SECONDS_VALID="3600",
        ACTIONS_ID_TOKEN_REQUEST_URL="https://token.example/?a=b",
        ACTIONS_ID_TOKEN_REQUEST_TOKEN="asked",
        GITHUB_RUN_ID="7",
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["::add-mask::very-secret", "::add-mask::as-secret"]
    place = tmp_path / "aws-credentials"
    assert place.stat().st_mode & 0o777 == 0o600
    assert "aws_secret_access_key = very-secret" in place.read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "answers.py", "aws-credentials", "bin", "packages",
    ]  # fmt: skip


def test_an_artifact_has_a_name_that_github_takes(tmp_path: Path) -> None:
    script = script_of("branchline.yml", "train", "name the results")

    run(script, tmp_path, MODEL="team/lungs\nx=1", GITHUB_RUN_ATTEMPT="2")

    assert (tmp_path / "output").read_text() == "name=results-team-lungs-x-1-2\n"


def test_who_calls_the_workflow_needs_no_file_of_ours(tmp_path: Path) -> None:
    stand_in(tmp_path, "python", 'echo "$@"')

    done = run(f"cd {tmp_path}\n{script_of('branchline.yml', 'decide', 'install')}", tmp_path)

    assert done.stdout.splitlines()[-1].endswith(f"-r {tmp_path}/requirements.txt")
    pinned = (tmp_path / "requirements.txt").read_text()
    assert re.fullmatch(r'branchline(\[[a-z,]+\])?==\S+; python_version >= "3.11"\n', pinned)
