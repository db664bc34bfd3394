"""Documents that let more jobs take a role than were meant."""

from __future__ import annotations

import json

import pytest
from tests.generate.workflows.combinations import asked_of

from branchline.flows.traps import traps_of_trust
from branchline.generate.workflows import Repository, aws_script, aws_trust

SUB = "token.actions.githubusercontent.com:sub"
FEDERATED = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"


def document(subject: object, test: str = "StringLike") -> str:
    condition = {test: {SUB: subject}} if subject else {}
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": FEDERATED},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)


@pytest.mark.parametrize(
    ("subject", "who"),
    [
        pytest.param("repo:acme/tumours:*", "every branch and every pull request", id="all-jobs"),
        pytest.param("repo:acme/*", "every repository that `acme/*` matches", id="all-of-an-owner"),
        pytest.param("repo:acme/*:ref:refs/heads/main", "every repository that", id="any-main"),
        pytest.param("repo:*", "every repository on GitHub", id="all-repositories"),
        pytest.param("*", "every repository on GitHub", id="anything"),
        pytest.param("repo:acme/tumours:pull_request", "every pull request", id="pull-requests"),
        pytest.param(
            "repo:acme/tumours:ref:refs/heads/*", "every branch that matches", id="all-branches"
        ),
    ],
)
def test_a_wide_subject_is_found_at_its_line(subject: str, who: str) -> None:
    text = document([subject, "repo:acme/tumours:environment:training"])

    (trap,) = traps_of_trust("aws/trust.json", text.encode())

    (line,) = [n for n, line in enumerate(text.splitlines(), 1) if f'"{subject}"' in line]
    assert (trap.kind, trap.place) == ("wide-trust", f"aws/trust.json:{line}")
    assert who in trap.sentence
    assert "environment:ENVIRONMENT" in trap.todo


def test_a_document_that_asks_for_no_subject_is_found() -> None:
    (trap,) = traps_of_trust("trust.json", document("").encode())

    assert "every repository on GitHub" in trap.sentence
    assert trap.line > 1


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            'condition {\n  variable = "token.actions.githubusercontent.com:sub"\n'
            '  values   = ["repo:acme/tumours:*"]\n}\n',
            id="terraform",
        ),
        pytest.param(
            "Condition:\n  StringLike:\n"
            "    token.actions.githubusercontent.com:sub: repo:acme/tumours:*\n",
            id="cloudformation",
        ),
    ],
)
def test_other_languages_are_read_too(text: str) -> None:
    (trap,) = traps_of_trust("role.tf", text.encode())

    assert trap.line == 1 + text[: text.index("repo:")].count("\n")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(document("repo:a/b:environment:training", "StringEquals"), id="environment"),
        pytest.param(document("repo:a@1/b@2:environment:x", "StringEquals"), id="with-numbers"),
        pytest.param(document("repo:a/b:ref:refs/heads/main", "StringEquals"), id="one-branch"),
        pytest.param('{"subject": "repo:a/b:*"}', id="of-something-else"),
        pytest.param(
            'sub = "repo:${var.owner}/${var.name}:environment:x" # token.actions.'
            "githubusercontent.com",
            id="filled-in-later",
        ),
        pytest.param('{"Statement": "token.actions.githubusercontent.com"', id="no-json"),
    ],
)
def test_an_exact_subject_is_none(text: str) -> None:
    assert traps_of_trust("trust.json", text.encode()) == ()


def test_what_we_write_is_none() -> None:
    asked = asked_of(
        "model: m\ngithub: {aws: {role: 'arn:aws:iam::123456789012:role/t', region: eu-west-1}}\n"
    )
    repository = Repository(owner="acme", name="tumours", owner_id=1, id=2)

    assert traps_of_trust("a.json", aws_trust(asked.facts, repository).encode()) == ()
    assert traps_of_trust("a.sh", aws_script(asked.facts, repository, None).encode()) == ()
