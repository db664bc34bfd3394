"""The metrics that are known by name: what they need, and which way they are better. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from branchline.core.policy import Goal


class Needs(Enum):
    """What a metric is computed from, beside the truth."""

    DECISIONS = "the class decided for"
    PROBABILITIES = "the probability of each class"
    SCORES = "scores"
    VALUES = "predicted values"
    RANKS = "scores, and the query of each example"


class Kind(Enum):
    """How a metric is put together, which says how its noise is found."""

    ROWS = "a mean over examples"
    QUERIES = "a mean over queries"
    AREA = "the area under the ROC curve"
    COUNTS = "a function of counts by class"
    SUMS = "a function of sums over examples"
    ORDER = "a function of the order of the scores"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A known metric.

    Attributes:
        name: As we call it.
        goal: Which way is better, by nature.
        needs: What it is computed from.
        kind: How it is put together.
        k: Length of the list that counts (`ndcg@10`); None means all of it.
    """

    name: str
    goal: Goal
    needs: Needs
    kind: Kind
    k: int | None = None


_UP, _DOWN = Goal.MAXIMIZE, Goal.MINIMIZE
_TABLE: tuple[tuple[str, Goal, Needs, Kind, str], ...] = (
    ("accuracy", _UP, Needs.DECISIONS, Kind.ROWS, "acc accuracy_score"),
    ("error_rate", _DOWN, Needs.DECISIONS, Kind.ROWS, "error err zero_one_loss"),
    ("log_loss", _DOWN, Needs.PROBABILITIES, Kind.ROWS, "cross_entropy nll"),
    ("brier", _DOWN, Needs.PROBABILITIES, Kind.ROWS, "brier_score brier_score_loss"),
    ("balanced_accuracy", _UP, Needs.DECISIONS, Kind.COUNTS, "balanced_accuracy_score bacc"),
    ("mcc", _UP, Needs.DECISIONS, Kind.COUNTS, "matthews_corrcoef matthews"),
    ("cohen_kappa", _UP, Needs.DECISIONS, Kind.COUNTS, "kappa cohen_kappa_score"),
    ("roc_auc", _UP, Needs.SCORES, Kind.AREA, "auc auroc roc_auc_score auc_roc"),
    ("roc_auc_ovr", _UP, Needs.SCORES, Kind.ORDER, "auc_ovr roc_auc_ovr_macro auc_ovr_macro"),
    (
        "average_precision",
        _UP,
        Needs.SCORES,
        Kind.ORDER,
        "ap pr_auc auprc average_precision_score",
    ),
    ("mae", _DOWN, Needs.VALUES, Kind.ROWS, "mean_absolute_error"),
    ("mse", _DOWN, Needs.VALUES, Kind.ROWS, "mean_squared_error"),
    ("mape", _DOWN, Needs.VALUES, Kind.ROWS, "mean_absolute_percentage_error"),
    ("rmse", _DOWN, Needs.VALUES, Kind.SUMS, "root_mean_squared_error"),
    ("r2", _UP, Needs.VALUES, Kind.SUMS, "r2_score r_squared"),
    ("median_ae", _DOWN, Needs.VALUES, Kind.ORDER, "medae median_absolute_error"),
    ("ndcg", _UP, Needs.RANKS, Kind.QUERIES, "ndcg_score"),
    ("hit", _UP, Needs.RANKS, Kind.QUERIES, "hit_rate"),
    ("mrr", _UP, Needs.RANKS, Kind.QUERIES, "mean_reciprocal_rank"),
    ("map", _UP, Needs.RANKS, Kind.QUERIES, "mean_average_precision"),
)
_OF_A_CLASS = ("precision", "recall", "f1")
_AVERAGES = ("macro", "micro", "weighted")
_AT = re.compile(r"(ndcg|hit|hitrate|precision|recall|map|mrr)(?:@|at)([1-9][0-9]{0,5})")


def _fold(name: str) -> str:
    return re.sub(r"[-_ ]", "", name.lower())


def _known() -> dict[str, Metric]:
    known: dict[str, Metric] = {}
    for name, goal, needs, kind, others in _TABLE:
        metric = Metric(name=name, goal=goal, needs=needs, kind=kind)
        known |= {_fold(each): metric for each in (name, *others.split())}
    for name in _OF_A_CLASS:
        for average in ("", *_AVERAGES):
            full = f"{name}_{average}" if average else name
            metric = Metric(name=full, goal=_UP, needs=Needs.DECISIONS, kind=Kind.COUNTS)
            aliases = (full, f"{average}_{name}", f"{name}_score_{average}", f"{name}_score")
            known |= {_fold(each): metric for each in aliases[: 3 if average else 1]}
            if not average:
                known[_fold(aliases[3])] = metric
    del known["hit"], known["hitrate"]
    return known


_KNOWN = _known()
KNOWN_NAMES = tuple(
    sorted({metric.name for metric in _KNOWN.values()} | {"hit@k", "precision@k", "recall@k"})
)


def known_metric(name: str, computed_as: str = "") -> Metric | None:
    """The metric that a name stands for; None when it is not known.

    The last dotted part counts (`val.auc`), whatever its case, dashes and underscores; so
    `ROC-AUC`, `roc_auc` and `auc` are one.

    Args:
        name: As it stands in the metrics file.
        computed_as: What the user says that it is; "" means: by its name.

    >>> known_metric("val.ROC-AUC").name
    'roc_auc'
    >>> known_metric("ndcg@10").k
    10
    >>> known_metric("latency_ms") is None
    True
    """
    folded = _fold((computed_as or name).rpartition(".")[2])
    if found := _AT.fullmatch(folded):
        word = "hit" if found[1] == "hitrate" else found[1]
        k = int(found[2])
        return Metric(name=f"{word}@{k}", goal=_UP, needs=Needs.RANKS, kind=Kind.QUERIES, k=k)
    return _KNOWN.get(folded)
