"""Links between our documents lead somewhere; what is numbered or named in a row is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
ANCHOR = re.compile(r"\]\(([^)#\s]*\.md)?#([^)\s]+)\)")
MOST_LINES_OF_README = 120


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    links = [link for link in LINK.findall(document.read_text()) if "://" not in link]

    assert [link for link in links if not (document.parent / link).exists()] == []


def anchors(text: str) -> set[str]:
    """What a forge makes of the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_anchor_is_a_heading(document: Path) -> None:
    links = ANCHOR.findall(document.read_text())

    lost = [
        f"{name}#{anchor}"
        for name, anchor in links
        if anchor not in anchors((document.parent / name if name else document).read_text())
    ]
    assert lost == []


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= MOST_LINES_OF_README


def test_decisions_are_numbered_one_after_the_other() -> None:
    records = sorted((ROOT / "docs/explanation/decisions").glob("*.md"))

    numbers = [record.name[:4] for record in records]

    assert numbers == [f"{number:04d}" for number in range(1, len(records) + 1)]
    titles = [record.read_text().split(":")[0] for record in records]
    assert titles == [f"# {number}" for number in numbers]


def test_labels_of_links_to_decisions_say_their_numbers() -> None:
    label = re.compile(r"\[(?:decision )?(\d{4})\]\((?:[\w./-]*/)?(\d{4})-")

    pairs = [pair for document in DOCUMENTS for pair in label.findall(document.read_text())]

    assert pairs
    assert [pair for pair in pairs if pair[0] != pair[1]] == []


def test_change_notes_have_the_names_that_we_agreed_on() -> None:
    names = sorted(path.name for path in (ROOT / "changelog.d").iterdir())

    scheme = re.compile(r"\d+\.(added|changed|fixed|removed)\.md")
    assert [name for name in names if not scheme.fullmatch(name)] == []
