"""`python -m branchline.server.nursery BOX`: has loaded what a runner needs, and forks runners.

A job costs a fork instead of an interpreter with hundreds of modules. The worker's own process
cannot be forked: it holds connections to the ledger, and secrets in its memory that most jobs do
not get. This one is asked over a socket, its standard input, and ends when its worker does; the
runners go on. What a job gets in its environment goes from the worker to the runner, past it.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from branchline.flows.places import Places
from branchline.server.holding import take_lock, write_note

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

PRELOADED = (
    "branchline.adapters.box",
    "branchline.adapters.dvc.artifacts",
    "branchline.adapters.dvc.bytecode",
    "branchline.adapters.dvc.lock_document",
    "branchline.adapters.dvc.lock_files",
    "branchline.adapters.dvc.lock_text",
    "branchline.adapters.dvc.meaning_cache",
    "branchline.adapters.dvc.remote",
    "branchline.adapters.dvc.run_cache",
    "branchline.adapters.dvc.run_file_cache",
    "branchline.adapters.dvc.store",
    "branchline.adapters.dvc.workspace",
    "branchline.adapters.dvc.workspace_lock",
    "branchline.adapters.environments",
    "branchline.adapters.git",
    "branchline.adapters.git.worktrees",
    "branchline.adapters.local_machine",
    "branchline.adapters.local_process",
    "branchline.adapters.metric_readers",
    "branchline.adapters.metric_readers.documents",
    "branchline.adapters.sql.sqlite",
    "branchline.adapters.sqlite_ledger",
    "branchline.adapters.sqlite_ledger.schema",
    "branchline.config.branchline_yaml",
    "branchline.config.kinds",
    "branchline.config.pipeline",
    "branchline.config.policies",
    "branchline.config.sections.environment",
    "branchline.config.sections.serving",
    "branchline.config.sections.top",
    "branchline.config.sections.training",
    "branchline.config.sections.watching",
    "branchline.config.settings_files",
    "branchline.core.documents.json",
    "branchline.core.documents.json_leaves",
    "branchline.core.documents.scalars",
    "branchline.core.documents.toml",
    "branchline.core.documents.yaml",
    "branchline.core.directions",
    "branchline.core.effects.effects_json",
    "branchline.core.trigger.rules",
    "branchline.core.verdict.selftest.files",
    "branchline.core.verdict.selftest.judged",
    "branchline.core.verdict.selftest.leaks",
    "branchline.flows.apply",
    "branchline.flows.box",
    "branchline.flows.finish",
    "branchline.flows.first_trial",
    "branchline.flows.entering",
    "branchline.flows.lock_files",
    "branchline.flows.meanings",
    "branchline.flows.nondeterminism",
    "branchline.flows.selftest",
    "branchline.flows.selftested",
    "branchline.server.runner",
    "branchline.server.walking",
    "branchline.wiring.readers",
    "branchline.wiring.stores",
    "ctypes",
    "datetime",
    "encodings.utf_8_sig",
    "fnmatch",
    "shutil",
    "sqlite3",
    "subprocess",
    "urllib.parse",
    "yaml",
)
"""What a job imports from its start to its record; with these comes what they import."""

LARGEST_QUESTION_BYTES = 4096
LOCK_WAIT_S = 5.0
MOST_FILES = 256
CRASHED = 70
UNTOLD = 71


def main(arguments: Sequence[str]) -> int:
    """Fork a runner for each line, until there are no more."""
    places = Places(arguments[0])
    for name in PRELOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # or the collector writes into every page that the runners share with this process
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: the worker decides
    signal.signal(signal.SIGCHLD, _reap)
    with socket.socket(fileno=0) as asking:
        while True:
            told, files, _, _ = socket.recv_fds(asking, LARGEST_QUESTION_BYTES, 1)
            if not told:
                return 0
            asked = json.loads(told)
            answer = _fork(places, int(asked["job"]), str(asked["worker"]), files[0])
            os.close(files[0])
            try:
                asking.send(answer.encode()[:LARGEST_QUESTION_BYTES])
            except BrokenPipeError:  # the worker died meanwhile: the next one has its own nursery
                return 0


def _reap(_number: int, _frame: FrameType | None) -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _fork(places: Places, job: int, worker: str, given: int) -> str:
    """Fork the runner of a job: its process, or why there is none.

    In `given` the runner finds its environment, as JSON until the end of the file.
    """
    try:
        lock = _lock(places, job)
        if lock is None:
            return "an earlier runner of it lives"
        pid = os.fork()
        if pid == 0:
            _close_all_but(lock, given)
            _run(places, job, worker, given)
        os.close(lock)
    except OSError as error:
        return str(error)
    return str(pid)


def _lock(places: Places, job: int) -> int | None:
    """The lock of a job; a runner that was just killed lets it go soon."""
    until = time.monotonic() + LOCK_WAIT_S
    while (lock := take_lock(places, job)) is None and time.monotonic() < until:
        time.sleep(0.02)
    return lock


def _run(places: Places, job: int, worker: str, given: int) -> NoReturn:
    """Be the runner of a job, in a session of its own, and end."""
    code = CRASHED
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        write_note(places, job)
        os.setsid()
        _leave_the_nursery(os.path.join(places.job(job), "runner.err"))
        with os.fdopen(given, "rb") as file:
            environ = file.read()
        if not environ.endswith(b"}"):
            os._exit(UNTOLD)  # the worker died before it had said all
        os.environ.clear()
        os.environ.update(json.loads(environ))
        os.chdir(places.box)
        from branchline.server import runner

        code = runner.main([places.box, str(job), worker])
    except BaseException:  # noqa: BLE001 # nothing may get back into the loop of the nursery
        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stderr.flush()
        os._exit(code)


def _close_all_but(*kept: int) -> None:
    """Let go of the nursery's files above the standard ones: the worker must see it die."""
    low = 3
    for file in sorted(kept):
        os.closerange(low, file)
        low = file + 1
    os.closerange(low, MOST_FILES)


def _leave_the_nursery(complaints: str) -> None:
    """Take other standard streams than those of the nursery."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    said = os.open(complaints, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for number, file in ((0, nothing), (1, said), (2, said)):
        os.dup2(file, number)
    os.close(nothing)
    os.close(said)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
