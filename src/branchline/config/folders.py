"""A branchline.yaml in a folder: what it may say, and its paths seen from the root.

Serves `branchline_yaml`. Reads no file.
"""

from __future__ import annotations

import posixpath
import shlex
from typing import TYPE_CHECKING, Any

from branchline.config.paths import folder_of, located

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.config.kinds import Report

_OF_THE_ROOT = (
    "models",
    "data",
    "tune",
    "tests",
    "report",
    "deploy",
    "monitor",
)
"""Sections whose paths and commands start at the root, or that a repository has once."""


def check_folder(value: Mapping[str, Any], report: Report) -> None:
    """See that the file of a folder says nothing that only the root's may say.

    Args:
        value: What it holds.
        report: Takes what is wrong.
    """
    for key in _OF_THE_ROOT:
        if key in value:
            report.wrong(
                (key,),
                f"is not read in the branchline.yaml of a folder; name the model below `models` of"
                f" a branchline.yaml in the root, with its paths from there, and give it `{key}`",
            )


def from_root(settings: Mapping[str, Any], file: str) -> dict[str, Any]:
    """The settings of a folder's file with their paths and commands seen from the root.

    Stages are left as they are: whoever reads them knows where their file stands.

    Args:
        settings: Checked.
        file: Where they stand, from the root.

    >>> from_root({"gate": {"data": "test.csv"}}, "services/churn/branchline.yaml")
    {'gate': {'data': 'services/churn/test.csv'}}
    """
    folder = folder_of(file)
    found = dict(settings)
    if folder == ".":
        return found

    def path(spelled: Any) -> Any:
        if isinstance(spelled, list):
            return [path(item) for item in spelled]
        return located(folder, spelled)[0] if isinstance(spelled, str) else spelled

    if "pipeline" in found:
        found["pipeline"] = path(found["pipeline"])
    _within(found, "gate", ("data",), path)
    if isinstance(found.get("gate"), dict):
        _within(found["gate"], "predictions", ("path",), path)
    _within(found, "environment", ("lock",), path)
    _within(found, "changes", ("code",), path)
    _within(found, "changes", ("ignore",), lambda globs: [_glob(folder, one) for one in globs])

    def store(url: Any) -> Any:
        # Only here does `~` mean somebody's home.
        return url if isinstance(url, str) and url.startswith("~") else path(url)

    _within(found, "store", ("url",), store)
    if isinstance(found.get("store"), str):
        found["store"] = store(found["store"])
    _within(found, "github", ("requirements",), path)
    _within(found, "github", ("install",), lambda command: _there(folder, command))
    if isinstance(found.get("checks"), list):
        found["checks"] = [
            {**one, "run": _there(folder, one["run"])} if isinstance(one, dict) else one
            for one in found["checks"]
        ]
    return found


def _there(folder: str, command: str) -> str:
    r"""A script that runs in a folder.

    >>> _there("services/churn", "ruff check .")
    'cd services/churn\\nruff check .'
    """
    return f"cd {shlex.quote(folder)}\n{command}"


def _within(settings: dict[str, Any], section: str, keys: tuple[str, ...], change: Any) -> None:
    """Replace some keys of a section by what they are seen from the root; the section is copied."""
    own = settings.get(section)
    if isinstance(own, dict):
        changed = {key: change(own[key]) for key in keys if key in own}
        settings[section] = {**own, **changed}


def _glob(folder: str, glob: str) -> str:
    """A glob of a folder, seen from the root; a bare name matches at any depth of the folder.

    >>> _glob("services/churn", "lib/**"), _glob("services/churn", "*.md")
    ('services/churn/lib/**', 'services/churn/**/*.md')
    """
    return posixpath.normpath(posixpath.join(folder, glob if "/" in glob else f"**/{glob}"))
