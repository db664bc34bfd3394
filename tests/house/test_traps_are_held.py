"""Each trap of common tutorials is a test or a finding, and each finding is documented."""

from __future__ import annotations

import re
import sys
from pathlib import Path

if str(HOUSE := Path(__file__).parents[2]) not in sys.path:
    sys.path.append(str(HOUSE))
from tests.house.named_tests import missing
from tests.house.traps import ROWS

SOURCES = HOUSE / "src/branchline/flows/traps"
PAGE = (HOUSE / "docs/explanation/traps.md").read_text()
KINDS = {
    kind
    for path in SOURCES.glob("*.py")
    for kind in re.findall(r'kind="([a-z-]+)"', path.read_text())
}


def test_every_trap_is_held_by_a_test_that_exists() -> None:
    assert sorted(ROWS) == list(range(1, 18))
    assert [n for n, row in ROWS.items() if not (row.tests or row.why_none)] == []
    assert missing(test for row in ROWS.values() for test in row.tests) == []


def test_every_finding_exists_and_is_on_the_page() -> None:
    named = {finding for row in ROWS.values() for finding in row.findings}

    assert named <= KINDS
    assert set(re.findall(r"\| `([a-z-]+)` \|$", PAGE, re.MULTILINE)) == KINDS
