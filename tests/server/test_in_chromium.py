"""The pages in a real browser: what fits, what a keyboard and a screen reader get."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from branchline.core.run.jobs import JobState
from branchline.ports.forge import PullState
from branchline.ports.queue import Ending

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from tests.server.conftest import Browser, Site

pytestmark = pytest.mark.slow

PAGES = ("/", "/pulls/1", "/pulls/2", "/jobs/4", "/models", "/nowhere")
# Contrast of every visible text against what is behind it, by WCAG 2.1; the worst ones.
CONTRAST = """
(() => {
  const parse = (c) => (c.match(/[\\d.]+/g) || []).map(Number);
  const bent = (v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const channel = (v) => bent(v / 255);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const c = parse(getComputedStyle(node).backgroundColor);
      if (c.length === 3 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  const bad = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !node.checkVisibility()) continue;
    const a = light(parse(getComputedStyle(node).color)), b = light(behind(node));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.push(`${ratio.toFixed(2)} ${walk.currentNode.data.trim().slice(0, 40)}`);
  }
  return bad;
})()
"""
FOCUSED = """
(() => {
  const node = document.activeElement, style = getComputedStyle(node);
  const name = node.getAttribute("aria-label") || node.innerText || node.name || "";
  return [node.tagName, name.trim(),
          style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2];
})()
"""


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_is_readable(site: Site, browser: Browser, path: str, dark: bool) -> None:
    browser.open(site.url + path, dark=dark)

    background = browser.value("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(15, 18, 24)") is dark
    assert browser.value(CONTRAST) == []
    refused = [text for text in browser.complaints() if "404" not in text]
    assert refused == []


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", [360, 768])
def test_nothing_is_wider_than_the_screen(
    site: Site, browser: Browser, path: str, width: int
) -> None:
    browser.open(site.url + path, width=width)

    assert browser.value("document.documentElement.scrollWidth") <= width
    assert browser.value("innerWidth") == width


def test_a_long_line_scrolls_in_its_own_box(site: Site, browser: Browser) -> None:
    browser.open(site.url + "/pulls/1", width=360)

    assert browser.value(
        "[...document.querySelectorAll('.diff')].some(d => d.scrollWidth > d.clientWidth)"
    )


def test_a_hostile_pull_request_does_nothing(
    sample: ModuleType, serve_box: Callable[[Path], Site], browser: Browser, tmp_path: Path
) -> None:
    evil = serve_box(sample.tell(tmp_path / "hostile", hostile=True))

    browser.open(evil.url + "/pulls/3", width=360)

    opened = [e for e in browser.events if e.get("method") == "Page.javascriptDialogOpening"]
    assert opened == []
    assert browser.value("document.scripts.length") == 0
    assert browser.value("document.images.length") == 1
    assert browser.value("[...document.links].filter(a => !/^https?:/.test(a.href)).length") == 0
    assert browser.value("document.documentElement.scrollWidth") <= 360
    assert browser.complaints() == []


def test_a_log_grows_before_your_eyes(site: Site, browser: Browser) -> None:
    browser.open(site.url + "/jobs/4")
    live = "document.getElementById('log')"

    with Path(site.desk.log_path(4)).open("a") as file:
        file.write("round 500  <b>loss</b> 0.11\n")

    assert browser.value(seen(f"{live}.textContent.includes('round 500  <b>loss</b>')"))
    assert browser.value(f"{live}.querySelectorAll('*').length") == 0
    assert browser.value(f"{live}.getAttribute('aria-live')") == "polite"
    site.desk.queue.beat(4, "sample-3", lease_s=1e9, at=site.desk.now(), station="verdict")
    assert browser.value(
        seen("document.querySelector('[aria-current=step]')?.dataset.station === 'verdict'")
    )
    ending = Ending(state=JobState.SUCCEEDED, outcome="passed")
    site.desk.queue.end(4, "sample-3", ending, at=site.desk.now())
    assert came_to(browser, "document.body.innerText.includes('Try again')")
    assert (
        browser.value("document.getElementById('state').innerText") == "succeeded, verdict passed"
    )


def came_to(browser: Browser, what: str) -> bool:
    """Whether an expression gets true, also when the page is loaded anew meanwhile."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            if browser.value(seen(what)):
                return True
        except AssertionError:  # the page that was asked is gone, or has no body yet
            time.sleep(0.1)
    return False


def seen(what: str) -> str:
    """Waits up to ten seconds until an expression is true."""
    return f"""new Promise((done) => {{
      const start = Date.now();
      const look = () => {{
        const value = {what};
        if (value || Date.now() - start > 10000) done(value); else setTimeout(look, 50);
      }};
      look();
    }})"""


def test_without_scripts_everything_is_there(site: Site, browser: Browser) -> None:
    browser.open(site.url + "/jobs/4", script=False)

    tree = names_of(browser)
    assert ("button", "Stop this job") in tree
    html = str(browser.call("Runtime.evaluate", expression="document.body.innerText"))
    assert "round 420" in html


def test_a_keyboard_gets_everywhere_and_shows_where(site: Site, browser: Browser) -> None:
    browser.open(site.url + "/pulls/2")
    stops: list[Any] = []
    for _ in range(40):
        browser.press_tab()
        stops.append(browser.value(FOCUSED))
        if stops[-1][0] == "BODY":
            break

    names = [name for _, name, _ in stops]
    assert names[0] == "Skip to the content"
    for wanted in (
        "Overview",
        "Merge into main",
        "Close without merging",
        "Changes in params.yaml",
    ):
        assert wanted in names, names
    assert [name for tag, name, is_seen in stops if not is_seen and tag != "BODY"] == []


def test_a_screen_reader_gets_names_for_everything(site: Site, browser: Browser) -> None:
    for path in PAGES:
        browser.open(site.url + path)

        found = names_of(browser)
        unnamed = [
            role
            for role, name in found
            if role in ("button", "link", "textbox", "combobox", "navigation", "log") and not name
        ]
        assert unnamed == [], path
        roles = [role for role, _ in found]
        assert roles.count("main") == 1
        assert roles.count("banner") == 1
        assert "navigation" in roles
    browser.open(site.url + "/pulls/1")
    assert ("textbox", "Reason to merge anyway (recorded)") in names_of(browser)
    assert ("combobox", "How to merge") in names_of(browser)


def names_of(browser: Browser) -> list[tuple[str, str]]:
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    return [
        (node["role"]["value"], str(node.get("name", {}).get("value", "")))
        for node in nodes
        if not node.get("ignored") and "role" in node
    ]


def test_merging_with_the_mouse(site: Site, browser: Browser) -> None:
    browser.open(site.url + "/pulls/2")
    browser.events.clear()

    browser.value("document.querySelector('button.main').click()")
    browser.wait_for("Page.loadEventFired")

    assert "Merged." in browser.value("document.querySelector('[role=status]').innerText")
    assert site.desk.view(2).pull.state is PullState.MERGED


def test_logging_in(serve_with: Callable[..., Site], browser: Browser) -> None:
    site = serve_with(token="a-token-of-some-length")
    browser.open(site.url + "/jobs")
    assert browser.value("location.pathname") == "/login"
    browser.events.clear()

    browser.value("document.getElementById('token').value = 'a-token-of-some-length'")
    browser.value("document.querySelector('form').submit()")
    browser.wait_for("Page.loadEventFired")

    assert browser.value("document.querySelector('h1').innerText") == "tumours"
    assert browser.value("document.cookie") == ""
