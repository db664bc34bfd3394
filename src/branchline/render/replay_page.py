"""A replayed history as one HTML page that needs nothing but itself: for who decides. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.core.plan.replay import ALWAYS, BRANCHLINE
from branchline.render.drawing import Drawing
from branchline.render.page import escaped, page, sentence_html, table_html
from branchline.render.plots import Curve
from branchline.render.replay import (
    heading,
    minutes_text,
    missed_table,
    money_text,
    notes,
    pushes_table,
    share,
    summary,
    times,
    totals_table,
)
from branchline.render.report.charts import STYLE as CHART_STYLE
from branchline.render.report.charts import curves

if TYPE_CHECKING:
    from branchline.core.plan.replay import Replay, Totals

_MOST_MISSED, _MOST_PUSHES, _MOST_POINTS = 200, 500, 400
_STYLE = """
.lead { font-size: 1.2rem; max-width: 48rem; }
.tiles { display: grid; gap: 1rem; margin: 1.25rem 0;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 15rem), 1fr)); }
.tile { background: var(--card); border-radius: 8px; padding: .8rem 1rem; min-width: 0;
  border-top: 4px solid var(--line); }
.tile.own { border-top-color: var(--good); } .tile.misses { border-top-color: var(--bad); }
.tile h3 { margin: 0; font-size: 1rem; overflow-wrap: anywhere; }
.tile .figure { font-size: 2rem; font-weight: 650; line-height: 1.2;
  font-variant-numeric: tabular-nums; }
.tile .figure small { font-size: 1rem; font-weight: 400; color: var(--dim); }
.tile p { margin: .25rem 0 0; font-size: .9rem; }
.rail { height: .6rem; border-radius: .3rem; background: var(--line); margin: .5rem 0;
  overflow: hidden; }
.rail div { height: 100%; background: var(--dim); } .own .rail div { background: var(--good); }
td { min-width: 4.5rem; } td:last-child:not(.right) { min-width: 14rem; }
figure { max-width: 46rem; }
summary { cursor: pointer; margin: .6rem 0; } li { margin: .2rem 0; }
dl { max-width: 48rem; } dt { font-weight: 600; } dd { margin: 0 0 .5rem; }
@media (max-width: 36rem) { .tile .figure { font-size: 1.6rem; } }
@media print { .wide { overflow: visible; } figure, tr, .tile { break-inside: avoid; } }
"""
_WORDS = (
    (
        "train",
        "Code, data or settings that the model depends on changed, and no result for them was"
        " there.",
    ),
    ("reuse", "Something changed, but this very model had been trained before."),
    ("skip", "Nothing that the model depends on changed: documents, comments, other code."),
    (
        "train, not known",
        "git alone cannot tell what the model depends on, so it is trained: never guess a skip.",
    ),
    ("needless", "Trainings of a policy that could only repeat a result that was there."),
    (
        "missed",
        "Pushes that changed a model, and a policy would not have trained: the model in use would"
        " have silently stayed an older one.",
    ),
)


def replay_page(replay: Replay) -> str:
    """The page.

    Args:
        replay: The history.
    """
    title = f"What training on `{replay.branch}` would have cost"
    missed = missed_table(replay, most=_MOST_MISSED)
    parts = [
        f"<h1>{sentence_html(title)}</h1>",
        f'<p class="dim">{sentence_html(heading(replay))}</p>',
        f'<p class="lead">{sentence_html(summary(replay))}</p>',
        _tiles(replay),
        _chart(replay),
        table_html(replace(totals_table(replay), title="What each policy comes to")),
        *_by_model(replay),
        table_html(missed),
        _left_out(sum(len(replay.totals(p).missed) for p in replay.policies), len(missed.rows)),
        _pushes(replay),
        _meaning(),
        _foot(replay),
    ]
    return page(f"Replay of {replay.branch}", parts, style=f"{CHART_STYLE}{_STYLE}")


def _tiles(replay: Replay) -> str:
    always = replay.totals(ALWAYS)
    if not replay.pushes:
        return ""
    tiles = "\n".join(_tile(replay.totals(policy), always) for policy in replay.policies)
    return f'<div class="tiles">\n{tiles}\n</div>'


def _tile(totals: Totals, always: Totals) -> str:
    kind = "own" if totals.policy == BRANCHLINE else "misses" if totals.missed else ""
    part = totals.trainings / always.trainings if always.trainings else 0.0
    facts = []
    if totals.usd is not None:
        facts.append(f"{money_text(totals.usd)} in {minutes_text(totals.seconds)} minutes")
    elif totals.seconds is not None:
        facts.append(f"{minutes_text(totals.seconds)} minutes")
    if totals.wasted:
        facts.append(f"{totals.wasted:,} of them needless")
    if totals.missed:
        word = "change" if len(totals.missed) == 1 else "changes"
        facts.append(f'<span class="bad">{len(totals.missed):,} {word} of a model missed</span>')
    elif totals.policy != ALWAYS:
        facts.append("no known change of a model missed")
    said = "".join(f"<p>{fact}</p>" for fact in facts)
    trainings = "training" if totals.trainings == 1 else "trainings"
    return (
        f'<div class="tile {kind}"><h3>{escaped(_name(totals.policy))}</h3>'
        f'<div class="figure">{totals.trainings:,} <small>{trainings}, {share(totals, always)}'
        f'</small></div><div class="rail"><div style="width: {100 * part:.1f}%"></div></div>'
        f"{said}</div>"
    )


def _name(policy: str) -> str:
    names = {ALWAYS: "Train on every push", BRANCHLINE: "Branchline"}
    return names.get(policy, f"Filter of {policy}")


def _chart(replay: Replay) -> str:
    """Trainings so far, push by push."""
    count = len(replay.pushes)
    if count < 2:
        return ""
    step = max(1, count // _MOST_POINTS)
    lines = []
    for policy in replay.policies:
        trained = 0
        points = [(0.0, 0.0)]
        for number, push in enumerate(replay.pushes, 1):
            trained += sum(replay.trains(policy, push, model) for model in push.models)
            if number % step == 0 or number == count:
                points.append((float(number), float(trained)))
        lines.append(Curve(name=policy, points=tuple(points)))
    drawing = Drawing(
        path="",
        title="Trainings, push by push",
        x_label="pushes",
        y_label="trainings so far",
        curves=tuple(lines),
    )
    return f"<figure><figcaption>Trainings, push by push</figcaption>{curves(drawing)}</figure>"


def _by_model(replay: Replay) -> list[str]:
    models = replay.models
    if len(models) < 2:
        return []
    return [table_html(totals_table(replay, model=model)) for model in models]


def _left_out(count: int, shown: int) -> str:
    if count == 0:
        return ""
    if count == shown:
        return ""
    return (
        f'<p class="dim">{count - shown:,} older ones: <code>branchline replay --json</code>.</p>'
    )


def _pushes(replay: Replay) -> str:
    if not replay.pushes:
        return ""
    count = len(replay.pushes)
    shown = "every push" if count <= _MOST_PUSHES else f"the newest {_MOST_PUSHES} pushes"
    table = table_html(pushes_table(replay, most=_MOST_PUSHES))
    return (
        f"<details><summary>Show {shown}, with the reason of each decision</summary>{table}"
        "</details>"
    )


def _meaning() -> str:
    rows = "".join(f"<dt>{escaped(w)}</dt><dd>{escaped(said)}</dd>" for w, said in _WORDS)
    return f"<h2>What the words mean</h2>\n<dl>{rows}</dl>"


def _foot(replay: Replay) -> str:
    said = "".join(f"<li>{sentence_html(text)}</li>" for text in notes(replay))
    trained = times(replay.totals(BRANCHLINE).trainings)
    return (
        f"<h2>What the figures rest on</h2>\n<ul>{said}</ul>\n<footer>Nothing was trained for this"
        f" page: the plan of each push was made as <code>branchline plan</code> makes it, and each"
        f" training that it asked for ({escaped(trained)}) is taken to succeed.</footer>"
    )
