"""Measure a stored model on digits that it has not seen."""

import argparse
import json
from pathlib import Path

import joblib
from sklearn.metrics import accuracy_score, f1_score
from table import read_digits

parser = argparse.ArgumentParser()
parser.add_argument("--model", type=Path, required=True)
parser.add_argument("--report", type=Path, required=True)
options = parser.parse_args()

images, digits = read_digits(part="test")
guessed = joblib.load(options.model).predict(images)
metrics = {
    "accuracy": round(accuracy_score(digits, guessed), 4),
    "f1_macro": round(f1_score(digits, guessed, average="macro"), 4),
}
options.report.write_text(json.dumps(metrics))
