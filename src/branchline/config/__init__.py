"""branchline.yaml and dvc.yaml into Policy and Pipeline; every error at once, each with its line.

Names are imported when they are first asked for: a hot command pays only for what it uses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from branchline.config.branchline_yaml import (
        LoadedConfig,
        ModelConfig,
        default_config,
        load_policy,
    )
    from branchline.config.graph import upstream_of
    from branchline.config.params import parse_params, read_params, select_params
    from branchline.config.pipeline import PipelineSource, load_pipeline
    from branchline.config.schema import json_schema, reference_markdown

__all__ = [
    "LoadedConfig",
    "ModelConfig",
    "PipelineSource",
    "default_config",
    "json_schema",
    "load_pipeline",
    "load_policy",
    "parse_params",
    "read_params",
    "reference_markdown",
    "select_params",
    "upstream_of",
]

_HOMES = {
    "LoadedConfig": "branchline_yaml",
    "ModelConfig": "branchline_yaml",
    "PipelineSource": "pipeline",
    "default_config": "branchline_yaml",
    "json_schema": "schema",
    "load_pipeline": "pipeline",
    "load_policy": "branchline_yaml",
    "parse_params": "params",
    "read_params": "params",
    "reference_markdown": "schema",
    "select_params": "params",
    "upstream_of": "graph",
}


def __getattr__(name: str) -> Any:
    """Import a public name from the module that holds it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
