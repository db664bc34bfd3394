"""Stage `train`: fits the classifier that params.yaml names."""

import os

import joblib
from tumour.estimators import build
from tumour.settings import section
from tumour.tables import as_arrays, read_table

if __name__ == "__main__":
    settings = section("train")
    features, labels, _ = as_arrays(read_table("data/features/train.csv"))
    model = build(settings)
    model.fit(features, labels)
    os.makedirs("models", exist_ok=True)
    joblib.dump(model, "models/model.joblib")
    print(f"fitted a {settings['kind']} to {len(labels)} patients, {features.shape[1]} features")
