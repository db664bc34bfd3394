"""Reads and writes the files that stages hand to one another."""

import csv
import json
import os
from collections.abc import Mapping, Sequence

import numpy as np

Row = dict[str, float]


def write_table(path: str, rows: Sequence[Mapping[str, float]]) -> None:
    """Write rows as CSV; `repr` keeps every digit, so equal numbers give equal files."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(rows[0])
        writer.writerows([repr(float(value)) for value in row.values()] for row in rows)


def read_table(path: str) -> list[Row]:
    """Rows of a CSV file, all values as numbers."""
    with open(path, newline="", encoding="utf-8") as stream:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(stream)]


def as_arrays(rows: Sequence[Row]) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Features (patients, columns), labels (patients,) and patient numbers."""
    columns = [name for name in rows[0] if name not in ("patient", "malignant")]
    features = np.array([[row[name] for name in columns] for row in rows])
    labels = np.array([int(row["malignant"]) for row in rows])
    return features, labels, [int(row["patient"]) for row in rows]


def write_json(path: str, values: Mapping[str, float]) -> None:
    """Write metrics, one a line."""
    with open(path, "w", encoding="utf-8") as stream:
        json.dump(dict(values), stream, indent=2)
        stream.write("\n")
