"""Port `data_memory` as small files of one folder, which may be deleted at any time."""

from branchline.adapters.folder_memory.memory import FolderMemory

__all__ = ["FolderMemory"]
