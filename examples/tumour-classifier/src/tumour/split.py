"""Splits the patients once and for all."""

import random
from collections import defaultdict

from tumour.tables import Row


def stratified_split(rows: list[Row], *, share: float, seed: int) -> tuple[list[Row], list[Row]]:
    """Training and test part; each class gives the same share of its rows to the test part."""
    by_label: dict[float, list[Row]] = defaultdict(list)
    for row in rows:
        by_label[row["malignant"]].append(row)
    kept_back: set[float] = set()
    generator = random.Random(seed)
    for label in sorted(by_label):
        members = [row["patient"] for row in by_label[label]]
        kept_back.update(generator.sample(members, round(share * len(members))))
    train = [row for row in rows if row["patient"] not in kept_back]
    test = [row for row in rows if row["patient"] in kept_back]
    return train, test
