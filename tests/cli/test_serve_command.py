"""`branchline serve` as a process: where it listens, whom it lets in, how it ends."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from branchline import wiring
from branchline.flows.remotes import BoxOptions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    Served = subprocess.Popen[str]

SERVE = (sys.executable, "-m", "branchline", "serve")
TOKEN = "a-token-of-some-length"


@pytest.fixture
def box(tmp_path: Path) -> Path:
    path = tmp_path / "models.git"
    wiring.make_box(str(path), BoxOptions())
    return path


@contextmanager
def serving(
    box: Path, *words: str, lines: int = 1
) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    environment = {name: text for name, text in os.environ.items() if name != "BRANCHLINE_TOKEN"}
    process = subprocess.Popen(
        [*SERVE, str(box), "--no-worker", "--port", "0", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield process, [process.stdout.readline().strip() for _ in range(lines)]
    finally:
        process.kill()
        process.communicate()


def port_of(said: str) -> int:
    return int(said.partition(" ")[0].rstrip("/").rpartition(":")[2])


def status_of(url: str, **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port_of(url), timeout=20)
    given = {
        "Host": "localhost",
        **{name.replace("_", "-"): text for name, text in headers.items()},
    }
    connection.request("GET", "/", headers=given)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_this_machine_and_ends_in_order(box: Path, number: signal.Signals) -> None:
    with serving(box) as (process, (said,)):
        assert said.startswith("http://localhost:")
        assert status_of(said) == 200
        port = port_of(said)
        for host in own_addresses():
            with pytest.raises(OSError, match=r"."):
                socket.create_connection((host, port), timeout=2)

        process.send_signal(number)
        out, err = process.communicate(timeout=20)

    assert (out, err) == ("", "")
    assert process.returncode in (0, -number, 130)


def own_addresses() -> list[str]:
    found = subprocess.run(["hostname", "-I"], capture_output=True, text=True).stdout.split()
    return [host for host in found if ":" not in host]


def test_beyond_this_machine_it_makes_a_token(box: Path) -> None:
    with serving(box, "--host", "0.0.0.0", lines=2) as (_, (said, token)):
        assert token.startswith("token: ")
        given = token.removeprefix("token: ")
        assert len(given) >= 32
        assert status_of(said) == 401
        assert status_of(said, Authorization="Bearer x") == 401
        assert status_of(said, Authorization=f"Bearer {given}") == 200


def test_a_token_of_a_file_is_not_printed(box: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN + "\n")

    with serving(box, "--token-file", str(tmp_path / "token")) as (process, (said,)):
        assert status_of(said) == 401
        assert status_of(said, Authorization=f"Bearer {TOKEN}") == 200
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)

    assert TOKEN not in out + err + said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("--token-file", "absent"), "cannot be read", id="no-token-file"),
        pytest.param(("--token-file", "short"), "5 characters", id="a-short-token"),
        pytest.param(("--port", "70000"), "is no port", id="no-port"),
        pytest.param(("--host", "203.0.113.9"), "cannot be used", id="not-our-address"),
    ],
)
def test_what_does_not_fit_is_said(
    box: Path, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    (tmp_path / "short").write_text("12345")

    done = subprocess.run(
        [sys.executable, "-m", "branchline", "serve", str(box), "--no-worker", *words],
        capture_output=True, text=True, cwd=tmp_path, timeout=60,
    )  # fmt: skip

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_said(box: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "branchline", "serve", str(box), "--no-worker", "--port", port],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    assert done.returncode == 2
    assert "cannot be used" in done.stderr
