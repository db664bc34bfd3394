"""The connection to a Ray cluster, and what it has room for. Ray is imported here only."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from dataclasses import dataclass
from typing import Any

from branchline.errors import ConfigError, MissingExtraError

_ANSWER_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RayNeeds:
    """What one trial takes of a node.

    Attributes:
        cpus: Processors, > 0. gpus: Devices, >= 0. memory_bytes: None means none stated.
    """

    cpus: float = 1.0
    gpus: int = 0
    memory_bytes: int | None = None

    def words(self) -> str:
        """For people.

        >>> RayNeeds(cpus=2, gpus=1, memory_bytes=2**30).words()
        '2 CPU, 1 GPU, 1 GB of memory'
        """
        memory = f", {self.memory_bytes / 2**30:g} GB of memory" if self.memory_bytes else ""
        return f"{self.cpus:g} CPU" + (f", {self.gpus} GPU" if self.gpus else "") + memory

    def room(self, ray: Any) -> str:
        """What is free, for people.

        Args:
            ray: The module, connected.
        """
        nodes = sum(bool(node["Alive"]) for node in ray.nodes())
        total, free = ray.cluster_resources(), ray.available_resources()
        parts = [f"{free.get('CPU', 0):g} of {total.get('CPU', 0):g} CPU"]
        if self.gpus:
            parts.append(f"{free.get('GPU', 0):g} of {total.get('GPU', 0):g} GPU")
        if self.memory_bytes:
            parts.append(f"{free.get('memory', 0) / 2**30:.1f} GB of memory")
        return f"{', '.join(parts)} are free on {nodes} nodes"


def connected(address: str) -> Any:
    """Ray, connected to a cluster; it starts none.

    Args:
        address: `auto`, or HOST:PORT of the cluster's head.

    Raises:
        MissingExtraError: Ray is not installed.
        ConfigError: Nothing answers there, or it refuses us.
    """
    _be_quiet()
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError(
            "tune.executor is ray, and Ray is not installed",
            todo="Type: pip install 'branchline[ray]'; or search on this machine: --executor"
            " local.",
        ) from error
    try:
        _refuse_silence(address)
        _init(ray, address)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise ConfigError(
            f"no Ray cluster can be used at {address}: {first_line(error)}",
            todo="Start one (ray start --head), or join it with this machine (ray start --address"
            " HOST:PORT); name it under executors.ray.address. One that asks for a token wants"
            " RAY_AUTH_MODE=token here, too.",
        ) from error
    return ray


def _refuse_silence(address: str) -> None:
    """See that something answers: Ray itself asks for minutes, and cannot be stopped meanwhile.

    Raises:
        OSError, ValueError: Nothing does.
    """
    known = os.environ.get("RAY_ADDRESS", "") if address == "auto" else address
    host, _, port = known.rpartition(":")
    if host and "/" not in host:
        socket.create_connection((host, int(port)), timeout=_ANSWER_S).close()


def _init(ray: Any, address: str) -> None:
    """Connect; who handles signals stays the same: with Ray's handler a stop would end nothing."""
    is_main = threading.current_thread() is threading.main_thread()
    numbers = (signal.SIGINT, signal.SIGTERM) if is_main else ()
    handlers = {number: signal.getsignal(number) for number in numbers}
    try:
        ray.init(
            address=address,
            log_to_driver=False,
            configure_logging=False,
            logging_level=logging.CRITICAL,
        )
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    # What becomes of nodes is printed on our output whatever `log_to_driver` says, also into JSON.
    # No setting ends it; where another version of Ray has it elsewhere, it is merely heard again.
    ray._private.worker.print_to_stdstream = _say_nothing  # noqa: SLF001 # see above


def _say_nothing(*_: object, **__: object) -> None:
    """Takes what Ray prints."""


def first_line(error: Exception) -> str:
    """What an error of Ray's says first; the rest are its own lines of code."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), "no reason")


def disconnect(ray: Any) -> None:
    """Let go of the cluster.

    Args:
        ray: From `connected`.
    """
    ray.shutdown()


def _be_quiet() -> None:
    """No log of Ray's, and no statistics for others unless somebody asked for them."""
    chosen = os.path.expanduser("~/.ray/config.json")
    if not os.path.exists(chosen):
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    logging.getLogger("ray").setLevel(logging.CRITICAL)
