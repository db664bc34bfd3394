"""What surrounds the model: tests, linters, environment, data that git does not hold. For `init`.

A check is only proposed where the project itself names the tool: one that is not installed would
fail on every push.
"""

from __future__ import annotations

import configparser
import posixpath
import re
from typing import TYPE_CHECKING

from branchline.flows.init.guess import About, Certainty

if TYPE_CHECKING:
    from branchline.flows.init.guess import Look
    from branchline.flows.init.view import View

__all__ = ["checks_of", "note_environment", "note_tracked_data"]

_LOCKS = (
    ("uv.lock", "uv"),
    ("poetry.lock", "Poetry"),
    ("pdm.lock", "PDM"),
    ("conda-lock.yml", "conda-lock"),
    ("Pipfile.lock", "Pipenv"),
    ("requirements.lock", "pip"),
    ("requirements.txt", "pip"),
    ("environment.yml", "conda"),
    ("environment.yaml", "conda"),
    ("pyproject.toml", "pyproject"),
    ("setup.py", "setuptools"),
)
_NAMING = ("requirements-dev.txt", "requirements_dev.txt", "dev-requirements.txt",
           "requirements/dev.txt", "requirements-test.txt", "requirements.txt", "setup.cfg",
           "tox.ini", "noxfile.py", "Makefile", ".pre-commit-config.yaml", "pyproject.toml",
           "environment.yml")  # fmt: skip
_LINTERS = (("ruff", "ruff check ."), ("flake8", "flake8"))


def checks_of(view: View, look: Look) -> tuple[tuple[str, str], ...]:
    """Name and command of checks of the code that the project's own files speak for."""
    found: list[tuple[str, str]] = []
    tests = [
        path
        for path in view.named(".py")
        if posixpath.basename(path).startswith("test_") or path.endswith("_test.py")
    ]
    place = _named(view, "pytest", settings="pytest.ini")
    if tests and place is not None:
        found.append(("tests", "pytest -q"))
        look.saw(About.CHECKS, f"tests with pytest ({len(tests)} files, as {tests[0]})",
                 Certainty.DECLARED, *place)  # fmt: skip
    elif tests:
        look.saw(About.CHECKS, f"tests ({len(tests)} files); no file names what runs them",
                 Certainty.BY_NAME, tests[0], 1)  # fmt: skip
        look.unknowns.append(
            f"What runs the tests ({tests[0]}) is not said; add `checks: [{{name: tests, run:"
            " pytest -q}]` if pytest does."
        )
    for name, command in _LINTERS:
        place = _named(view, name)
        if place is not None:
            found.append((name, command))
            look.saw(About.CHECKS, f"a linter, {name}", Certainty.DECLARED, *place)
            break
    return tuple(found)


def note_environment(view: View, look: Look) -> None:
    """Tell what says which packages are needed."""
    for name, tool in _LOCKS:
        if view.has_file(name):
            look.saw(About.ENVIRONMENT, f"the environment: {name} ({tool})", Certainty.DECLARED,
                     name, 1)  # fmt: skip
            return
    look.unknowns.append(
        "No file says which packages are needed; the Python that is first on PATH is used. Write"
        " requirements.txt, and other machines have the same."
    )


def note_tracked_data(view: View, look: Look) -> None:
    """Tell of data that .dvc files track, and whether they can be had."""
    pointers = view.named(".dvc")
    if not pointers:
        return
    look.saw(About.DATA, f"data that .dvc files track ({len(pointers)} of them)",
             Certainty.DECLARED, pointers[0], 1)  # fmt: skip
    absent = [path for path in pointers if not view.exists(path.removesuffix(".dvc"))]
    if absent:
        remote = _remote(view)
        where = f"from {remote[1]} ({remote[0]})" if remote else "and no remote is configured"
        look.unknowns.append(
            f"{absent[0].removesuffix('.dvc')} is not here; it comes {where}."
            if remote
            else f"{absent[0].removesuffix('.dvc')} is not here, {where}: bring the data, or what"
            " needs them cannot run."
        )


def _remote(view: View) -> tuple[str, str] | None:
    """(`file:line`, name and address without a password) of DVC's default remote."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    text = view.text(".dvc/config") or ""
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    name = parser.get("core", "remote", fallback="")
    for section in parser.sections():
        if name and name in section and parser.has_option(section, "url"):
            url = parser.get(section, "url")
            shown = re.sub(r"//[^/@]*@", "//", url)
            line = next((n for n, t in enumerate(text.splitlines(), 1) if url in t), 1)
            return f".dvc/config:{line}", f"the remote `{name}`, {shown}"
    return None


def _named(view: View, tool: str, *, settings: str = "") -> tuple[str, int] | None:
    """File and line in which the project names a tool."""
    pattern = re.compile(rf"(?<![\w-]){re.escape(tool)}(?![\w])")
    for path in _NAMING:
        for number, line in enumerate((view.text(path) or "").splitlines(), 1):
            if pattern.search(line) and not line.lstrip().startswith("#"):
                return path, number
    return (settings, 1) if settings and view.has_file(settings) else None
