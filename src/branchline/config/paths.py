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


def folder_of(file: str) -> str:
    """The folder of a file, from the root; "." for files in the root."""
    return posixpath.dirname(file) or "."
