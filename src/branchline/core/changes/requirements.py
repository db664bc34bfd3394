"""Station `changes`: requirement and lock files by what they install.

Comments, order and layout do not count; names, versions, hashes, markers, extras and sources do.
Groups that surely serve development only do not count. A form that is not known counts by value,
or by bytes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from branchline.core.changes.raw import bytes_meaning, content_digest
from branchline.core.changes.settings import TooLargeError, ordered, read_values
from branchline.core.changes.values import Meaning, Reading
from branchline.core.values import digest_of
from branchline.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

DEV_GROUPS = frozenset(
    str.split(
        "dev develop development test tests testing lint linting docs doc documentation typing "
        "types format formatting style ci pre-commit precommit debug notebook-dev benchmark-dev"
    )
)
"""Names of groups that serve development only, by custom."""

_DEV_TOOLS = frozenset(
    str.split(
        "ruff black isort mypy pytest coverage pylint flake8 pyright basedpyright bandit "
        "codespell interrogate docformatter autopep8 yapf vulture commitizen towncrier "
        "semantic_release tox nox pre-commit importlinter deptry"
    )
)
_FOLLOWED = re.compile(r"(?:-r|--requirement|-c|--constraint)(?:\s+|=|\s*(?=\S))(\S+)")


def requirements_meaning(name: str, data: bytes) -> Meaning:
    """What an environment's file says.

    Args:
        name: The file's name, which decides its grammar.
        data: Its bytes.
    """
    try:
        if name.endswith((".txt", ".in")) or name == "requirements.lock":
            return _plain(data)
        return _structured(name, data)
    except DocumentError as error:
        return bytes_meaning(data, doubts=(f"cannot be read by value: {error.message}",))
    except (UnicodeDecodeError, TooLargeError, RecursionError, TypeError, AttributeError) as error:
        return bytes_meaning(data, doubts=(f"is of an unknown form: {error}",))


def _of(items: object, parts: Iterable[tuple[str, object]], runs: Iterable[str] = ()) -> Meaning:
    return Meaning(
        reading=Reading.REQUIREMENTS,
        digest=content_digest(Reading.REQUIREMENTS, digest_of(items).encode()),
        parts=tuple((label, digest_of(part)[:16]) for label, part in parts),
        runs=tuple(runs),
    )


# requirements.txt


def _plain(data: bytes) -> Meaning:
    text = data.decode("utf-8-sig").replace("\r\n", "\n")
    items: list[str] = []
    runs: dict[str, None] = {}
    for line in re.sub(r"\\\n", " ", text).split("\n"):
        item = re.sub(r"(^|\s)#.*$", "", line).strip()
        if not item:
            continue
        if match := _FOLLOWED.match(item):
            runs[match[1]] = None
        items.append(_requirement(item))
    labelled: dict[str, list[str]] = {}
    for item in items:
        labelled.setdefault(f"`{_package(item)}`", []).append(item)
    parts = [(label, sorted(found)) for label, found in labelled.items()]
    # pip reads options for the whole file wherever they stand, so no order counts.
    return _of(["requirements", sorted(items)], parts, runs)


def _requirement(item: str) -> str:
    """One line with its name normalised, spaces dropped and hashes in order.

    >>> _requirement("Foo_Bar [b] >= 1.0 ; python_version<'3.9'")
    'foo-bar[b]>=1.0;python_version<"3.9"'
    """
    if item.startswith("-"):
        return " ".join(item.split())
    hashes = sorted(re.findall(r"--hash[= ](\S+)", item))
    item = re.sub(r"\s--hash[= ]\S+", "", item)
    match = re.match(r"[A-Za-z0-9][\w.-]*", item)
    if (
        match is None
        or item.startswith(("git+", "http", ".", "/"))
        or item[match.end() :][:1] == ":"
    ):
        return " ".join([*item.split(), *hashes])
    name = re.sub(r"[-_.]+", "-", match[0]).lower()
    rest, mark, marker = item[match.end() :].partition(";")
    if "@" not in rest:
        rest = re.sub(r"\s+", "", rest)
        base, bracket, tail = rest.partition("]")
        specifiers = ",".join(sorted((tail if bracket else base).split(",")))
        rest = f"{base}{bracket}{specifiers}" if bracket else specifiers
    return " ".join([name + " ".join(rest.split()) + mark + _marker(marker), *hashes])


def _marker(marker: str) -> str:
    """An environment marker with one spelling of quotes and spaces."""
    spaced = " ".join(marker.replace("'", '"').split())
    return re.sub(r"\s*(===|==|!=|<=|>=|~=|<|>|\(|\))\s*", r"\1", spaced)


def _package(item: str) -> str:
    match = re.match(r"[a-z0-9][a-z0-9-]*", item)
    return match[0] if match else item


# Lock files and pyproject.toml


def _structured(name: str, data: bytes) -> Meaning:
    if name == "Pipfile.lock":
        return _pipfile(_mapping(Reading.JSON, data))
    if name.endswith((".yml", ".yaml")):
        return _conda(_mapping(Reading.YAML, data), data)
    value = _mapping(Reading.TOML, data)
    if name == "pyproject.toml":
        return _project(value)
    readers: dict[str, Callable[[dict[str, Any]], Meaning]] = {
        "uv.lock": _uv,
        "poetry.lock": _grouped,
        "pdm.lock": _grouped,
    }
    reader = readers.get(name)
    if reader is None or not isinstance(value.get("package"), list):
        return _of(ordered(value), ((f"`{key}`", ordered(v)) for key, v in value.items()))
    return reader(value)


def _mapping(reading: Reading, data: bytes) -> dict[str, Any]:
    values = read_values(reading, data)
    if not all(isinstance(value, dict) for value in values):
        raise DocumentError("it is no mapping")
    if len(values) == 2 and digest_of(ordered(values[0])) != digest_of(ordered(values[1])):
        raise DocumentError("YAML 1.1 and 1.2 read it differently")
    return values[0]  # type: ignore[return-value] # checked above


def _uv(value: dict[str, Any]) -> Meaning:
    """Packages that the project itself needs, not those of its dev groups only."""
    packages: list[dict[str, Any]] = value["package"]
    by_name: dict[str, list[dict[str, Any]]] = {}
    for package in packages:
        by_name.setdefault(package["name"], []).append(package)
    roots = [p for p in packages if set(p.get("source", {})) & {"virtual", "editable"}]
    queue = list(roots or packages)
    reached: dict[str, None] = {p["name"]: None for p in queue}
    while queue:
        package = queue.pop()
        extras = package.get("optional-dependencies", {})
        needs = [*package.get("dependencies", []), *(n for e in extras.values() for n in e)]
        for need in needs:
            if need["name"] not in reached:
                reached[need["name"]] = None
                queue.extend(by_name.get(need["name"], []))
    kept = [_locked(package) for package in packages if package["name"] in reached]
    top = {key: value[key] for key in value if key not in ("package", "version", "revision")}
    return _locked_set(top, kept)


def _locked(package: dict[str, Any]) -> dict[str, Any]:
    """What of one locked package decides what is installed."""
    kept = {
        key: item
        for key, item in package.items()
        if key not in ("wheels", "sdist", "files", "dev-dependencies", "metadata", "groups")
        and key not in ("category", "description", "optional", "summary")
    }
    files = [*package.get("wheels", []), *package.get("files", [])]
    if isinstance(package.get("sdist"), dict):
        files.append(package["sdist"])
    kept["hashes"] = sorted(str(file.get("hash", file.get("url", ""))) for file in files)
    return kept


def _locked_set(top: object, kept: list[dict[str, Any]]) -> Meaning:
    kept.sort(key=lambda p: (str(p.get("name")), str(p.get("version")), digest_of(p)))
    parts: dict[str, list[object]] = {}
    for package in kept:
        parts.setdefault(f"`{package.get('name')}`", []).append(package)
    return _of(["lock", ordered(top), [digest_of(p) for p in kept]], parts.items())


def _grouped(value: dict[str, Any]) -> Meaning:
    """poetry.lock and pdm.lock: a package of development groups only does not count."""
    kept = [_locked(p) for p in value["package"] if not _is_dev(p)]
    names = {package["name"] for package in kept}
    metadata = {
        key: item
        for key, item in value.get("metadata", {}).items()
        if key not in ("content-hash", "content_hash", "lock-version", "lock_version", "files")
        and key not in ("groups", "strategy")
    }
    files = value.get("metadata", {}).get("files", {})
    hashes = {name: files[name] for name in sorted(files) if name in names}
    extras = value.get("extras", {})
    return _locked_set([metadata, hashes, extras], kept)


def _is_dev(package: dict[str, Any]) -> bool:
    groups = package.get("groups")
    if groups is None:
        category = package.get("category")
        groups = [category] if category is not None else []
    return bool(groups) and all(str(group).lower() in DEV_GROUPS for group in groups)


def _pipfile(value: dict[str, Any]) -> Meaning:
    meta = {k: v for k, v in value.get("_meta", {}).items() if k in ("requires", "sources")}
    packages = value.get("default", {})
    kept = {
        name: {**item, "hashes": sorted(item.get("hashes", []))} for name, item in packages.items()
    }
    return _of(["pipfile", meta, kept], ((f"`{name}`", item) for name, item in kept.items()))


def _conda(value: dict[str, Any], data: bytes) -> Meaning:
    if isinstance(value.get("package"), list):  # conda-lock
        kept = [
            {k: v for k, v in package.items() if k not in ("category", "categories", "optional")}
            for package in value["package"]
            if not _is_dev(package)
        ]
        return _locked_set(value.get("version"), kept)
    if not isinstance(value.get("dependencies"), list):
        return bytes_meaning(data)
    items: list[object] = []
    for item in value["dependencies"]:
        if isinstance(item, dict):
            items.append({k: sorted(map(_requirement, v)) for k, v in item.items()})
        else:
            items.append(" ".join(str(item).split()))
    rest = {k: v for k, v in value.items() if k not in ("dependencies", "name", "prefix")}
    whole = ["conda", ordered(rest), sorted(digest_of(item) for item in items)]
    return _of(whole, ((f"`{i}`", i) for i in items if isinstance(i, str)))


def _project(value: dict[str, Any]) -> Meaning:
    """pyproject.toml by value, without development groups and tools."""
    kept: dict[str, Any] = {k: v for k, v in value.items() if k != "dependency-groups"}
    groups = {
        name: group
        for name, group in value.get("dependency-groups", {}).items()
        if name.lower() not in DEV_GROUPS
    }
    if groups:
        kept["dependency-groups"] = groups
    tools = {k: _tool(k, v) for k, v in value.get("tool", {}).items() if k not in _DEV_TOOLS}
    tools = {k: v for k, v in tools.items() if v}
    kept.pop("tool", None)
    if tools:
        kept["tool"] = tools
    project = dict(kept.get("project", {}))
    if isinstance(project.get("dependencies"), list):
        project["dependencies"] = sorted(_requirement(item) for item in project["dependencies"])
    if project:
        kept["project"] = project
    scripts = {**project.get("scripts", {}), **project.get("gui-scripts", {})}
    mentions = [f"script:{name}={target}" for name, target in scripts.items()]
    # Order reaches nobody here, unlike in a file that a program of the user's reads.
    parts = [
        (f"`{k}.{i}`", v) for k, s in kept.items() if isinstance(s, dict) for i, v in s.items()
    ]
    found = _of(["project", kept], parts)
    return Meaning(
        reading=found.reading, digest=found.digest, parts=found.parts, mentions=tuple(mentions)
    )


def _tool(name: str, section: Any) -> Any:
    if not isinstance(section, dict):
        return section
    if name == "poetry":
        kept = {k: v for k, v in section.items() if k not in ("dev-dependencies", "group")}
        groups = {k: v for k, v in section.get("group", {}).items() if k not in DEV_GROUPS}
        return {**kept, "group": groups} if groups else kept
    if name in ("uv", "pdm"):
        return {k: v for k, v in section.items() if k != "dev-dependencies"}
    return section
