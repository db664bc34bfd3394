"""Port `executor` with processes of this machine."""

from branchline.adapters.local_process.executor import LocalExecutor

__all__ = ["LocalExecutor"]
