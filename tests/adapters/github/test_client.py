"""Requests to GitHub: where the token goes, what is followed, what is tried again."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from branchline.adapters.github.client import Client
from branchline.adapters.github.repository import Repository
from branchline.errors import ForgeError, ForgeTokenError, ForgeUnreachableError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOKEN = "ghp_Secret0123456789"
Answer = tuple[int, dict[str, str], bytes]


class Server:
    """A server on loopback that answers what a function says, and notes what it got."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str, dict[str, str]]] = []
        self.connections = 0
        self.answer: Callable[[str, str], Answer] = lambda method, path: (200, {}, b"{}")
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                outer.connections += 1
                super().setup()

            def _handle(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.got.append((self.command, self.path, dict(self.headers.items())))
                status, headers, body = outer.answer(self.command, self.path)
                if status == 0:
                    self.close_connection = True
                    return
                self.send_response_only(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PATCH = do_CONNECT = _handle  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def other() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


class Asked:
    """A client, and how long it would have slept."""

    def __init__(self, api: str, **more: Any) -> None:
        self.slept: list[float] = []
        self.client = Client(api=api, token=TOKEN, sleep=self.slept.append, **more)


@pytest.fixture
def asked(server: Server) -> Iterator[Asked]:
    made = Asked(f"{server.url}/api/v3")
    yield made
    made.client.close()


def test_one_connection_serves_many_requests(server: Server, asked: Asked) -> None:
    for _ in range(20):
        asked.client.get("/user")

    assert server.connections == 1
    assert {path for _, path, _ in server.got} == {"/api/v3/user"}
    assert {headers["Authorization"] for _, _, headers in server.got} == {f"Bearer {TOKEN}"}
    assert {headers["User-Agent"].partition("/")[0] for _, _, headers in server.got} == {
        "branchline"
    }


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_the_token_is_not_sent_to_another_host(
    server: Server, other: Server, asked: Asked, status: int
) -> None:
    server.answer = lambda method, path: (status, {"Location": f"{other.url}/user"}, b"")

    with pytest.raises(ForgeError, match=f"sends GET on to '127.0.0.1:{other.http.server_port}'"):
        asked.client.get("/user")

    assert other.got == []


def test_a_repository_that_was_renamed_is_followed(server: Server, asked: Asked) -> None:
    def answer(method: str, path: str) -> Answer:
        if path.startswith("/api/v3/repos/"):
            return 307, {"Location": f"{server.url}/api/v3/repositories/7?a=1"}, b""
        return 201, {}, b'{"id": 1}'

    server.answer = answer

    made = asked.client.send("POST", "/repos/o/old/labels", {"name": "x"})

    assert made == {"id": 1}
    assert [(method, path) for method, path, _ in server.got] == [
        ("POST", "/api/v3/repos/o/old/labels"),
        ("POST", "/api/v3/repositories/7?a=1"),
    ]


def test_redirects_without_an_end_end(server: Server, asked: Asked) -> None:
    server.answer = lambda method, path: (302, {"Location": "/api/v3/user"}, b"")

    with pytest.raises(ForgeError, match="redirects GET without an end"):
        asked.client.get("/user")

    assert len(server.got) == 4


@pytest.mark.parametrize(
    "api",
    [
        "http://github.example/api/v3",
        "https://user:secret@github.example",
        "file:///etc/passwd",
        "https://",
        "github.example",
    ],
)
def test_no_token_goes_over_a_plain_or_strange_address(api: str) -> None:
    with pytest.raises(UsageError, match="the address of GitHub's API is") as raised:
        Client(api=api, token=TOKEN)

    assert "secret" not in raised.value.message


@pytest.mark.parametrize("end", ["\n", "\r\nX-Evil: 1", " a", "é"])
def test_a_token_that_is_none_is_refused_and_not_shown(end: str) -> None:
    with pytest.raises(UsageError, match="the token for GitHub holds") as raised:
        Client(api="https://api.github.com", token=TOKEN + end)

    assert TOKEN not in raised.value.message + raised.value.todo


def test_a_server_that_says_the_token_back_does_not_get_it_shown(
    server: Server, asked: Asked
) -> None:
    body = f'{{"message": "bad {TOKEN}", "errors": ["{TOKEN}"]}}'.encode()
    server.answer = lambda method, path: (422, {}, body)

    with pytest.raises(ForgeError) as raised:
        asked.client.get("/user")

    shown = "".join([raised.value.message, raised.value.todo, *raised.value.details])
    assert TOKEN not in shown
    assert "bad ***" in shown


def test_a_token_that_is_not_known_is_said_at_once(server: Server, asked: Asked) -> None:
    server.answer = lambda method, path: (401, {}, b'{"message": "Bad credentials"}')

    with pytest.raises(ForgeTokenError, match="answered 401 to GET /user: Bad credentials"):
        asked.client.get("/user")

    assert asked.slept == []


def test_what_may_be_repeated_is_tried_again_and_what_may_not_is_not(
    server: Server, asked: Asked
) -> None:
    server.answer = lambda method, path: (502, {}, b"<html>")

    with pytest.raises(ForgeUnreachableError, match="answered 502 to GET /user, again and again"):
        asked.client.get("/user")
    reads = len(server.got)
    with pytest.raises(ForgeUnreachableError):
        asked.client.send("POST", "/x", {})

    assert reads == 8
    assert len(server.got) == reads + 1
    assert sum(asked.slept) < 300


def test_a_connection_that_was_closed_meanwhile_is_opened_again(
    server: Server, asked: Asked
) -> None:
    asked.client.get("/user")
    # The server gives up the connection that we keep.
    server.answer = lambda method, path: (
        (0, {}, b"") if server.connections == 1 else (200, {}, b"[]")
    )

    assert asked.client.get("/user") == []
    assert server.connections == 2


def test_nobody_there_is_said() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    asked = Asked(f"http://127.0.0.1:{port}")

    with pytest.raises(ForgeUnreachableError, match=r"does not answer POST /x: .*refused"):
        asked.client.send("POST", "/x", {})

    assert len(asked.slept) == 7


def test_a_page_instead_of_the_api_is_said(server: Server, asked: Asked) -> None:
    server.answer = lambda method, path: (200, {}, b"<html>Sign in</html>")

    with pytest.raises(ForgeError, match="something that is no JSON") as raised:
        asked.client.get("/user")

    assert "https://HOST/api/v3" in raised.value.todo


def test_pages_are_counted_and_their_addresses_not_followed(
    server: Server, other: Server, asked: Asked
) -> None:
    def answer(method: str, path: str) -> Answer:
        more = {"Link": f'<{other.url}/evil?page=2>; rel="next"'} if "&page=1" in path else {}
        return 200, more, b"[1, 2]"

    server.answer = answer

    assert list(asked.client.pages("/list", state="a&b")) == [1, 2, 1, 2]
    assert other.got == []
    assert server.got[1][1] == "/api/v3/list?state=a%26b&per_page=100&page=2"


def test_a_proxy_is_gone_through(server: Server, other: Server) -> None:
    proxy = other.url.replace("http://", "http://ada:p%40ss@")
    asked = Asked("http://localhost:1/api", proxy=proxy)
    other.answer = lambda method, path: (407, {}, b"")

    with pytest.raises(ForgeUnreachableError, match="407"):
        asked.client.get("/user")

    method, path, headers = other.got[0]
    assert (method, path) == ("CONNECT", "localhost:1")
    assert headers["Proxy-Authorization"] == "Basic YWRhOnBAc3M="
    assert "Authorization" not in headers


@pytest.mark.parametrize(
    ("answers", "login"),
    [
        pytest.param({"/api/v3/user": (200, b'{"login": "ada"}')}, "ada", id="a-person"),
        pytest.param(
            {"/api/graphql": (200, b'{"data": {"viewer": {"login": "our-app[bot]"}}}')},
            "our-app[bot]",
            id="an-app",
        ),
        pytest.param({}, "github-actions[bot]", id="a-workflow-where-graphql-is-refused"),
    ],
)
def test_who_the_token_writes_as(
    server: Server, asked: Asked, answers: dict[str, tuple[int, bytes]], login: str
) -> None:
    def answer(method: str, path: str) -> Answer:
        status, body = answers.get(path, (403, b'{"message": "Resource not accessible"}'))
        return status, {}, body

    server.answer = answer

    assert Repository(asked.client, "o/r", web="https://x").login == login


@pytest.mark.parametrize("name", ["o", "o/r/x", "../r", "o/..", "o/r?x", "o/r#x", "o/r\n", ""])
def test_only_owner_and_name_is_a_repository(asked: Asked, name: str) -> None:
    with pytest.raises(UsageError, match="must be OWNER/NAME"):
        Repository(asked.client, name, web="https://x")
