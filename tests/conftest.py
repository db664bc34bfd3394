"""What every test may count on: a `python` on PATH, as in an active environment.

Debian has `python3` only, and stages of scratch projects say `python`.
"""

from __future__ import annotations

import os
import sys


def pytest_configure() -> None:
    """Put the folder of this very Python first."""
    folder = os.path.dirname(sys.executable)
    rest = os.environ.get("PATH", os.defpath)
    if rest.split(os.pathsep)[0] != folder:
        os.environ["PATH"] = f"{folder}{os.pathsep}{rest}"
