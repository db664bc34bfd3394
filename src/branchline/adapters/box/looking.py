"""Adapter `box`: looks at what can go wrong with a box; changes nothing."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from branchline.adapters.box.accounts import as_account
from branchline.adapters.box.making import run_git
from branchline.errors import BoxError
from branchline.ports.box import BoxFacts

if TYPE_CHECKING:
    from branchline.ports.box import BoxSettings

_FOLDERS = ("objects", "refs", "branchline", "branchline/spool", "branchline/jobs")
_MADE_LATER = ("branchline/store", "branchline/env", "branchline/artifacts")
_WORDS_BYTES = 4000
_WORDS_LINES = 5


def look(path: str, settings: BoxSettings, *, spooled: int) -> BoxFacts:
    """How a box stands."""
    version, complaint = _version(settings)
    head = _git(path, "symbolic-ref", "--quiet", "HEAD")
    names = ("receive.advertisePushOptions", "core.hooksPath")
    state = os.path.join(path, "branchline")
    try:
        bad = len(os.listdir(os.path.join(state, "spool", "bad")))
    except OSError:
        bad = 0
    missing = tuple(name for name in _FOLDERS if not os.path.isdir(os.path.join(path, name)))
    closed = (
        name
        for name in (*_FOLDERS, *_MADE_LATER)
        if os.path.exists(os.path.join(path, name))
        and not os.access(os.path.join(path, name), os.R_OK | os.W_OK | os.X_OK)
    )
    return BoxFacts(
        version=version,
        complaint=complaint,
        head=head.removeprefix("refs/heads/"),
        git={name: _git(path, "config", "--get", name) for name in names},
        missing=missing,
        closed=tuple(closed),
        free_bytes=shutil.disk_usage(path).free,
        spooled=spooled,
        bad=bad,
        worker_words=_last_words(os.path.join(state, "worker.err")),
    )


def _version(settings: BoxSettings) -> tuple[str, str]:
    """What the box's interpreter says, started as its hooks start it."""
    import subprocess

    try:
        done = subprocess.run(
            [settings.python, "-P", "-m", "branchline", "--version"],
            env=settings.variables(),
            capture_output=True,
            check=False,
            cwd="/",
            timeout=60,
            **as_account(settings.user),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", str(error)
    if done.returncode != 0:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        return "", lines[-1] if lines else f"exit code {done.returncode}"
    return done.stdout.decode("utf-8", "replace").strip().removeprefix("branchline "), ""


def _git(path: str, *args: str) -> str:
    try:
        return run_git(["--git-dir", path, *args], path)
    except BoxError:
        return ""


def _last_words(file: str) -> tuple[str, ...]:
    try:
        with open(file, "rb") as opened:
            opened.seek(max(0, os.fstat(opened.fileno()).st_size - _WORDS_BYTES))
            lines = opened.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ()
    return tuple(line for line in lines if line.strip())[-_WORDS_LINES:]
