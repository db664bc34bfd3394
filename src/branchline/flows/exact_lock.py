"""Whether a lock file names exact versions, so that its environment is the one that was recorded.

Serves the verb `reproduce`; who installs the packages is port `environments`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.environment.pins import is_pinned
from branchline.flows.reading import Reader
from branchline.flows.surroundings import Surroundings

if TYPE_CHECKING:
    from branchline.flows.project import Project

_EXACT_ENDINGS = (".lock", "conda-lock.yml")


def exact_lock(project: Project) -> str:
    """The lock file of a project, from the root; "" when it leaves versions open, or there is none.

    What is asked for by name alone resolves to something else each month.
    """
    reader = Reader(project.workspace, project.meanings, project.policy.changes)
    files = Surroundings(project, reader).lock_files()
    if not files:
        return ""
    texts = [
        (project.workspace.read(path) or b"").decode("utf-8", "replace")
        for path in files
        if not path.endswith(_EXACT_ENDINGS)
    ]
    return files[0] if not texts or is_pinned(texts) else ""
