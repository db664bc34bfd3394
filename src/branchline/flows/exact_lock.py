"""Whether a lock file names exact versions, so that its environment is the one that was recorded.

Serves the verb `reproduce`; who installs the packages is port `environments`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from branchline.flows.reading import Reader
from branchline.flows.surroundings import Surroundings

if TYPE_CHECKING:
    from branchline.flows.project import Project

_EXACT_ENDINGS = (".lock", "conda-lock.yml")
_REQUIREMENT = re.compile(r"^[A-Za-z0-9]")
_EXACT = re.compile(
    r"^[A-Za-z0-9._-]+(?:\[[^\]]*\])?\s*(?:===?\s*[^*\s,;]+\s*(?:[;\\#].*)?$|@\s*\S)"
)


def exact_lock(project: Project) -> str:
    """The lock file of a project, from the root; "" when it leaves versions open, or there is none.

    What is asked for by name alone resolves to something else each month.
    """
    reader = Reader(project.workspace, project.meanings, project.policy.changes)
    files = Surroundings(project, reader).lock_files()
    if not files:
        return ""
    texts = {
        path: (project.workspace.read(path) or b"").decode("utf-8", "replace") for path in files
    }
    exact = all(
        path.endswith(_EXACT_ENDINGS) or names_exactly(text) for path, text in texts.items()
    )
    return files[0] if exact else ""


def names_exactly(text: str) -> bool:
    r"""Whether a requirements file gives each package one version.

    >>> names_exactly("numpy==2.1.0  # why\nscipy[x]==1.0 --hash=sha256:00\n-r more.txt\n")
    True
    >>> names_exactly("numpy==2.1.0\npandas>=2\n")
    False
    """
    lines = [line.strip() for line in text.splitlines()]
    asked = [line.partition(" --hash=")[0] for line in lines if _REQUIREMENT.match(line)]
    return all(_EXACT.match(line) for line in asked)
