"""`.dvc` files into pointers to data.

Serves `pipeline`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from branchline.config.paths import folder_of, located
from branchline.config.problems import kind_of, nearest
from branchline.core.pipeline import Content, Pointer

if TYPE_CHECKING:
    from branchline.config.problems import Problems
    from branchline.core.documents.document import Document

_TOP_KEYS = (
    "outs", "deps", "md5", "wdir", "frozen", "locked", "meta", "desc", "always_changed",
)  # fmt: skip


def pointers_of(document: Document, problems: Problems, *, root: str = "") -> tuple[Pointer, ...]:
    """The data that one `.dvc` file tracks; what is wrong goes to the problems."""
    value: Any = document.value
    if value is None:
        return ()
    if not isinstance(value, dict):
        problems.add(document, (), f"is {kind_of(value)}, must be a mapping with the key `outs`")
        return ()
    for key in value:
        if key not in _TOP_KEYS:
            problems.add(document, (key,), f"{key}: unknown key{nearest(key, _TOP_KEYS)}")
    outs = value.get("outs") or []
    if not isinstance(outs, list):
        problems.add(document, ("outs",), f"outs: is {kind_of(outs)}, must be a list")
        return ()
    wdir = located(folder_of(document.file), value.get("wdir") or ".", root=root)[0]
    found = []
    for index, out in enumerate(outs):
        if not isinstance(out, dict) or not isinstance(out.get("path"), str):
            where = ("outs", index)
            problems.add(document, where, f"outs.{index}: needs a `path`, is {kind_of(out)}")
            continue
        found.append(_pointer(document.file, value, out, wdir, root))
    return tuple(found)


def _pointer(
    file: str, value: dict[str, Any], out: dict[str, Any], wdir: str, root: str
) -> Pointer:
    md5 = out.get("md5")
    return Pointer(
        file=file,
        path=located(wdir, out["path"], root=root)[0],
        content=Content(
            md5=None if md5 is None else str(md5),
            size_bytes=out.get("size"),
            nfiles=out.get("nfiles"),
            is_executable=bool(out.get("isexec", False)),
            legacy=md5 is not None and "hash" not in out,
        ),
        frozen=bool(value.get("frozen", value.get("locked", False))),
        cache=out.get("cache", True) is not False,
        is_import=bool(value.get("deps")),
    )
