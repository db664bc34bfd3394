"""Predictions and plots as CSV."""

import csv
import os
from collections.abc import Iterable, Sequence

import numpy as np
from sklearn.metrics import roc_curve

NAMES = ("benign", "malignant")


def _write(path: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_predictions(
    path: str, patients: list[int], labels: np.ndarray, probabilities: np.ndarray
) -> None:
    """One row a patient: its number, the truth, the probability of malignancy."""
    values = zip(patients, labels.tolist(), probabilities.tolist(), strict=True)
    _write(path, ("patient", "y", "p"), values)


def write_plots(
    folder: str, labels: np.ndarray, probabilities: np.ndarray, threshold: float
) -> None:
    """The ROC curve and the pairs of a confusion matrix."""
    false_rate, true_rate, _ = roc_curve(labels, probabilities)
    points = zip(false_rate.tolist(), true_rate.tolist(), strict=True)
    _write(os.path.join(folder, "roc.csv"), ("fpr", "tpr"), points)
    called = (probabilities >= threshold).astype(int)
    pairs = [(NAMES[a], NAMES[b]) for a, b in zip(labels, called, strict=True)]
    _write(os.path.join(folder, "confusion.csv"), ("actual", "predicted"), pairs)
