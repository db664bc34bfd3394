"""Files of a folder, read plainly: no stat index, no ignore rules."""

from branchline.adapters.folder.tree import FolderTree

__all__ = ["FolderTree"]
