"""Facts about this machine and this repository, for `branchline doctor`."""

from branchline.adapters.checkup.checkup import LocalCheckup

__all__ = ["LocalCheckup"]
