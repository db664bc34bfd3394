"""Digests of single files that must not change while they are read."""

from __future__ import annotations

import hashlib
import os

from branchline.errors import StoreError

CHUNK_BYTES = 1 << 20


def md5_of(data: bytes) -> str:
    """MD5 of bytes, hexadecimal; a name for content, not a guard against forgery."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def digest_file(file: str, path: str, stat: os.stat_result) -> str:
    """MD5 of a file that must not change while it is read.

    Args:
        file: Absolute.
        path: The same from the root, for messages.
        stat: What it was when it was found.

    Raises:
        StoreError: It cannot be read, or changed.
    """
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if stat.st_size < CHUNK_BYTES:
                # One byte more than it has: a buffer of a whole chunk costs 256 page faults.
                md5 = md5_of(os.read(descriptor, stat.st_size + 1))
            else:
                hasher = hashlib.md5(usedforsecurity=False)
                while chunk := os.read(descriptor, CHUNK_BYTES):
                    hasher.update(chunk)
                md5 = hasher.hexdigest()
            after = os.fstat(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise unreadable(path, error) from error
    if (after.st_mtime_ns, after.st_size) != (stat.st_mtime_ns, stat.st_size):
        raise changed_while_read(path)
    return md5


def changed_while_read(path: str) -> StoreError:
    """The error for a file that somebody writes while we read it."""
    return StoreError(
        f"{path} changed while it was read",
        todo="Wait until nothing writes to it, then run the command again.",
    )


def unreadable(path: str, error: OSError) -> StoreError:
    """The error for a file that the system does not let us read."""
    return StoreError(f"{path} cannot be read: {error.strerror or error}")
