"""`.dvcignore`: which files of a folder do not belong to its content. DVC's rules.

Patterns are git's; those of a folder apply below it, the last match wins, and what lies below an
ignored folder is ignored. `.git`, `.hg` and `.dvc` are always left out, and so is a folder that is
a DVC repository of its own. pathspec is loaded only when there is a `.dvcignore`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

IGNORE_FILE = ".dvcignore"
ALWAYS_IGNORED = frozenset({".git", ".hg", ".dvc"})


class IgnoreRules:
    """The rules that hold in one folder: its own `.dvcignore` and those above it.

    Args:
        patterns: (folder the pattern stands in, "" or with a slash at its end; compiled pattern;
            whether it ignores; whether it means folders only), weakest first. The defaults are
            weaker still: `!/**/*` brings even `.git` back.
        everything: The folder itself is ignored, so nothing below it counts.
    """

    __slots__ = ("everything", "patterns")

    def __init__(
        self,
        patterns: tuple[tuple[str, re.Pattern[str], bool, bool], ...] = (),
        *,
        everything: bool = False,
    ) -> None:
        self.patterns = patterns
        self.everything = everything

    def ignores(self, path: str, *, is_folder: bool) -> bool:
        """Whether a path (from the root) whose parents are not ignored is left out."""
        if self.everything:
            return True
        for base, pattern, is_ignore, folders_only in reversed(self.patterns):
            if (folders_only and not is_folder) or not path.startswith(base):
                continue
            inner = path[len(base) :]
            if pattern.match(inner) or (is_folder and pattern.match(inner + "/")):
                return is_ignore
        name = path.rpartition("/")[2]
        return name in ALWAYS_IGNORED and (is_folder or name == ".git")

    def identity(self) -> str:
        """A text that differs when the rules differ; "" when only the defaults hold."""
        if self.everything:
            return "everything"
        return "\n".join(
            f"{base}:{p.pattern}:{ig:d}{only:d}" for base, p, ig, only in self.patterns
        )


NO_RULES = IgnoreRules()
NOTHING_COUNTS = IgnoreRules(everything=True)


class IgnoreFiles:
    """The `.dvcignore` files of one repository, read when a folder is asked for.

    Args:
        root: Absolute root of the repository.
        read: Gives such a file's bytes by its path from the root, None when there is none; the
            default reads from disk.
    """

    def __init__(self, root: str, read: Callable[[str], bytes | None] | None = None) -> None:
        self._root = root
        self._read = read or self._on_disk
        self._known: dict[str, IgnoreRules] = {}

    def rules(self, folder: str) -> IgnoreRules:
        """Rules that hold for the names inside a folder; "." is the root."""
        rules = self._rules(folder)
        if rules.patterns and folder != "." and self.ignores(folder, is_folder=True):
            return NOTHING_COUNTS
        return rules

    def _rules(self, folder: str) -> IgnoreRules:
        """The same for a folder that is not ignored itself."""
        rules = self._known.get(folder)
        if rules is None:
            above = NO_RULES if folder == "." else self._rules(os.path.dirname(folder) or ".")
            rules = self._known[folder] = self._joined(folder, above)
        return rules

    def ignores(self, path: str, *, is_folder: bool) -> bool:
        """Whether a path, or a folder above it, is left out."""
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            above = "/".join(parts[: depth - 1]) or "."
            folder_like = is_folder or depth < len(parts)
            if self._rules(above).ignores("/".join(parts[:depth]), is_folder=folder_like):
                return True
        return False

    def forget(self) -> None:
        """Read the files anew when they are asked for next."""
        self._known.clear()

    def _on_disk(self, path: str) -> bytes | None:
        try:
            with open(os.path.join(self._root, path), "rb") as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    def _joined(self, folder: str, above: IgnoreRules) -> IgnoreRules:
        relative = IGNORE_FILE if folder == "." else f"{folder}/{IGNORE_FILE}"
        data = self._read(relative)
        if data is None:
            return above
        lines = [line.strip() for line in data.decode("utf-8").splitlines()]
        if above.patterns and above.ignores(relative, is_folder=False):
            return above
        own = _compiled("" if folder == "." else f"{folder}/", lines)
        return IgnoreRules((*above.patterns, *own)) if own else above


def _compiled(base: str, lines: list[str]) -> tuple[tuple[str, re.Pattern[str], bool, bool], ...]:
    """Patterns of one file, in its order."""
    import re

    try:
        from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern as Pattern
    except ImportError:  # pathspec before 1.0
        from pathspec.patterns import (  # type: ignore[attr-defined,no-redef,assignment,unused-ignore] # its old home
            GitWildMatchPattern as Pattern,
        )
    found = []
    for line in lines:
        if not line or line.startswith("#"):
            continue
        regex, is_ignore = Pattern.pattern_to_regex(line)
        if regex is not None and is_ignore is not None:
            found.append((base, re.compile(regex), is_ignore, line.endswith("/")))
    return tuple(found)
