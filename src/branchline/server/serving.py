"""Runs the pages of a box: the socket, the names, and beside them a worker."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.errors import MissingExtraError, UsageError
from branchline.server.app import create_app
from branchline.server.guard import LOOPBACK
from branchline.wiring import desks

if TYPE_CHECKING:
    from collections.abc import Callable

    from branchline.flows.desk import Desk
    from branchline.ports.branches import Signature
    from branchline.server.guard import App
    from branchline.wiring.hooks import Following

_ANYWHERE = ("0.0.0.0", "::")  # noqa: S104 # what the user wrote is compared with it
_WAKE_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where the pages are.

    Attributes:
        host: Address or name to listen at.
        port: 0 takes a free one.
        token: What visitors must know; None lets in whoever reaches the port.
        names: Further names by which browsers may call us.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    token: str | None = None
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.token is None and self.host not in LOOPBACK:
            raise ValueError("beyond this machine a token is needed")

    @property
    def hosts(self) -> tuple[str, ...] | None:
        """Names that a browser may use; None takes any, where a token stands before all."""
        if self.host in _ANYWHERE and not self.names:
            return None
        return (*LOOPBACK, self.host, *self.names)


def serve(
    where: str,
    listening: Listening,
    *,
    by: Signature,
    ready: Callable[[str], None],
    has_worker: bool = True,
    following: Following | None = None,
) -> None:
    """Serve the pages of a box until SIGINT or SIGTERM.

    Args:
        where: Path of the box.
        listening: Where, and who gets in.
        by: Who acts when a button is pressed.
        ready: Told the address, once it answers.
        has_worker: Sees to it that somebody works on the queue.
        following: The repository whose webhooks are taken; None takes none.

    Raises:
        MissingExtraError: The extra is not installed.
        UsageError: The address is taken, or not ours.
    """
    try:
        import uvicorn
    except ImportError:
        raise MissingExtraError(
            "`uvicorn` is not installed, and the pages are served by it",
            todo="Install the extra: `pip install 'branchline[serve]'`.",
        ) from None
    desks.become_owner(where)
    with ExitStack() as opened:
        desk = opened.enter_context(desks.open_desk(where))
        bound = opened.enter_context(_listen(listening))
        app: App = create_app(desk, by=by, token=listening.token, hosts=listening.hosts)
        if following is not None:
            app = _with_door(app, where, following, opened)
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            lifespan="off",
            # A log that is followed would keep the process for as long as the job runs.
            timeout_graceful_shutdown=1,
            h11_max_incomplete_event_size=64_000,
        )
        ended = threading.Event()
        if has_worker:
            threading.Thread(target=_keep_awake, args=(desk, ended), daemon=True).start()
        ready(_url(listening.host, bound.getsockname()[1]))
        try:
            uvicorn.Server(config).run(sockets=[bound])
        except KeyboardInterrupt:  # it stops in order and raises it again
            pass
        finally:
            ended.set()


def _with_door(app: App, where: str, following: Following, opened: ExitStack) -> App:
    """The pages, with a door for webhooks and somebody who handles what comes in."""
    from branchline.server.door import Door
    from branchline.server.following import FollowerThread
    from branchline.wiring.hooks import open_following

    followed = opened.enter_context(open_following(where, following))
    thread = FollowerThread(followed)
    thread.start()
    opened.callback(thread.stop)
    if following.token:
        from branchline.server.reporting import ReporterThread
        from branchline.wiring.reporting import open_reporter

        reports = ReporterThread(lambda: open_reporter(where, following))
        reports.start()
        opened.callback(reports.stop)
    return Door(app, followed.reception, thread.wake)


def _keep_awake(desk: Desk, ended: threading.Event) -> None:
    """Start a worker whenever there is work and none lives: it goes when it is idle."""
    from branchline.core.run.jobs import JobState
    from branchline.errors import BranchlineError
    from branchline.ports.queue import QueueQuery

    waiting = QueueQuery(states=(JobState.QUEUED, JobState.RUNNING, JobState.WAITING), limit=1)
    is_woken = False  # what was pushed while nobody worked stands in no queue yet
    while True:
        try:
            now = desk.now()
            if not is_woken or desk.queue.jobs(waiting) or desk.queue.due_effects(at=now, limit=1):
                desk.wake()
            is_woken = True
        except (BranchlineError, OSError):
            pass  # a database that restarts, a disk that is full: the next look tells
        if ended.wait(_WAKE_S):
            return


def _listen(listening: Listening) -> socket.socket:
    family = socket.AF_INET6 if ":" in listening.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((listening.host, listening.port))
        bound.listen(128)
    except OSError as error:
        bound.close()
        raise UsageError(
            f"branchline serve: {listening.host}:{listening.port} cannot be used: "
            f"{error.strerror or error}",
            todo="Choose another --port, or an address of this machine.",
        ) from None
    return bound


def _url(host: str, port: int) -> str:
    shown = "localhost" if host in (*LOOPBACK, *_ANYWHERE) else host
    return f"http://[{shown}]:{port}/" if ":" in shown else f"http://{shown}:{port}/"
