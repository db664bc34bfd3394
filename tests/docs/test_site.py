"""The site of docs/: strict, whole, by itself, and readable in a browser."""

from __future__ import annotations

import re
import subprocess
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
from tests.server.test_in_chromium import CONTRAST

if TYPE_CHECKING:
    from tests.docs.conftest import Build
    from tests.server.conftest import Browser

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
LOOKED_AT = (
    "index", "tutorial/first-run", "how-to/start-in-a-repository", "how-to/report-on-a-run",
    "reference/configuration", "reference/errors", "examples/hydra-app", "project/readme",
)  # fmt: skip


class Looked(HTMLParser):
    """What a page loads, where it leads, and the places that one may lead to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.places: set[str] = set()
        self.navigation: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag in ("script", "img", "iframe", "source") and "src" in told:
            self.loads.append(told["src"])
        if tag == "link" and told.get("rel") not in ("canonical", "author"):
            self.loads.append(told.get("href", ""))
        if tag == "a":
            self.links.append(told.get("href", ""))
            if "reference internal" in told.get("class", ""):
                self.navigation.append(told.get("href", ""))
        if "id" in told:
            self.places.add(told["id"])


@pytest.fixture(scope="module")
def pages(made: Path) -> dict[str, Looked]:
    return {
        str(path.relative_to(made)): Looked(path.read_text("utf-8"))
        for path in sorted(made.rglob("*.html"))
    }


def test_the_navigation_is_the_index(made: Path, pages: dict[str, Looked]) -> None:
    listed = re.findall(
        r"^- \[[^\]]*\]\(([^)#\s]+)\.md", (ROOT / "docs/index.md").read_text(), re.M
    )
    text = (made / "index.html").read_text("utf-8")
    sidebar = Looked(text[text.index('class="sidebar-tree"') : text.index("</aside>")])

    shown = [link for link in sidebar.navigation if not link.startswith(("examples/", "project/"))]

    assert [link for link in shown if "decisions/" not in link] == [
        f"{page}.html" for page in listed
    ]
    assert len(listed) > 30
    examples = {path.parent.name for path in (ROOT / "examples").glob("*/README.md")}
    assert {x for x in sidebar.navigation if x.startswith("examples/")} == {
        f"examples/{name}.html" for name in examples
    }
    for page in listed:
        assert f"{page}.html" in pages


def test_everything_that_a_page_loads_is_its_own(made: Path, pages: dict[str, Looked]) -> None:
    for name, page in pages.items():
        assert page.loads, name
        for target in page.loads:
            parts = urlsplit(target)
            assert not parts.scheme or parts.scheme == "data", (name, target)
            assert not parts.netloc, (name, target)
            if parts.path:
                assert (made / name).parent.joinpath(unquote(parts.path)).exists(), (name, target)
    for path in made.rglob("*.css"):
        told = re.findall(r"@import[^;]*|url\([^)]*//[^)]*\)", path.read_text("utf-8"))
        assert [text for text in told if "data:" not in text] == [], path


def test_every_link_and_anchor_of_the_site_leads_somewhere(
    made: Path, pages: dict[str, Looked]
) -> None:
    lost = []
    for name, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or not link:
                continue
            target = (made / name).parent.joinpath(unquote(parts.path)).resolve()
            key = str(target.relative_to(made.resolve())) if parts.path else name
            if key not in pages and not target.is_file():
                lost.append(f"{name}: {link}")
            wanted = unquote(parts.fragment)
            if wanted and key in pages and wanted not in pages[key].places:
                lost.append(f"{name}: {link}")

    assert lost == []


INDEX = """\
# Documentation

## Explanation

- [The walk](explanation/the-walk.md)
- [Keys](explanation/keys.md#known): when a result may be reused
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small repository with documents that are sound."""
    folder = tmp_path / "tree"
    for name, text in (
        ("docs/index.md", INDEX),
        ("docs/explanation/the-walk.md", "# The walk\n\nSee [the example](../../examples/one).\n"),
        ("docs/explanation/keys.md", "# Keys\n\n## Known\n\n`[a](code.md)` is code.\n"),
        (
            "examples/one/README.md",
            "# One\n\n[Back](../../docs/explanation/the-walk.md).\n",
        ),
        ("examples/one/train.py", "print('```')\n"),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    return folder


def test_a_small_repository_has_a_site_and_again_the_same(
    build: Build, tree: Path, tmp_path: Path
) -> None:
    first, again = build(tmp_path / "out", tree), build(tmp_path / "out", tree)

    assert first.stdout == again.stdout == f"4 pages: {tmp_path}/out/index.html\n"
    assert "```" in (tmp_path / "out/examples/one.html").read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("[a](no-such-page.md)", "{line}: `no-such-page.md` is no page", id="page"),
        pytest.param("[a](../../src)", "{line}: `../../src` is no page", id="outside-of-the-site"),
        pytest.param("[a](keys.md#no-such-heading)", "no-such-heading", id="anchor-elsewhere"),
        pytest.param("[a](#nor-this-one)", "nor-this-one", id="anchor-here"),
        pytest.param(
            "![a](../images/no.png)", "{line}: `../images/no.png` is no page", id="picture"
        ),
    ],
)
def test_what_leads_nowhere_fails_and_is_named(
    build: Build, tree: Path, tmp_path: Path, text: str, said: str
) -> None:
    page = tree / "docs/explanation/the-walk.md"
    page.write_text(page.read_text() + f"\n{text}\n")
    line = f"docs/explanation/the-walk.md:{len(page.read_text().splitlines())}"

    done = build(tmp_path / "out", tree)

    assert done.returncode == 1
    assert said.format(line=line) in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_page_that_the_index_does_not_list_fails(
    build: Build, tree: Path, tmp_path: Path
) -> None:
    (tree / "docs/explanation/forgotten.md").write_text("# Forgotten\n")

    done = build(tmp_path / "out", tree)

    assert done.returncode == 1
    assert "forgotten.md" in done.stderr


def test_a_folder_with_something_else_is_left_alone(build: Build, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept")

    done = build(tmp_path)

    assert done.returncode == 2
    assert "holds something else" in done.stderr
    assert (tmp_path / "mine.txt").read_text() == "kept"


def test_the_page_of_an_example_has_its_files(made: Path) -> None:
    text = (made / "examples/notebook.html").read_text("utf-8")

    assert 'id="its-files"' in text
    assert "train.ipynb" in text
    assert "tags: parameters" in text


@pytest.mark.parametrize("name", LOOKED_AT)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_is_readable(address: str, browser: Browser, name: str, dark: bool) -> None:
    browser.open(f"{address}/{name}.html", dark=dark)

    assert browser.value(CONTRAST) == []
    assert browser.complaints() == []


@pytest.mark.parametrize("name", LOOKED_AT)
@pytest.mark.parametrize("width", [360, 1200])
def test_nothing_is_wider_than_the_screen(
    address: str, browser: Browser, name: str, width: int
) -> None:
    browser.open(f"{address}/{name}.html", width=width)

    assert browser.value("document.documentElement.scrollWidth") <= width
    assert browser.value("innerWidth") == width


def test_a_search_finds_the_page_that_is_about_it_first(address: str, browser: Browser) -> None:
    browser.open(f"{address}/search.html?q=notebook")
    first = "(document.querySelector('#search-results li a') || {}).textContent"
    done = "(document.querySelector('#search-results p') || {}).textContent"
    until = time.monotonic() + 30
    while not re.search(r"\d+ page", browser.value(done) or ""):
        assert time.monotonic() < until
        time.sleep(0.05)

    assert "notebook" in browser.value(first).lower()
