"""Adapter `local_process`: starts the first process of a stage, with its log open."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from branchline.errors import StageFailedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from branchline.ports.executor import Task

_BLOCKED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
DEFAULTED = (
    *(signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE),
    *(signal.SIGXFSZ, signal.SIGCHLD, signal.SIGUSR1, signal.SIGUSR2),
)


def spawn(
    task: Task,
    words: Sequence[str],
    environment: dict[str, str],
    mask: Iterable[signal.Signals],
    *,
    direct: tuple[str, tuple[str, ...]] | None = None,
) -> int:
    """Start the first process of a stage; returns its pid, which is its group and session.

    Args:
        task: The stage.
        words: The shell that runs it, with its arguments.
        environment: Of the process.
        mask: Signals that it blocks.
        direct: (program, arguments) that the shell would become; where the system refuses it (a
            script without a first line `#!`), the shell is started, which knows what to do.
    """
    log = open_log(task)

    def start(program: str, arguments: tuple[str, ...]) -> int:
        return os.posix_spawn(
            program,
            arguments,
            environment,
            file_actions=(
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, log, 1),
                (os.POSIX_SPAWN_DUP2, log, 2),
            ),
            setsid=True,
            setsigmask=mask,
            setsigdef=DEFAULTED,
        )

    try:
        with in_folder(task.cwd):
            if direct is not None:
                with suppress(OSError):
                    return start(*direct)
            return start(words[0], tuple(words))
    except OSError as error:
        raise _cannot_start(task, words[0], error) from error
    finally:
        os.close(log)


@contextmanager
def in_folder(folder: str) -> Iterator[None]:
    """Work in a folder for the moment of a spawn.

    posix_spawn knows no working directory; there are no threads that could see ours move.
    """
    back = os.open(".", os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.chdir(folder)
        yield
    finally:
        os.fchdir(back)
        os.close(back)


def limit_memory(pid: int, size_bytes: int | None) -> None:
    """Let a process fail by itself, with a MemoryError, rather than take the machine; Linux only.

    Args:
        pid: A child of ours that has just been started.
        size_bytes: Most memory of its own that it may ask for; None for no limit.
    """
    if size_bytes is None:
        return
    import resource

    with suppress(AttributeError, OSError, ValueError):
        # Not RLIMIT_AS: that counts what is only mapped, and CUDA maps more than any machine has.
        resource.prlimit(pid, resource.RLIMIT_DATA, (size_bytes, size_bytes))


def _cannot_start(task: Task, program: str, error: OSError) -> StageFailedError:
    what = f"stage {task.stage!r} cannot be started"
    if not os.path.isdir(task.cwd):
        return StageFailedError(
            f"{what}: its working directory {task.cwd} does not exist",
            todo="Make the folder, or correct `wdir` of the stage.",
        )
    if not os.access(program, os.X_OK):
        return StageFailedError(
            f"{what}: the shell {program} does not exist or cannot be executed",
            todo="Set SHELL to a shell of this machine, or unset it to use /bin/sh.",
        )
    return StageFailedError(f"{what} in {task.cwd}: {error.strerror}")


def open_log(task: Task) -> int:
    """Open the log for appending, with the first `$ command` line written.

    Raises:
        StageFailedError: It cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    try:
        try:
            log = os.open(task.log, flags, 0o666)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(task.log), exist_ok=True)
            log = os.open(task.log, flags, 0o666)
        os.write(log, _command_line(task))
    except OSError as error:
        raise StageFailedError(
            f"stage {task.stage!r} cannot be started: its log {task.log} cannot be written:"
            f" {error.strerror}",
            todo="Make the folder writable, or free space on the disk.",
        ) from error
    return log


def unsay_command(task: Task, log: int) -> None:
    """Take back what `open_log` wrote, where nothing was started that could write more."""
    os.ftruncate(log, max(0, os.fstat(log).st_size - len(_command_line(task))))


def _command_line(task: Task) -> bytes:
    """What a log begins with; of several commands each is announced by the shell that runs them."""
    line = f"$ {task.cmd[0]}\n" if len(task.cmd) == 1 else ""
    return line.encode(errors="surrogateescape")


def clear_trace(task: Task) -> None:
    """Forget the trace of an earlier attempt."""
    if task.trace is None or not task.trace_file:
        return
    folder = os.path.dirname(task.trace_file)
    if folder != os.path.dirname(task.log):  # that one is made with the log
        os.makedirs(folder, exist_ok=True)
    with suppress(FileNotFoundError):
        os.unlink(task.trace_file)


@contextmanager
def signals_held() -> Iterator[set[signal.Signals]]:
    """Hold back Ctrl-C and SIGTERM, so that none comes between a spawn and its entry.

    Yields:
        The mask that was in force, for the child.
    """
    old = signal.pthread_sigmask(signal.SIG_BLOCK, _BLOCKED)
    try:
        yield {number for number in old if isinstance(number, signal.Signals)}
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old)
