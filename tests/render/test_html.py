"""The HTML report: complete in itself, harmless whatever the names are."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from tests.render.test_markdown import GATE, assert_harmless, run_of

from branchline.core.evidence.values import Plot
from branchline.core.pipeline import Content
from branchline.render.drawing import Drawing, drawing_of
from branchline.render.html import html_report
from branchline.render.markdown import report
from branchline.render.plots import Curve
from branchline.render.report.script import SCRIPT

DRAWINGS = (
    Drawing(path="roc", title="ROC", curves=(Curve(name="tpr", points=((0.0, 0.0), (1.0, 1.0))),)),
    Drawing(path="c", title="Confusion", labels=("a", "b"), counts=((3, 1), (0, 4))),
    Drawing(path="f", title="Gains", bars=(("age", 2.0),)),
    Drawing(path="i", title="Image", image=("image/png", b"\x89PNG\r\n\x1a\n")),
    Drawing(path="p", title="Broken", problem="it has no rows"),
)
ATTACKS = ["<script>alert(1)</script>", '" onload="x', "'><img src=x>", "`</code><b>", "a\x1b[31m"]


class Page(HTMLParser):
    """Elements of a page, and whether they close in order."""

    VOID = frozenset({"meta", "img", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def page_of(text: str) -> Page:
    page = Page(text)
    assert page.open == []
    return page


def test_the_page_holds_verdict_plots_tables_and_provenance() -> None:
    page = page_of(html_report(run_of(), run_of(0.9), GATE, DRAWINGS))

    for word in ("passed", "ROC", "Confusion", "Gains", "it has no rows", "baseline",
                 "Cost", "Parameters", "Provenance"):  # fmt: skip
        assert word in page.text
    assert page.tags.count("svg") == 2
    assert page.tags.count("img") == 1


def test_nothing_is_fetched_and_only_our_script_runs() -> None:
    text = html_report(run_of(), None, GATE, DRAWINGS)
    page = page_of(text)

    assert not {"link", "iframe", "object", "base", "form"} & set(page.tags)
    assert page.tags.count("script") == 1
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert script == SCRIPT
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'sha256-" in text
    assert "unsafe" not in text
    assert not [value for name, value in page.attributes if name == "style"]
    links = [v for k, v in page.attributes if k in ("src", "href", "xlink:href")]
    assert all((link or "").startswith("data:") for link in links)
    assert text.replace("http://www.w3.org/2000/svg", "").count("http://") == 0


@pytest.mark.parametrize("attack", ATTACKS)
def test_outside_text_stays_text(attack: str) -> None:
    plot = Plot(path=f"{attack}.csv", content=Content(md5="m"), options={"title": attack})
    drawings = [
        drawing_of(plot, f"{attack},b\n1,2\n".encode()),
        Drawing(path=attack, title=attack, problem=attack),
        Drawing(path="c", title=attack, labels=(attack,), counts=((1,),)),
        Drawing(path="b", title=attack, bars=((attack, 1.0),), x_label=attack),
    ]
    clean = page_of(html_report(run_of(), None, GATE, drawings))
    run = run_of(attack, name=attack, branch=attack, param=attack)

    page = page_of(html_report(run, run_of(0.9), GATE, drawings))

    assert "b" not in page.tags
    assert clean.tags.count("script") == page.tags.count("script") == 1
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert clean.tags.count("img") == page.tags.count("img") == 0
    assert "\x1b" not in page.text


def test_plots_in_markdown_are_charts_and_tables_and_harmless() -> None:
    text = report(run_of(), None, GATE, DRAWINGS)

    assert "```mermaid\nxychart-beta" in text
    assert "| `a` | 3 | 1 |" in text
    assert "`p` is not drawn: `it has no rows`" in text
    assert "--html" in text  # what a comment cannot show is named


@pytest.mark.parametrize("attack", ATTACKS)
def test_names_of_plots_break_no_markdown(attack: str) -> None:
    drawings = [
        Drawing(path=attack, title=attack, problem=attack),
        Drawing(path="c", title=attack, labels=(attack,), counts=((1,),)),
        Drawing(path="b", title=attack, bars=((attack, 1.0),), x_label=attack),
        Drawing(path="s", title=attack, is_scatter=True),
    ]

    assert_harmless(report(run_of(), None, GATE, drawings).replace("**", ""))
