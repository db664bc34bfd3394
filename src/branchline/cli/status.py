"""`branchline` alone: where this project stands, and what to type next."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from branchline.cli import commands
from branchline.errors import EXIT_FINE

if TYPE_CHECKING:
    from branchline.cli.console import Console

__all__ = ["show_status"]


def show_status(console: Console) -> int:
    """Print the status of the project here; the help where there is none."""
    root = _repository_root(os.getcwd())
    if root is None:
        console.write(commands.help_text())
        return EXIT_FINE
    has_config = os.path.exists(os.path.join(root, "branchline.yaml"))
    if not has_config:
        console.write("This repository has no branchline.yaml yet.")
        console.write("next: branchline init")
        return EXIT_FINE
    console.write("next: branchline plan")
    return EXIT_FINE


def _repository_root(folder: str) -> str | None:
    while True:
        if os.path.exists(os.path.join(folder, ".git")):
            return folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
