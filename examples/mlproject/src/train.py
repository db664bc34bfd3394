"""Tell kinds of iris apart by their nearest neighbours."""

import json
import pickle
from pathlib import Path

import click
from sklearn.datasets import load_iris
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier


@click.command()
@click.option("--neighbours", type=int, required=True, help="how many are asked")
@click.option("--weights", type=click.Choice(["uniform", "distance"]), default="uniform")
@click.option("--out", type=click.Path(path_type=Path), default=Path("out"))
def main(neighbours: int, weights: str, out: Path) -> None:
    flowers = load_iris()
    train, test, train_is, test_is = train_test_split(
        flowers.data, flowers.target, test_size=0.4, random_state=3, stratify=flowers.target
    )
    model = KNeighborsClassifier(neighbours, weights=weights).fit(train, train_is)
    said = model.predict(test)
    out.mkdir(exist_ok=True)
    (out / "model.pkl").write_bytes(pickle.dumps(model))
    report = {
        "accuracy": round(float(accuracy_score(test_is, said)), 4),
        "f1_macro": round(float(f1_score(test_is, said, average="macro")), 4),
    }
    (out / "report.json").write_text(json.dumps(report) + "\n")


if __name__ == "__main__":
    main()
