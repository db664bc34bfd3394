"""GitHub Actions: the job's event, its outputs, summary, annotations and results folder."""

from branchline.adapters.actions.job import ActionsJob

__all__ = ["ActionsJob"]
