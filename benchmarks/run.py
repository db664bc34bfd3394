"""All benchmarks, or those named: `python benchmarks/run.py [name ...]`; the names stand below.

Writes benchmarks/results/<name>.json and .md (ignored by git) and prints the tables.
"""

from __future__ import annotations

import importlib
import shutil
import sys
import tempfile
import time
from pathlib import Path

from measure import facts, markdown, save

NAMES = (
    *("startup", "noop", "stages", "folders", "decision", "push", "gated_push", "tell"),
    "data_checks",
    "replay",
    "trials",
)


def main(arguments: list[str]) -> int:
    """Run them in a scratch folder; 1 when a goal was missed, 2 for an unknown name."""
    names = arguments or list(NAMES)
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"no benchmark {unknown[0]}; there are: {', '.join(NAMES)}", file=sys.stderr)
        return 2
    told = facts()
    print(", ".join(f"{key}: {value}" for key, value in told.items()))
    everything = []
    for name in names:
        scratch = Path(tempfile.mkdtemp(prefix=f"bench-{name}-"))
        began = time.monotonic()
        try:
            rows = importlib.import_module(name).rows(scratch)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        everything += rows
        saved = save(name, rows, told)
        print(
            f"\n## {name} ({time.monotonic() - began:.0f} s, {saved})\n\n{markdown(rows)}", end=""
        )
    if len(names) > 1:
        save("all", everything, told)
    return 1 if any(row.is_met is False or row.ours_s is None for row in everything) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
