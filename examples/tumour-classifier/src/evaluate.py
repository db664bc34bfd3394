"""Stage `evaluate`: metrics, predictions and plots on the test part."""

import joblib
from tumour.report import write_plots, write_predictions
from tumour.scores import scores
from tumour.settings import section
from tumour.tables import as_arrays, read_table, write_json

if __name__ == "__main__":
    threshold = section("evaluate")["threshold"]
    features, labels, patients = as_arrays(read_table("data/features/test.csv"))
    probabilities = joblib.load("models/model.joblib").predict_proba(features)[:, 1]
    metrics = scores(labels, probabilities, threshold)
    write_json("metrics.json", metrics)
    write_predictions("reports/predictions.csv", patients, labels, probabilities)
    write_plots("reports", labels, probabilities, threshold)
    for name, value in metrics.items():
        print(f"{name:>9}  {value:.4f}")
