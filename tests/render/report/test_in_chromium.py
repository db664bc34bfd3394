"""The page of a report in a real browser: it fits, is readable, and answers pointer and keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.render.report.sample import ATTACKS, GATE, drawings, run_of
from tests.render.report.test_hostile import hostile_drawings, hostile_run
from tests.server.test_in_chromium import CONTRAST

from branchline.render.html import html_report

if TYPE_CHECKING:
    from pathlib import Path

    from tests.server.conftest import Browser

pytestmark = pytest.mark.slow

WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
FIGURE = 'document.querySelectorAll("figure.plot")'
SAID = f'{FIGURE}[0].querySelector(".said").textContent'


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    page: Path = tmp_path_factory.mktemp("report") / "report.html"
    before = run_of(run="abc1234", auc=0.9213)
    page.write_text(html_report(run_of(), before, GATE, drawings()), encoding="utf-8")
    return page.as_uri()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_it_fits_and_every_text_can_be_read(
    browser: Browser, url: str, width: int, dark: bool
) -> None:
    browser.open(url, width=width, dark=dark)

    assert browser.value(WIDER) <= 0
    assert browser.value(CONTRAST) == []
    assert browser.complaints() == []


def test_without_a_script_everything_stands_there(browser: Browser, url: str) -> None:
    browser.open(url, script=False)

    assert browser.value('document.querySelectorAll("g.series path").length') >= 12
    assert browser.value('document.querySelectorAll("button").length') == 0
    assert not browser.value('document.querySelector(".js-only").checkVisibility()')
    text = browser.value("document.body.innerText")
    for word in ("this run", "baseline", "Confusion", "radius_worst", "it has no rows"):
        assert word in text


def test_the_pointer_reads_values(browser: Browser, url: str) -> None:
    browser.open(url)
    x, y = browser.value(
        f'(() => {{ const svg = {FIGURE}[0].querySelector("svg"); svg.scrollIntoView();'
        "const r = svg.getBoundingClientRect();"
        "return [r.x + r.width / 2, r.y + r.height / 2]; })()"
    )

    browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    said = browser.value(SAID)
    assert re.match(r"false positive rate 0\.4\d+: this run 0\.9\d+", said)
    assert "baseline 0.8" in said


def press(browser: Browser, key: str) -> None:
    for kind in ("rawKeyDown", "keyUp"):
        browser.call("Input.dispatchKeyEvent", type=kind, key=key)


def test_arrow_keys_read_values(browser: Browser, url: str) -> None:
    browser.open(url)
    browser.value(f'{FIGURE}[0].querySelector("svg").focus()')

    press(browser, "ArrowRight")
    first = browser.value(SAID)
    press(browser, "End")
    last = browser.value(SAID)
    press(browser, "Escape")

    assert first.startswith("false positive rate 0: ")
    assert last == "false positive rate 1: this run 1 · baseline 1"
    assert browser.value(SAID) == ""


def test_a_line_can_be_hidden(browser: Browser, url: str) -> None:
    browser.open(url)
    line = f'{FIGURE}[0].querySelectorAll("g.series")[1]'
    button = f'{FIGURE}[0].querySelectorAll(".legend button")[1]'

    seen: list[Any] = []
    for _ in range(2):
        browser.value(f"{button}.click()")
        seen.append(
            browser.value(
                f'[getComputedStyle({line}).display, {button}.getAttribute("aria-pressed")]'
            )
        )

    assert seen == [["none", "false"], ["inline", "true"]]


def test_tables_are_sorted_by_number_and_back(browser: Browser, url: str) -> None:
    browser.open(url)
    table = 'document.querySelector("table.sortable")'
    column = f"Array.from({table}.tBodies[0].rows, (row) => row.cells[2].textContent)"
    button = f'{table}.tHead.rows[0].cells[2].querySelector("button")'

    browser.value(f"{button}.click()")
    up, sort = (
        browser.value(column),
        browser.value(f'{button}.parentNode.getAttribute("aria-sort")'),
    )
    browser.value(f"{button}.click()")

    assert up == ["0.8800", "0.9251", "12.4000", "1,234,567"]
    assert sort == "ascending"
    assert browser.value(column) == up[::-1]


def test_a_hostile_page_runs_nothing_and_fetches_nothing(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "hostile.html"
    for attack in ATTACKS:
        text = html_report(hostile_run(attack), None, GATE, hostile_drawings(attack))
        page.write_text(text, encoding="utf-8")
        browser.open(page.as_uri(), width=360)

        assert browser.value("document.scripts.length") == 1
        assert browser.value("performance.getEntriesByType('resource').length") == 0
        assert browser.value(WIDER) <= 0, attack
        assert browser.complaints() == []
