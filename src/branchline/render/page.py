"""A page that needs nothing but itself, and texts from outside inside of it. Pure.

No font and no address of another host stands in it, which the page's own policy forbids as well. It
follows the reader's light or dark and the width of a phone. Every text from outside is escaped.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

from branchline.render.table import Align, Tone, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.render.table import Cell, Table

_CLASSES = {
    Tone.GOOD: "good",
    Tone.BAD: "bad",
    Tone.UNSURE: "unsure",
    Tone.DIM: "dim",
    Tone.STRONG: "strong",
}
_TITLES = {"metric": "Metrics", "parameter": "Parameters", "output": "Outputs"}
_STYLE = """
:root { color-scheme: light dark; --back: #fff; --text: #1c2128; --dim: #667; --line: #d5d9de;
  --card: #f6f8fa; --good: #176f2c; --bad: #b3261e; --unsure: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --back: #12161b; --text: #e4e8ee; --dim: #98a2ae;
  --line: #333a44; --card: #1b2128; --good: #57c46f; --bad: #ff8a80; --unsure: #e0b04a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 70rem; background: var(--back);
  color: var(--text); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .5rem 0; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
code { font: .92em ui-monospace, monospace; background: var(--card); padding: .1em .3em;
  border-radius: 4px; }
.badge { display: inline-block; padding: .1em .6em; border-radius: 1em; color: var(--back);
  background: var(--unsure); }
.badge.passed { background: var(--good); } .badge.failed { background: var(--bad); }
.good { color: var(--good); } .bad { color: var(--bad); } .unsure { color: var(--unsure); }
.dim, footer { color: var(--dim); } .strong { font-weight: 600; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; overflow-wrap: normal; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th.right, td.right { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.plots { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem),
  1fr)); }
figure { margin: 0; padding: .75rem; background: var(--card); border-radius: 8px; min-width: 0; }
figcaption { font-weight: 600; margin-bottom: .5rem; }
svg, img { max-width: 100%; height: auto; display: block; }
@media (max-width: 36rem) { svg text { font-size: 15px; } }
@media (prefers-color-scheme: dark) { svg polyline, svg circle,
  svg text:not([fill="#222"], [fill="#fff"]) { filter: brightness(1.6); } }
svg [fill="#222"] { fill: currentColor; } svg > rect[fill="#fff"] { fill: none; }
footer { margin-top: 2rem; padding-top: .75rem; border-top: 1px solid var(--line);
  font-size: .85rem; }
"""


def page(title: str, parts: Sequence[str], *, style: str = "", script: str = "") -> str:
    """A page of parts that are HTML, complete in itself; its policy lets nothing else in.

    Args:
        title: As a text.
        parts: In order; empty ones are left out.
        style: More of it, as CSS.
        script: What runs in it, ours alone: the policy names it by its digest, so that no other
            does. "" for none. A page with a script has no `style` attribute.
    """
    body = "\n".join(part for part in parts if part)
    whole = f"{_STYLE}{style}"
    styles, scripts = "'unsafe-inline'", ""
    if script:
        styles, scripts = f"'{_digest(whole)}'", f" script-src '{_digest(script)}';"
    running = f"<script>{script}</script>\n" if script else ""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
        f"{scripts} style-src {styles}; img-src data:; base-uri 'none'; form-action 'none'\">\n"
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escaped(title)}</title>\n<style>{whole}</style>\n"
        f"</head>\n<body>\n{body}\n{running}</body>\n</html>\n"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def escaped(text: str) -> str:
    """A text from outside that stays text, in an element or a quoted attribute."""
    flat = visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return flat.replace('"', "&quot;").replace("'", "&#39;")


def sentence_html(text: str) -> str:
    """A sentence of ours; what stands between backquotes becomes code."""
    pieces = re.split(r"`([^`]*)`", text)
    return "".join(
        f"<code>{escaped(p)}</code>" if i % 2 else escaped(p) for i, p in enumerate(pieces)
    )


def table_html(table: Table, *, prefix: str = "") -> str:
    """A table under its heading; "" without rows."""
    if not table.rows:
        return ""
    right = [column.align is Align.RIGHT for column in table.columns]
    heads = "".join(
        f"<th{' class=right' if is_right else ''}>{escaped(column.heading)}</th>"
        for column, is_right in zip(table.columns, right, strict=True)
    )
    rows = "\n".join("<tr>" + "".join(map(_cell, row, right)) + "</tr>" for row in table.rows)
    heading = table.columns[0].heading
    title = table.title or _TITLES.get(heading, heading.capitalize())
    title = f"{prefix}{title.lower()}" if prefix else title
    return (
        f'<h2>{escaped(title)}</h2>\n<div class="wide"><table>\n<tr>{heads}</tr>\n{rows}\n'
        "</table></div>"
    )


def _cell(cell: Cell, is_right: bool) -> str:  # noqa: FBT001 # mapped over two sequences
    classes = " ".join(
        name for name in (_CLASSES.get(cell.tone, ""), "right" if is_right else "") if name
    )
    return f'<td class="{classes}">{sentence_html(cell.text)}</td>'
