"""Serves the port `metric_functions`: the project's own Python, in a process of its own."""

from branchline.adapters.metric_function.process import ProcessFunctions

__all__ = ["ProcessFunctions"]
