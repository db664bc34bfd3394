"""What a folder that a stage declares counts by: the meaning of its files, or their bytes.

Serves `inputs`. Opens no file itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.changes.closure import HYDRA_VIA
from branchline.core.changes.values import Input, InputKind
from branchline.core.values import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from branchline.core.changes.closure import ClosureFile
    from branchline.core.pipeline import Content
    from branchline.flows.reading import Reader

__all__ = ["CODE_FOLDER_LIMIT", "folder_input", "is_composed"]

CODE_FOLDER_LIMIT = 2_000
"""Files of a declared folder that are read for meaning; a larger folder is data."""


def folder_input(
    path: str,
    content: Content,
    members: Sequence[str],
    reader: Reader,
    *,
    composed: Callable[[], Collection[str]],
) -> Input:
    """A folder of code, or of what Hydra composes, by the meaning of its files; others by bytes.

    Args:
        path: The folder, from the root.
        content: What it holds.
        members: Its files, from the folder.
        reader: Gives the meaning of a file.
        composed: Asked only where it matters: files that Hydra reads, from the root.
    """
    as_data = Input(kind=InputKind.DATA, name=path, digest=content.md5, exact=content.md5)
    if (content.nfiles or 0) > CODE_FOLDER_LIMIT or not members:
        return as_data
    kind = InputKind.CODE
    if not any(name.endswith((".py", ".ipynb")) for name in members):
        are_settings = all(name.endswith((".yaml", ".yml")) for name in members)
        if not are_settings or not {f"{path}/{name}" for name in members} <= set(composed()):
            return as_data
        kind = InputKind.DATA
    digests = []
    for name in members:
        digest = reader.digest(f"{path}/{name}")
        if digest is None:
            return as_data
        digests.append((name, digest))
    return Input(kind=kind, name=path, digest=digest_of(digests), exact=content.md5)


def is_composed(file: ClosureFile) -> bool:
    """Whether code reaches a file because Hydra composes it, so that its values count."""
    return file.via.startswith(HYDRA_VIA) and not file.by_bytes
