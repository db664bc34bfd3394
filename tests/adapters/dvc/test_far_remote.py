"""A remote behind an address: order, notes, damage, stops, and one that does not answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.dvc.remotes import Elsewhere
from branchline.adapters.dvc.store import DvcStore
from branchline.adapters.dvc.workspace import DvcWorkspace
from branchline.core.pipeline import Content
from branchline.errors import StoreError
from branchline.ports.remote_files import RemotePlace
from branchline.testing.remote_files import FakeRemoteFiles

if TYPE_CHECKING:
    from branchline.adapters.dvc.cache_database import CacheDatabase


class Far:
    """Clones whose store is behind one address."""

    def __init__(self, root: Path, database: CacheDatabase) -> None:
        self.files = FakeRemoteFiles()
        self._root, self._database = root, database

    def clone(self, name: str) -> DvcStore:
        (self._root / name).mkdir(exist_ok=True)
        place = RemotePlace(url="fake://there", said="the store fake://there")
        named = Elsewhere(folder="", places=(("", place),), open_files=lambda _place: self.files)
        tree = DvcWorkspace(str(self._root / name), self._database)
        return DvcStore(tree, elsewhere=lambda: named)

    def write(self, path: str, data: bytes) -> None:
        file = self._root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)

    def read(self, path: str) -> bytes:
        return (self._root / path).read_bytes()


@pytest.fixture
def far(tmp_path: Path, database: CacheDatabase) -> Far:
    return Far(tmp_path, database)


def folder_of(far: Far, store: DvcStore) -> Content:
    for name in "abcdefghij":
        far.write(f"one/out/{name}", name.encode() * 3)
    return store.save("out")


def test_the_list_of_a_folder_goes_last(far: Far) -> None:
    store = far.clone("one")
    content = folder_of(far, store)

    sent = store.send([content])

    assert sent.objects == 11
    assert far.files.written[-1].endswith(".dir")
    assert all(path.startswith("files/md5/") for path in far.files.written)


def test_what_is_known_to_be_there_is_not_asked_for(far: Far) -> None:
    store = far.clone("one")
    content = folder_of(far, store)
    store.send([content])
    far.files.asked.clear()

    again = far.clone("one").send([content])

    assert (again.objects, far.files.asked) == (0, [])


def test_what_went_there_since_is_sent_when_asked_anew(far: Far) -> None:
    store = far.clone("one")
    content = folder_of(far, store)
    store.send([content])
    far.files.held.clear()

    assert store.send([content]).objects == 0
    assert store.send([content], anew=True).objects == 11


def test_a_folder_that_lacks_a_file_is_not_there(far: Far) -> None:
    store = far.clone("one")
    content = folder_of(far, store)
    store.send([content])
    assert store.is_elsewhere(content)

    del far.files.held[next(path for path in far.files.held if not path.endswith(".dir"))]

    assert not store.is_elsewhere(content)


def test_an_object_cut_short_there_is_sent_again(far: Far) -> None:
    store = far.clone("one")
    far.write("one/x", b"whole")
    content = store.save("x")
    store.send([content])
    (path,) = far.files.held
    far.files.held[path] = b"who"
    other = far.clone("two")
    far.write("two/x", b"whole")

    sent = other.send([other.save("x")], anew=True)
    far.clone("three").restore("x", content)

    assert sent.objects == 1
    assert far.read("three/x") == b"whole"


def test_a_damaged_object_is_refused_and_leaves_nothing(far: Far) -> None:
    store = far.clone("one")
    far.write("one/x", b"right")
    content = store.save("x")
    store.send([content])
    far.files.held = dict.fromkeys(far.files.held, b"wrong")
    other = far.clone("two")

    with pytest.raises(StoreError, match=f"object {content.md5} of the store fake://there is dam"):
        other.restore("x", content)

    assert not other.has(content)
    assert [p for p in Path(other.objects.cache_dir).rglob("*.tmp") if p.is_file()] == []


def test_a_whole_folder_comes_down(far: Far) -> None:
    store = far.clone("one")
    content = folder_of(far, store)
    store.send([content])
    other = far.clone("two")

    assert other.can_fetch(content)
    assert not other.has(content)
    other.restore("out", content)

    assert far.read("two/out/j") == b"jjj"
    assert other.has(content)


def test_one_that_does_not_answer_is_asked_once(far: Far) -> None:
    far.files.problem = StoreError("the store fake://there cannot be asked: no route", todo="Wait.")
    store = far.clone("one")

    found = [store.can_fetch(Content(md5=f"{n}" * 32)) for n in range(5)]

    assert found == [False] * 5
    assert len(far.files.asked) == 1
    assert "cannot be asked: no route Wait" in store.looked_at()


def test_what_could_be_sent_is_sent_besides_what_is_nowhere(far: Far) -> None:
    store = far.clone("one")
    far.write("one/x", b"here")
    content = store.save("x")

    with pytest.raises(StoreError, match="neither here nor in the store fake://there"):
        store.send([Content(md5="0" * 32), content])

    assert store.is_elsewhere(content)


def test_legacy_objects_of_dvc_2_come_down(far: Far) -> None:
    far.write("one/x", b"a\r\nb\r\n")
    md5 = "dd8c6a395b5dd36c56d23275028f526c"
    far.files.held[f"{md5[:2]}/{md5[2:]}"] = b"a\r\nb\r\n"
    store = far.clone("two")

    store.restore("x", Content(md5=md5, legacy=True))

    assert far.read("two/x") == b"a\r\nb\r\n"
