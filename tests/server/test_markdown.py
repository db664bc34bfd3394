from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from branchline.server.markdown import to_html

TAGS = {
    "p", "h3", "h4", "h5", "h6", "ul", "ol", "li", "strong", "em", "code", "pre", "a", "br", "hr",
    "table", "thead", "tbody", "tr", "th", "td", "div", "blockquote", "span",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href", "rel", "title"},
    "div": {"class", "tabindex", "role", "aria-label"},
    "th": {"class"},
    "td": {"class"},
    "span": {"class", "role", "aria-label"},
    "code": {"class"},
    "ol": {"start"},
}


class Checker(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.wrong.append(f"<{tag}>")
        for name, value in attrs:
            if name not in ATTRIBUTES.get(tag, set()):
                self.wrong.append(f"{tag} {name}={value}")
            if name == "href" and not re.match(r"(?i)https?://|mailto:|#|/[^/]|/$", value or ""):
                self.wrong.append(f"href={value}")


def wrong_in(text: str) -> list[str]:
    checker = Checker()
    checker.feed(text)
    return checker.wrong


ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![x](https://evil.example/x.png)",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](vbscript:x)",
    "[x](//evil.example)",
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)\n\n[x]",
    '[x](https://e "t\\" onmouseover=alert(1) x=\\"")',
    '[x](https://e "✅")',
    '[x](https://e/✅ "a")',
    "`</code><script>alert(1)</script>`",
    "<code><script>alert(1)</script></code>",
    "<code>&lt;script&gt;</code>",
    "<code>a</code><code onclick=x>b</code>",
    "<br onclick=alert(1)>",
    "<div onclick=alert(1)>\n\nx\n\n</div>",
    "<!-- branchline:report -->",
    "| a |\n|---|\n| <svg onload=alert(1)> |",
    "| a |\n|:-:|\n| x |",
    '```js" onclick="x\nalert(1)\n```',
    "<style>*{display:none}</style>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<https://x\u0000y>",
    "✅<script>❌",
]


@pytest.mark.parametrize("text", ATTACKS)
@pytest.mark.parametrize("around", ["{}", "| a |\n|---|\n| {} |", "> {}", "- {}", "**{}**", "# {}"])
def test_nothing_active_gets_through(text: str, around: str) -> None:
    made = to_html(around.format(text))

    assert wrong_in(made) == []


def test_what_our_reports_use_is_shown() -> None:
    made = to_html(
        "## ✅ Verdict\n\n| a | b |\n|---|---:|\n| <code>x&#124;y&#60;</code><br>z | 1 |\n"
    )

    assert "<h3>" in made
    assert 'aria-label="passed"' in made
    assert "<code>x|y&lt;</code><br" in made
    assert '<td class="right">1</td>' in made
    assert 'class="scroll"' in made


def test_a_mention_stays_text_and_a_link_leads_nobody_back() -> None:
    made = to_html("@everyone [x](https://ok.example)")

    assert "@everyone" in made
    assert 'rel="nofollow noopener noreferrer"' in made


def test_a_text_without_end_is_cut_off() -> None:
    made = to_html("word\n" * 200_000)

    assert len(made) < 400_000
    assert "cut off here" in made


@pytest.mark.parametrize(
    "text", ["[" * 20_000, "*" * 20_000, "`" * 20_000, "<code>" * 20_000, "| " * 10_000 + "\n|-"]
)
def test_a_text_that_is_made_to_take_long_does_not(text: str) -> None:
    from time import process_time

    start = process_time()

    to_html(text)

    assert process_time() - start < 5


def test_a_chart_is_folded_and_stays_text() -> None:
    found = to_html('```mermaid\nxychart-beta\n    title "<b>"\n```\n\n```\nplain <i>\n```\n')

    assert found.count("<details><summary>Numbers of the chart</summary><pre><code>xychart") == 1
    assert "&lt;b&gt;" in found
    assert "<pre><code>plain &lt;i&gt;" in found
