"""Assertions about a model. Each fails with its numbers and the rows that show it.

They take anything that can be asked: an object with `predict`, a function of rows, an ONNX session.
A prediction that is NaN equals nothing, so it never passes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from branchline.errors import ModelTestError
from branchline.model_tests.measures import classes_of, is_lower_better, measure
from branchline.model_tests.predicting import as_array, predict, scores
from branchline.model_tests.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np

_SINGLE_ROWS = 50
_SHOWN = 5
WAYS = ("up", "down", "not down", "not up")


def assert_minimum(
    model: Any, metric: str | Callable[[Any, Any], float], value: float, rows: Any, truth: Any
) -> float:
    """The model reaches at least `value`; returns what it reached.

    Raises:
        AssertionError: It does not, or the number is not finite.
        ModelTestError: It cannot be computed, or is an error, where less is better.
    """
    __tracebackhide__ = True
    if is_lower_better(metric):
        raise ModelTestError(f"{metric} is an error: less is better", todo="Use `assert_maximum`.")
    return _reached(model, metric, value, rows, truth, is_minimum=True)


def assert_maximum(
    model: Any, metric: str | Callable[[Any, Any], float], value: float, rows: Any, truth: Any
) -> float:
    """The model's error is at most `value`; returns what it is.

    Raises:
        AssertionError, ModelTestError: As `assert_minimum`.
    """
    __tracebackhide__ = True
    return _reached(model, metric, value, rows, truth, is_minimum=False)


def _reached(
    model: Any, metric: Any, value: float, rows: Any, truth: Any, *, is_minimum: bool
) -> float:
    __tracebackhide__ = True
    import numpy as np

    held = Rows.of(rows)
    if not len(held):
        raise AssertionError("there are no rows to judge the model on")
    found = measure(metric, model, held.for_model(model), np.asarray(truth))
    name = metric if isinstance(metric, str) else getattr(metric, "__name__", "the measure")
    # A NaN is neither at least nor at most anything.
    if not (found >= value if is_minimum else found <= value):
        words = "at least" if is_minimum else "at most"
        raise AssertionError(
            f"{name} is {found:.6g} on {len(held)} rows; {words} {value:g} is wanted"
        )
    return found


def assert_repeatable(model: Any, rows: Any, *, tolerance: float = 1e-6) -> None:
    """The same rows get the same answers: asked again, one by one, and in another order.

    Raises:
        AssertionError: Answers differ by more than `tolerance`; names rows.
    """
    __tracebackhide__ = True
    import numpy as np

    held = Rows.of(rows)
    first = _answers(model, held)
    _same(first, _answers(model, held), held, "asked twice", tolerance)
    order = np.random.default_rng(0).permutation(len(held))
    shuffled = np.empty_like(first)
    shuffled[order] = _answers(model, held.take(order))
    _same(first, shuffled, held, "in another order", tolerance)
    few = held.take(slice(0, _SINGLE_ROWS))
    one_by_one = [_answers(model, few.take(slice(i, i + 1))) for i in range(len(few))]
    _same(first[: len(few)], np.concatenate(one_by_one), few, "one row at a time", tolerance)


def assert_invariant(
    model: Any,
    rows: Any,
    column: str | int,
    change: Callable[[Any], Any] | object,
    *,
    tolerance: float = 1e-6,
) -> None:
    """Changing a column that should not matter moves no answer by more than `tolerance`.

    Args:
        model: Anything that can be asked.
        rows: To start from.
        column: Name, or position in a matrix.
        change: New values from old ones, or one value for all.
        tolerance: In the unit of the answers; of labels any change counts.

    Raises:
        AssertionError: It moves some; or the change changes nothing, which would prove nothing.
    """
    __tracebackhide__ = True
    held = Rows.of(rows)
    moved = _moved(held, column, change)
    what = f"with `{column}` changed"
    _same(_answers(model, held), _answers(model, moved), held, what, tolerance)


def assert_direction(
    model: Any,
    rows: Any,
    column: str | int,
    change: Callable[[Any], Any] | object,
    way: str,
    *,
    of: object = None,
    tolerance: float = 1e-9,
) -> None:
    """Changing a column moves the answers one way.

    Args:
        model: Anything that can be asked.
        rows: To start from.
        column: Name, or position in a matrix.
        change: New values from old ones, or one value for all.
        way: `up`: no answer falls and some rise; `not down`: none falls; `down`, `not up` likewise.
        of: Class whose probability is meant; None takes the last of two, or the one number.
        tolerance: A step against the way up to this size is rounding.

    Raises:
        AssertionError: Some answers go the other way, or none moves where some should.
        ModelTestError: The way is none of these, or the class is not known.
    """
    __tracebackhide__ = True
    if way not in WAYS:
        raise ModelTestError(f"{way!r} is no direction", todo=f"Write one of {', '.join(WAYS)}.")
    held = Rows.of(rows)
    moved = _moved(held, column, change)
    before, after = _score(model, held, of), _score(model, moved, of)
    steps = after - before
    rises = way in ("up", "not down")
    against = ~(steps >= -tolerance) if rises else ~(steps <= tolerance)  # NaN goes against
    if against.any():
        lines = [
            f"  row {i}: {before[i]:.6g} -> {after[i]:.6g} ({held.shown(i)})"
            for i in against.nonzero()[0][:_SHOWN]
        ]
        raise AssertionError(
            f"with `{column}` changed, {int(against.sum())} of {len(held)} answers went"
            f" {'down' if rises else 'up'}; wanted is {way}:\n" + "\n".join(lines)
        )
    if way in ("up", "down") and not (abs(steps) > tolerance).any():
        raise AssertionError(
            f"with `{column}` changed, none of {len(held)} answers went {way}: none moved at all"
        )


def assert_cases(
    model: Any, cases: Sequence[tuple[Mapping[str, Any] | Sequence[Any], Any]]
) -> None:
    """Examples that must be right: pairs of a row and its answer, or bounds `(low, high)` of it.

    Raises:
        AssertionError: Some answers are others; names them. There are no cases.
    """
    __tracebackhide__ = True
    import numpy as np

    if not cases:
        raise AssertionError("there are no cases")
    inputs = [row for row, _ in cases]
    if isinstance(inputs[0], dict):
        rows = Rows(columns={n: np.asarray([row[n] for row in inputs]) for n in inputs[0]})
    else:
        rows = Rows(matrix=np.asarray(inputs))
    answers = np.asarray(predict(model, rows.for_model(model)))
    if answers.size != len(cases):
        raise ModelTestError(f"{len(cases)} cases got answers of shape {answers.shape}")
    answers = answers.reshape(len(cases))
    wrong = [
        f"  case {i}: {answer!r}, wanted {_wanted(expected)} ({rows.shown(i)})"
        for i, (answer, (_, expected)) in enumerate(zip(answers.tolist(), cases, strict=True))
        if not _fits(answer, expected)
    ]
    if wrong:
        raise AssertionError(
            f"{len(wrong)} of {len(cases)} cases are wrong:\n" + "\n".join(wrong[:_SHOWN])
        )


def _wanted(expected: Any) -> str:
    if isinstance(expected, tuple):
        return f"between {expected[0]!r} and {expected[1]!r}"
    return repr(expected)


def _fits(answer: Any, expected: Any) -> bool:
    if isinstance(expected, tuple):
        return bool(expected[0] <= answer <= expected[1])
    if isinstance(expected, float) and isinstance(answer, int | float):
        return math.isclose(answer, expected, rel_tol=1e-6, abs_tol=1e-9)
    return bool(answer == expected)


def _answers(model: Any, rows: Rows) -> np.ndarray:
    """Answers of all rows, the finest that there are, shape (rows, answers)."""
    if not len(rows):
        raise AssertionError("there are no rows to ask the model about")
    found = scores(model, rows.for_model(model))
    if len(found) != len(rows):
        raise AssertionError(f"{len(rows)} rows got {len(found)} answers")
    return found.reshape(len(rows), -1)


def same_answers(
    first: np.ndarray, other: np.ndarray, rows: Rows, what: str, tolerance: float
) -> None:
    """Fail where two answers to the same rows differ.

    Raises:
        AssertionError: They do; names the largest difference and rows.
    """
    __tracebackhide__ = True
    import numpy as np

    if first.shape != other.shape:
        raise AssertionError(f"{what}, the answers have shape {other.shape}, not {first.shape}")
    if first.dtype.kind == "f" and other.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            gaps = np.abs(first - other).max(axis=1)
        differs = ~(gaps <= tolerance)  # NaN differs from everything
        size = f"by up to {np.nanmax(gaps):.3g}" if np.isfinite(gaps).any() else "(NaN)"
    else:
        differs = (first != other).any(axis=1)
        size = "in their labels"
    if not differs.any():
        return
    lines = [
        f"  row {i}: {_numbers(first[i])} then {_numbers(other[i])} ({rows.shown(i)})"
        for i in differs.nonzero()[0][:_SHOWN]
    ]
    raise AssertionError(
        f"{what}, {int(differs.sum())} of {len(first)} answers differ {size}; tolerated is"
        f" {tolerance:g}:\n" + "\n".join(lines)
    )


_same = same_answers


def _numbers(values: np.ndarray) -> str:
    shown = [f"{v:.6g}" if isinstance(v, float) else ascii(v)[:40] for v in values.tolist()[:4]]
    return ", ".join(shown) + (", ..." if len(values) > 4 else "")


def _moved(rows: Rows, column: str | int, change: Any) -> Rows:
    __tracebackhide__ = True
    import numpy as np

    moved = rows.changed(column, change)
    old, new = rows.column(column), moved.column(column)
    if np.array_equal(old, new, equal_nan=old.dtype.kind == "f" and new.dtype.kind == "f"):
        raise AssertionError(
            f"the change leaves `{column}` as it is in every row: it proves nothing"
        )
    return moved


def _score(model: Any, rows: Rows, of: object) -> np.ndarray:
    """One number a row whose direction is meant, shape (rows,)."""
    __tracebackhide__ = True
    found = _answers(model, rows)
    if found.dtype.kind != "f":
        raise ModelTestError(
            "the model answers with labels that are no numbers, which have no direction",
            todo="Hand over a function that gives a score: `lambda rows: model.decision(rows)`.",
        )
    classes = classes_of(model)
    if of is not None:
        if of not in classes:
            raise ModelTestError(f"the model has no class {of!r}", todo=f"It has {classes[:8]!r}.")
        return found[:, classes.index(of)]
    if found.shape[1] > 2:
        raise ModelTestError(
            f"the model gives {found.shape[1]} numbers a row",
            todo=f"Say which class is meant: of={classes[0]!r}." if classes else "",
        )
    return found[:, -1]


def predictions(model: Any, rows: Any) -> np.ndarray:
    """What the model answers for rows, as an array."""
    return as_array(predict(model, Rows.of(rows).for_model(model)))
