"""Adapter `optuna`: quasi-random numbers of SciPy, which Optuna's own would come from too."""

from __future__ import annotations

from typing import Any

from branchline.errors import MissingExtraError


class Sobol:
    """A scrambled Sobol sequence: its points fill a space more evenly than random ones.

    Args:
        places: How many numbers a point has, from 1.
        seed: Of the scrambling; the same everywhere.

    Source:
        A. B. Owen (1998), Scrambling Sobol' and Niederreiter-Xing points.
    """

    def __init__(self, places: int, seed: int) -> None:
        try:
            from scipy.stats import qmc
        except ImportError as error:
            raise MissingExtraError(
                f"tune.sampler is qmc, which needs {error.name}, and it is not installed",
                todo="Type: pip install 'branchline[tune]'; or search with sampler: random.",
            ) from error
        self._sequence = qmc.Sobol(d=places, scramble=True, rng=seed)
        self._points: list[Any] = []

    def share(self, number: int, place: int) -> float:
        """One number, from 0 to below 1.

        Args:
            number: Of the point, from 0.
            place: Of the number in it, from 0.
        """
        while number >= len(self._points):
            # Whole powers of two, where the sequence is balanced.
            self._points.extend(self._sequence.random(max(64, len(self._points))))
        return float(self._points[number][place])
