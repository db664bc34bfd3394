"""Structured text into typed values, with the line of each key: YAML 1.2 and 1.1, JSON, TOML."""

from branchline.core.documents.document import Document
from branchline.core.documents.json import read_json
from branchline.core.documents.toml import read_toml
from branchline.core.documents.yaml import read_yaml, read_yaml_11

__all__ = ["Document", "read_json", "read_toml", "read_yaml", "read_yaml_11"]
