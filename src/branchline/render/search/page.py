"""A search as one HTML page that needs nothing but itself: no script, no font, no other host. Pure.

Thinned where there is much, so that 2,000 trials of 40 parameters stay below 1.5 MB; what is left
out is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.render import svg
from branchline.render.page import escaped, page, sentence_html, table_html
from branchline.render.search import charts
from branchline.render.search.facts import (
    against,
    brief,
    facts_of,
    foot_words,
    losses_of,
    spread,
    value_words,
)
from branchline.render.search.slices import parallel, slices, slices_key
from branchline.render.table import Align, Column, Table, Tone, cell
from branchline.render.trials import missing_text, number_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from branchline.core.run.trials import Trial
    from branchline.render.search.facts import Facts, Searched
    from branchline.render.table import Cell

_FIRST_ROWS = 10
_ROWS, _FEWEST_ROWS, _CELLS = 200, 50, 5_000
_MANY_COLUMNS = 12
_LOSSES = 30
_LONGEST = 60
_STYLE = (
    svg.STYLE
    + """
.two { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem),
  1fr)); }
.slices { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem),
  1fr)); }
.across { min-width: 44rem; }
.rods { width: 100%; } .rods th, .rods td { border: 0; padding: .2rem .6rem .2rem 0; }
.rods th { font-weight: 400; white-space: nowrap; } .rods .rod { width: 60%; }
.rod div { height: .9rem; min-width: 2px; background: var(--point); border-radius: 2px; }
.key + p.dim, svg + p.dim, .rods + p.dim { margin: .3rem 0 0; font-size: .85rem; }
summary { cursor: pointer; margin: .6rem 0; }
@media (max-width: 36rem) { .two svg.chart text { font-size: 16px; } }
pre { overflow-x: auto; background: var(--card); padding: .6rem .8rem; border-radius: 8px; }
pre code { background: none; padding: 0; }
@media print { body { max-width: none; } .wide { overflow: visible; }
  figure, tr { break-inside: avoid; } }
"""
)


def search_page(searched: Searched) -> str:
    """The page of one search.

    Args:
        searched: What it found.
    """
    facts = facts_of(searched)
    title = f"{searched.title}: search for {searched.metric}" if searched.title else ""
    title = title or f"Search for {searched.metric}"
    return page(
        title,
        [
            f"<h1>{escaped(title)}</h1>",
            _summary(searched, facts),
            _overview(searched, facts),
            _ranked(searched, facts),
            _parameters(searched, facts),
            _losses(searched),
            _foot(searched),
        ],
        style=_STYLE,
    )


def _summary(searched: Searched, facts: Facts) -> str:
    best, current = facts.best, facts.current
    if best is None:
        return f'<p class="bad">No trial left a number for {_code(searched.metric)}.</p>'
    found = f"{_code(searched.metric)} {number_text(best.value)}"
    if spread(best):
        found += f" {escaped(spread(best))}"
    if best is current:
        return f"<p>The best, {found}, has the values that were set already.</p>"
    step = against(best, current)
    than = f", {escaped(step)} against the values that were set" if step else ""
    said = f"The best is trial {best.number} with {found}{than}"
    words = charts.changes(searched, facts)
    return f"<p>{said}: {escaped(svg.cut(words, 300))}</p>" if words else f"<p>{said}.</p>"


def _figure(caption: str, body: str) -> str:
    if not body:
        return ""
    return f"<figure><figcaption>{escaped(svg.cut(caption, 80))}</figcaption>{body}</figure>"


def _grid(kind: str, figures: Iterable[str]) -> str:
    body = "\n".join(filter(None, figures))
    return f'<div class="{kind}">\n{body}\n</div>' if body else ""


def _overview(searched: Searched, facts: Facts) -> str:
    """What the whole search looked like."""
    if not searched.trials:
        return "<p>No trial was made.</p>"
    figures = [
        _figure(f"History of {searched.metric}", charts.history(searched, facts)),
        *(_figure(title, drawn) for title, drawn in charts.fronts(searched, facts)),
        _figure(f"Learning curves of {searched.metric}", charts.curves(searched, facts)),
        _figure("What matters", charts.importance(facts)),
    ]
    return _grid("two", figures)


def _parameters(searched: Searched, facts: Facts) -> str:
    drawn = slices(searched, facts)
    if not drawn:
        return ""
    name = escaped(svg.cut(searched.metric, _LONGEST))
    parts = [f"<h2>{name} against each parameter</h2>", slices_key(facts)]
    parts.append(_grid("slices", (_figure(name, picture) for name, picture in drawn)))
    count = len(facts.varying)
    if count > len(drawn):
        said = f"{len(drawn)} of {count} parameters that vary, the most important first."
        parts.append(f'<p class="dim">{said}</p>')
    lines = parallel(searched, facts)
    parts += ["<h2>Side by side</h2>", lines] if lines else []
    return "\n".join(parts)


def _ranked(searched: Searched, facts: Facts) -> str:
    if not searched.trials:
        return ""
    everyone = list(enumerate(searched.trials, start=1))
    first = everyone[:_FIRST_ROWS]
    first += [(rank, t) for rank, t in everyone[_FIRST_ROWS:] if t is facts.current]
    parts = [table_html(_table(first, searched, facts, title="Trials"))]
    if len(everyone) > len(first):
        most = max(_FEWEST_ROWS, min(_ROWS, _CELLS // (len(facts.varying) + 1)))
        shown = everyone[:most]
        count = f"{len(everyone):,}"
        cut = f"all {count}" if len(shown) == len(everyone) else f"the best {most} of {count}"
        table = table_html(_table(shown, searched, facts))
        parts.append(f"<details><summary>Show {cut} trials</summary>{table}</details>")
    if facts.constant:
        words = ", ".join(f"{name} {_cut(brief(v))}" for name, v in facts.constant.items())
        said = escaped(svg.cut(f"The same in all trials: {words}", 600))
        parts.append(f'<p class="dim">{said}.</p>')
    return "\n".join(parts)


def _table(
    shown: Sequence[tuple[int, Trial]], searched: Searched, facts: Facts, *, title: str = ""
) -> Table:
    values = [name for name, _ in searched.objectives] or [searched.metric]
    has_spread = any(spread(trial) for _, trial in shown)
    heads = ["rank", "trial", *map(_cut, values), *["spread"] * has_spread]
    heads += ["against now"] * (facts.current is not None) + [*map(_cut, facts.varying), "seconds"]
    right = [Column(heading=head, align=Align.RIGHT) for head in heads]
    rows = tuple(_row(rank, trial, searched, facts, has_spread=has_spread) for rank, trial in shown)
    return Table(columns=(*right, Column(heading="")), rows=rows, title=title)


def _row(
    rank: int, trial: Trial, searched: Searched, facts: Facts, *, has_spread: bool
) -> tuple[Cell, ...]:
    tone = Tone.STRONG if trial is facts.best else Tone.PLAIN
    cells = [cell(rank, tone), cell(trial.number or "–", tone), *_values(trial, searched, facts)]
    cells += [cell(spread(trial))] * has_spread
    cells += [cell(against(trial, facts.current), tone)] * (facts.current is not None)
    letters = _LONGEST if len(facts.varying) <= _MANY_COLUMNS else 24
    params, missing = trial.params, missing_text(trial, "–")
    cells += [
        cell(svg.cut(brief(params[name]), letters) if name in params else missing, tone)
        for name in facts.varying
    ]
    marks = ["best"] * (trial is facts.best) + ["as it was"] * (trial is facts.current)
    marks += ["beaten by none"] * (trial.number in facts.front)
    return (*cells, cell(f"{trial.duration_s:.1f}", Tone.DIM), cell(", ".join(marks), tone))


def _values(trial: Trial, searched: Searched, facts: Facts) -> Sequence[Cell]:
    count = len(searched.objectives) or 1
    if not trial.has_value:
        word = value_words(trial) if trial.value is None else trial.state.value
        return [cell(word, Tone.BAD), *[cell("–")] * (count - 1)]
    tone = Tone.GOOD if trial is facts.best else Tone.PLAIN
    values = trial.objectives if len(trial.objectives) == count > 1 else (trial.value,)
    found = [cell(number_text(value), tone) for value in values]
    return found + [cell("–")] * (count - len(found))


def _losses(searched: Searched) -> str:
    losses = losses_of(searched.trials)
    rows = tuple(
        (
            cell(f"{len(loss.numbers):,}"),
            cell(loss.state.value),
            cell(svg.cut(loss.detail, 400) or "no reason was left"),
            cell(svg.cut(", ".join(map(str, loss.numbers)), _LONGEST), Tone.DIM),
        )
        for loss in losses[:_LOSSES]
    )
    columns = (
        Column(heading="trials", align=Align.RIGHT),
        Column(heading=""),
        Column(heading="why"),
        Column(heading="numbers"),
    )
    return table_html(Table(columns=columns, rows=rows, title="Without a final value"))


def _foot(searched: Searched) -> str:
    again = ""
    if searched.command:
        again = f"<h2>Again</h2>\n<pre><code>{escaped(searched.command)}</code></pre>\n"
    return again + "<footer>" + " · ".join(map(sentence_html, foot_words(searched))) + "</footer>"


def _cut(text: str) -> str:
    return svg.cut(text, _LONGEST)


def _code(text: str) -> str:
    return f"<code>{escaped(_cut(text))}</code>"
