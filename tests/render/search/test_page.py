"""A search as one HTML page: complete in itself, harmless, never too large."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from tests.render.search.sample import (
    ATTACKS,
    hostile,
    params_of,
    part,
    searched_of,
    trial_of,
    two_objectives,
)

from branchline.core.policy import Goal
from branchline.core.run.trials import Trial, TrialState, ranked
from branchline.render.search.page import search_page

VOID = {"meta", "path"}


class Page(HTMLParser):
    """Elements of a page, closed in order, and their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.names: set[str] = set()
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in VOID or (tag == "path" and "/>" not in str(self.get_starttag_text())):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.names |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def pictures(text: str) -> list[ET.Element]:
    """The charts of a page; each must parse, and has a name and a description."""
    found = [ET.fromstring(svg) for svg in re.findall(r"<svg .*?</svg>", text, re.DOTALL)]
    return [svg for svg in found if svg.get("role") == "img"]


def named(text: str) -> list[str]:
    """What the charts of a page are called."""
    return [str(svg.findtext("title")) for svg in pictures(text)]


def test_a_page_has_every_chart() -> None:
    text = search_page(searched_of())

    assert named(text) == [
        "History of auc",
        "Learning curves of auc",
        "auc against train.depth",
        "auc against train.lr",
        "auc against train.kind",
        "auc against train.trees",
        "Parallel coordinates",
    ]
    assert all(svg.findtext("desc") and svg.get("aria-label") for svg in pictures(text))


def test_a_page_says_what_was_found() -> None:
    page = Page(search_page(searched_of()))

    assert "churn: search for auc" in page.text
    assert re.search(r"The best is trial 45 with auc 0\.9\d+, \+0\.0\d+ against", page.text)
    assert "Show all 61 trials" in page.text
    assert "exit code 137, out of memory" in page.text
    assert "branchline tune --trials 60 --seed 1" in page.text
    assert "19 trials do not have it." in page.text


def test_failed_pruned_best_and_set_have_marks_of_their_own() -> None:
    history = search_page(searched_of()).partition("History of auc")[2].partition("</figure>")[0]

    for kind in ("dot", "way", "star", "set", "cut", "cross"):
        assert history.count(f'class="{kind}"') > 1, kind


def test_two_objectives_are_drawn_against_each_other() -> None:
    text = search_page(two_objectives())

    assert "auc against latency_ms" in named(text)
    assert "beaten by none" in text


@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_small_searches_have_a_page(count: int) -> None:
    trials = tuple(ranked([trial_of(n) for n in range(count)], Goal.MAXIMIZE))

    page = Page(search_page(searched_of(trials=trials)))

    assert ("cannot be told" in page.text) is bool(count)


@pytest.mark.parametrize("value", [0.0, 1e308, -1e308, 5e-324, math.inf, -math.inf, math.nan])
def test_every_value_has_a_page(value: float) -> None:
    state = TrialState.SUCCEEDED
    trials = [
        Trial(number=n, params={"a": n, "b": value}, state=state, value=value if n % 2 else 0.5)
        for n in range(12)
    ]

    text = search_page(searched_of(trials=tuple(ranked(trials, Goal.MINIMIZE))))

    assert "nan" not in "".join(re.findall(r' d="([^"]*)"', text))


def test_a_hostile_search_is_harmless_and_not_too_large() -> None:
    text = search_page(hostile())

    page = Page(text)
    assert len(text.encode("utf-8", "replace")) < 1_500_000
    assert page.tags & {"script", "img", "a", "b", "link", "iframe"} == set()
    assert {name for name in page.names if name.startswith(("on", "href", "src"))} == set()
    assert "\x1b" not in text
    assert ATTACKS[0] in page.text


def test_nothing_comes_from_another_host() -> None:
    text = search_page(searched_of())

    assert re.findall(r"(?:https?:)?//[a-z]", text) == []
    assert "default-src 'none'" in text


def test_a_large_search_stays_small() -> None:
    trials = [
        replace(
            trial_of(number),
            params={f"{name}{n}": v for n in range(8) for name, v in params_of(number).items()},
            state=TrialState.SUCCEEDED,
            value=part(number, 1),
        )
        for number in range(1, 2001)
    ]

    text = search_page(searched_of(trials=tuple(ranked(trials, Goal.MAXIMIZE)), current={}))

    assert len(text) < 1_000_000
    assert "of 2,000 trials</summary>" in text
    assert "12 of 32 parameters that vary" in text
