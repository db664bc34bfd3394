"""Pieces of charts as SVG inside a page, whose style sheet colours them. Pure.

Points of one kind are one path of dots: 2,000 of them take 30 kB. Every text is escaped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.render.page import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from branchline.render.axis import Axis

    Point = tuple[float, float]

STYLE = """
:root { --point: #3d6a9e; --best: #b3470f; --grid: #e3e7eb; }
@media (prefers-color-scheme: dark) { :root { --point: #8db8e8; --best: #ffab66;
  --grid: #2b323b; } }
svg.chart { width: 100%; font: 12px system-ui, sans-serif; }
svg.chart text.t { fill: var(--text); filter: none; }
svg.chart text.d { fill: var(--dim); filter: none; }
svg.chart text.h { paint-order: stroke; stroke: var(--back); stroke-width: 3px;
  fill: var(--dim); filter: none; }
.chart path { fill: none; stroke-linecap: round; stroke-linejoin: round; }
.chart .grid { stroke: var(--grid); } .chart .edge { stroke: var(--dim); }
.chart .dot { stroke: var(--point); stroke-width: 5; stroke-opacity: .7; }
.chart .good { stroke: var(--point); stroke-width: 7; }
.chart .node { stroke: var(--best); stroke-width: 9; }
.chart .way { stroke: var(--best); stroke-width: 2; }
.chart .star { fill: var(--best); stroke: var(--card); stroke-width: 1; }
.chart .set { stroke: var(--text); stroke-width: 2; }
.chart .cross { stroke: var(--bad); stroke-width: 1.5; }
.chart .cut { stroke: var(--unsure); stroke-width: 1.5; }
.chart .thin { stroke: var(--point); stroke-opacity: .35; }
.chart .fine { stroke: var(--point); stroke-width: 1.5; }
.chart .dash { stroke: var(--unsure); stroke-dasharray: 4 3; stroke-opacity: .8; }
.key { display: flex; flex-wrap: wrap; gap: .1rem .9rem; margin: .4rem 0 0; font-size: .8rem;
  color: var(--dim); } .key span { white-space: nowrap; }
.key svg { display: inline-block; width: 16px; height: 12px; vertical-align: -1px; }
"""

_LEFT, _RIGHT, _TOP, _FOOT = 58, 14, 14, 44
_LETTERS = 26


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Where a chart is drawn: from shares of its axes to places on the paper."""

    width: float
    height: float

    def x(self, share: float) -> float:
        """From the left."""
        return _LEFT + share * (self.width - _LEFT - _RIGHT)

    def y(self, share: float) -> float:
        """From the top; a share of 0 is at the bottom."""
        return self.height - _FOOT - share * (self.height - _TOP - _FOOT)

    def at(self, share_x: float, share_y: float) -> Point:
        """Both."""
        return self.x(share_x), self.y(share_y)


def chart(box: Box, title: str, described: str, parts: Iterable[str]) -> str:
    """A picture with a name and a description for those who do not see it."""
    body = "\n".join(part for part in parts if part)
    return (
        f'<svg class="chart" role="img" viewBox="0 0 {box.width:.0f} {box.height:.0f}" '
        f'aria-label="{escaped(f"{title}. {described}")}">\n'
        f"<title>{escaped(title)}</title><desc>{escaped(described)}</desc>\n{body}\n</svg>"
    )


def frame(box: Box, x: Axis, y: Axis) -> list[str]:
    """Grid, ticks and labels."""
    grid, texts = [], []
    columns = x.ticks()
    letters = max(3, _LETTERS * 2 // max(1, len(columns)))
    for share, text in columns:
        if not x.choices:
            grid.append(f"M{box.x(share):.1f} {box.y(0):.1f}V{box.y(1):.1f}")
        texts.append(text_at(box.x(share), box.y(0) + 16, cut(text, letters), kind="d"))
    for share, text in y.ticks():
        grid.append(f"M{box.x(0):.1f} {box.y(share):.1f}H{box.x(1):.1f}")
        texts.append(text_at(_LEFT - 6, box.y(share) + 4, cut(text, 8), anchor="end", kind="d"))
    edge = f"M{box.x(0):.1f} {box.y(1):.1f}V{box.y(0):.1f}H{box.x(1):.1f}"
    label = text_at((box.x(0) + box.x(1)) / 2, box.height - 8, cut(x.label, 40))
    return [path("grid", "".join(grid)), path("edge", edge), *texts, label]


def text_at(x: float, y: float, text: str, *, anchor: str = "middle", kind: str = "t") -> str:
    """A text; `kind` is `t`, `d` for one that steps back, `h` for one that lines pass behind."""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text class="{kind}" {place}>{escaped(text)}</text>'


def path(kind: str, data: str, *, title: str = "") -> str:
    """A path of a kind that the style sheet knows; "" when there is nothing to draw."""
    if not data:
        return ""
    if title:
        return f'<path class="{kind}" d="{data}"><title>{escaped(title)}</title></path>'
    return f'<path class="{kind}" d="{data}"/>'


def dots(points: Iterable[Point]) -> str:
    """Lines of no length, which their round ends make dots."""
    return "".join(f"M{x:.1f} {y:.1f}h0" for x, y in points)


def crosses(points: Iterable[Point]) -> str:
    """Crosses."""
    return "".join(f"M{x - 3:.1f} {y - 3:.1f}l6 6m0 -6l-6 6" for x, y in points)


def triangles(points: Iterable[Point]) -> str:
    """Hollow triangles."""
    return "".join(f"M{x:.1f} {y - 4:.1f}l4 7h-8z" for x, y in points)


def squares(points: Iterable[Point]) -> str:
    """Hollow squares."""
    return "".join(f"M{x - 5:.1f} {y - 5:.1f}h10v10h-10z" for x, y in points)


def stars(points: Iterable[Point]) -> str:
    """Stars of four rays."""
    return "".join(f"M{x:.1f} {y - 10:.1f}l3 7l7 3l-7 3l-3 7l-3 -7l-7 -3l7 -3z" for x, y in points)


def polyline(points: Sequence[Point]) -> str:
    """A line through points."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) if len(points) > 1 else ""


def key(marks: Iterable[tuple[str, str, str]]) -> str:
    """What the marks mean: (kind, mark, words); mark is `dot`, `line` or a shape's path at 8,6."""
    items = []
    for kind, mark, words in marks:
        data = {"dot": "M8 6h0", "line": "M1 6h14"}.get(mark, mark)
        items.append(
            f'<span><svg class="chart" aria-hidden="true" viewBox="0 0 16 12">'
            f'<path class="{kind}" d="{data}"/></svg> {escaped(words)}</span>'
        )
    return f'<p class="key">{"".join(items)}</p>'


def cut(text: str, most: int) -> str:
    """A text of at most so many letters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
