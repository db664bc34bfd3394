"""A real PostgreSQL on loopback for tests: made, started and stopped by them.

Serves the room `testing`. It refuses to run as root; then it runs as `postgres` or `nobody`.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from glob import glob
from typing import Any
from urllib.parse import quote

from branchline.errors import MissingToolError

PASSWORD = "p@ss/w:rd %1"  # noqa: S105 - of a server that lives as long as a test run
"""Its password, with everything in it that a URL must quote."""

_START_S = 30.0


def programs() -> str | None:
    """The folder of PostgreSQL's programs, the newest version's; None when it is not installed."""
    folders = glob("/usr/lib/postgresql/*/bin")
    versions = sorted(folders, key=lambda path: path.split("/")[4].zfill(4))
    for folder in reversed(versions):
        if os.access(os.path.join(folder, "initdb"), os.X_OK):
            return folder
    found = shutil.which("initdb")
    return None if found is None else os.path.dirname(os.path.realpath(found))


class PostgresServer:
    """One server with an empty database `app`, whose owner `app` has a password.

    Attributes:
        port: On 127.0.0.1.
        pid: Of the server's first process.
    """

    def __init__(self) -> None:
        found = programs()
        if found is None:
            raise MissingToolError(
                "PostgreSQL is not on this machine", todo="apt-get install postgresql"
            )
        self._programs = found
        self._user = _user()
        self._folder = tempfile.mkdtemp(prefix="branchline-postgres-")
        os.chmod(self._folder, 0o755)  # noqa: S103 - the server's user must get in
        if self._user:
            shutil.chown(self._folder, self._user["user"])
        self._data = os.path.join(self._folder, "data")
        self._server: subprocess.Popen[bytes] | None = None
        try:
            self._make()
            self.port = _free_port()
            self.start()
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """Of the running server."""
        assert self._server is not None  # noqa: S101 - started
        return self._server.pid

    def url(self, schema: str = "", *, user: str = "app", password: str = PASSWORD) -> str:
        """How to connect."""
        query = f"?schema={schema}" if schema else ""
        return f"postgresql://{user}:{quote(password, safe='')}@127.0.0.1:{self.port}/app{query}"

    def _make(self) -> None:
        secret = os.path.join(self._folder, "password")
        with open(secret, "w", encoding="utf-8") as file:
            file.write(PASSWORD)
        if self._user:
            shutil.chown(secret, self._user["user"])
        self._run(
            "initdb", "-D", self._data, "-U", "app", "--auth=scram-sha-256", f"--pwfile={secret}",
            "-N", "-E", "UTF8", "--locale=C",
        )  # fmt: skip

    def start(self) -> None:
        """Start the server (again) and wait until it answers."""
        with open(os.path.join(self._folder, "log"), "ab") as log:
            self._server = subprocess.Popen(
                [
                    self._program("postgres"), "-D", self._data,
                    "-c", "listen_addresses=127.0.0.1", "-c", f"port={self.port}",
                    "-c", f"unix_socket_directories={self._folder}",
                    "-c", "fsync=off", "-c", "shared_buffers=16MB",
                ],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self._folder, **self._user,
            )  # fmt: skip
        end = time.monotonic() + _START_S
        while not self._answers():
            if self._server.poll() is not None or time.monotonic() > end:
                raise MissingToolError(f"PostgreSQL does not start: {self.log()[-2000:]}")
            time.sleep(0.05)
        if not os.path.exists(os.path.join(self._folder, "made")):
            self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "app", "app")
            with open(os.path.join(self._folder, "made"), "wb"):
                pass

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT ends its sessions, SIGQUIT is a crash."""
        if self._server is not None and self._server.poll() is None:
            self._server.send_signal(how)
            self._server.wait(_START_S)

    def close(self) -> None:
        """Stop the server and remove what it wrote."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self._folder, ignore_errors=True)

    def log(self) -> str:
        """What the server said."""
        with open(os.path.join(self._folder, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def _answers(self) -> bool:
        asked = subprocess.run(
            [self._program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)],
            check=False,
            timeout=_START_S,
        )
        return asked.returncode == 0

    def _program(self, name: str) -> str:
        return os.path.join(self._programs, name)

    def _run(self, name: str, *words: str) -> None:
        done = subprocess.run(
            [self._program(name), *words],
            cwd=self._folder,
            env={**os.environ, "PGPASSWORD": PASSWORD},
            capture_output=True,
            text=True,
            check=False,
            **self._user,
        )
        if done.returncode:
            raise MissingToolError(f"{name} failed: {done.stdout}{done.stderr}")


def _user() -> dict[str, Any]:
    """Arguments of `Popen` by which the server does not run as root."""
    if os.geteuid():
        return {}
    import pwd

    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_name, "group": entry.pw_gid, "extra_groups": ()}
    raise MissingToolError("no user but root is there to run PostgreSQL as")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
