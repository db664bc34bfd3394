"""Whether a file that is to be published is the repository's own. Serves `effects`.

Whoever pushed a branch may have put a link in place of a report: to `/proc/self/environ`, which
holds the token, or to `.git/config`. Reads nothing but names.
"""

from __future__ import annotations

import os


def leads_out(path: str, root: str) -> bool:
    """Whether a path of a repository leads out of it, or into its `.git`.

    A path that lies elsewhere by its name was meant, and is no matter of the repository's links.

    Args:
        path: As it was named.
        root: Of the repository.
    """
    home, real = os.path.realpath(root), os.path.realpath(path)
    named = os.path.abspath(path)
    if not (_is_below(named, home) or _is_below(named, os.path.abspath(root))):
        return False
    return not _is_below(real, home) or _is_below(real, os.path.join(home, ".git"))


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
