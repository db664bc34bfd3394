"""Options that name what machines cost, and the table that they mean: for `replay` and `cost`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from branchline.config.prices import PriceTable


def add_prices(parser: argparse.ArgumentParser) -> None:
    """Declare `--price` and `--prices`."""
    parser.add_argument(
        "--price",
        default="",
        metavar="NAME|USD",
        help="a machine of the price table (github-gpu, ...) or US dollars an hour",
    )
    parser.add_argument(
        "--prices", default="", metavar="FILE", help="a price table of your own, in TOML"
    )


def table_of(options: argparse.Namespace, command: str) -> PriceTable:
    """The table that ships, with the user's own machines in front.

    Args:
        options: With `prices`.
        command: As messages name it.

    Raises:
        UsageError: The file cannot be read.
        ConfigError: It cannot be used.
    """
    from branchline.config.prices import shipped_prices, with_own

    table = shipped_prices()
    if not options.prices:
        return table
    try:
        with open(options.prices, "rb") as file:
            data = file.read()
    except OSError as error:
        raise UsageError(
            f"{command}: --prices {options.prices} cannot be read: {error.strerror}",
            todo="Name a TOML file with a table for each machine: [my-box], usd_per_hour = 1.6",
        ) from None
    return with_own(table, data, file=options.prices)
