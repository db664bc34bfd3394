"""uv: where it is, what it is told of indexes, and what its words mean. No port of its own.

Addresses of indexes reach uv by variables: a process list shows arguments to everybody.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from typing import TYPE_CHECKING

from branchline.core.environment.pins import credentials_of, without_credentials
from branchline.errors import EnvironmentFailedError, MissingToolError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.environment.values import Index

_FROM_PIP = (
    ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"),
    ("PIP_EXTRA_INDEX_URL", "UV_INDEX"),
    ("PIP_FIND_LINKS", "UV_FIND_LINKS"),
    ("PIP_CERT", "SSL_CERT_FILE"),
)
"""Variables of pip, which uv does not read, and its own for the same."""
_OWN = {
    "UV_NO_PROGRESS": "1",
    "NO_COLOR": "1",
    "UV_PYTHON_DOWNLOADS": "never",
    "UV_KEYRING_PROVIDER": "disabled",
}
PLACES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")
"""Variables that say where packages come from."""


def find_uv(environ: Mapping[str, str]) -> str:
    """Absolute path of uv: on PATH, else beside this Python; "" without it."""
    found = shutil.which("uv", path=environ.get("PATH", os.defpath))
    beside = os.path.join(sysconfig.get_path("scripts"), "uv")
    near = os.path.join(os.path.dirname(sys.executable), "uv")
    return found or next((p for p in (beside, near) if os.access(p, os.X_OK)), "")


def missing_uv() -> MissingToolError:
    """What is said where uv is needed and is not there."""
    return MissingToolError(
        "uv is not on this machine, and environments are found and made with it",
        todo="Install it: pip install 'branchline[environments]', or pip install uv.",
    )


def environ_for(environ: Mapping[str, str], index: Index, root: str) -> dict[str, str]:
    """What uv gets: pip's settings as its own, the project's indexes, and no surprises.

    Args:
        environ: Of whoever asks.
        index: Where the project's files look.
        root: Absolute root of the tree, for folders of files.
    """
    made = {**environ, **{k: environ.get(k, v) for k, v in _OWN.items()}}
    for theirs, ours in _FROM_PIP:
        value = environ.get(theirs, "")
        if value and ours not in environ:
            if ours == "UV_FIND_LINKS":
                value = ",".join(
                    place for place in value.split() if "://" in place or _is_dir(place)
                )
            made[ours] = value
    if index.default:
        made["UV_DEFAULT_INDEX"] = os.path.expandvars(index.default)
    if index.more:
        more = [*made.get("UV_INDEX", "").split(), *map(os.path.expandvars, index.more)]
        made["UV_INDEX"] = " ".join(more)
    if index.links:
        places = [p if "://" in p else os.path.join(root, p) for p in index.links]
        before = [p for p in made.get("UV_FIND_LINKS", "").split(",") if p]
        made["UV_FIND_LINKS"] = ",".join([*before, *places])
    if index.is_closed or environ.get("PIP_NO_INDEX", "") not in ("", "0", "false", "no"):
        made["UV_NO_INDEX"] = "1"
    return made


def _is_dir(path: str) -> bool:
    return os.path.isdir(path)


class Scrub:
    """Takes passwords out of what installers say: those of addresses, and those that we know.

    Args:
        environ: What the installer gets.
        index: Where the project's files look.
    """

    def __init__(self, environ: Mapping[str, str], index: Index) -> None:
        addresses = [environ.get(name, "") for name in PLACES]
        addresses += [environ.get(name, "") for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL")]
        addresses += [index.default, *index.more, *index.links]
        self._known = sorted(
            {part for address in addresses for part in credentials_of(address)},
            key=len,
            reverse=True,
        )

    def __call__(self, text: str) -> str:
        """The text without them."""
        text = without_credentials(text)
        for secret in self._known:
            text = text.replace(secret, "***")
        return text


def failed(file: str, tail: Sequence[str], *, has_date: bool = False) -> EnvironmentFailedError:
    """An installer's words as our error, with what to do about it.

    Args:
        file: The file that the user knows.
        tail: Its last lines, without passwords.
        has_date: Whether only files of before some moment were asked for.
    """
    text = " ".join(tail).lower()
    return EnvironmentFailedError(
        f"the packages of {file} cannot be installed",
        details=tail,
        todo=next(todo for words, todo in _REMEDIES if any(word in text for word in words)).format(
            file=file, dated=" or `environment.as_of`" if has_date else ""
        ),
    )


_REMEDIES = (
    (
        ("hash mismatch", "do not match the hashes", "hashes are required", "--hash"),
        "The index gives another file than the digest in {file} stands for. If that is expected,"
        " write the lock anew with the tool that made it; if not, do not install it.",
    ),
    (
        ("401 unauthorized", "403 forbidden", "unauthorized", "missing credentials", "authenticat"),
        "The index wants to know who asks: put the password into a variable and write"
        " https://${{USER}}:${{PASSWORD}}@HOST/simple, or set UV_DEFAULT_INDEX where this runs.",
    ),
    (
        ("yanked",),
        "The version was withdrawn by its authors. Pin it exactly (==) to take it all the same, or"
        " choose another.",
    ),
    (
        ("missing an upload date", "exclude-newer"),
        "Versions are taken as of a date{dated}: what came later does not count, nor do files"
        " whose index tells no upload time. Set `environment: {{as_of: YYYY-MM-DD}}` to a later"
        " day, or `as_of: today`.",
    ),
    (
        ("peer certificate", "unknownissuer", "certificate verify failed"),
        "The index has a certificate that is not known here: name the file of your authority in"
        ' SSL_CERT_FILE (of a box: "environment" in box.json).',
    ),
    (
        (
            "name resolution", "connection", "connect error", "dns error", "network", "timed out",
            "offline", "no matching distribution", "failed to fetch", "not found in the package",
        ),
        "The machine does not reach a package index, or it lacks a version: look at the lines above"
        ' and at UV_DEFAULT_INDEX or PIP_INDEX_URL (of a box: "environment" in box.json).',
    ),
    (
        ("no space left", "disk quota"),
        "Free some space: environments stand in ~/.cache/branchline, and in env/ of a box.",
    ),
    (
        ("no solution found", "failed to build", "build backend", "no wheels"),
        "`branchline env repair` looks for versions and an interpreter that work, and writes them"
        " into a file of its own.",
    ),
    (
        ("",),
        "Mend {file}; a box uses its own Python with `environments: off` in box.json.",
    ),
)  # fmt: skip
"""Words of uv and pip, and what to do; the first that fits."""
