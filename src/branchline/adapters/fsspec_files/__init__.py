"""Files of S3, Google, Azure and SSH, by fsspec and the library of each."""

from branchline.adapters.fsspec_files.files import FsspecFiles

__all__ = ["FsspecFiles"]
