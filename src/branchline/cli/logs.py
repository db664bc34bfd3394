"""`branchline logs [STAGE]`: what stages printed; `-f` follows it while they run."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from branchline.errors import EXIT_FINE

if TYPE_CHECKING:
    import argparse

    from branchline.cli.console import Console
    from branchline.flows.project import Project

_POLL_S = 0.1
_CHUNK = 65536


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "stage", nargs="?", metavar="STAGE", help="only this stage; else all of the newest run"
    )
    parser.add_argument("--run", metavar="RUN", help="of this run; else of the newest that has any")
    parser.add_argument("-f", "--follow", action="store_true", help="go on until the stages end")
    parser.add_argument(
        "--job", type=int, metavar="N", help="the log of a job of the box, here or at its remote"
    )
    parser.add_argument("--remote", metavar="NAME", help="of which box, where there are several")


def execute(options: argparse.Namespace, console: Console) -> int:
    """Print logs."""
    if options.job is not None:
        from branchline.cli.job_logs import show_job

        return show_job(options.job, options.remote, console, follow=options.follow)
    from branchline import wiring
    from branchline.flows.history import History, log_files

    with wiring.open_project(model="") as project:
        run = None
        if options.run:
            run = History(project.records, project.repo).find(options.run).run
        if options.follow and run is None and _is_active(project, options.stage):
            _follow(project, options.stage, console)
            return EXIT_FINE
        files = log_files(project.ledger, stage=options.stage, run=run)
    for stage, path in files:
        _print(stage, path, console, named=len(files) > 1)
    return EXIT_FINE


def _print(stage: str, path: str, console: Console, *, named: bool) -> None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            if named:
                console.write(f"==> {stage} <==")
            while text := file.read(_CHUNK):
                console.out.write(text)
    except OSError:
        console.note(f"the log of `{stage}` is gone: {path}")


def _is_active(project: Project, stage: str | None) -> bool:
    """Whether a living run has stages that may still print."""
    return any(
        state in ("queued", "running")
        for run in project.ledger.active()
        if run.is_alive
        for name, state in run.stages.items()
        if stage in (None, name)
    )


def _follow(project: Project, stage: str | None, console: Console) -> None:
    """Print what stages add to their logs, each line with its stage, until they end."""
    known: set[str] = {path for _, path in project.ledger.logs()}
    running = {
        child.stage for run in project.ledger.active() if run.is_alive for child in run.children
    }
    newest: dict[str, str] = {}
    for name, path in project.ledger.logs():
        newest.setdefault(name, path)
    offsets = {newest[name]: 0 for name in running if name in newest}
    while True:
        is_active = _is_active(project, stage)
        for name, path in reversed(project.ledger.logs(stage=stage)):
            if path in offsets or path not in known:
                offsets[path] = _add(name, path, offsets.get(path, 0), console, last=not is_active)
        console.out.flush()
        if not is_active:
            return
        time.sleep(_POLL_S)


def _add(name: str, path: str, offset: int, console: Console, *, last: bool) -> int:
    """Print the whole lines that a log gained; returns how far it is printed."""
    try:
        if os.path.getsize(path) <= offset:
            return offset
        with open(path, "rb") as file:
            file.seek(offset)
            data = file.read()
    except OSError:
        return offset
    end = len(data) if last else data.rfind(b"\n") + 1
    for text in data[:end].decode("utf-8", "replace").splitlines():
        console.write(f"{name} | {text}")
    return offset + end
