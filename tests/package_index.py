"""A package index on loopback that tells upload times (the JSON form of the simple index).

Wheels are made here, so that old and new versions of a library, and what they dropped, are at hand
without a network.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
import threading
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TYPE = "application/vnd.pypi.simple.v1+json"


@dataclass
class File:
    """One file of the index."""

    name: str
    data: bytes
    uploaded: str
    requires_python: str = ""
    yanked: str = ""
    sha256: str = ""


@dataclass
class PackageIndex:
    """What the server has; a test adds to it.

    Attributes:
        url: Of the simple index, without credentials.
        tells_times: Whether upload times are told.
        password: If set, `ada` must give it.
        asked: Paths that were asked for.
    """

    url: str = ""
    tells_times: bool = True
    password: str = ""
    files: dict[str, list[File]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def wheel(
        self,
        name: str,
        version: str,
        uploaded: str,
        code: str = "",
        *,
        needs: tuple[str, ...] = (),
        module: str = "",
        tag: str = "py3-none-any",
        requires_python: str = "",
        yanked: str = "",
    ) -> str:
        """Add a wheel; returns its digest."""
        underscored = name.replace("-", "_")
        info = f"{underscored}-{version}.dist-info"
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            place = f"{module or underscored}.py"
            archive.writestr(place, code or f"__version__ = {version!r}\n")
            lines = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"]
            lines += [f"Requires-Dist: {need}\n" for need in needs]
            lines += [f"Requires-Python: {requires_python}\n"] if requires_python else []
            archive.writestr(f"{info}/METADATA", "".join(lines))
            pure = "true" if tag.endswith("none-any") else "false"
            archive.writestr(
                f"{info}/WHEEL",
                f"Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: {pure}\nTag: {tag}\n",
            )
            archive.writestr(f"{info}/RECORD", "")
        return self._add(
            name,
            File(
                name=f"{underscored}-{version}-{tag}.whl",
                data=out.getvalue(),
                uploaded=uploaded,
                requires_python=requires_python,
                yanked=yanked,
            ),
        )

    def source(self, name: str, version: str, uploaded: str, code: str = "") -> str:
        """Add a source file that cannot be built; `code` runs when somebody tries."""
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz") as archive:
            for path, text in (
                ("PKG-INFO", f"Metadata-Version: 1.0\nName: {name}\nVersion: {version}\n"),
                (
                    "pyproject.toml",
                    '[build-system]\nrequires = []\nbuild-backend = "broken"\n'
                    'backend-path = ["."]\n',
                ),
                ("broken.py", f"{code}raise SystemExit('no Fortran compiler')\n"),
            ):
                item = tarfile.TarInfo(f"{name}-{version}/{path}")
                item.size = len(text)
                archive.addfile(item, io.BytesIO(text.encode()))
        return self._add(
            name, File(name=f"{name}-{version}.tar.gz", data=out.getvalue(), uploaded=uploaded)
        )

    def _add(self, name: str, file: File) -> str:
        file.sha256 = hashlib.sha256(file.data).hexdigest()
        self.files.setdefault(name, []).append(file)
        return file.sha256

    def with_password(self, password: str) -> str:
        """The address with credentials; from now on they are asked for."""
        self.password = password
        return self.url.replace("://", f"://ada:{password}@")

    def page(self, name: str) -> dict[str, object]:
        """A project's page, PEP 691 and 700."""
        files: list[dict[str, object]] = []
        for file in self.files[name]:
            told: dict[str, object] = {
                "filename": file.name,
                "url": f"{self.url.removesuffix('/simple')}/files/{name}/{file.name}",
                "hashes": {"sha256": file.sha256},
                "size": len(file.data),
                "yanked": file.yanked or False,
            }
            if file.requires_python:
                told["requires-python"] = file.requires_python
            if self.tells_times:
                told["upload-time"] = f"{file.uploaded}T12:00:00Z"
            files.append(told)
        versions = sorted({file.name.split("-")[1] for file in self.files[name]})
        return {"meta": {"api-version": "1.1"}, "name": name, "versions": versions, "files": files}


@contextmanager
def package_index() -> Iterator[PackageIndex]:
    """Serve an index on a free port of this machine."""
    index = PackageIndex()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            index.asked.append(self.path)
            if index.password:
                wanted = base64.b64encode(f"ada:{index.password}".encode()).decode()
                if self.headers.get("Authorization") != f"Basic {wanted}":
                    self._send(401, b"", "text/plain")
                    return
            parts = self.path.strip("/").split("/")
            if parts[0] == "simple" and len(parts) == 2 and parts[1] in index.files:
                self._send(200, json.dumps(index.page(parts[1])).encode(), _TYPE)
                return
            if parts[0] == "files" and parts[1] in index.files:
                for file in index.files[parts[1]]:
                    if file.name == parts[2]:
                        self._send(200, file.data, "application/octet-stream")
                        return
            self._send(404, b"", "text/plain")

        do_HEAD = do_GET  # noqa: N815 # http.server's name

        def _send(self, code: int, body: bytes, kind: str) -> None:
            self.send_response(code)
            if code == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="index"')
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    index.url = f"http://127.0.0.1:{server.server_address[1]}/simple"
    try:
        yield index
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
