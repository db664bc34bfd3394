"""Variables that are others for a while. Knows no process: it is given what holds them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, MutableMapping


@contextmanager
def put_aside(variables: MutableMapping[str, str], names: Iterable[str]) -> Iterator[None]:
    """Whatever becomes of some variables meanwhile, at the end they are what they were.

    >>> variables = {"PATH": "/bin"}
    >>> with put_aside(variables, ["PATH", "LANG"]):
    ...     variables.update(PATH="/opt", LANG="C")
    >>> variables
    {'PATH': '/bin'}
    """
    before = {name: variables.get(name) for name in names}
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                variables.pop(name, None)
            else:
                variables[name] = value
