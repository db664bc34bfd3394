"""What counts as a secret, and that it counts without being shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from branchline.core.secrecy import (
    is_secret,
    redacted,
    secret_digest,
    shown,
    steers_programs,
    without_secrets,
)
from branchline.core.values import digest_of

if TYPE_CHECKING:
    from branchline.core.values import JsonValue


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param("password", "hunter2", id="password"),
        pytest.param("db.passwd", 1234, id="a-password-of-digits"),
        pytest.param("dbPassword", "x", id="camel-case"),
        pytest.param("AWS_SECRET_ACCESS_KEY", "x", id="capitals"),
        pytest.param("secrets.user", "x", id="below-a-group-of-secrets"),
        pytest.param("api_key", "x", id="api-key"),
        pytest.param("api-keys", ["x"], id="a-list-of-keys"),
        pytest.param("hf_token", "x", id="hub-token"),
        pytest.param("token", "3f9a7c55d1", id="token"),
        pytest.param("user", "ghp_" + "a1" * 18, id="github-by-its-value"),
        pytest.param("where", "AKIA" + "ABCDEFGH12345678", id="amazon-by-its-value"),
        pytest.param("url", "postgres://ada:hunter2@host/db", id="password-in-an-address"),
        pytest.param("pem", "-----BEGIN RSA PRIVATE KEY-----\nMII", id="private-key"),
        pytest.param("jwt", "eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.c2ln", id="web-token"),
    ],
)
def test_secrets_are_known(key: str, value: object) -> None:
    assert is_secret(key, value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param("lr", 0.001, id="a-number"),
        pytest.param("pad_token", "[PAD]", id="pad-token"),
        pytest.param("mask_token", "<mask>", id="mask-token"),
        pytest.param("special_tokens", ["<s>", "</s>"], id="special-tokens"),
        pytest.param("token", "<|end|>", id="a-token-of-a-vocabulary"),
        pytest.param("max_tokens", 512, id="how-many-tokens"),
        pytest.param("tokenizer", "bert-base-uncased", id="tokenizer"),
        pytest.param("key", "user_id", id="a-key-of-a-table"),
        pytest.param("sort_key", "date", id="sort-key"),
        pytest.param("secret", "", id="empty"),
        pytest.param("secret_dim", 64, id="a-number-with-such-a-word"),
        pytest.param("use_password", True, id="a-switch"),
        pytest.param("password_length", 12, id="a-length"),
        pytest.param("data", "s3://bucket/key", id="an-address-without-password"),
        pytest.param("commit", "da39a3ee5e6b4b0d3255bfef95601890afd80709", id="a-digest"),
        pytest.param("text", "task-a1b2c3d4e5f6a7b8c9d0e1f2", id="a-word-that-ends-in-sk"),
        pytest.param("none", None, id="nothing"),
    ],
)
def test_other_parameters_are_left_alone(key: str, value: object) -> None:
    assert not is_secret(key, value)


def test_groups_keep_their_names_and_lose_their_secrets() -> None:
    values: dict[str, JsonValue] = {
        "db": {"user": "ada", "password": "hunter2"},
        "lr": 1,
        "secrets": {"a": {"b": "x"}},
    }

    assert without_secrets(values) == {
        "db": {"user": "ada", "password": "***"},
        "lr": 1,
        "secrets": {"a": {"b": "***"}},
    }
    assert shown("db", {"user": "ada", "password": "hunter2"}) == {"user": "ada", "password": "***"}


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param("fit --password=a --lr 1", "fit --password=*** --lr 1", id="with-equals"),
        pytest.param("fit --db-password 'a b' x", "fit --db-password *** x", id="quoted"),
        pytest.param("API_KEY=a fit", "API_KEY=*** fit", id="a-variable"),
        pytest.param("fit --token $TOKEN", "fit --token $TOKEN", id="named-not-given"),
        pytest.param("fit --max-tokens 5", "fit --max-tokens 5", id="another-option"),
        pytest.param("fit --sort-key a", "fit --sort-key a", id="another-key"),
        pytest.param("get https://a:b@c/d", "get https://***@c/d", id="an-address"),
    ],
)
def test_command_lines_are_redacted(command: str, expected: str) -> None:
    assert redacted(command) == expected


def test_a_secret_counts_by_a_digest_that_is_dear_to_guess() -> None:
    plain = digest_of("hunter2")

    found = secret_digest("params.yaml:password", plain)

    assert found == secret_digest("params.yaml:password", plain)
    assert plain not in found
    assert found != secret_digest("params.yaml:password", digest_of("hunter3"))
    assert found != secret_digest("params.yaml:other", plain)


@pytest.mark.parametrize(
    ("name", "is_steering"),
    [
        *((name, True) for name in ("LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "PATH", "Path")),
        *((name, True) for name in ("PYTHONPATH", "PYTHONSTARTUP", "BASH_ENV", "ENV", "IFS")),
        *((name, True) for name in ("DYLD_INSERT_LIBRARIES", "NODE_OPTIONS", "GIT_SSH_COMMAND")),
        *(
            (name, False)
            for name in ("TOKEN", "LDAP_PASSWORD", "PYTHON_TOKEN", "ENV_KEY", "GIT_PW")
        ),
        *((name, False) for name in ("PIP_INDEX_URL", "BASHFUL", "XPATH", "AWS_ACCESS_KEY_ID")),
    ],
)
def test_what_says_which_code_runs_is_known_by_its_name(name: str, *, is_steering: bool) -> None:
    assert steers_programs(name) is is_steering
