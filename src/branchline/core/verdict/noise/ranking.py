"""Metrics of ranked lists: the value of each query. Pure.

NDCG is that of scikit-learn (linear gain, ties averaged). A relevance above 0 is a hit. Examples of
one query with the same score: `precision@k` and `recall@k` take their average over all orders,
`mrr` and `hit@k` put what is not relevant first (a constant score earns nothing), `map` treats them
as one step, as scikit-learn's average precision does. A query without anything relevant counts 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.verdict.noise.estimate import NoComparisonError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from branchline.core.verdict.noise.inputs import Said
    from branchline.core.verdict.noise.metrics import Metric
    from branchline.core.verdict.noise.values import PairedExamples


def by_query(metric: Metric, examples: PairedExamples, said: Said) -> NDArray[np.float64]:
    """The value of each query in the order of their codes, shape (queries,).

    Raises:
        NoComparisonError: No queries, or a relevance below 0.
    """
    import numpy as np

    relevance = np.asarray(examples.truth, dtype=np.float64)
    if examples.queries is None:
        raise NoComparisonError(f"{metric.name} needs the query of each example")
    if relevance.min() < 0:
        raise NoComparisonError(f"{metric.name} needs relevances of at least 0")
    queries = np.unique(examples.queries, return_inverse=True)[1]
    word = metric.name.partition("@")[0]
    if word == "ndcg":
        return _ndcg(queries, relevance, said.score, metric.k)
    relevant = (relevance > 0).astype(np.float64)
    if word in ("hit", "mrr"):
        return _first_hit(queries, relevant, said.score, metric.k, is_rank=word == "mrr")
    if word == "map":
        return _average_precision(queries, relevant, said.score, metric.k)
    inside = _ordered(queries, said.score)
    first = inside.positions < (metric.k or len(queries))
    found = np.bincount(inside.queries, inside.averaged(relevant) * first)
    if word == "precision":
        return found / float(metric.k or 1)
    total = np.bincount(queries, relevant)
    return np.divide(found, total, out=np.zeros_like(found), where=total > 0)


class _ordered:  # noqa: N801 - reads as a verb where it is used
    """Examples by query, best first, with what is tied.

    Attributes:
        order: Rows in that order.
        queries: Query of each, in that order.
        positions: Place within its query, from 0.
        ties: Start of each run of rows with one query and one score.
    """

    __slots__ = ("order", "positions", "queries", "sizes", "ties")

    def __init__(self, queries: NDArray[np.int64], scores: NDArray[np.float64]) -> None:
        import numpy as np

        self.order = np.lexsort((-scores, queries))
        self.queries, ranked = queries[self.order], scores[self.order]
        is_new = np.concatenate(([True], self.queries[1:] != self.queries[:-1]))
        starts = np.flatnonzero(is_new)
        rows = np.arange(len(queries))
        self.positions = rows - np.repeat(starts, np.diff(np.append(starts, len(rows))))
        self.ties = np.flatnonzero(is_new | np.concatenate(([True], ranked[1:] != ranked[:-1])))
        self.sizes = np.diff(np.append(self.ties, len(rows)))

    def averaged(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values of rows in this order, tied ones each with their mean."""
        import numpy as np

        sums = np.add.reduceat(values[self.order], self.ties)
        return np.repeat(sums / self.sizes, self.sizes)


def _ndcg(
    queries: NDArray[np.int64],
    relevance: NDArray[np.float64],
    scores: NDArray[np.float64],
    k: int | None,
) -> NDArray[np.float64]:
    import numpy as np

    def gains(order_by: NDArray[np.float64]) -> NDArray[np.float64]:
        inside = _ordered(queries, order_by)
        discounts = 1 / np.log2(inside.positions + 2)
        if k is not None:
            discounts[inside.positions >= k] = 0.0
        summed = np.bincount(inside.queries, inside.averaged(relevance) * discounts)
        return summed.astype(np.float64)

    found, best = gains(scores), gains(relevance)
    return np.divide(found, best, out=np.zeros_like(found), where=best > 0)


def _first_hit(
    queries: NDArray[np.int64],
    relevant: NDArray[np.float64],
    scores: NDArray[np.float64],
    k: int | None,
    *,
    is_rank: bool,
) -> NDArray[np.float64]:
    import numpy as np

    inside = _ordered(queries, scores)
    in_order = relevant[inside.order]
    # The place of a relevant row in its tie: after all that is not relevant there.
    others = np.add.reduceat(1 - in_order, inside.ties)
    place = np.repeat(inside.positions[inside.ties] + others, inside.sizes) + 1
    place[in_order == 0] = np.inf
    first = np.full(int(queries.max()) + 1, np.inf)
    np.minimum.at(first, inside.queries, place)
    if k is not None:
        first[first > k] = np.inf
    return 1 / first if is_rank else np.isfinite(first).astype(np.float64)


def _average_precision(
    queries: NDArray[np.int64],
    relevant: NDArray[np.float64],
    scores: NDArray[np.float64],
    k: int | None,
) -> NDArray[np.float64]:
    import numpy as np

    inside = _ordered(queries, scores)
    hits = np.add.reduceat(relevant[inside.order], inside.ties)
    query = inside.queries[inside.ties]
    total = np.cumsum(hits)
    starts = np.flatnonzero(np.concatenate(([True], query[1:] != query[:-1])))
    before = np.repeat((total - hits)[starts], np.diff(np.append(starts, len(query))))
    end = inside.positions[inside.ties] + inside.sizes
    parts = hits * (total - before) / end
    if k is not None:
        parts[end > k] = 0.0
    found = np.bincount(query, parts)
    wanted = np.bincount(queries, relevant)
    if k is not None:
        wanted = np.minimum(wanted, k)
    return np.divide(found, wanted, out=np.zeros_like(found), where=wanted > 0)


def by_query_code(
    examples: PairedExamples,
) -> tuple[NDArray[np.float64] | None, NDArray[np.int64] | None]:
    """Weight and group of each query, in the order of their codes; None where there are none.

    Raises:
        NoComparisonError: A weight or group differs within a query.
    """
    import numpy as np

    if examples.queries is None:
        return None, None
    _, first, codes = np.unique(examples.queries, return_index=True, return_inverse=True)
    found: list[NDArray[np.float64] | NDArray[np.int64] | None] = []
    for name, column in (("weight", examples.weights), ("group", examples.clusters)):
        if column is None:
            found.append(None)
            continue
        of_query = column[first]
        if not np.array_equal(of_query[codes], column):
            raise NoComparisonError(f"the {name} differs within a query")
        found.append(of_query)
    return found[0], found[1]  # type: ignore[return-value] # each has the type of its column
