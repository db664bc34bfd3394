"""The version of Branchline, read by the build and by `branchline --version`."""

__version__ = "0.1.0"
