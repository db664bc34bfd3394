"""Serves the port `far` by an SSH client."""

from branchline.adapters.ssh.client import SshFar

__all__ = ["SshFar"]
