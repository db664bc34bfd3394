"""Scripts that belong together: what makes the data of one, what measures its model. For `init`.

A script that reads what is not here needs the script that writes it, and one that leaves a model
without metrics is judged by the script that reads the model and leaves them.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from branchline.flows.init.candidates import starts_something
from branchline.flows.init.script import read_script
from branchline.flows.init.started import given_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from branchline.flows.init.quoted import Quoted
    from branchline.flows.init.script import Script
    from branchline.flows.init.view import View
    from branchline.generate.settings_file import FirstStage

__all__ = ["Neighbours", "stage_name"]

_MOST_SCRIPTS = 60
_MEASURES = re.compile(
    r"(?<![a-z])(?:eval|evaluate|evaluation|score|test|metrics|validate)(?![a-z])"
)
_NOT_HERE = {"tests", "test", "docs", "notebooks"}


class Neighbours:
    """The other scripts of a repository, read once each.

    Args:
        view: The repository's files.
        commands: That its files name.
    """

    def __init__(self, view: View, commands: Sequence[Quoted]) -> None:
        self._view = view
        self._quoted: dict[str, Quoted] = {}
        for quoted in commands:
            if quoted.script and not quoted.has_holes:
                self._quoted.setdefault(quoted.script, quoted)
        self._read: dict[str, Script] | None = None

    def quoted(self, path: str) -> Quoted | None:
        """The command that starts a script, where one is named."""
        return self._quoted.get(path)

    def maker(self, path: str, but: Sequence[str]) -> Script | None:
        """The script that writes a file or folder; None when none or several do."""
        found = [
            script
            for script in self._scripts().values()
            if script.path not in but and any(_is_at(item.path, path) for item in script.writes)
        ]
        named = [script for script in found if script.path in self._quoted]
        best = named or found
        return best[0] if len(best) == 1 else None

    def judge(self, outs: Sequence[str], but: Sequence[str]) -> Script | None:
        """The script that reads outputs and leaves or prints metrics; None when none does."""
        found = [
            script
            for script in self._scripts().values()
            if script.path not in but
            and script.measures
            and any(_is_at(out, item.path) for item in script.reads for out in outs)
        ]
        return min(found, key=self._order) if found else None

    def _order(self, script: Script) -> tuple[bool, bool, str]:
        stem = posixpath.basename(script.path)
        return (script.path not in self._quoted, not _MEASURES.search(stem), script.path)

    def _scripts(self) -> Mapping[str, Script]:
        if self._read is None:
            self._read = dict(self._all())
        return self._read

    def _all(self) -> Iterator[tuple[str, Script]]:
        paths = [
            path
            for path in self._view.named(".py")
            if not _NOT_HERE & set(posixpath.dirname(path).split("/"))
            and not posixpath.basename(path).startswith(("test_", "_", "conftest", "setup"))
        ]
        for path in paths[:_MOST_SCRIPTS]:
            tree = self._view.python(path)
            if tree is not None and (path in self._quoted or starts_something(tree)):
                script = read_script(self._view, path)
                given = given_values(script, self._quoted.get(path)) if script else {}
                if given:
                    script = read_script(self._view, path, given=given)
                if script is not None:
                    yield path, script


def stage_name(path: str, taken: Sequence[str] | Sequence[FirstStage]) -> str:
    """A stage named after its script, unlike those that are there."""
    names = {item if isinstance(item, str) else item.name for item in taken}
    stem = posixpath.splitext(posixpath.basename(path))[0]
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-_") or "stage"
    number = 2
    made = name
    while made in names:
        made, number = f"{name}-{number}", number + 1
    return made


def _is_at(path: str, place: str) -> bool:
    """Whether a path is a place, or one lies inside the other."""
    return path == place or path.startswith(f"{place}/") or place.startswith(f"{path}/")
