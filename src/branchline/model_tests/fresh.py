"""What `assert_save_load_equal` starts: load a model and rows, predict, write the answers."""

from __future__ import annotations

import pickle

from branchline.model_tests.loading import load_verified
from branchline.model_tests.predicting import scores


def main(path: str, md5: str, asked: str, told: str) -> None:
    """Answer from a file whose digest our parent took, about rows that it wrote."""
    import numpy as np

    model = load_verified(path, md5, said="the test", root="")
    with open(asked, "rb") as file:
        rows = pickle.load(file)  # noqa: S301 # our parent wrote it, in a folder of its own
    np.save(told, scores(model, rows), allow_pickle=False)
