"""Branchline: git-native CI/CD for machine learning. Push a branch, train a model.

A training script says how it goes with `branchline.report`, and asks `branchline.should_stop`.
Both are loaded when they are first named: an import costs a training nothing.
"""

from branchline.version import __version__

# What typing.TYPE_CHECKING says, without importing typing; checkers know the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from branchline.reporting import report, should_stop

__all__ = ["__version__", "report", "should_stop"]


def __getattr__(name: str) -> object:
    """The two functions for training scripts, when they are first asked for."""
    if name not in ("report", "should_stop"):
        raise AttributeError(f"module 'branchline' has no attribute '{name}'")
    from branchline import reporting

    globals()[name] = found = getattr(reporting, name)
    return found
