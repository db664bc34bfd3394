"""Station `changes`: what a file means. Chooses the reading, answers with a digest.

Bytes in, `Meaning` out; no file is opened. Two versions of a file with equal digests do the same
work; any doubt means bytes. The reading of each kind of file stands in a module of its own, which
is imported when such a file is met.
"""

from __future__ import annotations

import builtins

from branchline.core.changes.raw import bytes_meaning
from branchline.core.changes.values import ALGORITHM, Import, Meaning, Reading

# What typing.TYPE_CHECKING says, without importing typing; checkers know the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from branchline.core.policy import ChangeRules
    from branchline.core.values import JsonValue

LARGEST_READ_BYTES = 1_000_000
"""Larger files are taken by bytes: they are data, whatever their names say."""

LARGEST_LOCK_BYTES = 16_000_000
"""The same for lock files, which are large in machine learning."""

_BY_SUFFIX = {
    "py": Reading.PYTHON,
    "pyw": Reading.PYTHON,
    "pyi": Reading.PYTHON,
    "ipynb": Reading.NOTEBOOK,
    "yaml": Reading.YAML,
    "yml": Reading.YAML,
    "json": Reading.JSON,
    "toml": Reading.TOML,
}
_LOCKS = frozenset(
    {"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pyproject.toml", "pylock.toml"}
    | {
        f"{stem}.{end}"
        for stem in ("environment", "conda", "conda-lock")
        for end in ("yml", "yaml")
    }
)


def reading_of(path: str) -> Reading:
    """How a file of this name is read when nothing in it raises a doubt.

    >>> reading_of("src/train.py"), reading_of("data/train.csv")
    (<Reading.PYTHON: 'python'>, <Reading.BYTES: 'bytes'>)
    """
    name = path.rpartition("/")[2]
    if name in _LOCKS or _is_requirements(path, name):
        return Reading.REQUIREMENTS
    stem, dot, suffix = name.rpartition(".")
    return _BY_SUFFIX.get(suffix, Reading.BYTES) if dot and stem else Reading.BYTES


def _is_requirements(path: str, name: str) -> bool:
    if not name.endswith((".txt", ".in", ".lock")):
        return False
    folder = path.rpartition("/")[0].rpartition("/")[2]
    stem = name.rpartition(".")[0]
    return "requirements" in stem or stem == "constraints" or folder == "requirements"


def cache_suffix(path: str, rules: ChangeRules) -> str:
    """What the meaning of a file depends on besides its bytes, for the key of a cache."""
    name = path.rpartition("/")[2]
    reading = reading_of(path).value
    if reading == "requirements":
        # The grammar differs by name, and in requirements/ the folder decides.
        reading += ":" + name.rpartition(".")[2] if name not in _LOCKS else ":" + name
    elif reading == "bytes":
        reading += ":make" if _is_makefile(name) else ":sh" if name.endswith(_SHELLS) else ""
    flags = f"{rules.docstrings:d}{rules.annotations:d}{rules.import_order:d}"
    package = ":init" if name == "__init__.py" else ""
    return f"{reading}:{ALGORITHM}:{flags}:{_grammar()}{package}"


def _grammar() -> str:
    """Which Python grammar parses here: features that tell 3.11 to 3.14 apart without `sys`."""
    function = type(_grammar)
    if hasattr(function, "__annotate__"):
        return "314"
    if hasattr(builtins, "PythonFinalizationError"):
        return "313"
    return "312" if hasattr(_grammar, "__type_params__") else "311"


_SHELLS = (".sh", ".bash", ".zsh", ".ksh")


def _is_makefile(name: str) -> bool:
    return name in ("Makefile", "makefile", "GNUmakefile") or name.endswith(".mk")


def meaning_of(path: str, data: bytes, rules: ChangeRules) -> Meaning:
    """What a file says, with all that does not count left out.

    Args:
        path: Its name decides the reading; it does not enter the digest.
        data: Its bytes.
        rules: What counts besides.
    """
    reading = reading_of(path)
    name = path.rpartition("/")[2]
    limit = LARGEST_LOCK_BYTES if reading is Reading.REQUIREMENTS else LARGEST_READ_BYTES
    if len(data) > limit:
        return bytes_meaning(data)
    if reading is Reading.PYTHON:
        from branchline.core.changes.python import python_meaning

        return python_meaning(data, rules, is_package=name == "__init__.py")
    if reading is Reading.NOTEBOOK:
        from branchline.core.changes.notebook import notebook_meaning

        return notebook_meaning(data, rules)
    if reading is Reading.REQUIREMENTS:
        from branchline.core.changes.requirements import requirements_meaning

        return requirements_meaning(name, data)
    if reading in (Reading.YAML, Reading.JSON, Reading.TOML):
        from branchline.core.changes.settings import settings_meaning

        return settings_meaning(reading, data)
    return _other_meaning(name, data, rules)


def _other_meaning(name: str, data: bytes, rules: ChangeRules) -> Meaning:
    """Bytes; scripts and makefiles also say what they run."""
    first = data[:80].split(b"\n", 1)[0]
    is_shebang = first.startswith(b"#!")
    if is_shebang and b"python" in first:
        from branchline.core.changes.python import python_meaning

        return python_meaning(data, rules, is_package=False)
    if _is_makefile(name) or name.endswith(_SHELLS) or (is_shebang and b"sh" in first):
        from branchline.core.changes.shell import shell_meaning

        return shell_meaning(data, is_makefile=_is_makefile(name))
    return bytes_meaning(data)


def meaning_to_json(meaning: Meaning) -> JsonValue:
    """A compact form for the cache; see `meaning_from_json`."""
    return [
        meaning.reading.value,
        meaning.digest,
        [list(part) for part in meaning.parts],
        [
            [i.module, list(i.names), i.level, int(i.is_weak), i.line, int(i.is_prefix)]
            for i in meaning.imports
        ],
        list(meaning.mentions),
        list(meaning.runs),
        list(meaning.doubts),
    ]


def meaning_from_json(value: JsonValue) -> Meaning | None:
    """The meaning that `meaning_to_json` wrote; None when it is of another form."""
    fields: Any = value
    try:
        reading, digest, parts, imports, mentions, runs, doubts = fields
        return Meaning(
            reading=Reading(reading),
            digest=digest,
            parts=tuple((label, part) for label, part in parts),
            imports=tuple(_import_from_json(item) for item in imports),
            mentions=tuple(mentions),
            runs=tuple(runs),
            doubts=tuple(doubts),
        )
    except (TypeError, ValueError):
        return None


def _import_from_json(fields: Any) -> Import:
    module, names, level, is_weak, line, is_prefix = fields
    return Import(
        module=module,
        names=tuple(names),
        level=level,
        is_weak=bool(is_weak),
        line=line,
        is_prefix=bool(is_prefix),
    )
