"""The paired bootstrap."""

from branchline.core.verdict.noise.estimate import Estimate, NoComparisonError


def resampled(*_args: object, **_named: object) -> Estimate:
    """Not there yet."""
    raise NoComparisonError("not built yet")
