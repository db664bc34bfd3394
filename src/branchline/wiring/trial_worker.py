"""A process that makes trials for a search, which starts it: `python -m` this module.

Reads a JSON object a line from its input and answers on its output; see `ports.trial_messages`.
Ends when its input ends.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import signal
import sys
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from branchline.config.settings_files import SettingsFiles
from branchline.core.trigger import Trigger, TriggerKind
from branchline.errors import BranchlineError
from branchline.flows.search import search_of
from branchline.flows.searched import names_of
from branchline.flows.trial_walk import TrialWalk
from branchline.flows.tuned_params import TunedParams
from branchline.ports.trial_messages import ask_from_json, done_to_json
from branchline.wiring.projects import Shared, open_worktree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from branchline.core.values import JsonValue
    from branchline.flows.project import Project


def opening_of(
    tree: str,
    shared: Shared,
    *,
    model: str | None,
    trigger: Trigger,
    jobs: int,
    scratch: str = "",
) -> dict[str, JsonValue]:
    """What a process works on, as its first message.

    Args:
        tree: Absolute path of its working tree.
        shared: What the tree shares with the clone or the box.
        model: Which model, where branchline.yaml declares several.
        trigger: What woke the search.
        jobs: Stages side by side.
        scratch: Name of a folder, made below that for temporary files where the process runs, that
            stands for `shared.state_dir` and has a file for `shared.meanings`; "" for neither.
    """
    rest = {name: getattr(shared, name) for name in Shared.__slots__ if name != "law"}
    files = () if shared.law is None else shared.law.files
    law = [[path, base64.b64encode(data).decode("ascii")] for path, data in files]
    return {
        "tree": tree,
        "shared": {**rest, "law": law},
        "model": model,
        "trigger": {
            "kind": trigger.kind.value,
            "actor": trigger.actor,
            "branch": trigger.branch,
            "commit": trigger.commit,
        },
        "jobs": jobs,
        "scratch": scratch,
    }


class _Input:
    """Lines of the input, and whether it is over; nothing is read ahead of a look."""

    def __init__(self) -> None:
        self._buffer = b""
        self.is_over = False

    def line(self) -> bytes | None:
        """The next line; None when there are no more."""
        while b"\n" not in self._buffer:
            if self.is_over:
                return None
            self._read()
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def has_ended(self) -> bool:
        """Whether whoever started this process is gone, or wants no more."""
        if not self.is_over and select.select([0], [], [], 0)[0]:
            self._read()
        return self.is_over

    def _read(self) -> None:
        data = os.read(0, 1 << 16)
        self._buffer += data
        self.is_over = not data


class _Show:
    """`flows.trial_walk.StageLog`: says where the log is; the search reads it."""

    def follow(self, stage: str, path: str) -> None:
        """Say it."""
        _say({"show": {"stage": stage, "path": path}})

    def finish(self, stage: str) -> None:
        """Nothing more."""


def _say(message: Mapping[str, JsonValue]) -> None:
    os.write(_OUTPUT, json.dumps(message).encode() + b"\n")


_OUTPUT = 1
_WAIT_S = 60.0
"""How long a run may hold the tree of this process; nobody else knows of it."""


APART = "--apart"
"""Go on in a child: whoever started this process kills it, with its direct children, at its end,
and a trial must be ended in order."""


def _go_apart() -> None:
    """Return in a child; this process waits for it, and ends as it does."""
    child = os.fork()
    if not child:
        return
    os.close(0)
    os.close(1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code < 0:
        os.kill(os.getpid(), -code)
    os._exit(code)


@contextmanager
def _scratch(shared: dict[str, Any], name: str) -> Iterator[None]:
    """Databases on a disk of this machine, removed at the end; a successor finds them.

    SQLite's log cannot be shared over a network.
    """
    if not name:
        yield
        return
    folder = os.path.join(tempfile.gettempdir(), name)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    shared.update(state_dir=folder, meanings=os.path.join(folder, "meanings.db"))
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """Make trials until the input ends."""
    global _OUTPUT  # noqa: PLW0603 # this process is its own module
    if APART in sys.argv[1:]:
        _go_apart()
    # Whatever prints here by mistake must not speak for us.
    _OUTPUT = os.dup(1)
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    given = _Input()
    first = given.line()
    if first is None:
        return 0
    opening: dict[str, Any] = json.loads(first)["open"]
    shared = dict(opening["shared"])
    law = tuple((path, base64.b64decode(data)) for path, data in shared["law"])
    shared["law"] = SettingsFiles(files=law) if law else None
    try:
        with (
            _scratch(shared, str(opening["scratch"])),
            open_worktree(opening["tree"], Shared(**shared), model=opening["model"]) as project,
        ):
            _serve(project, opening, given)
    except BranchlineError as error:
        said = {"refused": error.message, "todo": error.todo, "details": list(error.details)}
        _say({**said, "slug": error.slug})
        return error.exit_code
    return 0


def _serve(project: Project, opening: Mapping[str, Any], given: _Input) -> None:
    asked = search_of(project)
    woke = opening["trigger"]
    walk = TrialWalk(
        project=project,
        asked=asked,
        params=TunedParams(project, asked, names_of(project, asked)),
        trigger=Trigger(
            kind=TriggerKind(woke["kind"]),
            actor=woke["actor"],
            branch=woke["branch"],
            commit=woke["commit"],
        ),
        say=lambda text: _say({"say": text}),
        show=_Show(),
        is_stopped=given.has_ended,
        jobs=int(opening["jobs"]),
    )
    with project.workspace_lock.hold(wait_s=_WAIT_S):
        while (line := given.line()) is not None:
            done = walk.make(ask_from_json(json.loads(line)["ask"]))
            _say({"done": done_to_json(done)})
            walk.later.do()


if __name__ == "__main__":
    sys.exit(main())
