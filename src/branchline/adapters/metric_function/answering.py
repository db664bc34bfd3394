"""Runs in the project's Python, without Branchline: answers calls of one function over pipes.

`python answering.py MODULE FUNCTION`; what it says first is one line: "ready", or what is wrong.
"""

# Not imported by anything here: started as a file, by an interpreter that may lack all of ours.

from __future__ import annotations

import importlib
import os
import struct
import sys
from typing import IO, Any

_CALL = "<ccqq"  # kind of the truth, kind of the prediction, rows, columns (0: one value a row)


def _serve(module: str, name: str) -> None:
    """Answer until the pipe is closed."""
    asked = os.fdopen(os.dup(0), "rb")
    said = os.fdopen(os.dup(1), "wb")
    # What the project prints must not stand between our answers.
    os.dup2(2, 1)
    sys.path.insert(0, os.getcwd())
    try:
        import numpy as np

        function: Any = importlib.import_module(module)
        for part in name.split("."):
            function = getattr(function, part)
    except BaseException as error:  # noqa: BLE001 # whatever it is, it is said
        _say(said, f"{type(error).__name__}: {error}")
        return
    _say(said, "ready")
    size = struct.calcsize(_CALL)
    while True:
        head = asked.read(size)
        if len(head) < size:
            return
        kinds = {b"f": "<f8", b"i": "<i8"}
        of_truth, of_said, rows, columns = struct.unpack(_CALL, head)
        width = columns or 1
        truth = np.frombuffer(asked.read(8 * rows), dtype=kinds[of_truth])
        said_of = np.frombuffer(asked.read(8 * rows * width), dtype=kinds[of_said])
        if columns:
            said_of = said_of.reshape(rows, columns)
        try:
            said.write(b"v" + struct.pack("<d", float(function(truth, said_of))))
        except Exception as error:  # noqa: BLE001 # the project's mistake, told to whoever asked
            text = f"{type(error).__name__}: {error}".encode("utf-8", "replace")[:2000]
            said.write(b"e" + struct.pack("<d", len(text)) + text)
        said.flush()


def _say(said: IO[bytes], text: str) -> None:
    said.write(text.replace("\n", " ").encode("utf-8", "replace")[:2000] + b"\n")
    said.flush()


if __name__ == "__main__":
    _serve(sys.argv[1], sys.argv[2])
