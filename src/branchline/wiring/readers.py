"""Picks what reads metrics: the built-in readers, and those that installed packages bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from branchline.ports.metric_readers import MetricReaders


def metric_readers() -> MetricReaders:
    """Port `metric_readers`."""
    from branchline.adapters.metric_readers import FileReaders

    return FileReaders(_plugins)


def _plugins() -> Mapping[str, Callable[[], object]]:
    """Name -> what imports it, of every entry point of the group."""
    from importlib.metadata import entry_points

    from branchline.ports.metric_readers import GROUP

    return {entry.name: entry.load for entry in entry_points(group=GROUP)}
