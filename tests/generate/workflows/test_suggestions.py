"""What is suggested beside the workflows: exact, and nobody else gets in."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.generate.workflows.combinations import asked_of

from branchline.errors import ConfigError
from branchline.generate.workflows import (
    DEPENDABOT,
    Repository,
    aws_script,
    aws_trust,
    code_owners,
    repository_name,
    runner_script,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rig.judges import Judge

ROLE = "arn:aws:iam::123456789012:role/path/training"
ASKED = asked_of(
    "model: m\nstore: s3://bucket/some/prefix\n"
    "gate: {data: 'data/my test.csv', metrics: {auc: {min: 0.5}}}\n"
    "resources: {train: {runs_on: [self-hosted, linux, gpu]}}\n"
    "github:\n  owners: ['@team/ml', '@ada']\n"
    f"  aws: {{role: '{ROLE}', region: eu-central-1, hours: 2}}\n"
    "  environments: {pull_requests: training-pulls}\n"
)
PLAIN = asked_of("model: m\n")
REPOSITORY = Repository(owner="acme", name="tumours", owner_id=5, id=7)


def test_only_jobs_of_the_environments_may_take_the_role() -> None:
    document = json.loads(aws_trust(ASKED.facts, REPOSITORY))

    (statement,) = document["Statement"]
    condition = statement["Condition"]["StringEquals"]
    assert condition["token.actions.githubusercontent.com:sub"] == [
        "repo:acme/tumours:environment:training",
        "repo:acme@5/tumours@7:environment:training",
        "repo:acme/tumours:environment:training-pulls",
        "repo:acme@5/tumours@7:environment:training-pulls",
        # It looks whether the model is in the bucket before it registers a version.
        "repo:acme/tumours:environment:production",
        "repo:acme@5/tumours@7:environment:production",
    ]
    assert "*" not in json.dumps(document)


def test_without_the_numbers_there_is_one_form() -> None:
    assert Repository(owner="a", name="b").subjects("x:y") == ("repo:a/b:environment:x%3Ay",)


def test_the_role_is_made_or_brought_up_to_date(tmp_path: Path) -> None:
    (tmp_path / "aws").write_text(
        f'#!/bin/sh\necho "$2" >> {tmp_path}/calls\n'
        'case "$2" in get-*) exit "${MISSING:-0}" ;; esac\n'
    )
    (tmp_path / "aws").chmod(0o755)
    script = aws_script(ASKED.facts, REPOSITORY, ASKED.policies[0].store)

    for missing in ("1", "0"):
        subprocess.run(
            ["bash", "-c", script],
            env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "MISSING": missing},
            check=True,
        )

    calls = (tmp_path / "calls").read_text().split()
    assert calls == [
        "get-open-id-connect-provider", "create-open-id-connect-provider", "get-role",
        "create-role", "put-role-policy",
        "get-open-id-connect-provider", "get-role", "update-assume-role-policy", "update-role",
        "put-role-policy",
    ]  # fmt: skip
    assert '"arn:aws:s3:::bucket/some/prefix/*"' in script


def test_owners_review_what_decides() -> None:
    assert code_owners(ASKED.policies).splitlines()[1:] == [
        "/.github/ @team/ml @ada",
        "/branchline.yaml @team/ml @ada",
        "/data/my\\ test.csv @team/ml @ada",
    ]


def test_where_nobody_is_named_no_line_counts_and_nobody_is_made_up() -> None:
    authors = [
        "12+ada@users.noreply.github.com",
        "49699333+dependabot[bot]@users.noreply.github.com",
        "noreply@github.com",
        "grace@example.org",
        "no address\n/ @eve",
        "bob@users.noreply.github.com",
        "fourth@example.org",
    ]

    known, unknown = code_owners(PLAIN.policies, authors), code_owners(PLAIN.policies)

    assert all(line.startswith("#") for line in (known + unknown).splitlines())
    assert known.splitlines()[-1] == "# /branchline.yaml @ada grace@example.org @bob"
    assert unknown.splitlines()[-1] == "# /branchline.yaml @WHO"


def test_scripts_and_dependabot_are_clean(judge: Judge) -> None:
    files = {
        "aws.sh": aws_script(ASKED.facts, REPOSITORY, "s3://bucket/prefix"),
        "runner.sh": runner_script(ASKED.facts[0], repository="acme/tumours", wants_gpu=True),
        ".github/dependabot.yml": DEPENDABOT,
        **PLAIN.files,
    }

    assert judge(files) == []


def test_a_runner_with_another_digest_is_not_unpacked(tmp_path: Path) -> None:
    script = runner_script(ASKED.facts[0], repository="acme/tumours", wants_gpu=False)
    for name, body in {
        "id": 'case "$1" in -u) echo 0 ;; esac',
        "uname": "echo Linux x86_64",
        "systemctl": "",
        "useradd": "",
        "install": f"mkdir -p {tmp_path}/home/runner",
        "curl": 'while [ "$1" != --output ]; do shift; done; echo bad > "$2"',
        "tar": f"touch {tmp_path}/unpacked",
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)

    done = subprocess.run(
        ["bash", "-c", script.replace("/opt/branchline-runner", f"{tmp_path}/home")],
        env={
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "RUNNER_VERSION": "2.335.0",
            "RUNNER_SHA256": "0" * 64,
            "RUNNER_TOKEN": "secret-token",
        },
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    assert "nothing was unpacked" in done.stderr
    assert not (tmp_path / "unpacked").exists()
    assert "secret-token" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "origin",
    [
        "git@github.com:acme/tumours.git",
        "https://github.com/acme/tumours",
        "ssh://git@ghe.example.org/acme/tumours.git",
        "https://x:y@github.com/acme/tumours.git/",
    ],
)
def test_the_repository_is_found_in_origin(origin: str) -> None:
    assert repository_name(PLAIN.policies[0], origin) == "acme/tumours"


@pytest.mark.parametrize("origin", ["", "/srv/git/box.git", "../box"])
def test_a_path_is_no_repository_of_github(origin: str) -> None:
    assert repository_name(PLAIN.policies[0], origin) == ""


def test_what_is_not_set_up_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"github\.aws"):
        aws_trust(PLAIN.facts, REPOSITORY)
    with pytest.raises(ConfigError, match="own runner"):
        runner_script(PLAIN.facts[0], repository="", wants_gpu=False)
