"""Whatever a run holds, its report stays what it is: parsed as a forge and as a browser would."""

from __future__ import annotations

import math
import re
import time
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt
from tests.render.report.sample import (
    ATTACKS,
    AUC,
    GATE,
    NOISE,
    SLICES,
    SMALL,
    drawings,
    finding,
    plot,
    run_of,
    verdict_of,
)

from branchline.core.evidence import Evidence, Metric, StageFacts
from branchline.core.evidence.data.values import (
    ColumnDrift,
    DataFinding,
    DataReport,
    Examples,
)
from branchline.core.values import Outcome
from branchline.core.verdict.values import Baseline, Verdict
from branchline.render.drawing import Drawing, drawing_of
from branchline.render.html import html_report
from branchline.render.markdown import MOST_BYTES, report
from branchline.render.plots import Curve
from branchline.render.run_view import RunView, StageView

if TYPE_CHECKING:
    from markdown_it.token import Token

PARSER = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")
OWN_HTML = {"<br>", "<code>", "</code>"}
HUGE = "x|`<@a #1 \u202e" * 700_000  # about 10 MB


def hostile_check(text: str) -> DataReport:
    """A check of data whose names and values are all the same attack."""
    rows = ((text, text), (None, ""))
    found = DataFinding(
        rule=text, column=text, sentence=f"`{text}` is bad: {text}", broken=2, total=3,
        examples=Examples(columns=(text, text), rows=rows),
    )  # fmt: skip
    moved = ColumnDrift(column=text, psi=math.inf, chance=0.1, is_drifted=True, why=text)
    return DataReport(check=text, path=text, against=text, findings=(found,), drift=(moved,))


def hostile_run(text: str) -> RunView:
    """Every text of a run is the same attack."""
    number = Metric(name=text, value=None, text=text, file=text, stage=text)
    bad = replace(AUC, metric=text, sentence=text, rule="max_regression")
    parts = [replace(one, where=text, sentence=text, metric=text) for one in (*SLICES, SMALL)]
    odd = replace(NOISE, method=text, low=math.nan, high=math.inf, sampling=1e308, training=-0.0)
    findings = (bad, replace(bad, noise=odd), replace(bad, outcome=Outcome.UNKNOWN), *parts)
    verdict = Verdict(outcome=Outcome.FAILED, findings=findings, summary=text,
                      baseline=Baseline(run=text, via=text, commit=text))  # fmt: skip
    return RunView(
        run=text, model=text, commit=text, branch=text, subject=text, author=text,
        started_at=text, duration_s=math.nan, outcome=text, problems=(text,), verdict=verdict,
        stages=(StageView(stage=text, action="run", reason=text, changes=(text, f"{text}2"),
                          compared_with=text),),
        evidence=Evidence(
            metrics=(number, Metric(name="huge", value=1e308, text="1e308", file="m"),
                     Metric(name="long", value=10**400, text="1", file="m"),
                     Metric(name="nan", value=math.nan, text="nan", file="m")),
            params={f"{text}:{text}": text, "p.yaml:deep": [[text]]}, data={text: text},
            data_checks=(hostile_check(text),),
            outs={text: text}, versions={text: text}, evaluation_data=text,
            stages=(StageFacts(stage=text, action=text, key=text, run=text, duration_s=math.inf,
                               cpu_s=math.nan, peak_memory_bytes=2**80),),
        ),
    )  # fmt: skip


def hostile_drawings(text: str) -> list[Drawing]:
    points = ((0.0, 1.0), (1.0, 2.0))
    return [
        drawing_of(plot(f"{text}.csv", title=text, x_label=text), f"{text},b\n1,2\n".encode()),
        Drawing(path=text, title=text, problem=text, note=text, heads=(text,), rows=((text,),)),
        Drawing(path=text, title=text, labels=(text,), counts=((1,),), before=((2,),)),
        Drawing(path=text, title=text, bars=((text, 1e308),), x_label=text),
        Drawing(path=text, title=text, x_label=text, y_label=text,
                curves=(Curve(name=text, points=points), Curve(name=text, points=points))),
    ]  # fmt: skip


def leaves(tokens: list[Token]) -> list[Token]:
    """All tokens, those inside of others too."""
    return [leaf for token in tokens for leaf in (token, *leaves(token.children or []))]


def check_markdown(text: str) -> list[Token]:
    """A forge sees tables of one width, charts, lists; nothing of what stands in code is markup."""
    assert len(text.encode()) <= MOST_BYTES
    assert text.endswith("\n")
    tokens = PARSER.parse(text)
    depth = 0  # inside of <code>, where a forge looks for no mention and no link
    for token in leaves(tokens):
        assert token.type not in ("html_block", "link_open", "image", "s_open", "em_open"), token
        if token.type == "html_inline":
            assert token.content in OWN_HTML
            depth += {"<code>": 1, "</code>": -1}.get(token.content, 0)
        if token.type == "fence":
            assert token.info == "mermaid"
            assert token.content.startswith("xychart-beta\n")
        if token.type == "text" and not depth:
            assert not re.search(r"@\w|(?<!\w)#\d|\bGH-\d|https?://|www\.", token.content), token
    widths: list[int] = []
    inside = False
    for token in tokens:
        if token.type == "table_open":
            widths, inside = [], True
        elif token.type == "table_close":
            assert len(set(widths)) == 1, widths
            inside = False
        elif token.type == "tr_open":
            widths.append(0)
        elif token.type in ("td_open", "th_open"):
            widths[-1] += 1
        elif token.type == "inline" and not inside:
            assert not token.content.startswith("|"), token.content  # a table that broke off
    headings = [t.content for n, t in enumerate(tokens) if tokens[n - 1].type == "heading_open"]
    assert set(headings[1:]) <= {
        "Metrics", "In words", "Parts of the data, the worst first", "What chance alone can do",
        "What changed", "Data", "Tests of the model", "Parameters changed", "Plots", "Cost",
    }  # fmt: skip
    check_characters(text)
    return tokens


def check_characters(text: str) -> None:
    """No control, no character of direction; of those without width only what breaks mentions."""
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\u200e\u200f]", text)


class Page(HTMLParser):
    """A page, its elements closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag != "meta" and not str(self.get_starttag_text()).endswith("/>"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def check_html(text: str) -> Page:
    page = Page(text)
    assert page.tags.count("script") == page.tags.count("style") == 1
    assert not {"a", "b", "img", "iframe", "object", "form", "base", "link"} & set(page.tags)
    assert not [
        n for n, _ in page.attributes if n.startswith("on") or n in ("href", "src", "style")
    ]
    check_characters(text.replace("\x0b", ""))
    return page


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_in_every_text_stays_text(attack: str) -> None:
    run, before = hostile_run(attack), hostile_run(f"{attack}!")

    check_markdown(report(run, before, GATE, hostile_drawings(attack)))
    check_html(html_report(run, before, GATE, hostile_drawings(attack)))


def test_texts_of_ten_megabytes_are_cut() -> None:
    run = hostile_run(HUGE)
    began = time.process_time()

    text = report(run, run, GATE, hostile_drawings(HUGE)[1:])
    page = html_report(run, run, GATE, hostile_drawings(HUGE)[1:])

    check_markdown(text)
    check_html(page)
    assert len(page) < 400_000
    assert time.process_time() - began < 20


def test_a_hundred_thousand_metrics_are_counted_and_not_all_shown() -> None:
    names = [f"layer{n}.{ATTACKS[n % len(ATTACKS)]}" for n in range(100_000)]
    metrics = tuple(Metric(name=n, value=1.0, text="1.0", file="m.json") for n in names)
    run = run_of()
    run = replace(run, evidence=replace(run.evidence, metrics=metrics,
                                        params=dict.fromkeys(names, 1)))  # fmt: skip

    text = report(run, run, GATE)
    page = html_report(run, run, GATE)

    check_markdown(text)
    check_html(page)
    assert "99,943 more rows" in text
    assert len(page) < 4_000_000


def test_what_does_not_fit_is_left_out_and_the_rest_named() -> None:
    many = [replace(SLICES[0], where=f"site={'w' * 150}{n}") for n in range(20)]
    words = [finding(f"m{n}", "min", Outcome.FAILED, "Too low. " * 150) for n in range(60)]
    run = run_of(verdict_of(*words, *many, outcome=Outcome.FAILED))

    text = report(run, run, GATE, drawings())

    check_markdown(text)
    assert "The rest does not fit here: `branchline report def5678 --html report.html`" in text
    assert text.rstrip().endswith("baseline: run `abc1234`, alias `production`")
    assert len(text.encode()) > MOST_BYTES * 0.8


@pytest.mark.parametrize("most", [700, 1500, 3000, 6000, 12000, 20000])
def test_every_size_is_kept(most: int) -> None:
    text = report(run_of(), run_of(run="abc1234"), GATE, drawings(), most_bytes=most)

    check_markdown(text)
    assert len(text.encode()) <= most or most < 1000


def test_the_sample_is_well_formed_in_both() -> None:
    run, before = run_of(), run_of(run="abc1234", auc=0.9213)

    tokens = check_markdown(report(run, before, GATE, drawings()))
    check_html(html_report(run, before, GATE, drawings()))

    assert sum(token.type == "fence" for token in tokens) >= 5
    assert sum(token.type == "table_open" for token in tokens) >= 7


def test_tests_of_the_model_and_data_have_lists_of_their_own() -> None:
    test = finding("tests/test_model.py::flip", "test", Outcome.FAILED, "`flip` failed.")
    data = finding("data/a.csv", "data: range", Outcome.FAILED, "`data/a.csv`: 12 rows.", value=12)
    found = DataFinding(rule="range", sentence="`x` is out of bounds in 12 rows.", broken=12)
    check = DataReport(check="schema", path="data/a.csv", against="s.yaml", findings=(found,))
    run = run_of(verdict_of(test, data, AUC, outcome=Outcome.FAILED))
    run = replace(run, evidence=replace(run.evidence, data_checks=(check,)))

    text = report(run, run, GATE)

    check_markdown(text)
    assert "### Data\n\n❌ `data/a.csv` breaks 1 rule of `s.yaml`\n- ❌ `x` is out" in text
    assert text.count("12 rows") == 1
    assert "### Tests of the model\n\n- ❌ `flip` failed." in text
    assert "tests/test_model.py::flip" not in text.partition("### In words")[0]
    check_html(html_report(run, run, GATE))
