"""Fit, measure and store: the same for every model of this repository."""

import json

import joblib
from sklearn.metrics import f1_score
from sklearn.model_selection import train_test_split


def fit_and_store(model, examples, labels, folder):
    """Train on two thirds, measure on the rest, and leave both in a folder."""
    train, test, train_labels, test_labels = train_test_split(
        examples, labels, test_size=0.33, random_state=0, stratify=labels
    )
    model.fit(train, train_labels)
    guessed = model.predict(test)
    folder.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, folder / "model.joblib")
    metrics = {
        "accuracy": round(model.score(test, test_labels), 4),
        "f1_macro": round(f1_score(test_labels, guessed, average="macro"), 4),
    }
    with open(folder / "metrics.json", "w", encoding="utf-8") as file:
        json.dump(metrics, file)
