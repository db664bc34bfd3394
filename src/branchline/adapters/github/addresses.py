"""Adapter `github`: which GitHub, which repository and which token, from variables and a remote.

Pure. A token is for the host that its variable is meant for, and is given to no other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from branchline.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Address", "address_of"]

_HOME = "github.com"
_URL = re.compile(
    r"(?:(?:https?|ssh|git)://(?:[^/@\s]*@)?(?P<host>[^/:@\s]+)(?::\d+)?/"
    r"|(?:[^/@:\s]+@)?(?P<scp>[^/:@\s]+):)"
    r"/?(?P<name>[^/\s]+/[^/\s]+?)(?:\.git)?/?"
)
_TOKENS = ("GH_TOKEN", "GITHUB_TOKEN")
_ENTERPRISE_TOKENS = ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A repository on a GitHub, and how to reach it.

    Attributes:
        api: Address of the API. web: Address of the pages.
        name: `OWNER/NAME`.
        token: "" where there is none. token_from: Variable that holds it, or is to hold it.
        login: Who the token writes as; "" asks GitHub.
        proxy: Through which to go; "" for none.
    """

    api: str
    web: str
    name: str
    token: str = field(repr=False)
    token_from: str
    login: str = ""
    proxy: str = field(default="", repr=False)

    @property
    def is_enterprise(self) -> bool:
        """Whether it is a server of its own, which knows less than github.com."""
        host = self.web.partition("://")[2]
        return host != _HOME and not host.endswith(".ghe.com")


def address_of(
    environ: Mapping[str, str], *, remote_url: str = "", repository: str = ""
) -> Address:
    """Where a repository is.

    Args:
        environ: Variables: those of GitHub Actions (`GITHUB_API_URL`, `GITHUB_REPOSITORY`), those
            that people set (`GH_TOKEN`, `GH_HOST`), `HTTPS_PROXY` and `NO_PROXY`.
        remote_url: URL of the clone's remote; "" where there is none.
        repository: `OWNER/NAME` that a person named; "" finds it.

    Raises:
        UsageError: None is named, or the host is one for which no token is meant.
    """
    api, web = environ.get("GITHUB_API_URL", ""), environ.get("GITHUB_SERVER_URL", "")
    host, found = _parsed(remote_url)
    name = repository or environ.get("GITHUB_REPOSITORY", "")
    if api:
        web = web or f"https://{_HOME}"
        names = _TOKENS
    else:
        host = environ.get("GH_HOST", "") or host or _HOME
        if not re.fullmatch(r"[A-Za-z0-9.-]+", host):
            raise UsageError(
                f"the host of GitHub is {host[:100]!r}, must be a name such as github.example.com",
                todo="Set GH_HOST to the server's name alone.",
            )
        is_home = host == _HOME or host.endswith(".ghe.com")
        if not is_home and environ.get("GH_HOST", "") != host:
            raise UsageError(
                f"the remote is on {host}, which is not github.com",
                todo=f"If it is a GitHub Enterprise server, set GH_HOST={host} and"
                " GH_ENTERPRISE_TOKEN.",
            )
        api = f"https://api.{host}" if is_home else f"https://{host}/api/v3"
        web = f"https://{host}"
        names = _TOKENS if is_home else _ENTERPRISE_TOKENS
    if not name and found:
        name = found
    if not name:
        raise UsageError(
            "there is no remote `origin` on GitHub here",
            todo="Name the repository: --repository OWNER/NAME.",
        )
    held = next((variable for variable in names if environ.get(variable)), names[0])
    return Address(
        api=api.rstrip("/"),
        web=web.rstrip("/"),
        name=name,
        token=environ.get(held, "").strip(),
        token_from=held,
        login=environ.get("BRANCHLINE_GITHUB_LOGIN", ""),
        proxy=_proxy_for(api, environ),
    )


def _parsed(remote_url: str) -> tuple[str, str]:
    """Host and `OWNER/NAME` of a remote's URL; empty where it has none."""
    match = _URL.fullmatch(remote_url.strip())
    if match is None:
        return "", ""
    host = (match["host"] or match["scp"]).lower()
    # GitHub's host for SSH on the port of HTTPS.
    return (_HOME if host in (f"ssh.{_HOME}", f"www.{_HOME}") else host), match["name"]


def _proxy_for(api: str, environ: Mapping[str, str]) -> str:
    host = api.partition("://")[2].partition("/")[0].partition(":")[0]
    proxy = environ.get("HTTPS_PROXY") or environ.get("https_proxy") or ""
    without = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    for end in (word.strip().lstrip(".") for word in without.split(",")):
        if end and (end == "*" or host == end or host.endswith(f".{end}")):
            return ""
    if host in ("127.0.0.1", "localhost"):
        return ""
    return proxy if "://" in proxy or not proxy else f"http://{proxy}"
