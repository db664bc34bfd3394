"""Parameter files and data that a script reads: what is here, and what comes with the repository.

Serves `init`.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from branchline.flows.init.guess import About, Certainty
from branchline.flows.init.touched import is_evaluation_set
from branchline.flows.init.view import DOCUMENT_ENDINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.flows.init.guess import Look
    from branchline.flows.init.script import Script
    from branchline.flows.init.touched import Touched
    from branchline.flows.init.view import View

__all__ = ["inputs_of"]

_PARAMETER_FILES = ("params.yaml", "params.yml", "params.json", "params.toml")
_LARGE_BYTES = 1_000_000_000


def inputs_of(
    view: View, script: Script, folder: str, look: Look, made: frozenset[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Parameter files and data that the script reads and does not write."""
    written = {item.path for item in script.writes}
    params: list[str] = []
    data: list[str] = []
    for item in script.reads:
        where = f"{item.file}:{item.line}"
        if item.path.startswith(("/", "../", "~")) and item.is_sure and item.path not in written:
            look.unknowns.append(
                f"{where}: it reads {item.path}, which lies outside the repository: other machines"
                " do not have it, and that it changed is not seen. Bring it in, or name the path in"
                " a parameter."
            )
        if item.path in written or item.path.startswith(("/", "..", "~", "@")) or item.path == ".":
            continue
        place = posixpath.normpath(posixpath.join(folder, item.path))
        if any(place == path or place.startswith(f"{path}/") for path in made):
            data.append(item.path)
        elif not view.exists(place):
            pointer = f"{place}.dvc"
            if view.has_file(pointer):
                look.saw(About.DATA, f"data in {item.path}, tracked by {pointer} and not here now",
                         Certainty.DECLARED, pointer, 1)  # fmt: skip
                data.append(item.path)
            elif item.is_sure:
                look.unknowns.append(f"{where}: it reads {item.path}, which is not here.")
        elif item.path.endswith(DOCUMENT_ENDINGS) and item.path.count("/") <= 1:
            look.saw(About.PARAMETERS, f"parameters in {item.path}", Certainty.READ,
                     item.file, item.line)  # fmt: skip
            params.append(item.path)
        elif item.path.endswith(".py"):
            continue  # code is followed anyway
        else:
            _note_data(view, place, item, look)
            data.append(item.path)
    for name in _PARAMETER_FILES:
        place = posixpath.join(folder, name)
        if name not in params and name not in written and view.has_file(place):
            look.saw(About.PARAMETERS, f"parameters in {place}", Certainty.BY_NAME, place, 1)
            params.append(name)
    _tell_unfollowed(script, data, look)
    nested = [p for p in data if any(p.startswith(f"{q}/") for q in data)]
    return tuple(params), tuple(dict.fromkeys(p for p in data if p not in nested))


def _tell_unfollowed(script: Script, data: Sequence[str], look: Look) -> None:
    if not data and script.unfollowed:
        look.unknowns.append(
            f"{script.unfollowed[0]}: which data it reads there is only known when it runs;"
            " `branchline init --check` runs it once and sees."
        )


def _note_data(view: View, place: str, item: Touched, look: Look) -> None:
    size = view.size_bytes(place)
    shown = "" if size is None else f", {_size(size)}"
    look.saw(About.DATA, f"data in {item.path}{shown}", Certainty.READ, item.file, item.line)
    if is_evaluation_set(item.path):
        look.saw(About.EVALUATION, f"evaluation data in {item.path}, by its name",
                 Certainty.BY_NAME, item.file, item.line)  # fmt: skip
    if size is not None and size > _LARGE_BYTES:
        look.unknowns.append(
            f"{item.path} is large ({_size(size)}): it is read once to know its content, and again"
            " only when it changed; track it with DVC to keep it out of git."
        )


def _size(size_bytes: int) -> str:
    """A size in words: 812 bytes, 3.4 kB, 1.2 GB."""
    amount = float(size_bytes)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    raise AssertionError
