"""A GitHub whose every exchange is judged: an emulator behind a proxy that knows GitHub's OpenAPI.

A test asks for the fixture `judged_forge` (tests/conftest.py). The proxy answers what the emulator
lacks, enforces permissions (a token `tok-bot+contents:read` has these only), breaks what
`break_next` says, and notes in `problems` which requests GitHub would not have understood, and in
`deviations` where the emulator answers otherwise than GitHub.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
import threading
import time
import urllib.request
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from tests.rig.forge_gaps import Gaps, load
from tests.rig.judges import node
from tests.rig.openapi_check import Checker

if TYPE_CHECKING:
    from pathlib import Path

OWNER = "branchline-bot"
TOKEN = "tok-bot"
_SEED = f"""\
tokens:
  {TOKEN}: {{login: {OWNER}, scopes: [repo, workflow]}}
  tok-ada: {{login: ada, scopes: [repo, workflow]}}
github:
  users:
    - {{login: {OWNER}, name: Bot, email: bot@example.invalid}}
    - {{login: ada, name: Ada, email: ada@example.invalid}}
"""
_PATIENCE_S = 60.0


@dataclass
class Fault:
    """The next `count` calls that match are not answered as they would be.

    Attributes:
        is_done: Whether the call is carried out all the same, and only its answer lost.
        held: Answers as it would, once so many calls as meet here have theirs.
        status: Answered instead; 0 closes the connection.
        after: How many calls that match go through first.
    """

    match: str = ""
    method: str = ""
    status: int = 502
    count: int = 1
    after: int = 0
    is_done: bool = False
    held: threading.Barrier | None = None
    headers: dict[str, str] = field(default_factory=dict)
    message: str = "injected fault"


class Request(NamedTuple):
    """A request as the proxy got it."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: Any


class JudgedForge:
    """The emulator, the proxy before it, and what was found."""

    def __init__(self, rig: Path, scratch: Path) -> None:
        seed = scratch / "seed.yaml"
        seed.write_text(_SEED, "utf-8")
        self._upstream_port = _free_port()
        base = f"http://127.0.0.1:{self._upstream_port}"
        log = (scratch / "emulator.log").open("wb")
        emulate = str(rig / "node/node_modules/.bin/emulate")
        words = ["start", "-s", "github", "-p", str(self._upstream_port), "--seed", str(seed)]
        self._emulator = subprocess.Popen(
            [node(rig), emulate, *words, "--base-url", base],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        log.close()
        self.checker = Checker(rig / "openapi/api.github.com.json")
        self.gaps = Gaps(self.checker, self._upstream_get)
        self.problems: list[str] = []
        self.deviations: list[str] = []
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.lock, self.opening = threading.Lock(), threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        _wait_for(self._upstream_port, self._emulator)
        self._repositories = 0

    def close(self) -> None:
        """Stop both."""
        self._server.shutdown()
        self._server.server_close()
        self._emulator.terminate()
        self._emulator.wait(_PATIENCE_S)

    def new_repository(self) -> str:
        """The name of a fresh repository with one commit on `main`."""
        self._repositories += 1
        body = {"name": f"model-{self._repositories}", "auto_init": True}
        status, made = self.upstream("POST", "/user/repos", json.dumps(body).encode())
        assert status == 201, made
        self.gaps.settings.clear()
        return str(made["full_name"])

    def break_next(self, match: str = "", method: str = "", **more: Any) -> Fault:
        """Break the next calls whose path holds a text; see `Fault`."""
        fault = Fault(match=match, method=method, **more)
        with self.lock:
            self.faults.append(fault)
        return fault

    def upstream(self, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
        """Ask the emulator itself, unjudged."""
        status, _, raw = self.forwarded(method, path, {"Authorization": f"Bearer {TOKEN}"}, body)
        return status, load(raw)

    def forwarded(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """What the emulator answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self._upstream_port, timeout=60)
        try:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            raw = response.read().replace(
                f"http://127.0.0.1:{self._upstream_port}".encode(), self.url.encode()
            )
            return response.status, response.getheaders(), raw
        finally:
            connection.close()

    def _upstream_get(self, path: str) -> tuple[int, Any]:
        return self.upstream("GET", path)


def _handler(forge: JudgedForge) -> type[BaseHTTPRequestHandler]:
    """The handler of one forge's proxy."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body leave apart; with Nagle's algorithm the second waits 40 ms.
        disable_nagle_algorithm = True

        def _handle(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts, body = urlsplit(self.path), load(raw)
            request = Request(
                self.command, parts.path, parts.query, dict(self.headers.items()), body
            )
            with forge.lock:
                forge.requests.append(request)
                fault = next((f for f in forge.faults if _is_hit(f, request)), None)
                if fault:
                    fault.count -= 1
            if fault and not fault.is_done and not fault.held:
                self._broken(fault)
                return
            # GitHub looks whether a pull request is there and opens it in one step.
            with forge.opening if request.method == "POST" else nullcontext():
                status, headers, answer = _answered(forge, request, self.path, raw)
            if fault and fault.held:
                fault.held.wait(_PATIENCE_S)
            elif fault:
                self._broken(fault)
                return
            self._reply(status, answer, headers)

        def _broken(self, fault: Fault) -> None:
            if fault.status == 0:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            body = json.dumps({"message": fault.message}).encode()
            self._reply(fault.status, body, list(fault.headers.items()))

        def _reply(self, status: int, body: bytes, headers: list[tuple[str, str]]) -> None:
            self.send_response_only(status)
            for name, value in headers:
                if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            with suppress(ConnectionError):  # whoever asked may have been killed meanwhile
                self.end_headers()
                self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    return Handler


def _is_hit(fault: Fault, request: Request) -> bool:
    is_match = fault.match in request.path and fault.method in ("", request.method)
    if is_match and fault.after > 0:
        fault.after -= 1
        return False
    return is_match and fault.count > 0


def _answered(
    forge: JudgedForge, request: Request, target: str, raw: bytes
) -> tuple[int, list[tuple[str, str]], bytes]:
    """What GitHub would answer, judged."""
    token = re.sub(r"^(Bearer|token) ", "", request.headers.get("Authorization", ""))
    plain = [("Content-Type", "application/json; charset=utf-8")]
    query = dict(parse_qsl(request.query))
    said = forge.checker.request_problems(request.method, request.path, query, request.body)
    refused = None
    git = forge.gaps.gits.get("/".join(request.path.split("/")[2:4]))
    if git:
        git.bring()
    if request.path.startswith("/repos/"):
        refused = forge.gaps.refused(request.method, request.path, request.body, token)
    if refused:
        status, headers, answer = refused[0], plain, json.dumps(refused[1]).encode()
    else:
        sent = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in ("host", "accept-encoding", "connection")
        }
        sent["Authorization"] = f"Bearer {token.partition('+')[0]}"
        status, headers, answer = forge.forwarded(request.method, target, sent, raw or None)
        filled = None
        with forge.lock:
            if status == 404:
                filled = forge.gaps.filled(request.method, request.path, request.body, query)
        if filled:
            status, headers = filled[0], plain
            answer = b"" if filled[1] is None else json.dumps(filled[1]).encode()
    if status < 300 and re.fullmatch(r"/repos/[^/]+/[^/]+/pulls(/\d+)?", request.path):
        answer = json.dumps(forge.gaps.with_heads(load(answer))).encode()
    if status < 300 and "/check-runs" in request.path:
        with forge.lock:
            told, link = forge.gaps.with_lines(
                request.method, request.path, query, request.body, load(answer)
            )
        answer = json.dumps(told).encode()
        headers = [*headers, ("Link", link)] if link else headers
    other = forge.checker.answer_problems(request.method, request.path, status, load(answer))
    with forge.lock:
        where = f"{request.method} {target} [{status}] -> "
        forge.problems += [where + line for line in said]
        forge.deviations += [where + line for line in other]
    return status, headers, answer


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/meta", timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the emulator of GitHub does not start")
