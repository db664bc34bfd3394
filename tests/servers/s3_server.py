"""A real HTTP server that speaks S3, on loopback, for tests; and a proxy that fails on demand."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUSE = Path(__file__).resolve().parents[2]
_START_S = 60.0
_OWN_HEADERS = ("connection", "content-length", "expect", "transfer-encoding")
"""Of requests, which the proxy makes anew."""
KEYS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "not-a-secret-of-anybody",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def peers_with_s3() -> str:
    """The Python beside which the S3 server and DVC stand; skips where there is none."""
    candidates = [os.environ.get("BRANCHLINE_PEERS_PYTHON"), str(HOUSE / ".venv-peers/bin/python")]
    for python in candidates:
        if python and os.path.exists(python):
            asked = [python, "-c", "import moto, dvc_s3, dvc_ssh"]
            if subprocess.run(asked, capture_output=True).returncode == 0:
                return python
    if os.environ.get("CI") == "true":
        pytest.fail("the peers' environment has no S3 server: run `make peers`")
    pytest.skip("no S3 server: make peers, or set BRANCHLINE_PEERS_PYTHON")


@contextmanager
def s3_server(folder: Path) -> Iterator[str]:
    """A server with an empty bucket `bucket`; yields its address."""
    python = peers_with_s3()
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with (folder / "log").open("wb") as log:
        words = [python, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        process = subprocess.Popen(words, stdout=log, stderr=log, env={**os.environ, **KEYS})
    try:
        deadline = time.monotonic() + _START_S
        while True:
            try:
                asked = urllib.request.Request(f"{url}/bucket", method="PUT")
                urllib.request.urlopen(asked, timeout=5).close()
                break
            except OSError:
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline, (folder / "log").read_text()
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(10)


class FailingProxy(ThreadingHTTPServer):
    """Passes requests on to a server.

    Attributes:
        failures: How many of the next requests are answered with 503.
        seen: Method and path of each request.
        delay_s: How long each upload waits before it is passed on.
    """

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.target, self.failures, self.delay_s = target, 0, 0.0
        self.seen: list[tuple[str, str]] = []
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"


class _Passing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FailingProxy

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _pass(self) -> None:
        body = self._body()
        with self.server.lock:
            self.server.seen.append((self.command, self.path))
            fails = self.server.failures > 0
            self.server.failures -= fails
        if fails:
            self.send_response(503)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if self.command == "PUT":
            time.sleep(self.server.delay_s)
        asked = urllib.request.Request(
            self.server.target + self.path, data=body or None, method=self.command
        )
        for name, value in self.headers.items():
            if name.lower() not in _OWN_HEADERS:
                asked.add_header(name, value)
        # Else the library calls the body a form, and the server would take it for one.
        asked.add_header("Content-Type", self.headers.get("Content-Type", "binary/octet-stream"))
        try:
            answer = urllib.request.urlopen(asked, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        data = answer.read()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        length = answer.headers.get("Content-Length") if self.command == "HEAD" else str(len(data))
        self.send_header("Content-Length", length or "0")
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _pass  # noqa: N815 - the library's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Nothing is printed."""


@contextmanager
def failing_proxy(target: str) -> Iterator[FailingProxy]:
    """A proxy in front of a server."""
    with FailingProxy(target) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
