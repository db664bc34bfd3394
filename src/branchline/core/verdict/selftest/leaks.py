"""Probes on the data: evaluation rows that were trained on, and a feature that tells the answer.

Pure; NumPy inside. Rows are compared by value, column by column of the columns that both have.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.core.values import Outcome
from branchline.core.verdict.selftest.values import Probe, Proof, unasked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    from branchline.core.evidence.tables import Column, Table

_FAILS_AT = 0.001
"""Share of the evaluation rows that stand in the training data, too, from which it is a leak."""
_NEAR = 1e-3
"""Numbers that differ by less than this share of a standard deviation count as near."""
_PROJECTIONS = 3
_WINDOW = 8
_TELLS = 0.97
_FEW = 20
_MOST_BINS = 100
_FEWEST_ROWS = 50
_MOST_SHOWN = 10
_MOST_SPREAD = 300
"""So many numbers a row are looked at one by one; longer rows (pictures) as a whole."""


def train_test_overlap(train: Table, test: Table) -> Proof:
    """How many evaluation rows stand in the training data, exactly or nearly.

    Columns that number the rows are left out. Data that repeat themselves anyway (few columns, few
    values) overlap without a leak: the share of training rows that stand there twice is what can be
    expected, and only more than that fails.

    Args:
        train: What the model was trained on.
        test: What it is evaluated on.
    """
    import numpy as np

    train, test = _typed(train), _typed(test)
    common = [name for name in test.columns if name in train.columns]
    left_out = [name for name in common if _numbers_rows(train.columns[name], test.columns[name])]
    names = [name for name in common if name not in left_out]
    if not names or not test.rows or not train.rows:
        return unasked(
            Probe.OVERLAP,
            f"{train.file} and {test.file} have no column in common to compare rows by",
        )
    codes = [_codes(train.columns[name], test.columns[name]) for name in names]
    rows = np.stack(codes, axis=1)
    _, which = np.unique(rows, axis=0, return_inverse=True)
    which = which.reshape(-1)
    in_train, in_test = which[: train.rows], which[train.rows :]
    exact = np.isin(in_test, in_train)
    seen, counts = np.unique(in_train, return_counts=True)
    expected = float(counts[counts > 1].sum() - len(seen[counts > 1])) / train.rows
    near = _near(train, test, names, rows) & ~exact
    share = float((exact | near).mean())
    numbers = {
        "exact": float(exact.sum()),
        "near": float(near.sum()),
        "rows": float(test.rows),
        "share": share,
        "expected_share": expected,
    }
    hits = np.flatnonzero(exact | near)
    shown = (
        f"{int(exact.sum()):,} of {test.rows:,} rows of {test.file} stand in {train.file}, too"
        f"{f', and {int(near.sum()):,} nearly do' if near.any() else ''}"
        f" ({100 * share:.1f} %, by {len(names)} columns"
        f"{f' without {_list(left_out)}' if left_out else ''})"
    )
    if share > max(_FAILS_AT, 1.5 * expected):
        return Proof(
            probe=Probe.OVERLAP,
            outcome=Outcome.FAILED,
            sentence=f"{shown}: the model is asked what it was told.",
            todo="Split so that no example, and nobody's near copy of it, is on both sides: by "
            "group (user, patient, document) or by time, after duplicates were dropped.",
            numbers=numbers,
            examples=tuple(test.place(int(row)) for row in hits[:_MOST_SHOWN]),
        )
    why = f"; {100 * expected:.1f} % repeat themselves in the training data alone" if share else ""
    return Proof(
        probe=Probe.OVERLAP, outcome=Outcome.PASSED, sentence=f"{shown}{why}.", numbers=numbers
    )


def single_feature(test: Table, target: str, *, ignore: Sequence[str] = ()) -> Proof:
    """Whether one column alone tells the answer.

    A column is cut into up to 100 groups, and half of the rows say what the other half should
    answer; what is counted is the share of the errors of the best constant answer that this saves.

    Args:
        test: The evaluation data with their target.
        target: Its column.
        ignore: Columns that are no features: predictions, ids, weights.
    """
    import numpy as np

    test = _typed(test)
    features = [name for name in test.columns if name != target and name not in ignore]
    if target not in test.columns or not features:
        return unasked(Probe.FEATURE, f"{test.file} does not hold the target beside features")
    if test.rows < _FEWEST_ROWS:
        return unasked(Probe.FEATURE, f"{test.rows} rows of {test.file} are too few")
    truth, is_value = _truth(test.columns[target])
    if len(np.unique(truth)) < 2:
        return unasked(Probe.FEATURE, f"every row of {test.file} has the same `{target}`")
    told = {name: _told(test.columns[name], truth, is_value=is_value) for name in features}
    best = max(told, key=lambda name: (told[name], name))
    numbers = {"features": float(len(features)), "best": told[best]}
    if told[best] >= _TELLS:
        found = sorted((n for n in told if told[n] >= _TELLS), key=lambda name: -told[name])
        return Proof(
            probe=Probe.FEATURE,
            outcome=Outcome.FAILED,
            sentence=f"{_list(found)} alone {'tells' if len(found) == 1 else 'tell'} `{target}`: "
            f"{100 * told[best]:.1f} % of the errors of guessing are gone.",
            todo="See whether it is known when the model has to answer; a column that is filled in "
            "afterwards must not be a feature.",
            numbers=numbers,
            examples=tuple(found[:_MOST_SHOWN]),
        )
    return Proof(
        probe=Probe.FEATURE,
        outcome=Outcome.PASSED,
        sentence=f"No column alone tells `{target}`; the most that one does, `{_cut(best)}`, is to "
        f"save {100 * max(0.0, told[best]):.0f} % of the errors of guessing.",
        numbers=numbers,
    )


def _typed(table: Table) -> Table:
    """The table with columns of numbers as numbers, where a CSV gave their texts.

    A row of numbers each (an array of an npz file) becomes a column a number, unless it is long.
    """
    import numpy as np

    columns: dict[str, Column] = {}
    for name, column in table.columns.items():
        if column.values.ndim > 1 and column.values.shape[1] <= _MOST_SPREAD:
            for place in range(column.values.shape[1]):
                numbers = column.values[:, place]
                spread = replace(column, values=numbers, missing=np.isnan(numbers))
                columns[f"{name}[{place}]"] = spread
            continue
        columns[name] = column
        if column.values.dtype.kind != "O" or column.missing.all():
            continue
        texts = np.where(column.missing, "nan", column.values).astype(str)
        try:
            numbers = texts.astype(np.float64)
        except ValueError:
            continue
        columns[name] = replace(column, values=numbers, missing=np.isnan(numbers))
    return replace(table, columns=columns)


def _codes(train: Column, test: Column) -> NDArray[np.int64]:
    """The values of both, one after the other, as codes that are equal where they are."""
    import numpy as np

    one, other = train.values, test.values
    if one.ndim > 1 or other.ndim > 1:
        return _codes_of_rows(one, other)
    if one.dtype.kind in "iufb" and other.dtype.kind in "iufb":
        both = np.concatenate([one.astype(np.float64), other.astype(np.float64)])
        missing = np.concatenate([train.missing, test.missing]) | np.isnan(both)
        both = np.where(missing, 0.0, both)
        codes = np.unique(both, return_inverse=True)[1].reshape(-1)
    else:
        texts = [str(value) for part in (one, other) for value in part.tolist()]
        missing = np.concatenate([train.missing, test.missing])
        codes = np.unique(np.array(texts), return_inverse=True)[1].reshape(-1)
    return np.where(missing, -1, codes).astype(np.int64)


def _codes_of_rows(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.int64]:
    """A row of numbers each (an array of an npz file) as one code, equal where all of it is."""
    import numpy as np

    if one.ndim != other.ndim or one.shape[1:] != other.shape[1:]:
        return np.arange(len(one) + len(other), dtype=np.int64)  # no two are equal
    both = np.ascontiguousarray(np.concatenate([one, other]), dtype=np.float64)
    both = both + 0.0  # -0.0 is 0.0
    both[np.isnan(both)] = np.nan  # one spelling
    as_bytes = both.view(np.dtype((np.void, both.dtype.itemsize * both.shape[1]))).reshape(-1)
    codes: NDArray[np.int64] = np.unique(as_bytes, return_inverse=True)[1].reshape(-1)
    return codes.astype(np.int64)


def _numbers_rows(train: Column, test: Column) -> bool:
    """Whether a column names each row: whole numbers or texts, each once on both sides."""
    import numpy as np

    for column in (train, test):
        values = column.values
        if column.missing.any() or len(values) < 2 or values.ndim > 1:
            return False
        if values.dtype.kind == "f" and not bool(np.all(values == np.round(values))):
            return False
        if values.dtype.kind in "fiub":
            different = len(np.unique(values))
        else:
            different = len(set(values.tolist()))
        if different < len(values):
            return False
    return True


def _near(
    train: Table, test: Table, names: Sequence[str], rows: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Evaluation rows that differ from a training row by next to nothing in each number.

    Rows are laid out on a line by a random direction, near ones stand close to one another there;
    three directions find what one misses.
    """
    import numpy as np

    numeric = [
        place
        for place, name in enumerate(names)
        if train.columns[name].values.dtype.kind in "f"
        and test.columns[name].values.dtype.kind in "fi"
    ]
    found = np.zeros(test.rows, dtype=bool)
    if len(numeric) < 2:
        return found  # Two numbers that are near say nothing of a row that has but these.
    others = [place for place in range(len(names)) if place not in numeric]
    values = np.stack(
        [
            np.concatenate(
                [train.columns[names[p]].values, test.columns[names[p]].values.astype(np.float64)]
            )
            for p in numeric
        ],
        axis=1,
    )
    holes = np.isnan(values)
    values = np.where(holes, 0.0, values)
    spread = values[: train.rows].std(axis=0)
    values = values / np.where(spread > 0, spread, 1.0)
    fixed = np.concatenate([rows[:, others], holes.astype(np.int64)], axis=1)
    random = np.random.default_rng(1)
    for _ in range(_PROJECTIONS):
        line = values @ random.standard_normal(values.shape[1])
        order = np.argsort(line, kind="stable")
        for step in range(1, _WINDOW + 1):
            one, other = order[:-step], order[step:]
            crosses = (one < train.rows) != (other < train.rows)
            one, other = one[crosses], other[crosses]
            close = np.abs(values[one] - values[other]).max(axis=1) < _NEAR
            close &= (fixed[one] == fixed[other]).all(axis=1)
            hits = np.maximum(one[close], other[close]) - train.rows
            found[hits] = True
    return found


def _truth(column: Column) -> tuple[NDArray[np.float64], bool]:
    """The target as numbers, and whether they are values and not classes."""
    import numpy as np

    values = column.values
    if values.dtype.kind in "iuf":
        numbers = values.astype(np.float64)
        few = len(np.unique(numbers)) <= max(10, math.isqrt(len(numbers)))
        is_value = not (few and bool(np.all(numbers == np.round(numbers))))
        return numbers, is_value
    codes = np.unique(np.array([str(v) for v in values.tolist()]), return_inverse=True)[1]
    return codes.reshape(-1).astype(np.float64), False


def _told(column: Column, truth: NDArray[np.float64], *, is_value: bool) -> float:
    """The share of the errors of a constant answer that one column saves, told by half for half."""
    import numpy as np

    groups = _groups(column)
    if groups is None:
        return 0.0
    # Which half a row is in must not follow from the order in which the file stands.
    first = np.random.default_rng(2).permutation(len(truth)) % 2 == 0
    saved = [_saved(groups, truth, half, is_value=is_value) for half in (first, ~first)]
    return float(np.mean(saved))


def _saved(
    groups: NDArray[np.int64],
    truth: NDArray[np.float64],
    learn: NDArray[np.bool_],
    *,
    is_value: bool,
) -> float:
    import numpy as np

    count = int(groups.max()) + 1
    ask = ~learn
    if is_value:
        sizes = np.bincount(groups[learn], minlength=count)
        sums = np.bincount(groups[learn], weights=truth[learn], minlength=count)
        mean = float(truth[learn].mean())
        answers = np.where(sizes > 0, sums / np.maximum(sizes, 1), mean)
        base = float(((truth[ask] - mean) ** 2).sum())
        return 1 - float(((truth[ask] - answers[groups[ask]]) ** 2).sum()) / base if base else 0.0
    classes, codes = np.unique(truth, return_inverse=True)
    codes = codes.reshape(-1)
    table = np.zeros((count, len(classes)))
    np.add.at(table, (groups[learn], codes[learn]), 1)
    whole = table.sum(axis=0)
    answers = np.where(table.sum(axis=1) > 0, table.argmax(axis=1), whole.argmax())
    base = float((codes[ask] != whole.argmax()).sum())
    return 1 - float((codes[ask] != answers[groups[ask]]).sum()) / base if base else 0.0


def _groups(column: Column) -> NDArray[np.int64] | None:
    """The rows by the value of one column: categories, or neighbouring numbers together."""
    import numpy as np

    values = column.values
    if values.ndim > 1:
        return None
    if values.dtype.kind in "f" or (values.dtype.kind in "iu" and len(np.unique(values)) > _FEW):
        numbers = np.where(column.missing, np.nan, values.astype(np.float64))
        known = numbers[np.isfinite(numbers)]
        if len(known) < _FEWEST_ROWS:
            return None
        # Where classes meet within a group its rows are guessed: many small groups, few guesses.
        bins = min(_MOST_BINS, len(known) // 6)
        edges = np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1]))
        cut = np.searchsorted(edges, np.nan_to_num(numbers), side="right") + 1
        return np.where(np.isfinite(numbers), cut, 0).astype(np.int64)
    texts = np.array([str(value) for value in values.tolist()])
    names, codes = np.unique(texts, return_inverse=True)
    if len(names) > len(texts) // 4:
        return None  # It names rows, not kinds of them.
    return codes.reshape(-1).astype(np.int64)


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{_cut(name)}`" for name in names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown


def _cut(name: str) -> str:
    text = name.replace("`", "'")
    return text if len(text) <= 40 else f"{text[:37]}..."
