"""Is a tumour malignant? A Hydra application with two kinds of model, each with its own keys."""

import json
import pickle

import hydra
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def made(config):
    """The estimator that the configuration asks for."""
    if config.model.kind == "forest":
        return RandomForestClassifier(n_estimators=config.model.trees, random_state=config.seed)
    return make_pipeline(StandardScaler(), LogisticRegression(C=config.model.c))


@hydra.main(config_path="conf", config_name="config", version_base="1.3")
def main(config):
    """Train and measure."""
    patients, malignant = load_breast_cancer(return_X_y=True)
    train, test, train_is, test_is = train_test_split(
        patients, malignant, test_size=0.3, random_state=config.seed, stratify=malignant
    )
    model = made(config).fit(train, train_is)
    with open("model.pkl", "wb") as file:
        pickle.dump(model, file)
    with open("metrics.json", "w", encoding="utf-8") as file:
        json.dump({"accuracy": round(model.score(test, test_is), 4)}, file)


if __name__ == "__main__":
    main()
