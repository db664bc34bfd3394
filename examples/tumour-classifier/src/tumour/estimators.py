"""The classifiers to choose from."""

from typing import Any

from sklearn.base import ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression


def build(settings: dict[str, Any]) -> ClassifierMixin:
    """The unfitted classifier that `train` in params.yaml describes."""
    kind = settings["kind"]
    if kind == "forest":
        options = settings["forest"]
        return RandomForestClassifier(
            n_estimators=options["trees"],
            max_depth=options["depth"],
            random_state=settings["seed"],
        )
    if kind == "logistic":
        return LogisticRegression(C=settings["logistic"]["strength"], max_iter=1000)
    raise SystemExit(f"params.yaml: train.kind: {kind!r} is neither forest nor logistic")
