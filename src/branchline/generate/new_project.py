"""The files of a project from nothing, for `branchline new`: names checked, templates filled.

Pure: the templates are handed in. They stand in the folder `project` beside this file, each with
the ending `.in`, so that no tool takes them for our own code.
"""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING

from branchline.generate.settings_file import yaml_string
from branchline.generate.workflows.text import fill

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["ENDING", "LONGEST_NAME", "is_name", "package_name", "project_files"]

ENDING = ".in"
"""Of a template's file name."""
LONGEST_NAME = 40
"""Characters; lines of the project's code stay below the limit of its linter."""
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?")
_FOLDER = "PACKAGE"
# Modules that the project imports or is tested with, and scripts that stand beside the package.
_TAKEN = frozenset(
    {"annotated_types", "branchline", "conftest", "evaluate", "fastapi", "httpx2", "joblib",
     "numpy", "pandas", "prepare", "pydantic", "pytest", "ruff", "scipy", "sklearn", "src",
     "starlette", "tests", "train", "uvicorn", "yaml"}
)  # fmt: skip


def is_name(text: str) -> bool:
    """Whether a project may have this name: it names a folder, a model and a package, too."""
    return len(text) <= LONGEST_NAME and _NAME.fullmatch(text) is not None


def package_name(name: str, *, modules: Collection[str] = ()) -> str:
    """The Python package of a project: one that can be imported, and hides no other.

    Args:
        name: Of the project, for which `is_name` holds.
        modules: Names of Python's own modules.

    >>> package_name("Churn-Model"), package_name("pandas"), package_name("2nd-try")
    ('churn_model', 'pandas_model', 'model_2nd_try')
    """
    package = re.sub(r"[_-]+", "_", name.lower())
    if package[0].isdigit():
        return f"model_{package}"
    is_taken = package in _TAKEN or package in modules
    if is_taken or keyword.iskeyword(package) or keyword.issoftkeyword(package):
        return f"{package}_model"
    return package


def project_files(templates: Mapping[str, str], name: str, package: str) -> dict[str, str]:
    """The files of a new project.

    Args:
        templates: Path from their folder, with the ending `.in` -> text.
        name: Of the project, for which `is_name` holds.
        package: As `package_name` says.

    Returns:
        Path from the project's root -> text, by path.
    """
    files = {
        _path(path, package): fill(text, name=name, package=package, model=yaml_string(name))
        for path, text in templates.items()
    }
    return dict(sorted(files.items()))


def _path(path: str, package: str) -> str:
    *folders, file = path.removesuffix(ENDING).split("/")
    parts = [package if folder == _FOLDER else folder for folder in folders]
    # A real .gitignore among our sources would hide files of our own repository.
    return "/".join([*parts, ".gitignore" if file == "gitignore" else file])
