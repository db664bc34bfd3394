"""A real web server on loopback: read, refused, failing by chance, cut short."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.http_files import HttpFiles
from branchline.errors import StoreError
from branchline.ports.remote_files import RemotePlace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HELD = {"/x/files/md5/ab/cd": b"1234567"}


class Web(ThreadingHTTPServer):
    """Holds HELD. `codes` are answers given first; `cut` sends too little; `wants` is a header."""

    daemon_threads = True
    codes: list[int]
    cut = False
    wants = ""


class Answer(BaseHTTPRequestHandler):
    server: Web

    def _answer(self) -> None:
        data = HELD.get(self.path)
        code = self.server.codes.pop(0) if self.server.codes else 200 if data else 404
        if self.server.wants and self.headers.get("Authorization") != self.server.wants:
            code = 401
        self.send_response(code)
        body = data if code == 200 and data else b""
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body[:3] if self.server.cut else body)

    do_GET = do_HEAD = _answer  # noqa: N815 - the library's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Nothing is printed."""


@pytest.fixture
def web() -> Iterator[Web]:
    with Web(("127.0.0.1", 0), Answer) as server:
        server.codes = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def files_of(web: Web, at: str = "", **options: str) -> HttpFiles:
    url = f"http://{at}127.0.0.1:{web.server_port}/x"
    place = RemotePlace(url=url, said="the store http://...", options=options)
    return HttpFiles(place, waits_s=(0.01, 0.01))


def test_what_is_there_is_read(web: Web, tmp_path: Path) -> None:
    files = files_of(web)

    assert files.size("files/md5/ab/cd") == 7
    assert files.get("files/md5/ab/cd", str(tmp_path / "t"))
    assert (tmp_path / "t").read_bytes() == b"1234567"
    assert files.size("nothing") is None
    assert not files.get("nothing", str(tmp_path / "u"))


def test_nothing_is_written(web: Web) -> None:
    files = files_of(web)

    assert not files.can_write
    with pytest.raises(StoreError, match="only read"):
        files.put("a", "b")


def test_answers_that_fail_by_chance_are_asked_for_again(web: Web) -> None:
    web.codes = [503, 429]

    assert files_of(web).size("files/md5/ab/cd") == 7


def test_one_that_stays_down_is_an_error_and_not_absent(web: Web) -> None:
    web.codes = [503] * 9

    with pytest.raises(StoreError, match="it answered 503"):
        files_of(web).size("files/md5/ab/cd")


def test_what_comes_cut_short_is_an_error(web: Web, tmp_path: Path) -> None:
    web.cut = True

    with pytest.raises(StoreError, match="cannot be read"):
        files_of(web).get("files/md5/ab/cd", str(tmp_path / "t"))


def test_a_user_is_let_in_and_a_stranger_is_told(web: Web) -> None:
    web.wants = "Basic YW5uOnNlY3JldA=="

    assert files_of(web, at="ann:secret@").size("files/md5/ab/cd") == 7
    assert files_of(web, user="ann", password="secret").size("files/md5/ab/cd") == 7
    with pytest.raises(StoreError, match="it answered 401") as caught:
        files_of(web).size("files/md5/ab/cd")
    assert ".dvc/config.local" in caught.value.todo


def test_an_option_that_cannot_be_honoured_is_refused(web: Web) -> None:
    with pytest.raises(StoreError, match="`custom_auth_header`"):
        files_of(web, custom_auth_header="X").size("a")
