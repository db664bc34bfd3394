"""Station `effects`: the marker of the sticky comment that holds a model's report. Pure."""

from __future__ import annotations

REPORT = "report"
"""First word of such a marker; the name of the model follows."""


def report_marker(model: str) -> str:
    """Marker of the sticky comment of one model; each of several has its own.

    >>> report_marker("churn")
    'report churn'
    """
    return f"{REPORT} {model}" if model else REPORT


def is_report(marker: str) -> bool:
    """Whether a comment holds a report. Older versions had one marker for all models."""
    return marker == REPORT or marker.startswith(f"{REPORT} ")
