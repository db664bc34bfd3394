"""branchline.yaml and dvc.yaml into Policy and Pipeline; every error at once, each with its line.

Names are imported when they are first asked for: a hot command pays only for what it uses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from branchline.config.graph import upstream_of
    from branchline.config.params import read_params
    from branchline.config.pipeline import PipelineSource, load_pipeline

__all__ = ["PipelineSource", "load_pipeline", "read_params", "upstream_of"]

_HOMES = {
    "PipelineSource": "pipeline",
    "load_pipeline": "pipeline",
    "read_params": "params",
    "upstream_of": "graph",
}


def __getattr__(name: str) -> Any:
    """Import a public name from the module that holds it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
