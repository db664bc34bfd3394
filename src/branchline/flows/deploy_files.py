"""Files of a registered version, laid out for a command: every byte checked. Serves `deploy`."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from branchline.core.pipeline import Content
from branchline.errors import StoreError

if TYPE_CHECKING:
    from branchline.ports.artifacts import Artifacts
    from branchline.ports.registry import ModelVersion
    from branchline.ports.repo import Repo
    from branchline.ports.store import Store

KIND = "models"


def lay_out_version(artifacts: Artifacts, store: Store, repo: Repo, version: ModelVersion) -> str:
    """Lay the files of a version out in a folder of its own, under the paths that they have.

    Args:
        artifacts: Lays them out.
        store: Knows which are here or can be fetched.
        repo: Holds those that the commit itself has.
        version: With the digests of its files.

    Returns:
        Absolute path of the folder.

    Raises:
        StoreError: A file is missing, or is not what was registered.
    """
    paths = dict(version.asked.paths) if version.asked else {}
    label = f"{version.model}@{version.version}"
    files: dict[str, Content | bytes] = {}
    for path, digest in sorted(paths.items()):
        content = Content(md5=digest)
        kept = None if store.has(content) or store.can_fetch(content) else _in_git(
            repo, version.commit, path, digest
        )  # fmt: skip
        files[path] = content if kept is None else kept
    # The digest keeps models apart whose names differ in `/` and `-` alone.
    held = version.asked.digest[:8] if version.asked else ""
    name = f"{version.model.replace('/', '-')}-{version.version}-{held}"
    folder = artifacts.lay_out(KIND, name, files)
    damage = [
        found
        for path, content in files.items()
        if isinstance(content, Content)
        for found in artifacts.damage(path, content)
    ]
    if damage:
        raise StoreError(
            f"{label} is not what was registered: {damage[0].path}: {damage[0].what}",
            todo=f"Nothing was deployed. `branchline registry verify {version.model}` reads all"
            " versions again; delete the damaged object and fetch it, or train it again.",
            details=[f"{found.path}: {found.what}" for found in damage[1:]],
        )
    return folder


def _in_git(repo: Repo, commit: str, path: str, digest: str) -> bytes | None:
    """A file that stands in the commit itself; None where it does not, or is another."""
    found = repo.show(commit, path) if repo.resolve(commit) else None
    if found is None or hashlib.md5(found, usedforsecurity=False).hexdigest() != digest:
        return None
    return found
