"""What each kind of address needs: its library, and the options that this one takes.

Options have DVC's names, so that a remote of `.dvc/config` is reached as DVC reaches it. One that
cannot be honoured is refused: what it was to keep safe would be left out without a word.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from branchline.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.ports.remote_files import RemotePlace

CONNECT_S, READ_S = 10, 120
"""How long an answer may take: to connect, and between two pieces of an object."""
SECRET_OPTIONS = frozenset(
    {"access_key_id", "secret_access_key", "session_token", "password", "passphrase", "account_key",
     "sas_token", "connection_string", "client_secret"}
)  # fmt: skip
_FOR_ALL = frozenset({"url", "jobs", "verify", "type"})
"""Options that mean nothing here, or what is done anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of address.

    Attributes:
        protocol: As fsspec names it. package: What is installed for it. module: What it imports.
        variables: Of the environment, by which it is allowed in: named where it is not.
        renames: Whether an upload is made under another name first: a write is no single step.
    """

    protocol: str
    package: str
    module: str
    variables: str
    renames: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How a place is opened: fsspec's arguments, and the path that all others stand below."""

    kind: Kind
    root: str
    arguments: Mapping[str, Any] = field(default_factory=dict, repr=False)


_S3 = Kind(
    protocol="s3",
    package="s3fs",
    module="s3fs",
    variables="AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or a role",
)
_GS = Kind(
    protocol="gs",
    package="gcsfs",
    module="gcsfs",
    variables="GOOGLE_APPLICATION_CREDENTIALS (a path, or the JSON itself)",
)
_AZURE = Kind(
    protocol="az",
    package="adlfs",
    module="adlfs",
    variables="AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT with AZURE_STORAGE_KEY",
)
_SSH = Kind(
    protocol="ssh",
    package="sshfs",
    module="sshfs",
    variables="a key that the host knows, in ~/.ssh or in an agent (SSH_AUTH_SOCK)",
    renames=True,
)
_MEMORY = Kind(protocol="memory", package="fsspec", module="fsspec", variables="", renames=True)

_KINDS = {
    "s3": _S3,
    "gs": _GS,
    "gcs": _GS,
    "azure": _AZURE,
    "az": _AZURE,
    "abfs": _AZURE,
    "abfss": _AZURE,
    "ssh": _SSH,
    "sftp": _SSH,
    "memory": _MEMORY,
}


def access_to(place: RemotePlace, environ: Mapping[str, str] = os.environ) -> Access:
    """How a place is opened.

    Raises:
        StoreError: Its kind is not known, or an option of it cannot be honoured.
    """
    scheme, _, rest = place.url.partition("://")
    kind = _KINDS.get(scheme)
    if kind is None:
        raise StoreError(
            f"{place.said}: `{scheme}://` is no kind of store",
            todo="Kinds: a folder, s3://, gs://, azure://, ssh://, and http(s):// to read only.",
        )
    options = {name: value for name, value in place.options.items() if name not in _FOR_ALL}
    if options.pop("version_aware", "false") == "true" or options.pop("worktree", "") == "true":
        raise StoreError(
            f"{place.said} keeps versions by the cloud's own means (`version_aware`, `worktree`),"
            " which only DVC reads",
            todo="Use a remote without that option.",
        )
    if kind is _SSH:
        return _ssh(place, options)
    arguments: dict[str, Any] = {"skip_instance_cache": True, "use_listings_cache": False}
    if kind is _S3:
        arguments |= _s3(options, environ)
    elif kind is _GS:
        arguments |= _google(options, environ)
    elif kind is _AZURE:
        arguments |= _azure(options, environ)
    _refuse_others(place, options)
    root = f"/{rest}" if kind is _MEMORY else rest
    if kind is _AZURE and "@" in rest.partition("/")[0]:
        container, _, host = rest.partition("@")
        arguments.setdefault("account_name", host.partition(".")[0])
        root = "/".join([container, *host.partition("/")[2:]])
    return Access(kind=kind, root=root.rstrip("/"), arguments=arguments)


def _refuse_others(place: RemotePlace, options: Mapping[str, str]) -> None:
    if options:
        raise StoreError(
            f"{place.said}: option `{sorted(options)[0]}` is not one that Branchline can honour",
            todo="Take it out of .dvc/config, or name another place with `store:`.",
        )


def _taken(options: dict[str, str], names: Mapping[str, str]) -> dict[str, Any]:
    """Take options out under the names that a library has for them."""
    return {ours: options.pop(theirs) for theirs, ours in names.items() if theirs in options}


def _is_false(value: str) -> bool:
    return value.lower() in ("false", "no", "0", "off")


def _s3(options: dict[str, str], environ: Mapping[str, str]) -> dict[str, Any]:
    endpoint = (
        options.pop("endpointurl", "")
        or environ.get("AWS_ENDPOINT_URL_S3", "")
        or environ.get("AWS_ENDPOINT_URL", "")
    )
    names = {"access_key_id": "key", "secret_access_key": "secret", "session_token": "token"}
    arguments: dict[str, Any] = _taken(options, {**names, "profile": "profile"})
    client: dict[str, Any] = {}
    if "region" in options:
        client["region_name"] = options.pop("region")
    if "ssl_verify" in options:
        said = options.pop("ssl_verify")
        client["verify"] = False if _is_false(said) else True if said.lower() == "true" else said
    if "use_ssl" in options:
        arguments["use_ssl"] = not _is_false(options.pop("use_ssl"))
    written = {"sse": "ServerSideEncryption", "sse_kms_key_id": "SSEKMSKeyId", "acl": "ACL"}
    extra = _taken(options, written)
    for name in ("listobjects", "allow_anonymous_login"):
        options.pop(name, None)
    connect, read = options.pop("connect_timeout", CONNECT_S), options.pop("read_timeout", READ_S)
    return {
        **arguments,
        **({"endpoint_url": endpoint} if endpoint else {}),
        **({"client_kwargs": client} if client else {}),
        **({"s3_additional_kwargs": extra} if extra else {}),
        "config_kwargs": {
            "connect_timeout": float(connect),
            "read_timeout": float(read),
            "retries": {"total_max_attempts": 2, "mode": "standard"},
        },
    }


def _google(options: dict[str, str], environ: Mapping[str, str]) -> dict[str, Any]:
    """A path or the JSON itself names the account, in the options or in the environment."""
    said = (
        options.pop("credentialpath", "")
        or environ.get("GOOGLE_APPLICATION_CREDENTIALS_DATA", "")
        or environ.get("GOOGLE_APPLICATION_CREDENTIALS", "")
    ).strip()
    arguments: dict[str, Any] = _taken(
        options, {"projectname": "project", "endpointurl": "endpoint_url"}
    )
    if said.startswith("{"):
        try:
            arguments["token"] = json.loads(said)
        except ValueError as error:
            raise StoreError(
                "GOOGLE_APPLICATION_CREDENTIALS begins like JSON and is none",
                todo="Give the whole JSON of the service account's key, or the path of its file.",
            ) from error
    elif said:
        arguments["token"] = os.path.expanduser(said)
    return {**arguments, "timeout": READ_S}


def _azure(options: dict[str, str], environ: Mapping[str, str]) -> dict[str, Any]:
    names = ["account_name", "account_key", "sas_token", "connection_string", "tenant_id"]
    names += ["client_id", "client_secret"]
    variables = {
        "account_name": ("AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_ACCOUNT_NAME"),
        "account_key": ("AZURE_STORAGE_KEY", "AZURE_STORAGE_ACCOUNT_KEY"),
        "sas_token": ("AZURE_STORAGE_SAS_TOKEN",),
        "connection_string": ("AZURE_STORAGE_CONNECTION_STRING",),
    }
    arguments: dict[str, Any] = _taken(options, {name: name for name in names})
    for name, held in variables.items():
        found = next((environ[variable] for variable in held if environ.get(variable)), "")
        if found:
            arguments.setdefault(name, found)
    return arguments


def _ssh(place: RemotePlace, options: dict[str, str]) -> Access:
    address = urlsplit(place.url)
    arguments: dict[str, Any] = _taken(
        options, {"user": "username", "password": "password", "passphrase": "passphrase"}
    )
    if "keyfile" in options:
        arguments["client_keys"] = [os.path.expanduser(options.pop("keyfile"))]
    if "allow_agent" in options and _is_false(options.pop("allow_agent")):
        arguments["agent_path"] = None
    port = options.pop("port", None) or address.port
    for name in ("max_sessions", "timeout"):
        options.pop(name, None)
    for name in ("ask_password", "ask_passphrase", "gss_auth"):
        if _is_false(options.get(name, "")):
            options.pop(name, None)
    _refuse_others(place, options)
    if not address.hostname:
        raise StoreError(f"{place.said} names no host", todo="Write ssh://user@host/path.")
    if address.username:
        arguments.setdefault("username", unquote(address.username))
    if address.password:
        arguments.setdefault("password", unquote(address.password))
    if port:
        arguments["port"] = int(port)
    return Access(
        kind=_SSH,
        root=address.path.rstrip("/"),
        arguments={
            "host": address.hostname,
            "connect_timeout": CONNECT_S,
            "login_timeout": CONNECT_S,
            "keepalive_interval": CONNECT_S,
            # The library's own default takes any host for the right one.
            "known_hosts": (),
            "skip_instance_cache": True,
            **arguments,
        },
    )
