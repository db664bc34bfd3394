"""Plots of a report in its page: lines and points as SVG, bars and matrices as tables. Pure.

Every value that the script shows stands in the element that it belongs to, as numbers; every text
from outside is escaped. Without the script each picture is complete.
"""

from __future__ import annotations

import base64
import math
from typing import TYPE_CHECKING

from branchline.core.evidence.figures import figure
from branchline.render import svg
from branchline.render.axis import number_axis
from branchline.render.page import escaped
from branchline.render.safe_markdown import cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from branchline.render.axis import Axis
    from branchline.render.drawing import Drawing
    from branchline.render.plots import Curve

_BOX = svg.Box(width=460, height=290)
_MOST_POINTS = 1_000
_COLORS = 6
_HEAT = 9
STYLE = (
    svg.STYLE
    + """
:root { --s0: #1a66ad; --s1: #b8400e; --s2: #147a55; --s3: #8347ab; --s4: #806000; --s5: #a32d69;
  --heat: 26 102 173; }
@media (prefers-color-scheme: dark) { :root { --s0: #6db3f2; --s1: #ff9f70; --s2: #5fd1a6;
  --s3: #cba4f0; --s4: #e0bf4e; --s5: #f590c1; --heat: 109 179 242; } }
.s0 { --c: var(--s0); } .s1 { --c: var(--s1); } .s2 { --c: var(--s2); } .s3 { --c: var(--s3); }
.s4 { --c: var(--s4); } .s5 { --c: var(--s5); } .base { --c: var(--dim); }
svg.chart { touch-action: pan-y; }
.chart .line { stroke: var(--c); stroke-width: 2; fill: none; }
.chart .past .line, .chart .line.past { stroke-dasharray: 6 4; stroke-width: 1.75; }
.chart .spot { stroke: var(--c); stroke-width: 5; stroke-opacity: .7; }
.chart .guide { stroke: var(--dim); stroke-dasharray: 2 4; }
.chart .rule { stroke: var(--dim); stroke-width: 1; pointer-events: none; }
.chart .mark { fill: var(--c); stroke: var(--card); stroke-width: 1.5; pointer-events: none; }
.js-only { display: none; } .js .js-only { display: block; }
.plots { grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); }
figure .wide { max-height: 22rem; overflow: auto; } .plots { align-items: start; }
figure > p { margin: .4rem 0 0; font-size: .85rem; }
.off { display: none; } .said { margin: .3rem 0 0; font-size: .85rem; min-height: 1.5em;
  color: var(--dim); font-variant-numeric: tabular-nums; }
.legend { font-size: .85rem; } .legend svg { width: 22px; height: 12px; }
.legend span, .legend button { color: var(--text); }
.legend button { font: inherit; background: none; border: 1px solid var(--line); cursor: pointer;
  border-radius: 1em; padding: .25em .7em; white-space: normal; text-align: left; }
.legend button[aria-pressed=false] { opacity: .45; text-decoration: line-through; }
.legend { gap: .35rem .6rem; } .legend span { white-space: normal; }
svg.chart:focus-visible, button:focus-visible, .wide:focus-visible, summary:focus-visible {
  outline: 2px solid var(--s0); outline-offset: 2px; }
.matrix td { text-align: right; font-variant-numeric: tabular-nums; padding: .3rem .6rem; }
.matrix th { font-weight: 400; padding: .3rem .6rem .3rem 0; }
.matrix thead th + th { text-align: right; padding: .3rem .6rem; } .matrix { width: 100%; }
.matrix small { display: block; white-space: nowrap; }
.bars { width: 100%; table-layout: fixed; overflow-wrap: anywhere; }
.bars th { font-weight: 400; padding-right: .6rem; } .bars thead th:first-child { width: 36%; }
.bars th.right { width: 5.5rem; white-space: normal; padding-right: 0; }
svg.bar { display: block; width: 100%; height: .9rem; }
svg.bar rect { fill: var(--s0); } svg.bar rect.less { fill: var(--s1); }
"""
    + "".join(
        f".h{n} {{ background: rgb(var(--heat) / {n / _HEAT * 0.55:.2f}); }}\n"
        for n in range(1, _HEAT + 1)
    )
)


def plots_html(drawings: Sequence[Drawing]) -> str:
    """The section "Plots"; "" without drawings."""
    if not drawings:
        return ""
    figures = "\n".join(map(figure_html, drawings))
    hint = ""
    if any(drawing.curves for drawing in drawings):
        hint = (
            '<p class="note js-only">Point at a chart, or use the arrow keys in it, to read '
            "values; a line's name hides it.</p>\n"
        )
    return f'<h2>Plots</h2>\n{hint}<div class="plots">\n{figures}\n</div>'


def figure_html(drawing: Drawing) -> str:
    """One plot with its title and its note."""
    note = f'<p class="dim">{_short(drawing.note)}</p>' if drawing.note else ""
    return (
        f'<figure class="plot"><figcaption>{_short(drawing.title)}</figcaption>'
        f"{_drawn(drawing)}{note}</figure>"
    )


def _drawn(drawing: Drawing) -> str:
    if drawing.image is not None:
        media, data = drawing.image
        text = base64.b64encode(data).decode("ascii")
        return f'<img alt="{_short(drawing.title)}" src="data:{media};base64,{text}"/>'
    if drawing.labels:
        return matrix(drawing)
    if drawing.bars:
        return bars(drawing)
    if drawing.curves:
        return curves(drawing)
    why = f'<p class="dim"><code>{_short(drawing.path)}</code>: {_short(drawing.problem)}</p>'
    return why + _table(drawing.heads, drawing.rows) if drawing.rows else why


def curves(drawing: Drawing) -> str:
    """Lines, or points, over common axes with their legend."""
    lines = [_thinned(curve) for curve in drawing.curves]
    points = [p for line in lines for p in line if _is_finite(p)]
    if not points:
        return '<p class="dim">It holds no finite numbers.</p>'
    x = number_axis(cut(drawing.x_label, 60), *_ends([p[0] for p in points]))
    y = number_axis(cut(drawing.y_label, 60), *_ends([p[1] for p in points]))
    classes = _classes(drawing.curves)
    parts = svg.frame(_BOX, x, y)
    if drawing.y_label:
        parts.append(svg.text_at(_BOX.x(0), 10, svg.cut(y.label, 50), anchor="start"))
    if drawing.has_diagonal:
        low, high = max(x.low, y.low), min(x.high, y.high)
        if low < high:
            ends = [_BOX.at(x.share(end), y.share(end)) for end in (low, high)]
            parts.append(svg.path("guide", svg.polyline(ends)))
    parts += [
        _series(curve, line, kind, x, y, is_scatter=drawing.is_scatter)
        for curve, line, kind in zip(drawing.curves, lines, classes, strict=True)
    ]
    what = "Points" if drawing.is_scatter else "Lines"
    named = ", ".join(cut(curve.name, 40) for curve in drawing.curves[:8])
    label = f"{cut(drawing.title, 80)}. {what}: {named}."
    scatter = ' data-scatter=""' if drawing.is_scatter else ""
    axes = " ".join(f"{end:.12g}" for end in (x.low, x.high, y.low, y.high))
    box = f"{_BOX.x(0):g} {_BOX.x(1):g} {_BOX.y(1):g} {_BOX.y(0):g}"
    body = "\n".join(filter(None, parts))
    return (
        f'<svg class="chart" role="img" viewBox="0 0 {_BOX.width:g} {_BOX.height:g}" '
        f'data-axes="{axes}" data-box="{box}" data-x="{escaped(x.label or "row")}"{scatter} '
        f'aria-label="{escaped(label)}">\n<desc>{_short(_described(drawing.curves))}</desc>\n'
        f"{body}\n</svg>{_legend(drawing.curves, classes)}"
    )


def _series(
    curve: Curve, line: Sequence[tuple[float, float]], kind: str, x: Axis, y: Axis, *,
    is_scatter: bool,
) -> str:  # fmt: skip
    at = [_BOX.at(x.share(p[0]), y.share(p[1])) if _is_finite(p) else None for p in line]
    if is_scatter:
        shape = svg.path("spot", svg.dots(place for place in at if place is not None))
    else:
        # A number that is missing breaks the line; one that stands alone is a dot.
        pieces = _pieces(at)
        shape = svg.path("line", "".join(svg.polyline(piece) for piece in pieces))
        shape += svg.path("spot", svg.dots(piece[0] for piece in pieces if len(piece) == 1))
    values = " ".join(f"{p[0]:.8g},{p[1]:.8g}" for p in line if _is_finite(p))
    name = escaped(cut(curve.name, 80))
    return f'<g class="series {kind}" data-name="{name}" data-points="{values}">{shape}</g>'


def _classes(lines: Sequence[Curve]) -> list[str]:
    """A colour for each line; the baseline's has that of the line it belongs to, dashed."""
    mine = [curve.name for curve in lines if not curve.is_baseline]
    found = []
    for number, curve in enumerate(lines):
        if not curve.is_baseline:
            found.append(f"s{number % _COLORS}")
            continue
        of = curve.name.removesuffix(", baseline")
        found.append(f"s{mine.index(of) % _COLORS} past" if of in mine else "base past")
    return found


def _legend(lines: Sequence[Curve], classes: Sequence[str]) -> str:
    if len(lines) < 2:
        return ""
    items = "".join(
        f'<span><svg class="chart" aria-hidden="true" viewBox="0 0 22 12"><g class="{kind}">'
        f'<path class="line" d="M1 6h20"/></g></svg> {escaped(cut(curve.name, 80))}</span>'
        for curve, kind in zip(lines, classes, strict=True)
    )
    return f'<p class="key legend">{items}</p>'


def _described(lines: Sequence[Curve]) -> str:
    """The ends of each line in words, for those who do not see it."""
    words = []
    for curve in lines[:8]:
        finite = [p for p in curve.points if _is_finite(p)]
        if finite:
            first, last = figure(finite[0][1]), figure(finite[-1][1])
            words.append(f"{cut(curve.name, 40)} goes from {first} to {last}")
    return "; ".join(words)


def matrix(drawing: Drawing) -> str:
    """A confusion matrix as a table: rows are what was true, columns what was predicted."""
    heads = "".join(f'<th scope="col">{escaped(cut(label, 30))}</th>' for label in drawing.labels)
    rows = []
    for at, (label, counts) in enumerate(zip(drawing.labels, drawing.counts, strict=True)):
        before = drawing.before[at] if drawing.before else ()
        total = sum(counts)
        cells = "".join(
            _count(count, total, before[n] if before else None) for n, count in enumerate(counts)
        )
        rows.append(f'<tr><th scope="row">{escaped(cut(label, 30))}</th>{cells}</tr>')
    said = "Rows: what is true. Columns: what the model said."
    if drawing.before:
        said += " Small: the difference to the baseline."
    name = escaped(f"{cut(drawing.title, 80)}: confusion matrix")
    return (
        f'<div class="wide" tabindex="0" role="group" aria-label="{name}"><table class="matrix">'
        f"<thead><tr><th></th>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        f'<p class="dim said">{said}</p>'
    )


def _count(count: int, total: int, before: int | None) -> str:
    share = count / total if total else 0.0
    heat = f"h{max(1, round(share * _HEAT))}" if count else "h0"
    step = f"<small>{count - before:+,}</small>" if before is not None and count != before else ""
    title = f"{count:,} of {total:,}: {share * 100:.1f} %"
    return f'<td class="{heat}" title="{title}">{count:,}{step}</td>'


def bars(drawing: Drawing) -> str:
    """Lying bars, each with its label and value; they begin at zero."""
    widest = max(abs(value) for _, value in drawing.bars) or 1.0
    rows = "".join(
        f'<tr><th scope="row">{_short(label)}</th><td><svg class="bar" aria-hidden="true" '
        f'viewBox="0 0 100 10" preserveAspectRatio="none"><rect class="{_side(value)}" '
        f'width="{abs(value) / widest * 100:.2f}" height="10"/></svg></td>'
        f'<td class="right">{figure(value)}</td></tr>'
        for label, value in drawing.bars
    )
    label = escaped(cut(drawing.x_label or "size", 60))
    return (
        f'<table class="bars sortable"><thead><tr><th>name</th><th>{label}</th>'
        f'<th class="right">value</th></tr></thead><tbody>{rows}</tbody></table>'
    )


def _side(value: float) -> str:
    return "more" if value >= 0 else "less"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    top = "".join(f"<th>{_short(head)}</th>" for head in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{_short(text)}</td>" for text in row) + "</tr>" for row in rows
    )
    return (
        '<div class="wide" tabindex="0" role="group" aria-label="Data"><table class="sortable">'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _short(text: str) -> str:
    return escaped(cut(text, 300))


def _is_finite(point: tuple[float, float]) -> bool:
    return math.isfinite(point[0]) and math.isfinite(point[1])


def _ends(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)


def _thinned(curve: Curve) -> Sequence[tuple[float, float]]:
    """Every n-th point, the last among them: a screen shows no more."""
    every = math.ceil(len(curve.points) / _MOST_POINTS)
    return curve.points if every <= 1 else (*curve.points[:-1:every], curve.points[-1])


def _pieces(places: Iterable[svg.Point | None]) -> list[list[svg.Point]]:
    """Runs of places without a gap."""
    pieces: list[list[svg.Point]] = [[]]
    for place in places:
        if place is not None:
            pieces[-1].append(place)
        elif pieces[-1]:
            pieces.append([])
    return [piece for piece in pieces if piece]
