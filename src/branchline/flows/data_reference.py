"""What data are compared with: the record of the model in use. Serves `flows.data_checks`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from branchline.core.evidence.data.data_json import profile_from_json, profile_to_json
from branchline.core.evidence.evidence_json import evidence_from_json
from branchline.errors import RecordError
from branchline.flows.baselines import baseline_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from branchline.core.evidence.data.values import TableProfile
    from branchline.core.verdict.values import Baseline
    from branchline.flows.project import Project

FILE = "profile.json"
"""The file of a record that says what the data of its run look like."""
PROFILES_VERSION = 1
_MOST_BYTES = 8_000_000


class Champion:
    """The data of the model in use, as its record tells; looked up when first asked for.

    Args:
        project: Ports.
        find: Finds the model in use; a run of this very commit is none for `baseline_of`.
    """

    def __init__(self, project: Project, find: Callable[[Project], Baseline] = baseline_of) -> None:
        self._project, self._find = project, find
        self._files: Mapping[str, bytes] | None = None
        self.run = ""
        self.via = ""

    def rows(self, path: str) -> int | None:
        """Rows that its data had; None when that is not known."""
        data = self._read().get("evidence.json", b"")
        try:
            evidence = evidence_from_json(json.loads(data))
        except (ValueError, RecordError):
            return None
        counted = [r.rows for r in evidence.data_checks if r.path == path and r.rows]
        return counted[0] if counted else None

    def profile(self, path: str) -> TableProfile | None:
        """What its data looked like; None when its record does not tell."""
        data = self._read().get(FILE, b"")
        if not data or len(data) > _MOST_BYTES:
            return None
        try:
            return profile_from_json(json.loads(data)["profiles"][path])
        except (ValueError, KeyError, TypeError):
            return None

    @property
    def is_known(self) -> bool:
        """Whether there is a model in use at all, recorded or not."""
        self._read()
        return self._exists

    @property
    def found_run(self) -> str:
        """Id of its run; "" when there is none."""
        self._read()
        return self.run

    def _read(self) -> Mapping[str, bytes]:
        if self._files is None:
            baseline = self._find(self._project)
            self.run, self.via = baseline.run, baseline.via
            self._exists = bool(baseline.run or baseline.commit)
            names = (FILE, "evidence.json")
            runs = self._project.records.runs([self.run] if self.run else [], names=names)
            self._files = runs[0].files if runs else {}
        return self._files


def profiles_file(profiles: Mapping[str, TableProfile]) -> bytes:
    """The file of a record with these profiles, by path."""
    document = {
        "profiles_version": PROFILES_VERSION,
        "profiles": {path: profile_to_json(profile) for path, profile in profiles.items()},
    }
    return (json.dumps(document, ensure_ascii=False) + "\n").encode()
