"""The dated table of prices, and one of the user's own."""

from __future__ import annotations

import re

import pytest

from branchline.config.prices import read_prices, shipped_prices, with_own
from branchline.errors import ConfigError, UsageError


def test_every_shipped_price_says_when_and_where_it_was_read() -> None:
    table = shipped_prices()

    assert len(table.prices) >= 5
    for price in table.prices.values():
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", price.dated), price
        assert price.source
        assert price.usd_per_minute > 0


def test_the_machine_of_a_label() -> None:
    table = shipped_prices()

    known = table.of_labels(["self-hosted", "ubuntu-latest"])

    assert known is not None
    assert known.name == "github-linux"
    assert table.of_labels(["self-hosted", "gpu"]) is None


@pytest.mark.parametrize(("word", "cents"), [("1.60", 160), ("$0.5", 50), ("0", 0)])
def test_dollars_an_hour(word: str, cents: int) -> None:
    assert round(shipped_prices().named(word).of(3600) * 100) == cents


@pytest.mark.parametrize("word", ["github-gpux", "-1", "nan", "inf", ""])
def test_a_word_that_means_no_price(word: str) -> None:
    with pytest.raises(UsageError, match="--price"):
        shipped_prices().named(word)


def test_jobs_of_a_hosted_machine_are_billed_by_whole_minutes() -> None:
    price = shipped_prices().named("github-gpu")

    assert price.of(61) == price.of(120) == 2 * price.usd_per_minute


def test_own_machines_stand_in_front() -> None:
    own = b"[box]\nusd_per_hour = 2\nlabels = ['ubuntu-latest']\n"

    table = with_own(shipped_prices(), own, file="my.toml")

    assert table.of_labels(["ubuntu-latest"]) == table.prices["box"]
    assert "github-gpu" in table.prices


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("box = 1\n", "must be a table", id="no-table"),
        pytest.param("[box]\n", "usd_per_hour is None", id="no-price"),
        pytest.param("[box]\nusd_per_hour = -1\n", "must be US dollars", id="below-nothing"),
        pytest.param("[box]\nusd_per_hour = true\n", "must be US dollars", id="no-number"),
        pytest.param("[box]\nusd_per_hour = 1\ndate = 1\n", "did you mean `dated`", id="a-typo"),
        pytest.param("[box\n", "my.toml:1", id="no-toml"),
    ],
)
def test_a_table_that_cannot_be_used(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_prices(text.encode(), file="my.toml")
