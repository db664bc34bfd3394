"""A real training whose accuracy moves with the seed: scikit-learn's digits, with predictions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.cli.noisy import Noisy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Clone

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

TRAIN = """\
import csv, json, pickle
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier

values = json.load(open("params.json"))
x, y = load_digits(return_X_y=True)
model = SGDClassifier(max_iter=5, tol=None, random_state=values["seed"])
model.fit(x[: values["rows"]], y[: values["rows"]])
said = model.predict(x[1000:])
json.dump({"accuracy": float((said == y[1000:]).mean())}, open("metrics.json", "w"))
pickle.dump(model, open("model.pkl", "wb"))
with open("predictions.csv", "w", newline="") as file:
    rows = csv.writer(file)
    rows.writerow(["id", "y_true", "y_pred"])
    rows.writerows(zip(range(len(said)), y[1000:], said))
"""
SETTINGS = """\
model: digits
stages:
  train:
    cmd: python train.py
    deps: [train.py]
    params: [{params.json: [seed, rows]}]
    outs: [model.pkl, predictions.csv]
    metrics: [{metrics.json: {cache: false}}]
gate:
  metrics: {accuracy: {max_regression: 0.02}}
  replicates: {seed: seed, max: 5}
"""


@pytest.mark.slow
def test_another_seed_is_not_refused_and_a_real_loss_is(
    make_clone: Callable[..., Clone], tmp_path: Path
) -> None:
    """Examples and seeds are told apart; chance alone moves the accuracy by points."""
    clone = make_clone(
        {
            "train.py": TRAIN,
            "branchline.yaml": SETTINGS,
            "params.json": json.dumps({"seed": 1, "rows": 1000}),
        }
    )
    made = Noisy(clone, tmp_path / "unused")
    assert clone.call("run").code == 0
    clone.commit("what it made")

    made.set(seed=2)
    harmless, by_seed = clone.call("run"), made.verdict()
    clone.commit("what it made")
    made.set(seed=1, rows=60)
    lost, by_rows = clone.call("run"), made.verdict()

    assert harmless.code == 0, harmless.out
    assert by_seed["outcome"] != "failed"
    assert lost.code == 3, lost.out
    (finding,) = by_rows["findings"]
    assert finding["answer"] == "worse"
    for (one,) in (by_seed["findings"], by_rows["findings"]):
        assert one["noise"]["sampling"] > 0
        assert one["noise"]["training"] > 0
        assert one["noise"]["examples"] == 797
        assert "the examples alone leave" in one["sentence"]
