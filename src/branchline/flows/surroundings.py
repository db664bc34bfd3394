"""What surrounds the code and enters every key. Serves the station `plan`.

Python's minor version, the lock or requirement files with their includes, declared environment
variables, the container image. The same for every stage, so it is read once a walk.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from branchline.core.changes.values import Input, InputKind, Reading
from branchline.core.values import digest_of

if TYPE_CHECKING:
    from branchline.flows.project import Project
    from branchline.flows.reading import Reader

LOCK_FILES = (
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "conda-lock.yml",
    "Pipfile.lock",
    "requirements.lock",
    "requirements.txt",
    "environment.yml",
    "environment.yaml",
)
"""Looked for in this order where branchline.yaml names none: what is resolved comes first."""


class Surroundings:
    """The inputs that all stages share.

    Args:
        project: Names the lock file, the variables and the image.
        reader: Reads lock files for their meaning.
    """

    def __init__(self, project: Project, reader: Reader) -> None:
        self._project = project
        self._reader = reader
        self._inputs: dict[str, Input] | None = None

    def inputs(self) -> dict[str, Input]:
        """Name -> input."""
        if self._inputs is None:
            self._inputs = {item.name: item for item in self._read()}
        return self._inputs

    def _read(self) -> list[Input]:
        rules = self._project.policy.environment
        python = self._project.machine.python_version()
        found = [_input(InputKind.ENVIRONMENT, "python", python, value=python)]
        if rules.image:
            found.append(_input(InputKind.ENVIRONMENT, "image", rules.image, value=rules.image))
        for name in rules.variables:
            value = self._project.machine.variable(name)
            # The digest only: the value may be a secret.
            digest = "unset" if value is None else digest_of(value)
            found.append(_input(InputKind.VARIABLE, f"${name}", digest))
        found += [
            _input(
                InputKind.ENVIRONMENT,
                path,
                self._reader.digest(path),
                exact=self._reader.blob(path),
            )
            for path in self.lock_files()
        ]
        return found

    def lock_files(self) -> tuple[str, ...]:
        """The lock or requirement file that counts, with the files that it includes."""
        named = self._project.policy.environment.lock
        start = named or next((n for n in LOCK_FILES if self._reader.is_file(n)), None)
        found: dict[str, None] = {}
        queue = [start] if start else []
        while queue:
            path = queue.pop(0)
            if path in found or not self._reader.is_file(path):
                continue
            found[path] = None
            folder = posixpath.dirname(path)
            queue += [
                posixpath.normpath(posixpath.join(folder, name)) for name in self._includes(path)
            ]
        return tuple(found)

    def _includes(self, path: str) -> tuple[str, ...]:
        """Files that a requirement file names with `-r` or `-c`, whatever its own name is."""
        meaning = self._reader.meaning(path)
        if meaning is None or meaning.reading is not Reading.BYTES:
            return () if meaning is None else meaning.runs
        if not path.endswith((".txt", ".in")):
            return ()
        from branchline.core.changes.requirements import requirements_meaning

        data = self._project.workspace.read(path) or b""
        return requirements_meaning("requirements.txt", data).runs


def _input(
    kind: InputKind, name: str, digest: str | None, *, exact: str | None = None, value: str = ""
) -> Input:
    return Input(kind=kind, name=name, digest=digest, exact=exact, value=value, via="environment")
