"""Boosted trees on the breast-cancer measurements; LightGBM logs, and leaves checkpoints."""

from dataclasses import dataclass
from pathlib import Path

import lightgbm as lgb
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

RUN = Path("runs/booster")


@dataclass
class Settings:
    learning_rate: float = 0.1
    leaves: int = 15
    rounds: int = 60
    every: int = 20
    seed: int = 7


def checkpoints(every: int):
    """Keep the model after every so many rounds, as trainers do."""

    def keep(env: lgb.callback.CallbackEnv) -> None:
        if (env.iteration + 1) % every == 0:
            env.model.save_model(RUN / f"round-{env.iteration + 1}.txt")

    return keep


def main(settings: Settings) -> None:
    data = load_breast_cancer()
    train, test, train_is, test_is = train_test_split(
        data.data, data.target, test_size=0.4, random_state=settings.seed, stratify=data.target
    )
    RUN.mkdir(parents=True, exist_ok=True)
    asked = {
        "objective": "binary",
        "metric": ["auc", "binary_logloss"],
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.leaves,
        "seed": settings.seed,
        "num_threads": 1,
        "deterministic": True,
        "verbosity": -1,
    }
    booster = lgb.train(
        asked,
        lgb.Dataset(train, train_is),
        num_boost_round=settings.rounds,
        valid_sets=[lgb.Dataset(test, test_is)],
        valid_names=["test"],
        callbacks=[lgb.log_evaluation(settings.every), checkpoints(settings.every)],
    )
    booster.save_model("model.txt")


if __name__ == "__main__":
    main(Settings())
