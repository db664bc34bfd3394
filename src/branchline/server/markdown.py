"""Markdown of untrusted code as HTML: no HTML of its own, no image, links to the web only.

What our own reports use besides (`<br>`, `<code>` in tables) is read by two rules here and nothing
else of HTML is.
"""

from __future__ import annotations

import html
import re
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

_BREAK = re.compile(r"<br ?/?>")
_CODE = re.compile(r"<code>([^<>]*)</code>")
_WEB = re.compile(r"(?i)(https?://|mailto:|#|/(?!/))")
_MOST = 300_000
# The signs of our reports; not every machine has a font with them.
_SIGNS = {
    "✅": '<span class="sign good" role="img" aria-label="passed">✓</span>',
    "❌": '<span class="sign bad" role="img" aria-label="failed">✗</span>',
    "❔": '<span class="sign unsure" role="img" aria-label="unknown">?</span>',
    "▫️": '<span class="sign dim" role="img" aria-label="open, and changes nothing">·</span>',
}


def to_html(text: str) -> str:
    """HTML of a Markdown text, safe to stand in a page.

    Headings begin at `<h3>`: a page's own are above. A text that is too long is cut off.
    """
    if len(text) > _MOST:
        text = text[:_MOST].rpartition("\n")[0] + "\n\n... cut off here"
    return str(_parser().render(text))


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")
    parser.disable(["image", "html_inline", "html_block"])
    parser.inline.ruler.before("autolink", "break_and_code", _break_and_code)
    parser.validateLink = _is_web  # type: ignore[method-assign] # the way that it documents
    parser.add_render_rule("text", _text)
    parser.add_render_rule("fence", _fence)
    parser.add_render_rule("heading_open", _heading)
    parser.add_render_rule("heading_close", _heading)
    parser.add_render_rule("link_open", _link)
    parser.add_render_rule("th_open", _cell)
    parser.add_render_rule("td_open", _cell)
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", _table_close)
    return parser


def _is_web(url: str) -> bool:
    return _WEB.match(url) is not None


def _break_and_code(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 # its signature
    """`<br>` and `<code>text</code>`, the text with character references and nothing else."""
    found = _BREAK.match(state.src, state.pos)
    code = None if found else _CODE.match(state.src, state.pos)
    match = found or code
    if match is None:
        return False
    if not silent:
        token = state.push("code_inline" if code else "hardbreak", "code" if code else "br", 0)
        if code:
            token.content = html.unescape(code[1])
    state.pos = match.end()
    return True


def _text(_renderer: object, tokens: Sequence[Token], index: int, *_: object) -> str:
    text = html.escape(tokens[index].content)
    for sign, shown in _SIGNS.items():
        text = text.replace(sign, shown)
    return text


def _fence(_renderer: object, tokens: Sequence[Token], index: int, *_: object) -> str:
    """A block of code; a chart of Mermaid, which needs a script to be drawn, is folded."""
    token = tokens[index]
    shown = f"<pre><code>{html.escape(token.content)}</code></pre>\n"
    if token.info.strip() != "mermaid":
        return shown
    return f"<details><summary>Numbers of the chart</summary>{shown}</details>\n"


def _heading(_renderer: object, tokens: Sequence[Token], index: int, *_: object) -> str:
    token = tokens[index]
    level = min(max(int(token.tag[1]) + 1, 3), 6)
    return f"<h{level}>" if token.nesting == 1 else f"</h{level}>\n"


def _link(
    renderer: Any, tokens: Sequence[Token], index: int, *rest: Any
) -> str:  # the library's own
    tokens[index].attrSet("rel", "nofollow noopener noreferrer")
    return str(renderer.renderToken(tokens, index, rest[0], {}))


def _cell(_renderer: object, tokens: Sequence[Token], index: int, *_: object) -> str:
    # A style attribute would be refused by the page's own policy.
    is_right = "right" in str(tokens[index].attrs.get("style", ""))
    return f'<{tokens[index].tag} class="right">' if is_right else f"<{tokens[index].tag}>"


def _table_open(*_: object) -> str:
    return '<div class="scroll" tabindex="0" role="group" aria-label="Table"><table>\n'


def _table_close(*_: object) -> str:
    return "</table></div>\n"
