"""Which way a metric is better: by what it is, or as far as its name tells. Judges nothing.

Light on purpose: each reading of branchline.yaml asks it.
"""

from __future__ import annotations

import re

from branchline.core.policy import MODEL_SIZE, Goal

__all__ = ["goal_of", "goal_written", "is_share", "natural_goal"]

_SHARES = frozenset(
    [
        "acc",
        "accuracy",
        "ap",
        "auc",
        "auprc",
        "auroc",
        "dice",
        "f1",
        "fbeta",
        "iou",
        "jaccard",
        "kappa",
        "map",
        "mcc",
        "mrr",
        "ndcg",
        "precision",
        "r2",
        "recall",
        "sensitivity",
        "specificity",
        "bleu",
        "rouge",
    ]
)
# `score` as scikit-learn has it: what ends so is better when it is higher. A `brier_score` tells
# nothing, as its words disagree.
_UP = _SHARES | frozenset(
    [
        "chrf",
        "cider",
        "fps",
        "meteor",
        "psnr",
        "qps",
        "reward",
        "score",
        "silhouette",
        "speedup",
        "ssim",
        "throughput",
    ]
)
_DOWN = frozenset(
    [
        "brier",
        "bpb",
        "bpc",
        "cer",
        "der",
        "deviance",
        "duration",
        "ece",
        "eer",
        "err",
        "error",
        "errors",
        "fid",
        "fnr",
        "fpr",
        "hinge",
        "kid",
        "latency",
        "logloss",
        "loss",
        "lpips",
        "mae",
        "mape",
        "mase",
        "mse",
        "msle",
        "ms",
        "nll",
        "nrmse",
        "perplexity",
        "ppl",
        "regret",
        "rmse",
        "rmsle",
        "runtime",
        "seconds",
        "smape",
        "wape",
        "wer",
    ]
)

# How much a metric moves is no quality, whatever the metric: `accuracy.std`.
_SPREADS = frozenset(["sd", "sem", "spread", "std", "stddev", "stderr", "stdev", "variance"])

# All spellings of the metrics of `core.verdict.noise.metrics`; a test holds them together.
_LOWER = frozenset(
    [
        "errorrate",
        "error",
        "err",
        "zerooneloss",
        "logloss",
        "crossentropy",
        "nll",
        "brier",
        "brierscore",
        "brierscoreloss",
        "mae",
        "meanabsoluteerror",
        "mse",
        "meansquarederror",
        "mape",
        "meanabsolutepercentageerror",
        "rmse",
        "rootmeansquarederror",
        "medianae",
        "medae",
        "medianabsoluteerror",
    ]
)
_HIGHER = frozenset(
    [
        "accuracy",
        "acc",
        "accuracyscore",
        "balancedaccuracy",
        "balancedaccuracyscore",
        "bacc",
        "mcc",
        "matthewscorrcoef",
        "matthews",
        "cohenkappa",
        "kappa",
        "cohenkappascore",
        "rocauc",
        "auc",
        "auroc",
        "rocaucscore",
        "aucroc",
        "rocaucovr",
        "aucovr",
        "rocaucovrmacro",
        "aucovrmacro",
        "averageprecision",
        "ap",
        "prauc",
        "auprc",
        "averageprecisionscore",
        "r2",
        "r2score",
        "rsquared",
        "ndcg",
        "ndcgscore",
        "mrr",
        "meanreciprocalrank",
        "map",
        "meanaverageprecision",
    ]
)
_OF_A_CLASS = re.compile(
    r"(?:(?:macro|micro|weighted)(?:precision|recall|f1)"
    r"|(?:precision|recall|f1)(?:score)?(?:macro|micro|weighted)?)"
)
_AT = re.compile(r"(?:ndcg|hit|hitrate|precision|recall|map|mrr)(?:@|at)[1-9][0-9]{0,5}")


def natural_goal(name: str, computed_as: str = "") -> Goal | None:
    """Which way a metric is better by what it is; None where it is not known.

    What Branchline measures itself (latency, size) says so by its name.

    Args:
        name: As in the metrics file; the last dotted part counts.
        computed_as: What it is where its name does not say it.

    >>> natural_goal("val.rmse"), natural_goal("ndcg@10"), natural_goal("cost", "mine:cost")
    (<Goal.MINIMIZE: 'minimize'>, <Goal.MAXIMIZE: 'maximize'>, None)
    """
    if ":" in computed_as:  # A function of the project's own.
        return None
    if not computed_as and (name == MODEL_SIZE or name.startswith("latency.")):
        return Goal.MINIMIZE
    folded = re.sub(r"[-_ ]", "", (computed_as or name).rpartition(".")[2].lower())
    if folded in _LOWER:
        return Goal.MINIMIZE
    is_higher = folded in _HIGHER or _OF_A_CLASS.fullmatch(folded) or _AT.fullmatch(folded)
    return Goal.MAXIMIZE if is_higher else None


def goal_of(name: str) -> Goal | None:
    """Which way a metric of that name is better; None when the name does not tell.

    >>> goal_of("accuracy.std") is None  # how much it moves
    True
    >>> goal_of("val.roc_auc"), goal_of("log_loss"), goal_of("n_rows")
    (<Goal.MAXIMIZE: 'maximize'>, <Goal.MINIMIZE: 'minimize'>, None)
    """
    words = _words(name)
    is_up, is_down = bool(words & _UP), bool(words & _DOWN)
    if is_up == is_down or words & _SPREADS:
        return None
    return Goal.MAXIMIZE if is_up else Goal.MINIMIZE


def goal_written(name: str, said: str | None, computed_as: str = "") -> Goal:
    """Which way a metric is better in settings that were checked: as they say, else by nature.

    Args:
        name: The metric.
        said: What `goal` says; None where nothing is written.
        computed_as: What it is where its name does not say it.

    >>> goal_written("rmse", None), goal_written("val_loss", "minimize"), goal_written("auc", None)
    (<Goal.MINIMIZE: 'minimize'>, <Goal.MINIMIZE: 'minimize'>, <Goal.MAXIMIZE: 'maximize'>)
    """
    return Goal(said) if said else natural_goal(name, computed_as) or Goal.MAXIMIZE


def is_share(name: str) -> bool:
    """Whether a metric of that name lies in [0, 1], so that 0.01 is one point."""
    words = _words(name)
    return bool(words & _SHARES) and not words & _DOWN


def _words(name: str) -> set[str]:
    """Words of a name: `valF1_score@5` -> val, f1, score, 5."""
    split = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return set(re.split(r"[^a-z0-9]+", split.lower()))
