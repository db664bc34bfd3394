"""Which of three growers made a wine?"""

from pathlib import Path

from shared.training import fit_and_store
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier

HERE = Path(__file__).parent


def main():
    """Train and measure."""
    examples, labels = load_wine(return_X_y=True)
    fit_and_store(
        RandomForestClassifier(n_estimators=60, random_state=0), examples, labels, HERE / "out"
    )


if __name__ == "__main__":
    main()
