"""Adapter `box`: makes the bare repository, sets what it needs of git, writes the hooks."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from branchline.adapters.box.replacing import replace_file
from branchline.errors import BoxError, MissingToolError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.ports.box import BoxSettings

_PLACE = "branchline/place.gitconfig"
"""Settings that count only where the box was made; from the box's own folder."""
_OURS = "\n# branchline: hook of a box, version "


def make_repository(path: str, settings: BoxSettings) -> bool:
    """Make the repository where there is none, and set what a box needs of git.

    Returns:
        Whether it was made.

    Raises:
        BoxError: The folder holds something else, or git refused.
    """
    is_new = _is_to_be_made(path)
    if is_new:
        run_git(["init", "--quiet", "--bare", "--", path], "/")
    inside = ["--git-dir", path]
    wanted = {
        # A user's own core.hooksPath would take ours away. Relative to the repository, so that
        # the hooks of a box that was moved or copied run, too: they refuse, and say what to do.
        "core.hooksPath": "hooks",
        "core.logAllRefUpdates": "true",
        "receive.advertisePushOptions": "true",
        "receive.fsckObjects": "true",
        "receive.maxInputSize": str(settings.most_bytes),
    }
    for name, value in wanted.items():
        run_git([*inside, "config", name, value], path)
    _point_at_hooks(path)
    head = f"refs/heads/{settings.default_branch}"
    run_git([*inside, "symbolic-ref", "HEAD", head], path)
    return is_new


def _point_at_hooks(path: str) -> None:
    """Name the hooks absolutely while the box stands where it was made.

    In a worktree `hooks` would be a folder of the commit, which anybody may have pushed.
    """
    inside = ["--git-dir", path, "config", "--local"]
    for entry in run_git([*inside, "--no-includes", "--list", "-z"], path).split("\0"):
        key, _, value = entry.partition("\n")
        if key.startswith("includeif.gitdir:") and value == _PLACE:
            part = key.removeprefix("includeif.").removesuffix(".path")
            run_git([*inside, "--remove-section", f"includeIf.{part}"], path)
    state = os.path.join(path, "branchline")
    os.makedirs(state, exist_ok=True)
    place = os.path.join(state, os.path.basename(_PLACE))
    run_git(["config", "--file", place, "core.hooksPath", os.path.join(path, "hooks")], path)
    # The part in the key is a pattern; with `/` at its end it is that of the worktrees.
    pattern = re.sub(r"([*?\[\]\\])", r"\\\1", path)
    for part in (pattern, f"{pattern}/"):
        run_git([*inside, f"includeIf.gitdir:{part}.path", _PLACE], path)


def refuse_foreign_hooks(path: str, hooks: Mapping[str, str]) -> None:
    """Leave alone what somebody else wrote.

    Raises:
        BoxError: A hook of that name is there and not ours.
    """
    for name in hooks:
        file = os.path.join(path, "hooks", name)
        try:
            with open(file, encoding="utf-8", errors="replace") as opened:
                text = opened.read(1000)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except IsADirectoryError:
            raise BoxError(f"{file} is no file", todo="Move it out of the way.") from None
        if _OURS not in text:
            raise BoxError(
                f"{file} is a hook that Branchline did not write",
                todo=f"Keep it by renaming it: mv {file} {file}.local (ours runs it first).",
            )


def write_hooks(path: str, hooks: Mapping[str, str]) -> None:
    """Write hooks, each in one step.

    Raises:
        OSError: The system refused.
    """
    os.makedirs(os.path.join(path, "hooks"), exist_ok=True)
    for name, text in hooks.items():
        replace_file(os.path.join(path, "hooks", name), text, mode=0o755)


def run_git(args: Sequence[str], folder: str) -> str:
    """git, with nothing of the caller's environment that could lead it elsewhere.

    Raises:
        BoxError: git refused.
        MissingToolError: There is no git.
    """
    import subprocess

    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-c", "safe.bareRepository=all", "-c", "safe.directory=*", *args],
            cwd=folder,
            env={**environ, "LC_ALL": "C"},
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise MissingToolError(
            "`git` is not on this machine's PATH", todo="Install git, e.g. `apt-get install git`."
        ) from None
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
        raise BoxError(f"git refused: {said[0]}", details=said[1:])
    return done.stdout.decode("utf-8", "replace").strip()


def _is_to_be_made(path: str) -> bool:
    if not os.path.lexists(path):
        return True
    if os.path.isfile(os.path.join(path, "HEAD")) and os.path.isdir(os.path.join(path, "objects")):
        if os.path.basename(path) == ".git":
            raise BoxError(
                f"{path} belongs to a working tree, and a box has none",
                todo="Give another path, e.g. one that ends in `.git` beside it.",
            )
        return False
    if os.path.isdir(os.path.join(path, ".git")):
        raise BoxError(
            f"{path} is a repository with a working tree, and a box has none",
            todo=f"Give another path, e.g. {path}.git.",
        )
    if not os.path.isdir(path) or os.listdir(path):
        raise BoxError(
            f"{path} is there and no git repository", todo="Give a path that does not exist yet."
        )
    return True
