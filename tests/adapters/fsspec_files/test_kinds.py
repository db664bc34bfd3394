"""From DVC's options and variables to a library's arguments; what cannot be honoured is refused."""

from __future__ import annotations

import pytest

from branchline.adapters.fsspec_files.kinds import access_to
from branchline.errors import StoreError
from branchline.ports.remote_files import RemotePlace


def place(url: str, **options: str) -> RemotePlace:
    return RemotePlace(url=url, said="DVC remote `far`", options=options)


def test_s3_takes_what_dvc_takes() -> None:
    found = access_to(
        place(
            "s3://bucket/a/b/", jobs="4", endpointurl="http://h", profile="p", region="eu",
            ssl_verify="false", sse="AES256", access_key_id="k", secret_access_key="s",
        ),
        {},
    )  # fmt: skip

    assert found.root == "bucket/a/b"
    assert found.arguments["endpoint_url"] == "http://h"
    assert found.arguments["client_kwargs"] == {"region_name": "eu", "verify": False}
    assert found.arguments["s3_additional_kwargs"] == {"ServerSideEncryption": "AES256"}
    assert (found.arguments["key"], found.arguments["secret"]) == ("k", "s")
    assert "'s'" not in repr(found)


@pytest.mark.parametrize(
    ("environ", "token"),
    [
        pytest.param({"GOOGLE_APPLICATION_CREDENTIALS": "/k.json"}, "/k.json", id="a-path"),
        pytest.param(
            {"GOOGLE_APPLICATION_CREDENTIALS": ' {"type": "x"}\n'}, {"type": "x"}, id="the-json"
        ),
        pytest.param(
            {"GOOGLE_APPLICATION_CREDENTIALS_DATA": '{"type": "y"}'}, {"type": "y"}, id="as-cml"
        ),
        pytest.param({}, None, id="none"),
    ],
)
def test_a_key_of_google_is_a_path_or_its_json(environ: dict[str, str], token: object) -> None:
    assert access_to(place("gs://bucket/a"), environ).arguments.get("token") == token


def test_json_that_is_cut_short_is_said_without_showing_it() -> None:
    with pytest.raises(StoreError, match="begins like JSON") as caught:
        access_to(place("gs://b"), {"GOOGLE_APPLICATION_CREDENTIALS": '{"private_key": "abc'})

    assert "abc" not in caught.value.message


@pytest.mark.parametrize(
    ("url", "root", "account"),
    [
        ("azure://container/a", "container/a", "of-variable"),
        ("az://container", "container", "of-variable"),
        ("abfs://container@acc.dfs.core.windows.net/a/b", "container/a/b", "of-variable"),
    ],
)
def test_azure(url: str, root: str, account: str) -> None:
    found = access_to(place(url), {"AZURE_STORAGE_ACCOUNT": "of-variable"})

    assert (found.root, found.arguments["account_name"]) == (root, account)


def test_ssh_checks_the_host_whatever_the_library_would_do() -> None:
    found = access_to(place("ssh://ann@host:22/a/b", port="2222", keyfile="/k", timeout="3"), {})

    assert found.root == "/a/b"
    given = {name: found.arguments[name] for name in ("host", "port", "username", "client_keys")}
    assert given == {"host": "host", "port": 2222, "username": "ann", "client_keys": ["/k"]}
    assert found.arguments["known_hosts"] == ()


@pytest.mark.parametrize(
    ("url", "options", "said"),
    [
        ("s3://b", {"version_aware": "true"}, "which only DVC reads"),
        ("s3://b", {"grant_read": "x"}, "option `grant_read` is not one"),
        ("ssh://h/a", {"gss_auth": "true"}, "option `gss_auth` is not one"),
        ("oss://b", {}, "`oss://` is no kind of store"),
        ("ssh:///a", {}, "names no host"),
    ],
)
def test_what_cannot_be_honoured_is_refused(url: str, options: dict[str, str], said: str) -> None:
    with pytest.raises(StoreError, match=said):
        access_to(place(url, **options), {})
