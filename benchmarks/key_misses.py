"""How many edits of code a key misses: `python benchmarks/key_misses.py [batteries]`.

Small Python projects that chance draws, edited as people edit. Each version is run; what it prints
tells whether the edit mattered. Prints a Markdown table; the exit code is 1 when one was missed.
The edits are those of `tests/core/changes/test_soundness.py`, with other seeds.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.core.changes.test_soundness import EDITS, battery

KINDS = {
    "cosmetic": "comments, layout, spelling",
    "meaning": "one place of the code",
    "files": "files that come, go or move",
}


def main() -> int:
    """Run the batteries, print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    judged = [edit for seed in range(1, count + 1) for edit in battery(seed, EDITS)]
    print(
        "| edits of | edits | change what is printed | missed | keep it, and train all the same |"
    )
    print("|---|---|---|---|---|")
    for kind, said in KINDS.items():
        some = [edit for edit in judged if edit.name.startswith(kind)]
        cautious = sum(edit.digest_moved and not edit.prints_else for edit in some)
        print(
            f"| {said} | {len(some):,} | {sum(edit.prints_else for edit in some):,} "
            f"| {sum(edit.is_missed for edit in some)} | {cautious:,} |"
        )
    return 1 if any(edit.is_missed for edit in judged) else 0


if __name__ == "__main__":
    sys.exit(main())
