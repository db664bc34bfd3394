"""Parameter files into the values that stages track: YAML, JSON, TOML and Python, by suffix.

Serves `plan` and `config` itself. Takes bytes; reads no file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from branchline.errors import DocumentError, ParamsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from branchline.core.documents.document import Document

DEFAULT_FILE = "params.yaml"

_MISSING = object()


def read_params(file: str, data: bytes | None, keys: Sequence[str] | None) -> dict[str, object]:
    """Values of the parameters that a stage tracks in one file.

    Args:
        file: The file's name; its suffix says how it is read (`.json`, `.toml`, `.py`, else YAML).
        data: Its bytes; None when there is no such file.
        keys: Dotted keys into mappings and lists (`train.layers.0`); None or empty takes every
            top-level key.

    Returns:
        Key as given -> value, in the order of `keys`, or of the file when `keys` is None.

    Raises:
        ParamsError: The file is missing, or a key is.
        DocumentError: The file cannot be read.
    """
    if data is None:
        raise ParamsError(
            f"{file}: the parameter file does not exist",
            todo=f"Create {file}, or take it out of `params`.",
        )
    return select_params(file, parse_params(file, data), keys)


def read_params_as_yaml_11(file: str, data: bytes, keys: Sequence[str] | None) -> dict[str, object]:
    """The same parameters as a reader of YAML 1.1 (PyYAML) sees them.

    Empty for other formats, and where such a reader refuses the file or finds other keys: a
    program that used one could not work at all.
    """
    if file.lower().endswith((".py", ".json", ".toml")):
        return {}
    from branchline.core.documents.yaml import read_yaml_11

    try:
        value = read_yaml_11(data, file=file)
        return select_params(file, value, keys) if isinstance(value, dict) else {}
    except (DocumentError, ParamsError):
        return {}


def select_params(
    file: str, values: Mapping[object, object], keys: Sequence[str] | None
) -> dict[str, object]:
    """The same from values that were parsed before: for many stages that share one file.

    Raises:
        ParamsError: A key is missing.
    """
    if not keys:
        return {str(key): value for key, value in values.items()}
    found = {key: _lookup(values, key) for key in keys}
    missing = [key for key, value in found.items() if value is _MISSING]
    if missing:
        raise _missing_error(file, values, missing)
    return found


def param_at(file: str, values: Mapping[object, object], key: str) -> object:
    """One value by its dotted key, whose steps may hold dots themselves: `a.b` finds `"a.b": 1`.

    Where `a: {b: 1}` is there as well, that one counts, as for stages.

    Raises:
        ParamsError: The key is missing.
    """
    found = _lookup(values, key)
    if found is _MISSING:
        found = _with_dots(values, key.split("."))
    if found is _MISSING:
        raise _missing_error(file, values, [key])
    return found


def parse_params(file: str, data: bytes) -> Mapping[object, object]:
    """All values of one parameter file; an empty file has none.

    Raises:
        DocumentError: It cannot be read, or is not a mapping at the top.
    """
    value: object
    if file.lower().endswith(".py"):
        from branchline.config.python_params import read_python_params

        value = read_python_params(data, file=file)
    else:
        value = read_document(file, data).value or {}
    if not isinstance(value, dict):
        raise DocumentError(
            f"{file}:1: a parameter file must hold a mapping of names to values, "
            f"this one holds a {type(value).__name__}",
        )
    return value


def read_document(file: str, data: bytes) -> Document:
    """Read a file by its suffix: `.json`, `.toml`, and everything else as YAML.

    Raises:
        DocumentError: It cannot be read.
    """
    suffix = file.lower().rpartition(".")[2]
    if suffix == "json":
        from branchline.core.documents.json import read_json

        return read_json(data, file=file)
    if suffix == "toml":
        from branchline.core.documents.toml import read_toml

        return read_toml(data, file=file)
    from branchline.core.documents.yaml import read_yaml

    return read_yaml(data, file=file)


def _lookup(value: object, dotted: str) -> object:
    """What stands at a dotted key, or _MISSING; a key with wildcards must fit one place."""
    found = _literal(value, dotted)
    if found is not _MISSING or not any(mark in dotted for mark in "*?["):
        return found
    matches = list(_matches(value, dotted.split(".")))
    return matches[0] if len(matches) == 1 else _MISSING


def _matches(value: object, steps: Sequence[str]) -> Iterator[object]:
    """Values at the places that fit a key with wildcards."""
    from fnmatch import fnmatchcase

    if not steps:
        yield value
        return
    children: Iterable[tuple[object, object]] = ()
    if isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list | tuple):
        children = enumerate(value)
    for name, item in children:
        if fnmatchcase(str(name), steps[0]):
            yield from _matches(item, steps[1:])


def _literal(value: object, dotted: str) -> object:
    for step in dotted.split("."):
        value = _step(value, step)
        if value is _MISSING:
            return _MISSING
    return value


def _with_dots(value: object, steps: Sequence[str]) -> object:
    """The same where keys hold dots; of several the shortest first, as `param_edit` finds them."""
    if not steps:
        return value
    for count in range(1, len(steps) + 1):
        inner = _step(value, ".".join(steps[:count]))
        found = _MISSING if inner is _MISSING else _with_dots(inner, steps[count:])
        if found is not _MISSING:
            return found
    return _MISSING


def _step(value: object, step: str) -> object:
    if isinstance(value, dict):
        if step in value:
            return value[step]
        # YAML keys may be numbers or booleans; DVC finds them by their text.
        for key, item in value.items():
            if not isinstance(key, str) and str(key) == step:
                return cast("object", item)
        return _MISSING
    if isinstance(value, list | tuple) and step.isdecimal() and int(step) < len(value):
        return cast("object", value[int(step)])
    return _MISSING


def _missing_error(
    file: str, values: Mapping[object, object], missing: Sequence[str]
) -> ParamsError:
    import difflib

    known = list(_dotted_keys(values, ""))
    hints = []
    for key in missing:
        near = difflib.get_close_matches(key, known, n=1)
        hints.append(f"`{key}`" + (f" (did you mean `{near[0]}`?)" if near else ""))
    word, verb = ("Parameter", "is") if len(missing) == 1 else ("Parameters", "are")
    names = ", ".join(f"`{key}`" for key in missing)
    return ParamsError(
        f"{file}: {word.lower()} {names} {verb} tracked by a stage but not set",
        todo=f"Set {', '.join(hints)} in {file}, or take it out of `params`.",
    )


def _dotted_keys(values: Mapping[object, object], prefix: str) -> Iterator[str]:
    for key, value in values.items():
        dotted = f"{prefix}{key}"
        yield dotted
        if isinstance(value, dict):
            yield from _dotted_keys(value, f"{dotted}.")
