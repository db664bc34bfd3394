"""Lock files of Poetry, PDM, Pipenv and conda as requirements in pip's grammar. Pure.

What is kept of a lock: the versions, digests and sources of what the project itself needs, without
groups that serve development. What only conda can install is refused, in a sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from branchline.core.changes.requirements import DEV_GROUPS
from branchline.core.documents import read_json, read_toml, read_yaml
from branchline.core.environment.pins import normal
from branchline.errors import EnvironmentFailedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_CONDA_RUNTIME = frozenset(
    str.split(
        "python python_abi pip setuptools wheel ca-certificates certifi openssl sqlite tk xz zlib "
        "bzip2 readline ncurses libffi ld_impl_linux-64 _libgcc_mutex _openmp_mutex libgcc "
        "libgcc-ng libstdcxx libstdcxx-ng libgomp libuuid libnsl libsqlite libzlib libexpat "
        "liblzma libxcrypt tzdata expat libmpdec nomkl defaults"
    )
)
"""What conda brings of Python itself: another interpreter stands for it."""
_MOST_NAMES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """What a lock file asks for.

    Attributes:
        wishes: Requirements, one a line.
        constraints: Pins of all that may come along.
        hashes: Package -> digests that are allowed.
        complete: Text with pins and digests that needs no finding; "" elsewhere.
    """

    wishes: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    hashes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    complete: str = ""


def read_lock(file: str, data: bytes, project: bytes = b"") -> Locked:
    """Read a lock file by its name.

    Args:
        file: From the root.
        data: Its bytes.
        project: Bytes of the pyproject.toml beside it, which names what is wanted directly.

    Raises:
        EnvironmentFailedError: It holds what only conda installs, or cannot be read.
    """
    name = file.rpartition("/")[2]
    try:
        if name == "Pipfile.lock":
            return _pipfile(_mapping(read_json(data, file=file).value))
        if name.endswith((".yml", ".yaml")):
            return _conda(file, _mapping(read_yaml(data, file=file).value))
        packages = _mapping(read_toml(data, file=file).value)
        wanted = _mapping(read_toml(project, file="pyproject.toml").value) if project else {}
        return _poetry_or_pdm(packages, wanted)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise EnvironmentFailedError(
            f"{file} cannot be read as a lock file: {error}",
            todo="Write it anew with the tool that made it.",
        ) from error


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("it is no mapping")
    return value


# Poetry and PDM


def _poetry_or_pdm(value: Mapping[str, Any], project: Mapping[str, Any]) -> Locked:
    files = value.get("metadata", {}).get("files", {})
    pins, hashes, kept = [], [], []
    for package in value.get("package", []):
        if _is_dev(package):
            continue
        name = normal(package["name"])
        source = _source(package)
        pins.append(f"{name} @ {source}" if source else f"{name}=={package['version']}")
        listed = package.get("files") or files.get(package["name"], [])
        found = tuple(sorted(str(f["hash"]) for f in listed if isinstance(f, dict) and "hash" in f))
        if found and not source:
            hashes.append((name, found))
        if not package.get("optional"):
            kept.append(name)
    wishes = _direct(project) or tuple(kept)
    merged: dict[str, tuple[str, ...]] = {}
    for name, found in hashes:
        merged[name] = (*merged.get(name, ()), *found)
    unique = tuple(dict.fromkeys(pins))
    direct = {pin.split(" @ ")[0]: pin for pin in unique if " @ " in pin}
    return Locked(
        wishes=tuple(direct.get(normal(re.split(r"[\[ ;]", w)[0]), w) for w in wishes),
        constraints=unique,
        hashes=tuple(sorted(merged.items())),
    )


def _is_dev(package: Mapping[str, Any]) -> bool:
    groups = package.get("groups") or ([package["category"]] if package.get("category") else [])
    return bool(groups) and all(str(group).lower() in DEV_GROUPS for group in groups)


def _source(package: Mapping[str, Any]) -> str:
    """Where a package is from that is from no index; "" for an index."""
    if package.get("git"):  # PDM
        return f"git+{package['git']}@{package.get('revision') or package.get('ref')}"
    if package.get("url"):
        return str(package["url"])
    source = package.get("source", {})
    if source.get("type") == "git":
        return f"git+{source['url']}@{source['resolved_reference']}"
    return str(source["url"]) if source.get("type") == "url" else ""


def _direct(project: Mapping[str, Any]) -> tuple[str, ...]:
    """What pyproject.toml asks for itself, without versions: the lock has those."""
    found: dict[str, None] = {}
    for item in project.get("project", {}).get("dependencies", []):
        match = re.match(r"\s*([A-Za-z0-9][\w.-]*)\s*(\[[^\]]*\])?", str(item))
        marker = str(item).partition(";")[2].strip()
        if match:
            line = f"{normal(match[1])}{match[2] or ''}"
            found[f"{line} ; {marker}" if marker else line] = None
    poetry = project.get("tool", {}).get("poetry", {})
    groups = [poetry.get("dependencies", {})]
    groups += [
        group.get("dependencies", {})
        for name, group in poetry.get("group", {}).items()
        if name.lower() not in DEV_GROUPS and not group.get("optional")
    ]
    for name, wish in [item for group in groups for item in group.items()]:
        if name.lower() == "python":
            continue
        for one in wish if isinstance(wish, list) else [wish]:
            line = _poetry_wish(name, one)
            if line:
                found[line] = None
    return tuple(found)


def _poetry_wish(name: str, wish: object) -> str:
    if not isinstance(wish, dict):
        return normal(name)
    if wish.get("optional") or "path" in wish:
        return ""
    extras = f"[{','.join(wish['extras'])}]" if wish.get("extras") else ""
    marker = wish.get("markers", "")
    return f"{normal(name)}{extras} ; {marker}" if marker else f"{normal(name)}{extras}"


# Pipenv


def _pipfile(value: Mapping[str, Any]) -> Locked:
    lines, has_all = [], True
    for name, item in sorted(value.get("default", {}).items()):
        if item.get("path"):
            continue
        extras = f"[{','.join(item['extras'])}]" if item.get("extras") else ""
        if item.get("git"):
            line = f"{normal(name)}{extras} @ git+{item['git']}@{item['ref']}"
        else:
            line = f"{normal(name)}{extras}{item['version']}"
        line += f" ; {item['markers']}" if item.get("markers") else ""
        hashes = item.get("hashes", [])
        has_all = has_all and bool(hashes)
        lines.append(line + "".join(f" \\\n    --hash={h}" for h in sorted(hashes)))
    if has_all:
        return Locked(complete="".join(f"{line}\n" for line in lines))
    bare = tuple(line.partition(" \\\n")[0] for line in lines)
    return Locked(wishes=bare)


# conda


def _conda(file: str, value: Mapping[str, Any]) -> Locked:
    if isinstance(value.get("package"), list):
        return _conda_lock(file, value["package"])
    wishes: list[str] = []
    others: list[str] = []
    for item in value.get("dependencies") or []:
        if isinstance(item, dict):
            wishes += [str(line) for line in item.get("pip") or []]
            others += [str(key) for key in item if key != "pip"]
        elif re.split(r"[\s=<>!~\[]", str(item).rpartition("::")[2])[0] not in _CONDA_RUNTIME:
            others.append(str(item))
    _refuse_conda(file, others)
    return Locked(wishes=tuple(wishes))


def _conda_lock(file: str, packages: Iterable[Mapping[str, Any]]) -> Locked:
    lines: dict[str, None] = {}
    others: dict[str, None] = {}
    for package in packages:
        groups = package.get("category") or "main"
        if str(groups).lower() in DEV_GROUPS or not str(
            package.get("platform", "linux-64")
        ).startswith(("linux-64", "noarch")):
            continue
        if package.get("manager") == "pip":
            digest = package.get("hash", {}).get("sha256")
            mark = f" \\\n    --hash=sha256:{digest}" if digest else ""
            lines[f"{normal(package['name'])}=={package['version']}{mark}"] = None
        elif package["name"] not in _CONDA_RUNTIME:
            others[package["name"]] = None
    _refuse_conda(file, list(others))
    if lines and all("--hash=" in line for line in lines):
        return Locked(complete="".join(f"{line}\n" for line in lines))
    return Locked(wishes=tuple(line.partition(" \\\n")[0] for line in lines))


def _refuse_conda(file: str, names: list[str]) -> None:
    if not names:
        return
    shown = ", ".join(names[:_MOST_NAMES]) + (", ..." if len(names) > _MOST_NAMES else "")
    count = f"{len(names)} packages" if len(names) > 1 else "1 package"
    raise EnvironmentFailedError(
        f"{file} names {count} that conda installs ({shown}), and Branchline makes environments"
        " with uv, from Python's own packages",
        todo="Run in an environment that conda made (environment: {make: never}), or write what the"
        " project needs into a requirements.txt and name it: environment: {lock: requirements.txt}"
        " in branchline.yaml.",
    )
