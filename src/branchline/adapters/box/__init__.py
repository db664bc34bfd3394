"""Serves the port `box` by files in a bare repository."""

from branchline.adapters.box.files import LocalBox, is_box

__all__ = ["LocalBox", "is_box"]
