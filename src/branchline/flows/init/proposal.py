"""From a look at a repository to a branchline.yaml, with the evidence for every line of it."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.flows.init.look import Look
from branchline.flows.init.pipelines import from_pipeline
from branchline.flows.init.scripts import from_script
from branchline.generate.settings_file import first_settings_text
from branchline.ports.workspace import EntryKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from branchline.flows.init.look import Clue
    from branchline.ports.tree import Tree

__all__ = ["Proposal", "propose"]

_NOT_LOOKED_AT = {"node_modules", "venv", "env", "site-packages", "build", "dist", "__pycache__"}
_DEEPEST = 4
_MOST_FOLDERS = 400  # a folder of 100,000 images in folders must not make `init` slow


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A branchline.yaml to write.

    Attributes:
        text: The file.
        clues: What it rests on.
        unknowns: What could not be told, a sentence each, with what to do.
    """

    text: str
    clues: tuple[Clue, ...]
    unknowns: tuple[str, ...]


def propose(tree: Tree) -> Proposal:
    """Look at a repository and propose its branchline.yaml.

    Args:
        tree: The repository's files.

    Raises:
        DocumentError: dvc.yaml or a metrics file cannot be read.
        PipelineError: There is neither a dvc.yaml nor a training script.
    """
    look = Look()
    name = re.sub(r"[^a-z0-9]+", "-", posixpath.basename(tree.root).lower()).strip("-")
    model = name or "model"
    files = list(_files(tree))
    pipelines = [path for path in files if posixpath.basename(path) == "dvc.yaml"]
    if pipelines:
        settings = from_pipeline(tree, model, pipelines, look)
    else:
        settings = from_script(tree, model, files, look)
    pointers = [path for path in files if path.endswith(".dvc")]
    if pointers:
        look.saw(f"data that .dvc files track ({len(pointers)} of them)", f"{pointers[0]}:1")
    return Proposal(
        text=first_settings_text(settings), clues=tuple(look.clues), unknowns=tuple(look.unknowns)
    )


def _files(tree: Tree) -> Iterator[str]:
    """Files of the repository, shallow ones first; hidden and vendored folders left out."""
    folders = [("", 0)]
    seen = 0
    while folders and seen < _MOST_FOLDERS:
        folder, depth = folders.pop(0)
        seen += 1
        for name, kind in (tree.list_folder(folder or ".") or {}).items():
            path = posixpath.join(folder, name)
            if kind is EntryKind.FILE:
                yield path
            elif kind is EntryKind.FOLDER and depth < _DEEPEST and _is_looked_at(name):
                folders.append((path, depth + 1))


def _is_looked_at(folder: str) -> bool:
    return not folder.startswith(".") and folder not in _NOT_LOOKED_AT
