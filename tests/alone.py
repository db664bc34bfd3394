"""Runs what `make test` saw fail once more, one after the other and with nothing beside it.

Many tests start real servers, workers and browsers, and wait for them by the clock. What fails
beside others and passes alone waited too little for a busy machine: it is named, and is to be
mended, but it does not stop a release. More than a few such failures are a fault and not the clock.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

MOST = 4
_FAILED = Path(__file__).parent.parent / ".pytest_cache" / "v" / "cache" / "lastfailed"


def main() -> int:
    """Exit code of pytest, or 1 where too many failed to try again."""
    try:
        failed = sorted(json.loads(_FAILED.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return 1
    if not 0 < len(failed) <= MOST:
        return 1
    print("\nrun again alone, with nothing beside them:", *failed, sep="\n  ", flush=True)
    alone = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider"]
    code = subprocess.run([*alone, *failed], env=os.environ, check=False).returncode
    if code == 0:
        print("passed alone; mend how they wait:", *failed, sep="\n  ")
    return code


if __name__ == "__main__":
    sys.exit(main())
