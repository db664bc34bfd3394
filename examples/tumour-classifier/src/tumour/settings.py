"""Reads params.yaml."""

from typing import Any

import yaml


def section(name: str) -> dict[str, Any]:
    """One top-level section of params.yaml."""
    with open("params.yaml", encoding="utf-8") as stream:
        return yaml.safe_load(stream)[name]
