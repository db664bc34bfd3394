"""The index of the documentation lists every page once; README leads to it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
INDEX = DOCS / "index.md"
LINK = re.compile(r"\]\(([^)#\s]+\.md)\)")
KINDS = {
    "Tutorials": "tutorial",
    "How-to": "how-to",
    "Reference": "reference",
    "Explanation": "explanation",
}


def listed() -> dict[str, list[str]]:
    """Heading of the index -> the pages below docs that it lists."""
    sections = INDEX.read_text().split("\n## ")[1:]
    return {
        section.partition("\n")[0]: [x for x in LINK.findall(section) if not x.startswith("..")]
        for section in sections
    }


def test_every_page_is_listed_once() -> None:
    pages = {
        str(path.relative_to(DOCS))
        for kind in KINDS.values()
        for path in (DOCS / kind).glob("*.md")
    }

    counts = Counter(page for section in listed().values() for page in section)

    assert pages
    assert set(counts) == pages
    assert [page for page, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("heading", sorted(KINDS))
def test_a_page_stands_under_its_kind(heading: str) -> None:
    others = [p for p in listed()[heading] if not p.startswith(KINDS[heading] + "/")]

    assert [page for page in others if page != "reference/decisions.md"] == []


def test_readme_leads_to_the_index() -> None:
    assert "(docs/index.md)" in (ROOT / "README.md").read_text()
