"""Stage `prepare`: the raw measurements, split into a training and a test part."""

from tumour.settings import section
from tumour.source import load_patients
from tumour.split import stratified_split
from tumour.tables import write_table

if __name__ == "__main__":
    settings = section("prepare")
    patients = load_patients()
    parts = stratified_split(patients, share=settings["test_share"], seed=settings["seed"])
    for name, rows in zip(("train", "test"), parts, strict=True):
        write_table(f"data/prepared/{name}.csv", rows)
        print(f"{name}: {len(rows)} patients")
