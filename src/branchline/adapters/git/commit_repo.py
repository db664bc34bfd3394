"""Port `repo` for a commit that is looked at without a checkout: git tracks what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.adapters.git.repo import GitRepo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from branchline.adapters.git.plumbing import Git
    from branchline.ports.past import Past


class CommitRepo(GitRepo):
    """A repository as if one of its commits were checked out.

    Args:
        git: Where it is.
        past: Reads objects.
        paths: Gives all files of the commit.
        ignored: Says of paths that are not there whether the commit's .gitignore files name them.
    """

    def __init__(
        self,
        git: Git,
        past: Past,
        *,
        paths: Callable[[], Iterable[str]],
        ignored: Callable[[str], bool],
    ) -> None:
        super().__init__(git)
        self._past = past
        self._paths = paths
        self._ignored = ignored

    def tracked(self) -> Sequence[str]:
        """See the port."""
        return tuple(self._paths())

    def is_tracked(self, paths: Sequence[str]) -> Sequence[bool]:
        """See the port."""
        known = set(self._paths())
        return [path in known for path in paths]

    def is_ignored(self, paths: Sequence[str]) -> Sequence[bool]:
        """See the port. Patterns of this machine alone (`info/exclude`) do not count."""
        return [self._ignored(path) for path in paths]

    def blob(self, blob: str) -> bytes | None:
        """See the port."""
        return self._past.blob(blob)
