"""Where a path that stands in a configuration file leads, seen from the repository's root.

Serves every reader in `config`. Text only; asks no file system.
"""

from __future__ import annotations

import posixpath


def located(folder: str, spelled: str, *, root: str = "") -> tuple[str, bool]:
    """A path as written, from a folder, as a path from the root.

    Args:
        folder: From the root; "." is the root.
        spelled: As the user wrote it: relative, absolute, or a URL.
        root: Absolute path of the repository; lets absolute paths inside it be recognised.

    Returns:
        The path from the root, normalised, and whether it lies outside (then as written).

    >>> located("sub", "../data/x.csv")
    ('data/x.csv', False)
    >>> located(".", "s3://bucket/x")
    ('s3://bucket/x', True)
    """
    if "://" in spelled:
        return spelled, True
    if spelled.startswith("/"):
        inside = root.rstrip("/") + "/"
        normal = posixpath.normpath(spelled)
        if root and (normal + "/").startswith(inside):
            return normal[len(inside) :] or ".", False
        return normal, True
    path = posixpath.normpath(posixpath.join(folder, spelled))
    if path == ".." or path.startswith("../"):
        return spelled, True
    return path, False


def holds_root(folder: str, spelled: str, *, root: str) -> bool:
    """Whether a path as written leads to the repository's root or to a folder that holds it.

    >>> holds_root("sub", "../..", root="/home/me/p"), holds_root(".", "/home", root="/home/me/p")
    (True, True)
    >>> holds_root(".", "../other", root="/home/me/p"), holds_root(".", "s3://b", root="/p")
    (False, False)
    """
    if "://" in spelled:
        return False
    target = posixpath.normpath(posixpath.join(root, folder, spelled))
    return target == "/" or f"{posixpath.normpath(root)}/".startswith(f"{target}/")


def folder_of(file: str) -> str:
    """The folder of a file, from the root; "." for files in the root."""
    return posixpath.dirname(file) or "."
