"""Port `own_checks`: the project's pandera, Great Expectations or Evidently, in its own Python."""

from branchline.adapters.own_checks.checks import SubprocessChecks

__all__ = ["SubprocessChecks"]
