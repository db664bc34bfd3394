"""Fresh detached working trees of a box's commits, for code that nobody has looked at yet.

Each has a git directory of its own, which borrows the box's objects: branches and tags are copies,
so that git in a stage reads all and moves nothing of the box. Whatever the commit holds, checking
it out runs nothing: no hooks, no filters (LFS pointers stay pointers), no submodules, no file
system monitor. Serves `wiring`; decides nothing.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING

from branchline.adapters.git.plumbing import Git, Places, read_text
from branchline.adapters.git.references import list_references
from branchline.errors import RepositoryError

if TYPE_CHECKING:
    from collections.abc import Mapping

SAFE_SETTINGS = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "safe.bareRepository": "explicit",
    "protocol.file.allow": "never",
    "submodule.recurse": "false",
    "filter.lfs.smudge": "",
    "filter.lfs.process": "",
    "filter.lfs.required": "false",
    "gc.auto": "0",
}
"""What every git process of a job is told, also one that a stage starts."""

_GITLINK_MODE = (0o160000).to_bytes(4, "big")

_CONFIGS = (
    "[core]\n\trepositoryformatversion = 0\n\tbare = false\n",
    "[core]\n\trepositoryformatversion = 1\n\tbare = false\n"
    "[extensions]\n\tobjectFormat = sha256\n",
)
"""Settings of a git directory whose hash is SHA-1, and of one whose hash is SHA-256."""


def safe_environment() -> dict[str, str]:
    """`SAFE_SETTINGS` as variables, which git reads above every file of settings."""
    found = {"GIT_CONFIG_COUNT": str(len(SAFE_SETTINGS)), "GIT_TERMINAL_PROMPT": "0"}
    for index, (name, value) in enumerate(SAFE_SETTINGS.items()):
        found[f"GIT_CONFIG_KEY_{index}"] = name
        found[f"GIT_CONFIG_VALUE_{index}"] = value
    return found


def places_of(tree: str) -> Places:
    """Where the git directory of a working tree is, whatever became of its `.git` file.

    Args:
        tree: As given to `add_tree`.
    """
    own = _git_dir(tree)
    return Places(root=tree, git_dir=own, common_dir=own, is_apart=True)


def add_tree(box: Git, tree: str, commit: str, *, environ: Mapping[str, str]) -> None:
    """Check a commit out into a new folder; what stood there before is removed.

    Args:
        box: The repository.
        tree: Absolute path of the folder to be; its git directory stands beside it.
        commit: Full hash.
        environ: The caller's environment; its `GIT_*` do not count.

    Raises:
        RepositoryError: git refused, or the commit is not there.
    """
    remove_tree(tree)
    own = _git_dir(tree)
    _make_git_dir(box, own, commit)
    os.makedirs(tree)
    _write(os.path.join(tree, ".git"), f"gitdir: ../{os.path.basename(own)}\n")
    _safe_git(tree, environ).run(["reset", "--hard", "--quiet", "--no-recurse-submodules", commit])


def gitlinks(tree: str, *, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Paths of submodules in a working tree; what they hold was not fetched.

    Costs no process where the index holds no such mode.
    """
    try:
        with open(os.path.join(_git_dir(tree), "index"), "rb") as file:
            may_have_some = _GITLINK_MODE in file.read()
    except OSError:
        may_have_some = True
    if not may_have_some:
        return ()
    out = _safe_git(tree, environ).run(["ls-files", "--stage", "-z"])
    rows = (entry.partition(b"\t") for entry in out.split(b"\0"))
    return tuple(os.fsdecode(path) for mode, _, path in rows if mode.startswith(b"160000 "))


def remove_tree(tree: str) -> None:
    """Remove a working tree with everything in it; nothing happens when it is not there.

    Raises:
        RepositoryError: Files cannot be removed; names the first.
    """
    for path in (tree, _git_dir(tree)):
        if os.path.lexists(path):
            _remove(path)


def _git_dir(tree: str) -> str:
    # Beside the tree, where a stage does not come upon it: its git works when `.git` is gone.
    return f"{tree}.git"


def _make_git_dir(box: Git, own: str, commit: str) -> None:
    """A repository that borrows the box's objects, with copies of its branches and tags."""
    os.makedirs(os.path.join(own, "objects", "info"))
    os.makedirs(os.path.join(own, "refs"))
    os.makedirs(os.path.join(own, "info"))
    shared = box.places.common_dir
    files = {
        "HEAD": f"{commit}\n",
        "config": _CONFIGS[box.object_format() == "sha256"],
        "objects/info/alternates": _alternate(os.path.join(shared, "objects")),
        "packed-refs": _references(box),
    }
    for name in ("shallow", "info/exclude", "info/attributes"):
        text = read_text(os.path.join(shared, name))
        if text:
            files[name] = text
    for name, text in files.items():
        _write(os.path.join(own, name), text)


def _references(box: Git) -> str:
    """The box's branches and tags as git's packed-refs file spells them."""
    found = list_references(box, ["refs/heads/", "refs/tags/"])
    return "".join(f"{held} {name}\n" for name, held in found.items())


def _alternate(path: str) -> str:
    """A line of objects/info/alternates; a path that a line cannot hold is quoted as C does."""
    if "\n" not in path:
        return f"{path}\n"
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"\n'


def _write(path: str, text: str) -> None:
    with open(path, "x", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)


def _remove(path: str) -> None:
    """Remove a folder, also one that a stage made read-only."""

    def unlock(_function: object, name: str, error: object) -> None:
        del error
        with contextlib.suppress(OSError):
            os.chmod(os.path.dirname(name), 0o700)
            if not os.path.islink(name):
                os.chmod(name, 0o700)
            if os.path.isdir(name) and not os.path.islink(name):
                shutil.rmtree(name, ignore_errors=True)
            else:
                os.unlink(name)

    if os.path.islink(path) or os.path.isfile(path):
        os.unlink(path)
        return
    shutil.rmtree(path, onerror=unlock)
    if os.path.lexists(path):
        raise RepositoryError(
            f"{path} cannot be removed",
            todo="Look who holds it (another user's files?), remove it, and retry the job.",
        )


def _safe_git(tree: str, environ: Mapping[str, str]) -> Git:
    kept = {name: value for name, value in environ.items() if not name.startswith("GIT_")}
    nobody = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    return Git(places_of(tree), {**kept, **nobody, **safe_environment()})
