"""Real places: memory, an S3 server, an SSH server; faults, refusals, what is missing."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if str(HOUSE := Path(__file__).parents[3]) not in sys.path:
    sys.path.append(str(HOUSE))
from tests.servers.git_servers import ssh_server
from tests.servers.s3_server import KEYS, failing_proxy, s3_server

from branchline.adapters.fsspec_files import FsspecFiles
from branchline.errors import StoreError
from branchline.ports.remote_files import RemotePlace
from branchline.testing.remote_files import FakeRemoteFiles, RemoteFilesContract

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.s3_server import FailingProxy

pytest.importorskip("fsspec")


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of an S3 server."""
    with s3_server(tmp_path_factory.mktemp("s3")) as url:
        yield url


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


def bucket(url: str, prefix: str, **options: str) -> RemotePlace:
    return RemotePlace(
        url=f"s3://bucket/{prefix}", said="the store", options={"endpointurl": url, **options}
    )


class TestFake(RemoteFilesContract):
    @pytest.fixture
    def files(self) -> FakeRemoteFiles:
        return FakeRemoteFiles()


class TestMemory(RemoteFilesContract):
    @pytest.fixture
    def files(self, tmp_path: Path) -> FsspecFiles:
        return FsspecFiles(RemotePlace(url=f"memory://{tmp_path.name}", said="the store"))


@pytest.mark.peers
@pytest.mark.slow
class TestS3(RemoteFilesContract):
    @pytest.fixture
    def files(self, s3: str, keys: None, tmp_path: Path) -> FsspecFiles:
        return FsspecFiles(bucket(s3, tmp_path.name))


@pytest.mark.slow
class TestSsh(RemoteFilesContract):
    @pytest.fixture
    def place(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RemotePlace]:
        with ssh_server(tmp_path / "ssh") as server:
            home = tmp_path / "home"
            (home / ".ssh").mkdir(parents=True)
            known = (tmp_path / "ssh/known_hosts").read_text()
            (home / ".ssh/known_hosts").write_text(known)
            monkeypatch.setenv("HOME", str(home))
            monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
            yield RemotePlace(
                url=f"{server.prefix}{tmp_path}/far",
                said="the store",
                options={"keyfile": str(tmp_path / "ssh/client")},
            )

    @pytest.fixture
    def files(self, place: RemotePlace) -> FsspecFiles:
        return FsspecFiles(place)

    def test_an_upload_is_renamed_into_its_place(self, files: FsspecFiles, tmp_path: Path) -> None:
        """What a kill left for a day is taken away; what is on its way elsewhere stays."""
        far = tmp_path / "far/tmp"
        far.mkdir(parents=True)
        old, new = far / "old.tmp", far / "new.tmp"
        old.write_bytes(b"1")
        new.write_bytes(b"2")
        os.utime(old, (time.time() - 90_000, time.time() - 90_000))
        (tmp_path / "source").write_bytes(b"1")

        files.put(str(tmp_path / "source"), "a/b")

        assert (tmp_path / "far/a/b").read_bytes() == b"1"
        assert [path.name for path in far.iterdir()] == ["new.tmp"]

    def test_a_host_with_another_key_is_refused(self, place: RemotePlace, tmp_path: Path) -> None:
        """Its name alone is no proof."""
        (tmp_path / "home/.ssh/known_hosts").write_text("")

        with pytest.raises(StoreError, match="known") as caught:
            FsspecFiles(place, waits_s=()).size("a")

        assert "ssh-keyscan" in caught.value.todo

    def test_a_key_that_is_not_known_there_is_refused(
        self, place: RemotePlace, tmp_path: Path
    ) -> None:
        (tmp_path / "ssh/authorized_keys").write_text("")

        with pytest.raises(StoreError) as caught:
            FsspecFiles(place).size("a")

        assert "SSH_AUTH_SOCK" in caught.value.todo


@pytest.fixture
def proxy(s3: str, keys: None) -> Iterator[FailingProxy]:
    with failing_proxy(s3) as proxy:
        yield proxy


@pytest.mark.peers
@pytest.mark.slow
def test_answers_that_fail_by_chance_are_asked_for_again(
    proxy: FailingProxy, tmp_path: Path
) -> None:
    files = FsspecFiles(bucket(proxy.url, "chance"), waits_s=(0.01, 0.01))
    (tmp_path / "source").write_bytes(b"1")
    proxy.failures = 3

    files.put(str(tmp_path / "source"), "a")

    assert files.size("a") == 1
    assert proxy.failures == 0


@pytest.mark.peers
@pytest.mark.slow
def test_a_server_that_stays_down_is_an_error_that_ends(
    proxy: FailingProxy, tmp_path: Path
) -> None:
    files = FsspecFiles(bucket(proxy.url, "down"), waits_s=(0.01,))
    (tmp_path / "source").write_bytes(b"1")
    proxy.failures = 10_000

    with pytest.raises(StoreError, match="the store cannot be written"):
        files.put(str(tmp_path / "source"), "a")


@pytest.mark.peers
@pytest.mark.slow
def test_what_may_be_done_is_said_where_it_may_not(
    s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variables, and where GitHub keeps them from a job; never the secret."""
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))

    with pytest.raises(StoreError) as caught:
        FsspecFiles(bucket(s3, "closed")).size("a")

    assert "AWS_ACCESS_KEY_ID" in caught.value.todo
    assert "github.secrets" in caught.value.todo


def test_a_host_that_is_not_there_is_an_error_soon(keys: None) -> None:
    place = bucket("http://127.0.0.1:9", "x", secret_access_key="s3cr3t-of-ann")
    began = time.monotonic()

    with pytest.raises(StoreError, match="cannot be asked") as caught:
        FsspecFiles(place, waits_s=()).size("a")

    assert "s3cr3t-of-ann" not in f"{caught.value.message}{caught.value.todo}{place!r}"
    assert time.monotonic() - began < 60


def test_what_is_to_be_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gcsfs", None)

    with pytest.raises(StoreError) as caught:
        FsspecFiles(RemotePlace(url="gs://bucket/x", said="the store")).size("a")

    assert caught.value.todo == "Type: pip install 'branchline[store]' gcsfs"
