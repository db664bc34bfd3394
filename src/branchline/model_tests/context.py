"""What a test of the model is told: where model, data and champion are, and what they must hold.

`branchline run` writes it and names it by a variable; a pytest that somebody starts by hand makes
it from the newest recorded results (`by_hand`).
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from branchline.errors import ModelTestError

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTEXT_FILE = "BRANCHLINE_TESTS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A model's files.

    Attributes:
        folder: Absolute; `paths` and `files` are below it.
        paths: Outputs that are the model.
        files: Path -> md5 of every file that a run of this project made.
        said: Whose it is, for messages: "this run", "run 3f2a (alias `production`)".
        problem: Why there is none; "" when there is one.
        is_none: Of the champion: there is none yet, other than one that cannot be had.
    """

    folder: str = ""
    paths: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    said: str = ""
    problem: str = ""
    is_none: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """All that a test is told.

    Attributes:
        root: Absolute root of the repository.
        report: Absolute path of the file to report to; "" when nobody asked.
        model, champion: Their files.
        data: Paths of the evaluation set, from the root.
        target: Column of the truth as `gate.predictions` names it; "" when not known.
    """

    root: str
    report: str = ""
    model: Place
    champion: Place
    data: tuple[str, ...] = ()
    target: str = ""


def current_context() -> Context:
    """The context of this process.

    Raises:
        ModelTestError: The file cannot be read; by hand also: no project, or nothing recorded.
    """
    path = os.environ.get(CONTEXT_FILE)
    if not path:
        from branchline.model_tests.by_hand import fields_by_hand

        return context_of(fields_by_hand())
    try:
        with open(path, encoding="utf-8") as file:
            return context_of(json.load(file))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelTestError(
            f"{CONTEXT_FILE} names {path}, which cannot be read: {error}",
            todo=f"Unset {CONTEXT_FILE}; only `branchline run` sets it.",
        ) from error


def context_of(fields: Mapping[str, Any]) -> Context:
    """The context that `flows.model_tests.context_fields` made."""
    model, baseline = fields["model"], fields["baseline"]
    return Context(
        root=str(fields["root"]),
        report=str(fields.get("report", "")),
        model=Place(
            folder=str(fields["root"]),
            paths=tuple(map(str, model["paths"])),
            files={str(k): str(v) for k, v in fields["files"].items()},
            said=str(model.get("said", "")) or "this run",
            problem=str(model["problem"]),
        ),
        champion=Place(
            folder=str(baseline.get("folder", "")),
            paths=tuple(map(str, baseline.get("paths", ()))),
            files={str(k): str(v) for k, v in baseline.get("files", {}).items()},
            said=f"run {baseline.get('run', '')} ({baseline.get('via', '')})",
            problem=str(baseline.get("problem", "")),
            is_none=bool(baseline.get("is_none", False)),
        ),
        data=tuple(map(str, fields["data"])),
        target=str(fields.get("target", "")),
    )
