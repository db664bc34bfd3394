"""Why a program, or the installation of its packages, failed; and what may mend it. Pure.

Reads the words that Python and uv ended with. What it does not know it says it does not know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from branchline.core.environment.modules import GONE_FROM_PYTHON, distribution_of
from branchline.core.environment.pins import normal, without_credentials
from branchline.core.environment.removed import REMOVED

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class FailureKind(Enum):
    """What sort of thing went wrong."""

    MISSING_MODULE = "missing_module"
    REMOVED_API = "removed_api"
    GONE_FROM_PYTHON = "gone_from_python"
    BUILD = "build"
    NO_WHEEL = "no_wheel"
    CONFLICT = "conflict"
    NOT_YET = "not_yet"
    INDEX = "index"
    OWN = "own"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """What may mend a failure; empty when nothing is known.

    Attributes:
        wish: A further requirement. constraint: A bound on a package.
        no_build: A package of which only built files shall be taken.
        python_below: The interpreter must be older than this minor version; "" leaves it.
        other_python: Whether another interpreter is to be tried.
        is_newer: Whether the date is to be left out.
    """

    wish: str = ""
    constraint: str = ""
    no_build: str = ""
    python_below: str = ""
    other_python: bool = False
    is_newer: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known to do."""
        return self == Remedy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What went wrong.

    Attributes:
        kind: What sort of thing.
        sentence: Says it.
        quote: The line that says so, of the program or of the installer.
        place: `train.py:12` where the program was; "" where it is not known.
        remedy: What may mend it.
    """

    kind: FailureKind
    sentence: str
    quote: str = ""
    place: str = ""
    remedy: Remedy = field(default_factory=Remedy)


_MISSING = re.compile(r"(?:ModuleNotFoundError|ImportError): No module named '?([\w.]+)'?")
_PLACE = re.compile(r'^\s*File "([^"]+)", line (\d+)', re.MULTILINE)
_COLLECTIONS = re.compile(
    r"module 'collections' has no attribute '(\w+)'|cannot import name '(\w+)' from 'collections'"
)
_GONE_CALLS = (
    (re.compile(r"module 'inspect' has no attribute '(getargspec)'"), "3.11", "inspect.getargspec"),
    (re.compile(r"module 'time' has no attribute '(clock)'"), "3.8", "time.clock"),
    (re.compile(r"'(fractions|math)' has no attribute '(gcd)'"), "3.9", "fractions.gcd"),
    (re.compile(r"object has no attribute '(getchildren)'"), "3.9", "getchildren"),
    (re.compile(r"module 'configparser' has no attribute '(\w+)'"), "3.12", "configparser"),
)
_ERROR = re.compile(r"^(?:[\w.]*(?:Error|Exception|Warning|Interrupt|Exit))\b.*$", re.MULTILINE)


def diagnose_run(
    text: str, *, own: Collection[str], packages: Mapping[str, str], root: str = ""
) -> Diagnosis:
    """Why a program failed.

    Args:
        text: What it printed, the end at least.
        own: Top-level modules of the repository.
        packages: Normalised name -> version of what was installed.
        root: Absolute path of the tree, to name places by.
    """
    errors = _ERROR.findall(text)
    quote = without_credentials(errors[-1].strip()[:300]) if errors else _last_line(text)
    place = _place(text, root)
    for row in REMOVED:
        match = row.pattern.search(text)
        if match is None or not _is_bounded(row.package, row.bound, packages):
            continue
        what = next((group for group in match.groups() if group), "")
        return Diagnosis(
            kind=FailureKind.REMOVED_API,
            sentence=f"{row.why.replace('{0}', what)}; installed is {row.package}"
            f" {packages[row.package]}",
            quote=quote,
            place=place,
            remedy=Remedy(constraint=f"{row.package}{row.bound}"),
        )
    gone = _gone_from_python(text)
    if gone is not None:
        what, version = gone
        return Diagnosis(
            kind=FailureKind.GONE_FROM_PYTHON,
            sentence=f"Python {version} and newer have no `{what}` any more",
            quote=quote,
            place=place,
            remedy=Remedy(python_below=version),
        )
    missing = _MISSING.search(quote) or next(iter(reversed(list(_MISSING.finditer(text)))), None)
    if missing is not None:
        return _missing(missing[1], quote, place, own, packages)
    return Diagnosis(
        kind=FailureKind.OTHER,
        sentence="the program failed for a reason that is not known to come from its packages",
        quote=quote,
        place=place,
    )


def _is_bounded(package: str, bound: str, packages: Mapping[str, str]) -> bool:
    """Whether what is installed is at or above a bound, so that the row can be the reason."""
    installed = packages.get(package)
    return installed is not None and _key(installed) >= _key(bound.lstrip("<"))


def _key(version: str) -> tuple[int, ...]:
    found = [int(part) for part in re.findall(r"\d+", version.partition("+")[0])[:3]]
    return tuple([*found, 0, 0, 0][:3])


def _gone_from_python(text: str) -> tuple[str, str] | None:
    match = _COLLECTIONS.search(text)
    if match is not None and (match[1] or match[2]) != "abc":
        return f"collections.{match[1] or match[2]}", "3.10"
    for pattern, version, what in _GONE_CALLS:
        if pattern.search(text):
            return what, version
    for missing in _MISSING.finditer(text):
        if missing[1].partition(".")[0] in GONE_FROM_PYTHON:
            name = missing[1].partition(".")[0]
            return name, GONE_FROM_PYTHON[name]
    return None


def _missing(
    module: str, quote: str, place: str, own: Collection[str], packages: Mapping[str, str]
) -> Diagnosis:
    top = module.partition(".")[0]
    if top in own:
        return Diagnosis(
            kind=FailureKind.OWN,
            sentence=f"`{module}` is a module of this repository, and is not found from where the"
            " command runs",
            quote=quote,
            place=place,
        )
    distribution = distribution_of(module)
    known = distribution or top.replace("_", "-").lower()
    version = packages.get(normal(known))
    if version is not None:
        return Diagnosis(
            kind=FailureKind.REMOVED_API,
            sentence=f"{known} {version} has no `{module}`: it was removed, or is not yet there",
            quote=quote,
            place=place,
        )
    if not distribution:
        # Whoever registered that name on an index would have their code run here.
        return Diagnosis(
            kind=FailureKind.MISSING_MODULE,
            sentence=f"`{top}` is imported, no requirement brings it, and which package it comes in"
            " is not known here; add that one to the requirements yourself",
            quote=quote,
            place=place,
        )
    return Diagnosis(
        kind=FailureKind.MISSING_MODULE,
        sentence=f"`{top}` is imported, and no requirement brings it; it comes in {distribution}",
        quote=quote,
        place=place,
        remedy=Remedy(wish=distribution),
    )


def _place(text: str, root: str) -> str:
    """The last place of a traceback that is in the repository."""
    prefix = f"{root}/" if root else ""
    for path, line in reversed(_PLACE.findall(text)):
        if path.startswith(("<", "/")) and not (prefix and path.startswith(prefix)):
            continue
        if "site-packages" in path:
            continue
        return f"{path.removeprefix(prefix)}:{line}"
    return ""


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return without_credentials(lines[-1][:300]) if lines else ""


# What uv says

_NO_ABI = re.compile(
    r"([A-Za-z0-9][\w.-]*?)(?:==[^\s,]+)? (?:\([^)]*\) )?(?:has|have) no wheels with a matching "
    r"(Python ABI tag|platform tag|Python implementation tag|Python version tag)"
)
_NEEDS_PYTHON = re.compile(
    r"([A-Za-z0-9][\w.-]*?)((?:[<>=!~]=?[^\s,]+,?)*) depends? on Python\s*([<>=!~][^\s]*)"
)
_BUILD = re.compile(
    r"Failed to (?:build|download and build) `?([A-Za-z0-9][\w.-]*?)"
    r"(?:==([\w.!+-]+)|[-_ ](\d[\w.]*)|`|\s|$)"
)
_ABSENT = re.compile(r"(\S+) was not found in the (?:package registry|provided package locations)")
_INDEX = re.compile(
    r"Failed to fetch|error sending request|dns error|Hash mismatch|"
    r"40[13] (?:Unauthorized|Forbidden)"
)
_YET = re.compile(
    r"exclude-newer|were? (?:only )?published|there (?:is|are) no versions? of|"
    r"no versions? (?:that|were)|not found in the package registry"
)


def diagnose_install(lines: Collection[str], *, has_date: bool) -> Diagnosis:
    """Why packages were not found or not installed.

    Args:
        lines: uv's words.
        has_date: Whether only files of before some moment were asked for.
    """
    text = re.sub(r"\s+", " ", re.sub(r"[╰─▶│├×]", " ", "\n".join(lines)))
    quote = without_credentials(_telling_line(lines))
    if _INDEX.search(text):
        return Diagnosis(
            kind=FailureKind.INDEX,
            sentence="an index is not reached, refuses, or gives another file than the lock has",
            quote=quote,
        )
    build = _BUILD.search(text)
    if build is not None:
        name = normal(build[1])
        version = build[2] or build[3]
        which = f"{name} {version}" if version else name
        return Diagnosis(
            kind=FailureKind.BUILD,
            sentence=f"{which} has no built file for this Python, and building it failed",
            quote=quote,
            remedy=Remedy(no_build=name),
        )
    abi = _NO_ABI.search(text)
    if abi is not None:
        return Diagnosis(
            kind=FailureKind.NO_WHEEL,
            sentence=f"{normal(abi[1])} has no built file for this Python ({abi[2]})",
            quote=quote,
            remedy=Remedy(other_python=True),
        )
    needs = _NEEDS_PYTHON.search(text)
    if needs is not None:
        return Diagnosis(
            kind=FailureKind.NO_WHEEL,
            sentence=f"{normal(needs[1])}{needs[2]} needs Python {needs[3].rstrip(',.')}",
            quote=quote,
            remedy=Remedy(other_python=True),
        )
    absent = _ABSENT.search(text)
    if absent is not None:
        return Diagnosis(
            kind=FailureKind.OTHER,
            sentence=f"`{absent[1]}` is in no index that is asked; look at its name",
            quote=quote,
        )
    if has_date and _YET.search(text):
        return Diagnosis(
            kind=FailureKind.NOT_YET,
            sentence="a version that is asked for was not there at that date, or the index tells no"
            " dates",
            quote=quote,
            remedy=Remedy(is_newer=True),
        )
    if "No solution found" in text:
        return Diagnosis(
            kind=FailureKind.CONFLICT,
            sentence="no set of versions meets all requirements",
            quote=quote,
            remedy=Remedy(other_python=True),
        )
    return Diagnosis(
        kind=FailureKind.OTHER, sentence="the packages cannot be installed", quote=quote
    )


def _telling_line(lines: Collection[str]) -> str:
    stripped = [re.sub(r"^[\s╰─▶│├×]+", "", line).strip() for line in lines]
    told = [line for line in stripped if line and not line.startswith(("hint:", "Using", "Resolv"))]
    for index, line in enumerate(told):
        if line.startswith(("Because", "Failed to", "error:", "The build backend")):
            return " ".join(told[index : index + 3])[:400]
    return told[-1][:400] if told else ""
