"""Is a tumour malignant?"""

from pathlib import Path

from shared.training import fit_and_store
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

HERE = Path(__file__).parent


def main():
    """Train and measure."""
    examples, labels = load_breast_cancer(return_X_y=True)
    fit_and_store(LogisticRegression(max_iter=5000), examples, labels, HERE / "out")


if __name__ == "__main__":
    main()
