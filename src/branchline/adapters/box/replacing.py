"""Files of a box replaced in one step: a reader sees the old text or the new one."""

from __future__ import annotations

import os


def replace_file(path: str, text: str, *, mode: int | None = None) -> None:
    """Give a file a text, on disk before it gets its name.

    Raises:
        OSError: The system refused.
    """
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name}.{os.getpid()}-{os.urandom(4).hex()}.tmp")
    try:
        # With narrow rights from the beginning: what is secret is so before it has its name, too.
        rights = 0o666 if mode is None else mode & 0o700
        with open(
            temporary,
            "x",
            encoding="utf-8",
            opener=lambda name, flags: os.open(name, flags, rights),
        ) as file:
            file.write(text)
            file.flush()
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
