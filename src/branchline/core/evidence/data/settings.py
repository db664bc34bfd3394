"""What `data:` in branchline.yaml asks for. `config.data_checks` makes these values."""

from __future__ import annotations

from dataclasses import dataclass

from branchline.core.evidence.data.schema import Severity

BASELINE = "baseline"
"""The reference that is the profile in the record of the model in use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidently:
    """A report of Evidently: a preset's name, and the data that it compares with, if any."""

    preset: str
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validate:
    """One file or folder, and what it is held against. Paths are from the root.

    Attributes:
        path: The data.
        schema: A schema file of ours; "" for none.
        pandera: `module:Schema` of the project; "" for none.
        great_expectations: A suite in JSON; "" for none.
        evidently: A report; None for none.
        examples: Whether rows that break a rule are shown.
    """

    path: str
    schema: str = ""
    pandera: str = ""
    great_expectations: str = ""
    evidently: Evidently | None = None
    examples: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """New data, and what they are compared with.

    Attributes:
        path: The new data.
        reference: `baseline`, or a file or folder from the root.
        trained_on: With `baseline`: which data of that record; "" chooses (`reference_path`).
        columns: Only these; all when empty. exclude: Not these.
        max_share_drifted: Share of the columns that may drift, in [0, 1].
        severity: What it does when more do.
    """

    path: str
    reference: str = BASELINE
    trained_on: str = ""
    columns: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    max_share_drifted: float = 0.3
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSettings:
    """All checks of one model's data."""

    validate: tuple[Validate, ...] = ()
    drift: tuple[Drift, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.validate or self.drift)

    @property
    def paths(self) -> tuple[str, ...]:
        """All data that are checked, once each."""
        paths = [*(item.path for item in self.validate), *(item.path for item in self.drift)]
        return tuple(dict.fromkeys(paths))


def reference_path(settings: DataSettings, drift: Drift) -> str:
    """Which data in the record of the model in use the new data are compared with.

    What it was trained on: what `trained_on` says, else the same path where that is validated or
    nothing is, else the one path that is.
    """
    validated = tuple(dict.fromkeys(item.path for item in settings.validate))
    if drift.trained_on:
        return drift.trained_on
    if drift.path in validated or len(validated) != 1:
        return drift.path
    return validated[0]
