"""Runs workflows on this machine: GitHub's own parser and expressions, our scheduling of jobs."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from tests.rig.judges import HERE, node, rig_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

REPOSITORY = "acme/tumours"
# `python -m venv` and pip of a job, without a network: they install the programs of this folder.
_PYTHON = """\
#!/bin/sh
[ "$1" = -I ] && shift
case "$1 $2" in
  "-m venv") mkdir -p "$3/bin" && cp -P {programs}/* "$3/bin/" ;;
  "-m pip") echo "$@" >> {folder}/pip && ln -sf {programs}/* {folder}/bin/ ;;
  *) exec {python} "$@" ;;
esac
"""


@dataclass(frozen=True)
class Host:
    """A machine that runs jobs of one repository.

    Attributes:
        root: The repository. folder: For what jobs leave.
    """

    root: Path
    folder: Path

    def install(self, name: str, script: str) -> None:
        """Make a program that jobs have after their step `install`."""
        path = self.folder / "programs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script)
        path.chmod(0o755)

    def run(
        self,
        workflow: str,
        event: str,
        payload: Mapping[str, Any],
        *words: str,
        **variables: str,
    ) -> dict[str, Any]:
        """Run a workflow for an event; the report of the runner (jobs, steps, why not)."""
        rig = rig_folder()
        programs = self.folder / "bin"
        self._stand_ins(programs)
        sender = {"login": "ada"}
        whole = {"repository": repository(), "sender": sender, **payload}
        number = self._keep(json.dumps(whole))
        file = self.folder / f"event-{number}.json"
        done = subprocess.run(
            [node(rig), "--import", str(HERE / "tools/register.mjs"),
             str(HERE / "tools/run-workflow.mjs"), "--repo", str(self.root),
             "--workflow", workflow, "--event", event, "--payload", str(file),
             "--work", str(self.folder / f"work-{number}"), "--token-base", "token",
             *(word for item in variables.items() for word in ("--env", "=".join(item))), *words],
            capture_output=True,
            text=True,
            timeout=240,
            env={
                "BRANCHLINE_RIG": str(rig),
                "PATH": f"{programs}:{os.environ['PATH']}",
                "HOME": str(self.folder),
                "GIT_CONFIG_SYSTEM": os.devnull,
            },
        )  # fmt: skip
        try:
            report: dict[str, Any] = json.loads(done.stdout)
        except ValueError:
            pytest.fail(f"the runner is broken: {done.stderr[-2000:]}")
        return report

    def _keep(self, payload: str) -> int:
        """Number of a new event, which is nobody else's."""
        for number in itertools.count():
            with (
                suppress(FileExistsError),
                (self.folder / f"event-{number}.json").open("x") as file,
            ):
                file.write(payload)
                return number
        raise AssertionError

    def _stand_ins(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        text = _PYTHON.format(
            programs=self.folder / "programs", folder=self.folder, python=sys.executable
        )
        for name in ("python", "python3"):
            # Another run of the same machine may be starting it right now.
            if not (folder / name).exists():
                (folder / name).write_text(text)
                (folder / name).chmod(0o755)


def results(report: Mapping[str, Any]) -> dict[str, str]:
    """How each job ended, by its name in the file."""
    return {job["id"]: job["result"] for job in report.get("jobs", ())}


def repository(name: str = REPOSITORY) -> dict[str, Any]:
    """A repository, as payloads have it."""
    return {"full_name": name, "default_branch": "main"}
