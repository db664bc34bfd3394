"""Records of one blob each, named once: answers, approvals, trainings, looks. Serves `records`."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from branchline.adapters.git import references as refs
from branchline.adapters.git.objects import ObjectWriter
from branchline.errors import RecordError
from branchline.ports.records import Records

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

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


def forget(git: Git, home: str, places: Sequence[str]) -> None:
    """Delete the references `home/place` that are there."""
    wanted = {home + "/".join(refs.component(part) for part in p.split("/", 1)) for p in places}
    found = refs.list_references(git, [home])
    refs.transact(git, delete={name: held for name, held in found.items() if name in wanted})


class SmallRecords(Records):
    """The part of the port `records` whose records are one blob each."""

    _git: Git

    @abstractmethod
    def _objects(self) -> ObjectReader:
        """The process that reads objects."""
        ...

    def has_answer(self, place: str) -> bool:
        """Whether there is an answer below a place; see the port."""
        return bool(refs.list_references(self._git, [refs.ANSWERS + refs.component(place) + "/"]))

    def add_answer(self, place: str, content: bytes) -> None:
        """Record an answer, the first of a place stays; see the port."""
        name_blob(self._git, refs.ANSWERS, place, content)

    def add_noise(self, place: str, content: bytes) -> None:
        """Record a training, the first of a place stays; see the port."""
        name_blob(self._git, refs.NOISE, place, content)

    def noise(self) -> Mapping[str, bytes]:
        """Place -> training; see the port."""
        return read_below(self._git, self._objects, refs.NOISE)

    def add_look(self, place: str, content: bytes) -> None:
        """Record a look, the first of a place stays; see the port."""
        name_blob(self._git, refs.LOOKS, place, content)

    def looks(self, folder: str) -> Mapping[str, bytes]:
        """Place -> look; see the port."""
        home = f"{refs.LOOKS}{refs.component(folder)}/"
        found = read_below(self._git, self._objects, home)
        return {f"{folder}/{name}": content for name, content in found.items()}

    def drop_looks(self, places: Sequence[str]) -> None:
        """Forget looks; see the port."""
        forget(self._git, refs.LOOKS, places)

    def approval(self, run: str) -> bytes | None:
        """Who let a run pass; see the port."""
        return read_one(self._git, self._objects, refs.APPROVALS + refs.component(run))

    def add_approval(self, run: str, content: bytes) -> bytes:
        """Record who lets a run pass, the first one stays; see the port."""
        name_blob(self._git, refs.APPROVALS, run, content)
        found = self.approval(run)
        if found is None:
            raise RecordError(f"the approval of run {run} cannot be read again")
        return found
