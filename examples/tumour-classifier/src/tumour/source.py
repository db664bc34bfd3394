"""The Wisconsin breast-cancer measurements (569 patients), as scikit-learn ships them."""

from sklearn.datasets import load_breast_cancer

from tumour.columns import snake_case
from tumour.tables import Row


def load_patients() -> list[Row]:
    """One row a patient: `patient`, `malignant` (0 or 1) and thirty measurements."""
    source = load_breast_cancer()
    names = [snake_case(name) for name in source.feature_names]
    rows: list[Row] = []
    for number, (values, label) in enumerate(zip(source.data, source.target, strict=True)):
        # The source counts 1 as benign; a classifier for tumours reports the probability of one.
        row: Row = {"patient": float(number), "malignant": float(1 - label)}
        row.update(zip(names, map(float, values), strict=True))
        rows.append(row)
    return rows
