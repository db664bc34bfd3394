"""Which GitHub, which repository, which token."""

from __future__ import annotations

import pytest

from branchline.adapters.github.addresses import address_of
from branchline.errors import UsageError

TOKENS = {"GH_TOKEN": "home", "GH_ENTERPRISE_TOKEN": "own"}
ACTIONS = {
    "GITHUB_API_URL": "https://ghe.example/api/v3",
    "GITHUB_SERVER_URL": "https://ghe.example",
    "GITHUB_REPOSITORY": "o/r",
    "GITHUB_TOKEN": "job",
}


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/o/r",
        "https://github.com/o/r.git",
        "https://x-access-token:secret@github.com/o/r.git",
        "git@github.com:o/r.git",
        "ssh://git@github.com/o/r.git",
        "ssh://git@ssh.github.com:443/o/r.git",
        "https://GitHub.com/o/r/",
    ],
)
def test_a_remote_names_the_repository(url: str) -> None:
    address = address_of(TOKENS, remote_url=url)

    assert (address.api, address.web, address.name, address.token) == (
        "https://api.github.com",
        "https://github.com",
        "o/r",
        "home",
    )
    assert not address.is_enterprise


def test_an_enterprise_server_has_its_own_token() -> None:
    environ = {**TOKENS, "GH_HOST": "ghe.example"}
    address = address_of(environ, remote_url="git@ghe.example:o/r.git")

    assert (address.api, address.token) == ("https://ghe.example/api/v3", "own")
    assert address.is_enterprise


def test_enterprise_cloud_with_data_residency() -> None:
    address = address_of(TOKENS, remote_url="https://acme.ghe.com/o/r")

    assert (address.api, address.token) == ("https://api.acme.ghe.com", "home")
    assert not address.is_enterprise


@pytest.mark.parametrize(
    "url", ["https://evil.example/o/r", "git@evilgithub.com:o/r", "https://github.com.evil.de/o/r"]
)
def test_no_token_is_given_to_a_host_that_nobody_named(url: str) -> None:
    with pytest.raises(UsageError, match=r"which is not github\.com") as raised:
        address_of(TOKENS, remote_url=url)

    assert "GH_HOST=" in raised.value.todo


def test_a_job_is_told_everything() -> None:
    address = address_of(ACTIONS, remote_url="https://evil.example/x/y")

    assert (address.api, address.name, address.token, address.token_from) == (
        "https://ghe.example/api/v3",
        "o/r",
        "job",
        "GITHUB_TOKEN",
    )
    assert address.is_enterprise


def test_a_token_is_never_shown() -> None:
    assert "home" not in repr(address_of(TOKENS, repository="o/r"))


@pytest.mark.parametrize("url", ["", "/srv/models.git", "box:models.git/"])
def test_where_no_remote_is_on_github_the_repository_is_named(url: str) -> None:
    named = address_of({}, repository="o/r")

    assert (named.name, named.token, named.token_from) == ("o/r", "", "GH_TOKEN")
    with pytest.raises(UsageError, match="no remote `origin` on GitHub"):
        address_of(TOKENS, remote_url=url)


@pytest.mark.parametrize(
    ("environ", "proxy"),
    [
        ({}, ""),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "http://proxy:3128"),
        ({"https_proxy": "proxy:3128"}, "http://proxy:3128"),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "x, .github.com"}, ""),
        ({"HTTPS_PROXY": "http://proxy:3128", "no_proxy": "*"}, ""),
        ({"HTTPS_PROXY": "http://proxy:3128", "no_proxy": "hub.com"}, "http://proxy:3128"),
    ],
)
def test_a_proxy_is_found(environ: dict[str, str], proxy: str) -> None:
    assert address_of(environ, repository="o/r").proxy == proxy
