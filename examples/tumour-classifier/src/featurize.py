"""Stage `featurize`: chooses columns and standardises them."""

from tumour.columns import chosen_columns
from tumour.scaling import Scaler
from tumour.settings import section
from tumour.tables import read_table, write_table

if __name__ == "__main__":
    settings = section("featurize")
    train = read_table("data/prepared/train.csv")
    columns = chosen_columns(train[0], settings["groups"])
    scaler = (
        Scaler.fitted_to(train, columns) if settings["standardise"] else Scaler.identity(columns)
    )
    for name in ("train", "test"):
        rows = read_table(f"data/prepared/{name}.csv")
        write_table(f"data/features/{name}.csv", [scaler.scaled(row) for row in rows])
    print(f"{len(columns)} features: {', '.join(columns)}")
