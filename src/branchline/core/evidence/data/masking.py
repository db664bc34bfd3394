"""Keeps personal data out of reports: examples of broken rows are seen by many. Pure.

A column is masked by its name, a value by its looks. Neither is a guarantee: whoever must show
nothing asks for no examples (`examples: false`).
"""

from __future__ import annotations

import re

_NAMES = re.compile(
    r"(?:^|[^a-z])(?:e_?mail|mail|phone|tel|telephone|mobile|fax|ssn|iban|bic|passport|address|addr"
    r"|street|zip|zipcode|postcode|birth|birthday|birthdate|dob|first_?name|last_?name|full_?name"
    r"|surname|given_?name|user_?name|name|patient|customer|card|credit|account|tax|ip|ip_?address"
    r"|lat|lon|latitude|longitude|password|secret|token)(?:[^a-z]|$)"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_VALUES = re.compile(
    r"[^@\s]+@[^@\s]+\.[a-z]{2,}"  # an address
    r"|\+?\(?\d{2,4}\)?[ /-]\d{2,4}[ /-]?\d{2,}|\+\d{7,15}"  # a telephone number
    r"|\d{13,19}|(?:\d{4}[ -]){3}\d{1,7}"  # a card
    r"|[A-Z]{2}\d{2}[A-Z0-9]{11,30}"  # an IBAN
    r"|\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}",  # an IP address
    re.IGNORECASE,
)
_DATES = re.compile(r"\d{4}-\d{2}-\d{2}.*")
_MOST = 60


def is_personal(column: str) -> bool:
    """Whether a column's name says that it holds personal data.

    >>> is_personal("Email"), is_personal("customerName"), is_personal("nameless_share")
    (True, True, False)
    """
    return bool(_NAMES.search(_CAMEL.sub("_", column).lower().replace(" ", "_")))


def shown_value(column: str, value: str | None) -> str | None:
    """A value as reports show it: masked where it may be personal, cut where it is long.

    >>> shown_value("age", "-3"), shown_value("email", "ada@example.org")
    ('-3', 'a***')
    """
    if value is None:
        return None
    if value and (is_personal(column) or _looks_personal(value)):
        return f"{value[0]}***" if value[0].isalnum() else "***"
    return value if len(value) <= _MOST else value[: _MOST - 1] + "…"


def _looks_personal(value: str) -> bool:
    return bool(_VALUES.fullmatch(value.strip())) and not _DATES.fullmatch(value.strip())
