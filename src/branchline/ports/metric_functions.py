"""Port `metric_functions`: a metric that is a function of the project's own code."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    import numpy as np
    from numpy.typing import NDArray

    MetricFunction = Callable[[NDArray[np.float64], NDArray[np.float64]], float]


class MetricFunctions(Protocol):
    """Calls functions of the project in a process of its own, never in ours."""

    @abstractmethod
    def open(self, spec: str, *, root: str) -> AbstractContextManager[MetricFunction]:
        """A function, ready to be called some thousand times.

        What it raises comes out of each call as a ValueError that says it.

        Args:
            spec: `module:function`, as seen from the root.
            root: Absolute root of the project.

        Raises:
            ConfigError: There is no such module or function, or it cannot be imported.
        """
        ...
