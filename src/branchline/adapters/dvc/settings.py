"""DVC's settings: `.dvc/config` and `.dvc/config.local`, as far as the cache and remotes go."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from branchline.core.policy import Link

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class DvcSettings:
    """What DVC's own configuration says.

    Attributes:
        cache_dir: Absolute folder of the cache; its objects stand in `files/md5` below it.
        links: Link types in the order in which they are tried.
        remotes: Name -> URL or absolute path.
        relative: Name -> path of a remote as it is written, where it is relative to `.dvc/config`.
        default_remote: Its name; "" when there is none.
        options: Name -> the remote's other options, as DVC names them; those of a remote that a
            `remote://` address stands on are among them. They may hold passwords.
        dvc_dir: Absolute `.dvc` folder; "" when the repository does not use DVC.
    """

    cache_dir: str
    links: tuple[Link, ...] = (Link.REFLINK, Link.COPY)
    remotes: Mapping[str, str] = field(default_factory=dict)
    relative: Mapping[str, str] = field(default_factory=dict)
    default_remote: str = ""
    options: Mapping[str, Mapping[str, str]] = field(
        default_factory=dict, repr=False, compare=False
    )
    dvc_dir: str = ""


def read_settings(
    root: str, *, cache_dir: str = "", names: Sequence[str] = ("config", "config.local")
) -> DvcSettings:
    """Settings of one repository; without `.dvc` the store is Branchline's own folder.

    Args:
        root: Absolute root of the repository.
        cache_dir: Absolute folder that stands for the repository's own cache; "" takes that.
        names: Of the files in `.dvc` that count, the last one first; other machines have `config`.
    """
    dvc_dir = os.path.join(root, ".dvc")
    if not os.path.isdir(dvc_dir):
        return DvcSettings(cache_dir=cache_dir or os.path.join(root, ".branchline", "store"))
    values: dict[tuple[str, str], str] = {}
    for name in names:
        values.update(_read_ini(os.path.join(dvc_dir, name)))
    options = _remote_options(values)
    urls = {name: held["url"] for name, held in options.items() if "url" in held}
    remotes = {name: _located(dvc_dir, url) for name, url in urls.items()}
    own = values.get(("cache", "dir"))
    place = _located(dvc_dir, own) if own else os.path.join(dvc_dir, "cache")
    return DvcSettings(
        cache_dir=cache_dir or place,
        links=_links(values.get(("cache", "type"), "")),
        remotes=remotes,
        relative={name: url for name, url in urls.items() if _is_relative(url)},
        default_remote=values.get(("core", "remote"), ""),
        options=options,
        dvc_dir=dvc_dir,
    )


def _remote_options(values: Mapping[tuple[str, str], str]) -> dict[str, dict[str, str]]:
    """Remote name -> its options, its URL among them."""
    found: dict[str, dict[str, str]] = {}
    for (section, key), value in values.items():
        if section.startswith("remote "):
            found.setdefault(section[len("remote ") :].strip("\"'"), {})[key] = value
    return {name: _inherited(found, name, ()) for name in found}


def _inherited(
    found: Mapping[str, Mapping[str, str]], name: str, seen: tuple[str, ...]
) -> dict[str, str]:
    """Options of a remote, with those of the one that `url = remote://OTHER/path` names."""
    own = dict(found.get(name, {}))
    scheme, _, rest = own.get("url", "").partition("://")
    other, _, path = rest.partition("/")
    if scheme != "remote" or other not in found or name in seen:
        return own
    base = _inherited(found, other, (*seen, name))
    url = f"{base.get('url', '').rstrip('/')}/{path}"
    return {**base, **own, "url": url}


def _read_ini(path: str) -> dict[tuple[str, str], str]:
    """(section, key) -> value. DVC quotes section names that hold quotes themselves."""
    found: dict[tuple[str, str], str] = {}
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return found
    section = ""
    for line in map(str.strip, lines):
        if not line or line[0] in "#;":
            continue
        if line.startswith("[") and "]" in line:
            section = line[1 : line.rindex("]")].strip().strip("'").lower()
            if section.startswith("remote "):
                section = line[1 : line.rindex("]")].strip().strip("'")
        elif "=" in line:
            key, _, value = line.partition("=")
            found[section, key.strip().lower()] = _unquoted(value.strip())
    return found


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value.partition(" #")[0].rstrip()


def _located(dvc_dir: str, value: str) -> str:
    """A URL as it is, a path made absolute: DVC writes paths relative to the file they stand in."""
    if "://" in value and not value.startswith("file://"):
        return value
    path = os.path.expanduser(value.removeprefix("file://"))
    return os.path.normpath(os.path.join(dvc_dir, path))


def _is_relative(value: str) -> bool:
    return "://" not in value and not os.path.isabs(os.path.expanduser(value))


def _links(value: str) -> tuple[Link, ...]:
    known = {link.value: link for link in Link}
    found = [known[name] for name in value.replace(",", " ").lower().split() if name in known]
    return tuple(found) or (Link.REFLINK, Link.COPY)
