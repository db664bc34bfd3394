"""Each item of the checklist for workflows is held by a test or a judge, or says why not."""

from __future__ import annotations

import sys
from pathlib import Path

if str(HOUSE := Path(__file__).parents[2]) not in sys.path:
    sys.path.append(str(HOUSE))
from tests.house.checklist import LANGUAGE, SCHEMA, SHELL, ZIZMOR
from tests.house.checklist_state import ITEMS
from tests.house.named_tests import missing


def test_every_item_is_held_by_a_test_that_exists() -> None:
    assert sorted(ITEMS) == list(range(1, 76))
    assert [n for n, item in ITEMS.items() if not (item.held or item.judge or item.why)] == []
    assert missing(test for item in ITEMS.values() for test in item.held) == []


def test_judges_are_those_of_the_rig() -> None:
    named = {judge for item in ITEMS.values() for judge in item.judge.split(", ") if judge}

    assert named == {LANGUAGE, SCHEMA, ZIZMOR, SHELL}
