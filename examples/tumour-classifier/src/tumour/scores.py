"""Metrics of a binary classifier."""

import numpy as np
from sklearn.metrics import accuracy_score, f1_score, log_loss, roc_auc_score


def scores(labels: np.ndarray, probabilities: np.ndarray, threshold: float) -> dict[str, float]:
    """The four numbers that the gate and the reports use."""
    called = probabilities >= threshold
    return {
        "roc_auc": float(roc_auc_score(labels, probabilities)),
        "accuracy": float(accuracy_score(labels, called)),
        "f1": float(f1_score(labels, called)),
        "log_loss": float(log_loss(labels, probabilities)),
    }
