"""What happens when Branchline itself is at fault: one line for the user, a file for us.

The file holds the traceback, the versions and the command, with everything blanked out that looks
like a secret.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.cli.console import Console
    from branchline.errors import BranchlineError

__all__ = ["redact", "report_crash", "told_by_system", "told_of_output"]

_SECRET_NAME = re.compile(
    r"TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|API_?KEY|ACCESS_KEY|_KEY$|WEBHOOK|_DSN$"
)
_LOGIN_IN_URL = re.compile(r"(\w+://)[^/\s@]+@")
_SHORTEST_SECRET = 6  # "true" or "1" in such a variable is no secret; blanking it would blank half


def redact(text: str, environment: Mapping[str, str]) -> str:
    """Blank out values of variables whose names say that they are secret, and logins in URLs.

    >>> redact("token abc123 at https://me:pw@host/x", {"MY_TOKEN": "abc123"})
    'token *** at https://***@host/x'
    """
    for name, value in environment.items():
        if len(value) >= _SHORTEST_SECRET and _SECRET_NAME.search(name.upper()):
            text = text.replace(value, "***")
    return _LOGIN_IN_URL.sub(r"\1***@", text)


def told_by_system(error: BaseException) -> BranchlineError | None:
    """Our error for a refusal of the operating system that no code of ours can help; else None.

    A full disk or a read-only folder may meet any write; it is no fault to report to us.
    """
    import errno

    from branchline.errors import StoreError

    disk = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)
    limits = {errno.EMFILE: "ulimit -n 1024", errno.EAGAIN: "ulimit -u unlimited"}
    if not isinstance(error, OSError) or error.errno not in (*disk, *limits):
        return None
    todo = "See that the disk has space and the folder is writable; `branchline doctor` looks."
    if error.errno in limits:
        todo = f"A limit of this shell is reached: raise it with `{limits[error.errno]}`."
    where = f"{error.filename}: " if error.filename else ""
    return StoreError(f"{where}{error.strerror}", todo=todo)


def told_of_output(error: OSError) -> BranchlineError:
    """Our error for a standard output that takes nothing: a full disk, a closed file."""
    from branchline.errors import StoreError

    return StoreError(
        f"the answer cannot be written to the standard output: {error.strerror}",
        todo="See that there is space where it goes, and that it is open.",
    )


def report_crash(error: BaseException, arguments: Sequence[str], console: Console) -> None:
    """Write the traceback to a file and tell the user where it is."""
    first = f"internal error: {type(error).__name__}: {error}".splitlines()[0]
    path = _write(error, arguments)
    where = f"; the details are in {path}" if path else ""
    console.note(f"{redact(first, os.environ)}{where}; please report it")


def _write(error: BaseException, arguments: Sequence[str]) -> str:
    """Write the crash file; returns its path, "" when no place can be written to."""
    import platform
    import time
    import traceback

    from branchline.version import __version__

    text = "".join(
        [
            f"branchline {__version__}, Python {platform.python_version()}\n",
            f"on {platform.platform()}\n",
            f"command: branchline {' '.join(arguments)}\n\n",
            *traceback.format_exception(error),
        ]
    )
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    for folder in _folders():
        path = os.path.join(folder, f"{stamp}-{os.getpid()}.txt")
        try:
            os.makedirs(folder, exist_ok=True)
            with open(path, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(redact(text, os.environ))
        except OSError:
            continue
        near = os.path.relpath(path)
        return path if near.startswith("..") else near
    return ""


def _folders() -> list[str]:
    """Where a crash file may go: the project's own state, else the system's temporary folder."""
    import tempfile

    folders = [os.path.join(tempfile.gettempdir(), "branchline-crash")]
    root = os.getcwd()
    while root != os.path.dirname(root):
        if os.path.exists(os.path.join(root, ".git")):
            state = os.path.join(root, ".branchline")
            if _is_ours(state):
                folders.insert(0, os.path.join(state, "crash"))
            break
        root = os.path.dirname(root)
    return folders


def _is_ours(state: str) -> bool:
    """Make `.branchline/`, which git ignores from inside; False when it cannot be written."""
    ignore = os.path.join(state, ".gitignore")
    try:
        os.makedirs(state, exist_ok=True)
        if not os.path.exists(ignore):
            with open(ignore, "w", encoding="utf-8") as file:
                file.write("*\n")
    except OSError:
        return False
    return True
