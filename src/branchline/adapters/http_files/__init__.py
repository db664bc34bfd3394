"""Files of a web server, which are read and never written."""

from branchline.adapters.http_files.files import HttpFiles

__all__ = ["HttpFiles"]
