"""Git over HTTP as GitHub serves it: git's own http-backend behind the token of a job.

A token `tok-bot+contents:read` may fetch and not push; one without `+` is a person's, and may all.
"""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pathlib import Path

_PUSH = "git-receive-pack"


class GitServer:
    """Repositories below a folder.

    Attributes:
        url: What stands before `OWNER/NAME`.
        refused: Service and permissions of each request that a token was not enough for.
    """

    def __init__(self, root: Path) -> None:
        self.refused: list[tuple[str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, root))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()


def _handler(server: GitServer, root: Path) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _handle(self) -> None:
            body = self._body()
            parts = urlsplit(self.path)
            service = _PUSH if _PUSH in self.path else "git-upload-pack"
            token = _token(self.headers.get("Authorization", ""))
            if token is None:
                self._reply(401, [("WWW-Authenticate", 'Basic realm="GitHub"')], b"")
                return
            base, *rights = token.split("+")
            have = dict(right.split(":") for right in rights)
            wanted = ("write",) if service == _PUSH else ("read", "write")
            is_fine = base in ("tok-bot", "tok-ada")
            if not is_fine or (rights and have.get("contents") not in wanted):
                server.refused.append((service, "+".join(rights)))
                self._reply(403 if is_fine else 401, [], b"Write access to repository not granted.")
                return
            self._reply(*self._from_git(parts.path, parts.query, body))

        def _from_git(
            self, path: str, query: str, body: bytes
        ) -> tuple[int, list[tuple[str, str]], bytes]:
            kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
            done = subprocess.run(
                ["git", "http-backend"],
                input=body,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                check=False,
                env={
                    **kept,
                    "GIT_CONFIG_GLOBAL": os.devnull,
                    "GIT_CONFIG_SYSTEM": os.devnull,
                    "GIT_PROJECT_ROOT": str(root),
                    "GIT_HTTP_EXPORT_ALL": "1",
                    "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                    "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                    "REQUEST_METHOD": self.command,
                    "REMOTE_USER": "job",
                    "PATH_INFO": path,
                    "QUERY_STRING": query,
                    "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                    "CONTENT_LENGTH": str(len(body)),
                },
            )
            head, _, answer = done.stdout.partition(b"\r\n\r\n")
            rows = [row.partition(": ") for row in head.decode("latin-1").split("\r\n") if row]
            headers = [(name, value) for name, _, value in rows]
            status = next((value for name, value in headers if name == "Status"), "200 OK")
            return int(status.split()[0]), [one for one in headers if one[0] != "Status"], answer

        def _body(self) -> bytes:
            """Git sends what is large in chunks."""
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def _reply(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _handle  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    return Handler


def _token(header: str) -> str | None:
    kind, _, secret = header.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        return base64.b64decode(secret).decode().partition(":")[2]
    except ValueError:
        return None
