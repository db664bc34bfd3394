"""What surrounds the code and enters every key. Serves the station `plan`.

Python's minor version, the lock or requirement files with their includes, declared environment
variables, the container image. The same for every stage, so it is read once a walk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.changes.values import Input, InputKind
from branchline.core.policy import MakeEnvironment
from branchline.core.values import digest_of
from branchline.flows.lock_files import CONSTRAINTS_FILE, LOCK_FILES, included_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from branchline.core.policy import Environment
    from branchline.flows.project import Project
    from branchline.flows.reading import Reader


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
        self._doubt = ""

    def inputs(self) -> dict[str, Input]:
        """Name -> input."""
        if self._inputs is None:
            self._inputs = {item.name: item for item in self._read()}
        return self._inputs

    def look_again(self) -> None:
        """Forget what was read."""
        self._inputs = None

    def doubt(self) -> str:
        """Why an input that all stages share is not known; "" where all are."""
        self.inputs()
        return self._doubt

    def _read(self) -> list[Input]:
        rules = self._project.policy.environment
        found = list(self._packages(rules))
        if rules.image:
            found.append(_input(InputKind.ENVIRONMENT, "image", rules.image, value=rules.image))
        for name in rules.variables:
            value = self._project.machine.variable(name)
            # The digest only: the value may be a secret.
            digest = "unset" if value is None else digest_of(value)
            found.append(_input(InputKind.VARIABLE, f"${name}", digest))
        return found

    def _packages(self, rules: Environment) -> Iterator[Input]:
        """Interpreter and packages: as files say, or as they were found where they are made."""
        if rules.make is MakeEnvironment.ALWAYS:
            from branchline.flows.environments.planned import planned_inputs

            found, self._doubt = planned_inputs(self._project)
            yield from found
            return
        python = self._project.machine.python_version()
        yield _input(InputKind.ENVIRONMENT, "python", python, value=python)
        for path in self.lock_files():
            digest, exact = self._reader.digest(path), self._reader.blob(path)
            yield _input(InputKind.ENVIRONMENT, path, digest, exact=exact)

    def lock_files(self) -> tuple[str, ...]:
        """The lock or requirement file that counts, with the files that it includes."""
        named = self._project.policy.environment.lock
        start = named or next((n for n in LOCK_FILES if self._reader.is_file(n)), None)
        found = included_files(self._reader, self._project, start) if start else ()
        has_more = CONSTRAINTS_FILE not in found and self._reader.is_file(CONSTRAINTS_FILE)
        return (*found, CONSTRAINTS_FILE) if has_more else found


def _input(
    kind: InputKind, name: str, digest: str | None, *, exact: str | None = None, value: str = ""
) -> Input:
    return Input(kind=kind, name=name, digest=digest, exact=exact, value=value, via="environment")
