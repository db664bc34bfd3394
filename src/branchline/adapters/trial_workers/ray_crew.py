"""Processes on the nodes of a Ray cluster, as the crew of a search: an actor for each.

Ray schedules the actors by what a trial needs, and ends them when this process dies. An actor or
node that is lost is replaced wherever there is room, with a working tree of its own: what the lost
one may still be doing where nobody sees it disturbs no other trial.
"""

from __future__ import annotations

import os
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from branchline.adapters.trial_workers.crew import Crew, Peer
from branchline.adapters.trial_workers.ray_cluster import (
    RayNeeds,
    connected,
    disconnect,
    first_line,
)
from branchline.adapters.trial_workers.ray_host import RayHost
from branchline.errors import ConfigError, StageFailedError
from branchline.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from branchline.adapters.trial_workers.crew import Message
    from branchline.adapters.trial_workers.process import WorkerSpec
    from branchline.core.values import JsonValue

_SAID_AFTER_S = 15.0
_END_S = 30.0
"""Longer than a process has to end."""
_FAILURES = 3
"""So often in a row an actor may fail to start."""
_METHODS_AT_ONCE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RaySettings:
    """Where trials are made.

    Attributes:
        address: `auto`, or HOST:PORT of the cluster's head.
        needs: Of one trial.
        wait_s: How long the cluster may have no room for any trial.
        folder: Absolute path of a folder that all nodes must see.
    """

    address: str
    needs: RayNeeds
    wait_s: float
    folder: str


class _RayPeer(Peer):
    """An actor, from when it is asked for; ready once its node has answered."""

    def __init__(self, place: int) -> None:
        self.place = place
        self.life = 0
        self.failures = 0
        self.node = ""
        self.actor: Any = None
        self.answer: Any = None
        """Reference of what it was asked."""

    def is_ready(self) -> bool:
        return bool(self.node)

    def tell(self, message: Mapping[str, JsonValue]) -> None:
        self.actor.tell.remote(dict(message))


class RayCrew(Crew):
    """One actor for each trial at once; those for which there is room are ready.

    Args:
        settings: Where.
        spec_of: Makes what a process needs to start, of its place from 0 and of how many were there
            before it.
        slots: Trials at once, at most.
        say: Told what a person should know of the cluster.
        connect: Gives Ray, connected to an address.

    Raises:
        MissingExtraError: Ray is not installed.
        ConfigError: There is no cluster, or it is not one for us.
    """

    def __init__(
        self,
        settings: RaySettings,
        spec_of: Callable[[int, int], WorkerSpec],
        slots: int,
        *,
        say: Callable[[str], None],
        connect: Callable[[str], Any] = connected,
    ) -> None:
        self._settings, self._spec_of, self._say = settings, spec_of, say
        self._text = secrets.token_hex(16)
        self._marker = os.path.join(settings.folder, "marker")
        os.makedirs(settings.folder, exist_ok=True)
        with open(self._marker, "w", encoding="ascii") as file:
            file.write(self._text)
        self._ray = connect(settings.address)
        self._peers = [_RayPeer(place) for place in range(slots)]
        self._is_ending = False
        self._dry_since = time.monotonic()
        self._has_said = False

    @property
    def peers(self) -> Sequence[Peer]:
        """See `Crew`."""
        return self._peers

    def heard(self, within_s: float) -> Sequence[tuple[Peer, Message]]:
        """See `Crew`."""
        for peer in self._peers:
            if peer.actor is None and not self._is_ending:
                self._begin(peer)
        waited = {peer.answer: peer for peer in self._peers if peer.actor is not None}
        if not waited:
            return []
        self._ray.wait(list(waited), timeout=within_s)
        there, _ = self._ray.wait(list(waited), num_returns=len(waited), timeout=0)
        said: list[tuple[Peer, Message]] = []
        for answer in there:
            peer = waited[answer]
            said.extend((peer, message) for message in self._taken(peer))
        self._look_for_room()
        return said

    def end(self) -> None:
        """See `Crew`."""
        self._is_ending = True
        for peer in self._peers:
            if peer.is_ready():
                peer.actor.end.remote()
            else:
                self._let_go(peer)

    def close(self) -> None:
        """See `Crew`."""
        self._is_ending = True
        ends = [peer.actor.end.remote() for peer in self._peers if peer.is_ready()]
        if ends:
            self._ray.wait(ends, num_returns=len(ends), timeout=_END_S)
        for peer in self._peers:
            self._let_go(peer)
        disconnect(self._ray)

    def _begin(self, peer: _RayPeer) -> None:
        spec = self._spec_of(peer.place, peer.life)
        needs = self._settings.needs
        host = self._ray.remote(RayHost).options(
            num_cpus=needs.cpus,
            num_gpus=needs.gpus,
            memory=needs.memory_bytes,
            max_restarts=0,
            max_concurrency=_METHODS_AT_ONCE,
            scheduling_strategy="SPREAD",
        )
        peer.actor = host.remote(spec)
        peer.answer = peer.actor.hello.remote(self._marker)

    def _taken(self, peer: _RayPeer) -> list[Message]:
        """What an actor answered; it is asked again."""
        try:
            answer = self._ray.get(peer.answer)
        except self._ray.exceptions.RayError as error:
            return self._lost(peer, error)
        if not peer.is_ready():
            self._look_at(answer)
            peer.node, peer.failures = str(answer["node"]), 0
            answer = []
        peer.answer = peer.actor.heard.remote()
        return [self._with_log(peer, message) for message in answer]

    def _look_at(self, answer: Mapping[str, str]) -> None:
        """See that a node can make our trials.

        Raises:
            ConfigError: It does not see the working trees, or has another Branchline.
        """
        node = answer["node"]
        if answer["version"] != __version__:
            raise ConfigError(
                f"node {node} of the Ray cluster has branchline {answer['version']}, and this is"
                f" {__version__}",
                todo=f"Type there: {answer['python']} -m pip install"
                f" 'branchline[ray]=={__version__}'.",
            )
        if answer["marker"] != self._text:
            raise ConfigError(
                f"node {node} of the Ray cluster does not see {self._settings.folder}, where the"
                " working trees of the trials are",
                todo="Keep the repository on a file system that all nodes share (as NFS), at the"
                " same path on each; or search on this machine: --executor local.",
            )

    def _with_log(self, peer: _RayPeer, message: Message) -> Message:
        """The end of a log, which stands on another machine, as a file on this one."""
        if "show" not in message:
            return message
        path = os.path.join(self._settings.folder, f"shown-{peer.place + 1}.log")
        with open(path, "w", encoding="utf-8") as file:
            file.write(str(message["show"]["text"]))
        return {"show": {"stage": message["show"]["stage"], "path": path}}

    def _lost(self, peer: _RayPeer, error: Exception) -> list[Message]:
        """An actor is gone; another one is begun in its place at the next look.

        Raises:
            ConfigError: Its node has no Branchline.
            StageFailedError: None could be started.
        """
        was_ready, node = peer.is_ready(), peer.node
        self._let_go(peer)
        if was_ready:
            is_node = "its node has died" in str(error)
            return [{"gone": f"node {node} is gone" if is_node else f"its actor on {node} is gone"}]
        if "No module named 'branchline" in str(error):
            raise ConfigError(
                "a node of the Ray cluster has no branchline, or another one than this",
                todo="Install it for the Python that Ray runs there: pip install"
                f" 'branchline[ray]=={__version__}'.",
            ) from error
        peer.failures += 1
        if peer.failures >= _FAILURES:
            raise StageFailedError(
                f"the Ray cluster starts no process for trials: {first_line(error)}",
                todo="Look at its logs, or search on this machine: --executor local.",
            ) from error
        return []

    def _let_go(self, peer: _RayPeer) -> None:
        """End an actor, wherever it is."""
        if peer.actor is not None:
            self._ray.kill(peer.actor)
        peer.actor, peer.answer, peer.node = None, None, ""
        peer.life += 1

    def _look_for_room(self) -> None:
        """Say that the cluster has no room; give up when it had none for long.

        Raises:
            StageFailedError: No trial can be made.
        """
        now = time.monotonic()
        if any(peer.is_ready() for peer in self._peers) or self._is_ending:
            self._dry_since, self._has_said = now, False
            return
        dry_s, needs = now - self._dry_since, self._settings.needs
        if dry_s > self._settings.wait_s:
            raise StageFailedError(
                f"the Ray cluster had no room for {self._settings.wait_s:g} s: a trial needs"
                f" {needs.words()}, and {needs.room(self._ray)}",
                todo="Add a node, or ask for less under `resources` in branchline.yaml.",
            )
        if dry_s > _SAID_AFTER_S and not self._has_said:
            self._has_said = True
            self._say(
                f"waiting for the Ray cluster: a trial needs {needs.words()}, and"
                f" {needs.room(self._ray)}"
            )
