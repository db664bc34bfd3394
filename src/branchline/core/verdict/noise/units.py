"""Two models' metric as a function of how often each example or group counts. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.verdict.noise.inputs import Said
from branchline.core.verdict.noise.metrics import Kind
from branchline.core.verdict.noise.weighted import features_of, of_sums, prepared

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from branchline.core.verdict.noise.metrics import Metric
    from branchline.core.verdict.noise.values import PairedExamples

    Both = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pair:
    """What is resampled together, and the metric of both models as a function of it.

    A unit is an example; a kind of example (same truth and decisions), which stands for several; or
    a group.

    Attributes:
        metric: What is compared.
        examples: Those that the units are made of (one a kind).
        candidate, champion: What each said of these.
        counts: How many examples a unit stands for, shape (units,); 1 each for groups.
        member: Unit of each example, shape (n,); None: they are the units.
        width: Numbers that one resample takes.
        values: Counts of units, shape (many, units), to the metric of each, shapes (many,).
    """

    metric: Metric
    examples: PairedExamples
    candidate: Said
    champion: Said
    counts: NDArray[np.float64]
    member: NDArray[np.int64] | None
    width: int
    values: Callable[[NDArray[np.float64]], Both]

    @property
    def units(self) -> int:
        """How many units there are."""
        return len(self.counts)

    @property
    def groups(self) -> int | None:
        """How many groups there are; None where examples are independent."""
        return None if self.member is None else self.units


def pair_of(metric: Metric, examples: PairedExamples, candidate: Said, champion: Said) -> Pair:
    """The two models, ready to be resampled.

    Examples are put together where only decisions count, so that a million takes no longer than its
    few kinds.
    """
    import numpy as np

    counts = np.ones(examples.count)
    together = metric.kind is Kind.COUNTS and examples.weights is None
    if together and examples.clusters is None:
        examples, candidate, champion, counts = _kinds(examples, candidate, champion)
    return _pair(metric, examples, candidate, champion, counts)


def subset(pair: Pair, rows: NDArray[np.int64]) -> Pair:
    """The pair of some of the examples, in this order; groups are numbered anew."""
    from dataclasses import replace

    examples = pair.examples
    some = replace(
        examples,
        truth=examples.truth[rows],
        weights=None if examples.weights is None else examples.weights[rows],
        clusters=None if examples.clusters is None else examples.clusters[rows],
        slices={},
    )
    counts = pair.counts if pair.member is not None else pair.counts[rows]
    return _pair(pair.metric, some, _rows(pair.candidate, rows), _rows(pair.champion, rows), counts)


def _pair(
    metric: Metric,
    examples: PairedExamples,
    candidate: Said,
    champion: Said,
    counts: NDArray[np.float64],
) -> Pair:
    import numpy as np

    member = None
    if examples.clusters is not None:
        member = np.unique(examples.clusters, return_inverse=True)[1].astype(np.int64)
        counts = np.ones(int(member.max()) + 1)
    additive = metric.kind in (Kind.COUNTS, Kind.SUMS)
    make = _by_sums if additive else _by_weights
    return Pair(
        metric=metric,
        examples=examples,
        candidate=candidate,
        champion=champion,
        counts=counts,
        member=member,
        width=len(counts) if additive else max(len(counts), examples.count),
        values=make(metric, examples, candidate, champion, member),
    )


def _by_sums(
    metric: Metric,
    examples: PairedExamples,
    candidate: Said,
    champion: Said,
    member: NDArray[np.int64] | None,
) -> Callable[[NDArray[np.float64]], Both]:
    """Sums over units: nothing of an example is looked at again."""
    import numpy as np

    classes = len(examples.classes)
    both = []
    for said in (candidate, champion):
        features = features_of(metric, examples.truth, said, classes)
        if examples.weights is not None:
            features *= examples.weights[:, None]
        if member is not None:
            columns = [np.bincount(member, column) for column in features.T]
            features = np.column_stack(columns)
        both.append(features)

    def values(counts: NDArray[np.float64]) -> Both:
        ours, theirs = (of_sums(metric, counts @ features, classes) for features in both)
        return ours, theirs

    return values


def _by_weights(
    metric: Metric,
    examples: PairedExamples,
    candidate: Said,
    champion: Said,
    member: NDArray[np.int64] | None,
) -> Callable[[NDArray[np.float64]], Both]:
    """Weights of examples, from how often their unit counts."""
    classes = len(examples.classes)
    ours = prepared(metric, examples.truth, candidate, classes)
    theirs = prepared(metric, examples.truth, champion, classes)

    def values(counts: NDArray[np.float64]) -> Both:
        weights = counts if member is None else counts[:, member]
        if examples.weights is not None:
            weights = weights * examples.weights
        return ours(weights), theirs(weights)

    return values


def _kinds(
    examples: PairedExamples, candidate: Said, champion: Said
) -> tuple[PairedExamples, Said, Said, NDArray[np.float64]]:
    """One example of each truth and pair of decisions, and how many there are of it."""
    from dataclasses import replace

    import numpy as np

    classes = len(examples.classes)
    codes = (examples.truth * classes + candidate.decision) * classes + champion.decision
    kinds, counts = np.unique(codes, return_counts=True)
    truth = kinds // classes**2
    one = replace(examples, truth=truth, slices={}, queries=None)
    return (
        one,
        Said(decisions=kinds // classes % classes),
        Said(decisions=kinds % classes),
        counts.astype(np.float64),
    )


def _rows(said: Said, rows: NDArray[np.int64]) -> Said:
    return Said(
        scores=None if said.scores is None else said.scores[rows],
        decisions=None if said.decisions is None else said.decisions[rows],
    )
