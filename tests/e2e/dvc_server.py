"""Runs in the peers' Python: real DVC behind a pipe, one process for many calls.

DVC's own start costs half a second, a call inside a living process a tenth of it. One JSON object a
line comes in (`op`, `root` and options), one goes out: `ok`, and `value` or `error`.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import Any


def reproduce(root: str, options: dict[str, Any]) -> list[str]:
    """Addresses of the stages that DVC reproduced, restored ones included, in order."""
    from dvc.repo import Repo  # type: ignore[import-not-found,unused-ignore] # the peers' Python

    with Repo(root) as repo:
        return [stage.addressing for stage in repo.reproduce(**options)]


def status(root: str, options: dict[str, Any]) -> dict[str, Any]:
    """What `dvc status` would print; empty when everything is up to date."""
    from dvc.repo import Repo  # type: ignore[import-not-found,unused-ignore] # the peers' Python

    with Repo(root) as repo:
        found: dict[str, Any] = json.loads(json.dumps(repo.status(**options), default=str))
        return found


def init(root: str, options: dict[str, Any]) -> str:
    """`dvc init` in an existing git repository."""
    from dvc.repo import Repo  # type: ignore[import-not-found,unused-ignore] # the peers' Python

    Repo.init(root, **options).close()
    return root


def command(root: str, options: dict[str, Any]) -> str:
    """`dvc WORDS` as at a terminal."""
    from dvc.cli import main as dvc  # type: ignore[import-not-found,unused-ignore] # the peers'

    code = dvc(options["words"])
    if code:
        raise RuntimeError(f"dvc {' '.join(options['words'])} ended with {code}")
    return root


OPERATIONS = {"reproduce": reproduce, "status": status, "init": init, "command": command}


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Carry out one request; every failure of DVC becomes an answer."""
    root = request["root"]
    os.chdir(root)
    try:
        value = OPERATIONS[request["op"]](root, request.get("options", {}))
    except Exception as error:  # noqa: BLE001 # the caller compares failures, whatever they are
        causes = [error, error.__cause__, error.__context__]
        text = " / ".join(f"{type(cause).__name__}: {cause}" for cause in causes if cause)
        return {"ok": False, "error": text}
    finally:
        os.chdir("/")
    return {"ok": True, "value": value}


def main() -> None:
    """Answer until the pipe closes; stages inherit stdout, so answers get a pipe of their own."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    logging.disable(logging.CRITICAL)
    for line in sys.stdin:
        replies.write(json.dumps(answer(json.loads(line))) + "\n")
        replies.flush()


if __name__ == "__main__":
    main()
