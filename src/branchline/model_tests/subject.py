"""The fixture `model`: the model on disk, with the assertions that know the evaluation data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from branchline.model_tests import assertions
from branchline.model_tests.loading import ModelFile
from branchline.model_tests.rows import Rows
from branchline.model_tests.saving import assert_save_load_equal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from branchline.model_tests.context import Place
    from branchline.model_tests.data import EvalData

_ROWS = 1000
"""Rows that an assertion about behaviour looks at, the first ones, where none are handed over."""


class Subject(ModelFile):
    """A model under test.

    Rows may be handed to each assertion, in the form that the model takes, or as a data frame, a
    mapping of columns or a matrix; without, the evaluation data are taken.

    Args:
        place: Where its files are.
        root: Absolute root of the repository.
        data: Gives the evaluation data.
    """

    def __init__(self, place: Place, root: str, data: Callable[[], EvalData]) -> None:
        super().__init__(place, root)
        self._data = data

    def assert_minimum(
        self,
        metric: str | Callable[[Any, Any], float],
        value: float,
        rows: Any = None,
        truth: Any = None,
    ) -> float:
        """See `assertions.assert_minimum`."""
        __tracebackhide__ = True
        held, known = self._labelled(rows, truth)
        return assertions.assert_minimum(self, metric, value, held, known)

    def assert_maximum(
        self,
        metric: str | Callable[[Any, Any], float],
        value: float,
        rows: Any = None,
        truth: Any = None,
    ) -> float:
        """See `assertions.assert_maximum`."""
        __tracebackhide__ = True
        held, known = self._labelled(rows, truth)
        return assertions.assert_maximum(self, metric, value, held, known)

    def assert_repeatable(self, rows: Any = None, *, tolerance: float = 1e-6) -> None:
        """See `assertions.assert_repeatable`."""
        __tracebackhide__ = True
        assertions.assert_repeatable(self, self._rows(rows), tolerance=tolerance)

    def assert_save_load_equal(
        self,
        rows: Any = None,
        *,
        save: Callable[[Any, str], object] | None = None,
        ending: str = "",
        tolerance: float = 1e-6,
    ) -> None:
        """See `saving.assert_save_load_equal`."""
        __tracebackhide__ = True
        assert_save_load_equal(
            self, self._rows(rows), save=save, ending=ending, tolerance=tolerance
        )

    def assert_invariant(
        self,
        column: str | int,
        change: Callable[[Any], Any] | object,
        tolerance: float = 1e-6,
        *,
        rows: Any = None,
    ) -> None:
        """See `assertions.assert_invariant`."""
        __tracebackhide__ = True
        held = self._rows(rows)
        assertions.assert_invariant(self, held, column, change, tolerance=tolerance)

    def assert_direction(
        self,
        column: str | int,
        change: Callable[[Any], Any] | object,
        way: str,
        *,
        of: object = None,
        rows: Any = None,
        tolerance: float = 1e-9,
    ) -> None:
        """See `assertions.assert_direction`."""
        __tracebackhide__ = True
        held = self._rows(rows)
        assertions.assert_direction(self, held, column, change, way, of=of, tolerance=tolerance)

    def assert_cases(self, cases: Sequence[tuple[Mapping[str, Any] | Sequence[Any], Any]]) -> None:
        """See `assertions.assert_cases`."""
        __tracebackhide__ = True
        assertions.assert_cases(self, cases)

    def _rows(self, rows: Any) -> Rows:
        if rows is not None:
            return Rows.of(rows)
        return self._data().features().take(slice(0, _ROWS))

    def _labelled(self, rows: Any, truth: Any) -> tuple[Any, Any]:
        if (rows is None) is not (truth is None):
            raise ValueError("rows and truth belong together: give both, or none")
        return self._data().split() if rows is None else (rows, truth)
