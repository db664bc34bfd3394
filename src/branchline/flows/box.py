"""What every flow of a box works on: the ports of one box, bundled. Holds no logic.

A port is made when it is first asked for, as in `flows.project`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from branchline.ports.box import BoxFiles, BoxSettings
    from branchline.ports.branches import Branches
    from branchline.ports.forge import Forge
    from branchline.ports.queue import Queue
    from branchline.ports.records import Records
    from branchline.ports.registry import Registry
    from branchline.ports.repo import Repo


class Box:
    """One box with its ports.

    Args:
        path: Absolute path of the bare repository.
        ports: Name of an attribute below -> how to make it.
    """

    box: BoxFiles
    settings: BoxSettings
    queue: Queue
    forge: Forge
    branches: Branches
    registry: Registry
    records: Records
    repo: Repo

    def __init__(self, *, path: str, ports: Mapping[str, Callable[[], object]]) -> None:
        self.path = path
        self._ports = ports

    def __getattr__(self, name: str) -> object:
        """Make a port that is asked for the first time."""
        ports = self.__dict__.get("_ports", {})
        if name not in ports:
            raise AttributeError(name)
        port = ports[name]()
        setattr(self, name, port)
        return port

    def made(self, name: str) -> object | None:
        """A port if it has been made; None when nobody asked for it."""
        return self.__dict__.get(name)
