"""What machines cost: the dated table that ships, and one of the user's own.

Serves `branchline replay` and `branchline cost`. The table is prices.toml beside this file, and
nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from branchline.config.problems import nearest
from branchline.core.documents.toml import read_toml
from branchline.core.plan.replay import Price
from branchline.errors import ConfigError, DocumentError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FILE = "prices.toml"
_KEYS = ("usd_per_hour", "dated", "source", "rounds_up", "free_minutes", "labels")
_MINUTES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTable:
    """Prices by name, and names by the labels of the machines."""

    prices: Mapping[str, Price]
    labels: Mapping[str, str]

    def named(self, word: str) -> Price:
        """The price that a word means: a name of the table, or US dollars an hour.

        Raises:
            UsageError: It means none.
        """
        if word in self.prices:
            return self.prices[word]
        try:
            usd = float(word.removeprefix("$"))
        except ValueError:
            usd = -1.0
        if not 0 <= usd < float("inf"):
            hint = nearest(word, self.prices)
            meant = hint if "did you mean" in hint else ""  # the names stand in the remedy
            raise UsageError(
                f"--price {word} is neither US dollars an hour nor a name of the table{meant}",
                todo=f"Write a number such as 1.60, or one of: {', '.join(self.prices)}.",
            )
        return Price(name=f"${usd:g} an hour", usd_per_minute=usd / _MINUTES)

    def of_labels(self, labels: Sequence[str]) -> Price | None:
        """The price of the machine that a workflow asks for; None where no label is known."""
        name = next((self.labels[label] for label in labels if label in self.labels), None)
        return None if name is None else self.prices[name]


def shipped_prices() -> PriceTable:
    """The table that ships."""
    from importlib.resources import files

    return read_prices(files("branchline.config").joinpath(FILE).read_bytes(), file=FILE)


def with_own(table: PriceTable, data: bytes, *, file: str) -> PriceTable:
    """A table with the user's own machines in front.

    Raises:
        ConfigError: The user's cannot be used; see `read_prices`.
    """
    own = read_prices(data, file=file)
    return PriceTable(prices={**table.prices, **own.prices}, labels={**table.labels, **own.labels})


def read_prices(data: bytes, *, file: str) -> PriceTable:
    """Read a table of prices.

    Args:
        data: TOML.
        file: How messages name it.

    Raises:
        ConfigError: It cannot be used; says where, and what to write.
    """
    try:
        document = read_toml(data, file=file)
    except DocumentError as error:
        raise ConfigError(error.message, todo=error.todo) from error
    value: Any = document.value
    prices: dict[str, Price] = {}
    labels: dict[str, str] = {}
    for name, row in value.items():
        where = document.where((name,))
        if not isinstance(row, dict):
            raise ConfigError(f"{where}: {name} must be a table with `usd_per_hour`")
        for key in row:
            if key not in _KEYS:
                raise ConfigError(f"{where}: {name}.{key}: unknown key{nearest(key, _KEYS)}")
        prices[name] = _price(name, row, where)
        labels.update({str(label): name for label in row.get("labels", ())})
    return PriceTable(prices=prices, labels=labels)


def _price(name: str, row: Mapping[str, Any], where: str) -> Price:
    usd = row.get("usd_per_hour")
    if isinstance(usd, bool) or not isinstance(usd, int | float) or not 0 <= usd < float("inf"):
        raise ConfigError(
            f"{where}: {name}.usd_per_hour is {usd!r}, must be US dollars, 0 or more",
            todo=f"Write e.g. usd_per_hour = 1.60 below [{name}].",
        )
    free = row.get("free_minutes")
    if free is not None and not _is_amount(free):
        raise ConfigError(
            f"{where}: {name}.free_minutes is {free!r}, must be minutes of a month, 0 or more",
            todo=f"Write e.g. free_minutes = 2000 below [{name}], or leave it out.",
        )
    return Price(
        name=name,
        usd_per_minute=usd / _MINUTES,
        dated=str(row.get("dated", "")),
        source=str(row.get("source", "")),
        rounds_up=row.get("rounds_up") is True,
        free_minutes=None if free is None else float(free),
    )


def _is_amount(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= value < float("inf")  # type: ignore[operator] # a number, as tested
