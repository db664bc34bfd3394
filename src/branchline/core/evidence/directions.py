"""Which way a metric is better, as far as its name tells. Pure; judges nothing."""

from __future__ import annotations

import re

from branchline.core.policy import Goal

__all__ = ["goal_of", "is_share"]

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
_UP = _SHARES | frozenset(["throughput", "psnr", "ssim"])
_DOWN = frozenset(
    [
        "brier",
        "cer",
        "deviance",
        "ece",
        "err",
        "error",
        "errors",
        "fid",
        "fnr",
        "fpr",
        "hinge",
        "latency",
        "logloss",
        "loss",
        "mae",
        "mape",
        "mse",
        "ms",
        "perplexity",
        "ppl",
        "rmse",
        "rmsle",
        "seconds",
        "smape",
        "wer",
    ]
)


def goal_of(name: str) -> Goal | None:
    """Which way a metric of that name is better; None when the name does not tell.

    >>> goal_of("val.roc_auc"), goal_of("log_loss"), goal_of("n_rows")
    (<Goal.MAXIMIZE: 'maximize'>, <Goal.MINIMIZE: 'minimize'>, None)
    """
    words = _words(name)
    is_up, is_down = bool(words & _UP), bool(words & _DOWN)
    if is_up == is_down:
        return None
    return Goal.MAXIMIZE if is_up else Goal.MINIMIZE


def is_share(name: str) -> bool:
    """Whether a metric of that name lies in [0, 1], so that 0.01 is one point."""
    words = _words(name)
    return bool(words & _SHARES) and not words & _DOWN


def _words(name: str) -> set[str]:
    """Words of a name: `valF1_score@5` -> val, f1, score, 5."""
    split = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return set(re.split(r"[^a-z0-9]+", split.lower()))
