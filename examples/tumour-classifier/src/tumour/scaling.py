"""Standardisation with statistics of the training part."""

from dataclasses import dataclass
from statistics import fmean, pstdev

from tumour.columns import IDENTITY
from tumour.tables import Row


@dataclass(frozen=True)
class Scaler:
    """Column -> (shift, scale); a value becomes (value - shift) / scale."""

    statistics: dict[str, tuple[float, float]]

    @classmethod
    def fitted_to(cls, rows: list[Row], columns: list[str]) -> "Scaler":
        """Mean and deviation of each column; a constant column keeps the scale 1."""
        by_column = {name: [row[name] for row in rows] for name in columns}
        return cls(
            {name: (fmean(values), pstdev(values) or 1.0) for name, values in by_column.items()}
        )

    @classmethod
    def identity(cls, columns: list[str]) -> "Scaler":
        """Leaves values as they are."""
        return cls(dict.fromkeys(columns, (0.0, 1.0)))

    def scaled(self, row: Row) -> Row:
        """The row's identity and its chosen columns, standardised."""
        result = {name: row[name] for name in IDENTITY}
        for name, (shift, scale) in self.statistics.items():
            result[name] = (row[name] - shift) / scale
        return result
