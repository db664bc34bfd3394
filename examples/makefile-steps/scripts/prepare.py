"""Write the handwritten digits that scikit-learn ships as a table."""

import argparse
import csv
from pathlib import Path

from sklearn.datasets import load_digits

parser = argparse.ArgumentParser()
parser.add_argument("--output", type=Path, required=True)
options = parser.parse_args()

images, digits = load_digits(return_X_y=True)
options.output.parent.mkdir(exist_ok=True)
with options.output.open("w", newline="") as file:
    csv.writer(file).writerows([*image, digit] for image, digit in zip(images, digits, strict=True))
