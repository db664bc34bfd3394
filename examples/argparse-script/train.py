"""Read handwritten digits: a plain script, whose options are all that can be turned."""

import argparse
import json
import pickle

from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

parser = argparse.ArgumentParser()
parser.add_argument("--c", type=float, default=0.001, help="strength of the fit")
parser.add_argument("--scale", action="store_true", help="standardise the pixels")
parser.add_argument("--seed", type=int, default=0)
options = parser.parse_args()

images, digits = load_digits(return_X_y=True)
train_images, test_images, train_digits, test_digits = train_test_split(
    images, digits, test_size=0.3, random_state=options.seed, stratify=digits
)
steps = [StandardScaler()] if options.scale else []
model = make_pipeline(*steps, LogisticRegression(C=options.c, max_iter=2000))
model.fit(train_images, train_digits)

with open("model", "wb") as file:
    pickle.dump(model, file)
with open("metrics.json", "w", encoding="utf-8") as file:
    json.dump({"accuracy": round(model.score(test_images, test_digits), 4)}, file)
