"""Names of the measurements, and which of them a model sees."""

from collections.abc import Sequence

GROUPS = ("mean", "error", "worst")
IDENTITY = ("patient", "malignant")


def snake_case(name: str) -> str:
    """`mean smoothness` -> `mean_smoothness`; the group always comes first."""
    words = name.split()
    group = next(word for word in words if word in GROUPS)
    return "_".join([group, *(word for word in words if word != group)])


def chosen_columns(row: dict[str, float], groups: Sequence[str]) -> list[str]:
    """The columns of the wanted groups, in the order of the table."""
    unknown = [group for group in groups if group not in GROUPS]
    if unknown:
        raise SystemExit(f"params.yaml: featurize.groups: {unknown[0]} is not one of {GROUPS}")
    return [name for name in row if name.partition("_")[0] in groups]
