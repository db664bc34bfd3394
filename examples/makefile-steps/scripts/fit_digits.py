"""Learn to read digits from their nearest neighbours."""

import argparse
from pathlib import Path

import joblib
from sklearn.neighbors import KNeighborsClassifier
from table import read_digits

parser = argparse.ArgumentParser()
parser.add_argument("--neighbours", type=int, default=3)
parser.add_argument("--model", type=Path, required=True)
options = parser.parse_args()

images, digits = read_digits(part="train")
model = KNeighborsClassifier(options.neighbours).fit(images, digits)
options.model.parent.mkdir(exist_ok=True)
joblib.dump(model, options.model)
