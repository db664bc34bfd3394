"""Records of one blob each, named once: answers, approvals, trainings. Serves `records`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.adapters.git import references as refs
from branchline.adapters.git.objects import ObjectWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from branchline.adapters.git.objects import ObjectReader
    from branchline.adapters.git.plumbing import Git


def name_blob(git: Git, home: str, place: str, content: bytes) -> None:
    """Have a blob stand at `name` or `folder/name` below a home, unless something does."""
    writer = ObjectWriter(git)
    held = writer.blob(content)
    writer.write()
    reference = home + "/".join(refs.component(part) for part in place.split("/", 1))
    refs.transact(git, create={reference: held})


def read_below(git: Git, objects: Callable[[], ObjectReader], home: str) -> Mapping[str, bytes]:
    """Place below a home -> its blob."""
    found = refs.list_references(git, [home])
    if not found:
        return {}
    answers = objects().read(list(found.values()))
    return {
        name.removeprefix(home): answer[2]
        for name, answer in zip(found, answers, strict=True)
        if answer is not None and answer[1] == "blob"
    }


def read_one(git: Git, objects: Callable[[], ObjectReader], reference: str) -> bytes | None:
    """The blob of one reference; None where there is none."""
    held = refs.list_references(git, [reference]).get(reference)
    if held is None:
        return None
    (found,) = objects().read([held])
    return found[2] if found is not None and found[1] == "blob" else None
