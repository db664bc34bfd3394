"""Port `store`: a fake in memory, and what every implementation must do.

To check an implementation, inherit `StoreContract` in a test module and give it fixtures
`workspace` and `store` that belong together, both empty, and say in `put` how a file gets into the
workspace.
"""

# ruff: noqa: S101 - a contract suite is made of assertions

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import pytest

from branchline.core.pipeline import Content
from branchline.core.policy import Link
from branchline.errors import StoreError
from branchline.ports.store import Sent, Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from branchline.ports.workspace import Workspace
    from branchline.testing.workspace import FakeWorkspace


class FakeStore(Store):
    """Objects in memory, beside a fake workspace.

    Attributes:
        objects: Digest -> bytes of a file, or members of a folder. Delete one to lose it.
        remote: The same of a remote; what is restored from it is an object from then on.
    """

    def __init__(self, workspace: FakeWorkspace, *, identity: str = "local:fake") -> None:
        self.objects: dict[str, bytes | tuple[tuple[str, Content], ...]] = {}
        self.remote: dict[str, bytes | tuple[tuple[str, Content], ...]] = {}
        self._workspace = workspace
        self._identity = identity

    def identity(self) -> str:
        """See the port."""
        return self._identity

    def has(self, content: Content) -> bool:
        """See the port."""
        return _is_whole(content, self.objects)

    def can_fetch(self, content: Content) -> bool:
        """See the port."""
        return _is_whole(content, self.remote | self.objects)

    def looked_at(self) -> str:
        """See the port."""
        return "the remote in memory does not have it"

    def sends_to(self) -> str:
        """See the port."""
        return "the remote in memory"

    def send(
        self,
        contents: Iterable[Content],
        *,
        is_stopped: Callable[[], bool] = lambda: False,
        anew: bool = False,  # noqa: ARG002 - this one is always asked
    ) -> Sent:
        """See the port."""
        objects = size = 0
        for content in contents:
            held = self.objects.get(content.md5 or "")
            members = held if isinstance(held, tuple) else ()
            for md5 in (*(member.md5 for _, member in members), content.md5):
                if is_stopped() or not md5 or md5 in self.remote:
                    continue
                if md5 not in self.objects:
                    raise StoreError(f"object {md5} is neither here nor there")
                self.remote[md5] = self.objects[md5]
                objects += 1
                data = self.objects[md5]
                size += len(data) if isinstance(data, bytes) else 0
        return Sent(objects=objects, size_bytes=size)

    def is_elsewhere(self, content: Content) -> bool:
        """See the port."""
        return _is_whole(content, self.remote)

    def save(self, path: str, *, link: Link | None = None) -> Content:  # noqa: ARG002 # no links in memory
        """See the port."""
        content = self._workspace.content(path)
        if content is None or content.md5 is None:
            raise StoreError(f"{path} cannot be stored: it does not exist")
        if content.is_folder:
            members = tuple(self._workspace.members(path))
            self.objects[content.md5] = tuple(
                (name, Content(md5=member.md5)) for name, member in members
            )
            for name, member in members:
                self.objects[member.md5 or ""] = self._workspace.files[f"{path}/{name}"]
        else:
            self.objects[content.md5] = self._workspace.files[path]
        return content

    def restore(self, path: str, content: Content, *, link: Link | None = None) -> None:  # noqa: ARG002 # no links in memory
        """See the port."""
        if not self.has(content) and self.can_fetch(content):
            held = self.remote[content.md5 or ""]
            wanted = [member.md5 for _, member in held] if isinstance(held, tuple) else []
            self.objects |= {md5: self.remote[md5] for md5 in (content.md5, *wanted) if md5}
        if not self.has(content):
            raise StoreError(f"{path}: object {content.md5} is not in the store")
        self._workspace.remove(path)
        held = self.objects[content.md5 or ""]
        if isinstance(held, bytes):
            self._workspace.files[path] = held
            return
        for name, member in held:
            data = self.objects[member.md5 or ""]
            if isinstance(data, bytes):
                self._workspace.files[f"{path}/{name}"] = data

    def read(self, content: Content) -> bytes | None:
        """See the port."""
        held = self.objects.get(content.md5 or "")
        return held if isinstance(held, bytes) else None

    def members(self, content: Content) -> Sequence[tuple[str, Content]] | None:
        """See the port."""
        held = (self.remote | self.objects).get(content.md5 or "")
        return held if isinstance(held, tuple) else None


def _is_whole(
    content: Content, objects: Mapping[str, bytes | tuple[tuple[str, Content], ...]]
) -> bool:
    """Whether an object is there, a folder with all its files."""
    members = objects.get(content.md5 or "")
    if isinstance(members, tuple):
        return all(member.md5 in objects for _, member in members)
    return members is not None


class StoreContract(ABC):
    """What every store must do."""

    @abstractmethod
    def put(self, workspace: Workspace, path: str, data: bytes) -> None:
        """Put a file into the workspace under test."""

    def test_the_identity_stays(self, store: Store) -> None:
        """Asked twice, the store has the same name."""
        assert store.identity() == store.identity() != ""

    def test_a_file_comes_back(self, workspace: Workspace, store: Store) -> None:
        """Byte for byte, also over something else."""
        self.put(workspace, "out/model", b"weights")
        content = store.save("out/model")
        self.put(workspace, "out/model", b"other")

        store.restore("out/model", content)

        assert workspace.read("out/model") == b"weights"
        assert content.md5 == hashlib.md5(b"weights", usedforsecurity=False).hexdigest()
        assert content.size_bytes == 7
        assert store.has(content)
        assert store.read(content) == b"weights"

    def test_a_folder_comes_back_without_what_was_added(
        self, workspace: Workspace, store: Store
    ) -> None:
        """Changed files are put back, missing ones made, others removed."""
        self.put(workspace, "out/a", b"1")
        self.put(workspace, "out/b/c", b"2")
        content = store.save("out")
        workspace.remove("out/b")
        self.put(workspace, "out/a", b"changed")
        self.put(workspace, "out/new", b"3")

        store.restore("out", content)

        assert workspace.content("out") == content
        assert content.nfiles == 2
        assert [name for name, _ in store.members(content) or ()] == ["a", "b/c"]

    def test_a_folder_replaces_a_file_and_a_file_a_folder(
        self, workspace: Workspace, store: Store
    ) -> None:
        """Whatever stands there gives way."""
        self.put(workspace, "file", b"1")
        self.put(workspace, "folder/a", b"2")
        file, folder = store.save("file"), store.save("folder")

        store.restore("file", folder)
        store.restore("folder", file)

        assert workspace.content("file") == folder
        assert workspace.read("folder") == b"1"

    @pytest.mark.parametrize("link", list(Link))
    def test_every_link_type_gives_the_same_bytes(
        self, workspace: Workspace, store: Store, link: Link
    ) -> None:
        """How a file got there does not change what it holds."""
        self.put(workspace, "a", b"1")
        content = store.save("a", link=link)

        store.restore("b/c", content, link=link)

        assert workspace.content("b/c") == content
        assert workspace.content("a") == content

    def test_what_was_sent_can_be_had_again(self, workspace: Workspace, store: Store) -> None:
        """Only what lacks is sent, a folder with its files."""
        self.put(workspace, "out/a", b"1")
        self.put(workspace, "out/b", b"22")
        folder = store.save("out")
        assert store.sends_to()
        assert not store.is_elsewhere(folder)

        sent, again = store.send([folder]), store.send([folder], anew=True)

        assert (sent.objects, again.objects) == (3, 0)
        assert sent.size_bytes >= 3
        assert store.is_elsewhere(folder)

    def test_what_is_nowhere_cannot_be_sent(self, store: Store) -> None:
        """The message names the object."""
        with pytest.raises(StoreError, match="f" * 32):
            store.send([Content(md5="f" * 32, size_bytes=1)])

    def test_a_stop_ends_sending(self, workspace: Workspace, store: Store) -> None:
        """What was not sent is not there."""
        self.put(workspace, "a", b"1")
        content = store.save("a")

        assert store.send([content], is_stopped=lambda: True).objects == 0
        assert not store.is_elsewhere(content)

    def test_what_is_not_there_is_said(self, store: Store) -> None:
        """Missing objects are an answer to a question and an error to an order."""
        missing = Content(md5="f" * 32, size_bytes=1)

        assert not store.has(missing)
        assert not store.can_fetch(missing)
        assert store.looked_at()
        assert store.read(missing) is None
        assert store.members(Content(md5="f" * 32 + ".dir")) is None
        with pytest.raises(StoreError, match="f" * 32):
            store.restore("a", missing)

    def test_what_does_not_exist_cannot_be_saved(self, store: Store) -> None:
        """The message names the path."""
        with pytest.raises(StoreError, match="nowhere"):
            store.save("nowhere")
