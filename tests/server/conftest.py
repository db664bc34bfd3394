"""A sample box, its pages on a real port of this machine, and a headless Chromium."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import util
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
import uvicorn

from branchline.ports.branches import Signature
from branchline.server.app import create_app
from branchline.wiring import desks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from branchline.flows.desk import Desk

ROOT = Path(__file__).parents[2]
EVE = Signature(name="Eve", email="eve@example.org", at=0.0)


def load_sample() -> ModuleType:
    spec = util.spec_from_file_location("pages_sample", ROOT / "docs" / "pages_sample.py")
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    text: str
    cookies: list[str]

    @property
    def form_token(self) -> str:
        found = re.search(r'name="form_token" value="([0-9a-f]+)"', self.text)
        assert found, self.text[:2000]
        return found[1]


@dataclass
class Site:
    """The pages of a box, and one visitor who keeps cookies."""

    desk: Desk
    port: int
    box: Path
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> Answer:
        given = {"Host": f"localhost:{self.port}", "Accept": "text/html"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            pairs = [f"{name}={value}" for name, value in self.cookies.items()]
            given.setdefault("Cookie", "; ".join(pairs))
        if body is not None:
            given.setdefault("Content-Type", "application/x-www-form-urlencoded")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body=body, headers=given)
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        cookies = response.headers.get_all("set-cookie") or []
        for cookie in cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, text, cookies)

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def press(self, page: str, action: str, **fields: str) -> Answer:
        """Load a page and send one of its forms, with the fields that it hides."""
        shown = self.get(page)
        form = re.search(
            rf'<form method="post" action="{re.escape(action)}">(.*?)</form>', shown.text, re.S
        )
        assert form, f"no form for {action} on {page}"
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form[1]))
        body = urlencode({**hidden, **fields})
        return self.ask("POST", action, body, Origin=self.url)


@contextmanager
def served(box: Path, **options: Any) -> Iterator[Site]:
    with desks.open_desk(str(box)) as desk:
        app = create_app(desk, by=EVE, **options)
        config = uvicorn.Config(
            app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1
        )
        bound = socket.socket()
        bound.bind(("127.0.0.1", 0))
        server = uvicorn.Server(config)
        thread = Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        while not server.started:
            thread.join(0.02)
            assert thread.is_alive()
        try:
            yield Site(desk, bound.getsockname()[1], box)
        finally:
            server.should_exit = True
            thread.join(20)
            bound.close()


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pressing a button wakes the worker of a box; here nobody shall work."""
    from branchline.adapters.box import LocalBox

    monkeypatch.setattr(LocalBox, "wake", lambda self: False)


@pytest.fixture
def box(tmp_path: Path) -> Path:
    return Path(load_sample().tell(tmp_path / "story"))


@pytest.fixture
def site(box: Path) -> Iterator[Site]:
    with served(box) as site:
        yield site


@pytest.fixture
def sample() -> ModuleType:
    """docs/pages_sample.py, which makes boxes."""
    return load_sample()


@pytest.fixture
def serve_box() -> Iterator[Callable[[Path], Site]]:
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield lambda box: stack.enter_context(served(box))


@pytest.fixture
def serve_with(box: Path) -> Iterator[Callable[..., Site]]:
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(served(box, **options))


class Browser:
    """A headless Chromium that is spoken to through a pipe; it talks to nobody else."""

    def __init__(self, program: str, profile: Path) -> None:
        to_read, to_write = os.pipe()
        from_read, from_write = os.pipe()
        words = [
            program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank",
        ]  # fmt: skip
        shell = f'exec "$@" 3<&{to_read} 4>&{from_write}'
        self.process = subprocess.Popen(
            ["bash", "-c", shell, "bash", *words],
            pass_fds=(to_read, from_write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(from_write)
        self._out, self._in = os.fdopen(to_write, "wb"), os.fdopen(from_read, "rb")
        self._number, self._session, self._rest, self._target = 0, "", b"", ""
        self.events: list[dict[str, Any]] = []

    def open(self, url: str, *, width: int = 1200, dark: bool = False, script: bool = True) -> None:
        """A new page at a size, loaded."""
        self._session = ""
        if self._target:  # its page may still follow a log of a server that is gone
            self.call("Target.closeTarget", targetId=self._target)
        self._target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=self._target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Log", "Runtime", "Accessibility"):
            self.call(f"{domain}.enable")
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=800, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        self.events.clear()
        self.call("Page.navigate", url=url)
        self.wait_for("Page.loadEventFired")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._out.write(json.dumps(message).encode() + b"\0")
        self._out.flush()
        while True:
            got = self._next()
            if got.get("id") == self._number:
                assert "error" not in got, got
                return dict(got["result"])
            self.events.append(got)

    def wait_for(self, method: str) -> None:
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self._next())

    def value(self, code: str) -> Any:
        """What an expression of JavaScript is; the page's own policy does not count here."""
        got = self.call("Runtime.evaluate", expression=code, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in got, got
        return got["result"].get("value")

    def press_tab(self) -> None:
        for kind in ("rawKeyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab",
                windowsVirtualKeyCode=9,
            )  # fmt: skip

    def complaints(self) -> list[str]:
        """What the browser refused or found wrong."""
        told = [event["params"] for event in self.events if "params" in event]
        return [str(params["entry"]["text"]) for params in told if params.get("entry")] + [
            str(params) for params in told if "exceptionDetails" in params
        ]

    def close(self) -> None:
        self._session = ""
        try:
            self.call("Browser.close")
        except (OSError, AssertionError):
            self.process.kill()
        self._out.close()
        self._in.close()
        self.process.wait(20)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            more = os.read(self._in.fileno(), 65536)
            assert more, "Chromium ended"
            self._rest += more
        message, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(message))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A headless Chromium."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        reason = "needs Chromium: `apt-get install chromium`"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    browser = Browser(program, tmp_path_factory.mktemp("chromium"))
    try:
        yield browser
    finally:
        browser.close()
