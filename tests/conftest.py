"""What every test may count on: a `python` on PATH; a PostgreSQL, judges of workflows if it asks.

Debian has `python3` only, and stages of scratch projects say `python`.
"""

from __future__ import annotations

import itertools
import os
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if (HOUSE := os.path.dirname(os.path.dirname(__file__))) not in sys.path:
    sys.path.append(HOUSE)  # `pytest` instead of `python -m pytest`

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.rig.forge import JudgedForge
    from tests.rig.judges import Judge

    from branchline.testing.postgres import PostgresServer

_SCHEMAS = itertools.count(1)

# How long an example takes says what else the machine does.
settings.register_profile("branchline", deadline=None)
settings.load_profile("branchline")


def pytest_configure() -> None:
    """Put the folder of this very Python first, and have what is compiled kept.

    Container images often forbid Python to keep bytecode. The tests import all of the sources in
    some thousand processes, and pytest compiles all of the tests in each of its workers: kept,
    this is done once.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    folder = os.path.dirname(sys.executable)
    rest = os.environ.get("PATH", os.defpath)
    if rest.split(os.pathsep)[0] != folder:
        os.environ["PATH"] = f"{folder}{os.pathsep}{rest}"
    os.kill, os.killpg = _to_one(os.kill), _to_one(os.killpg)


def _to_one(send: Callable[[int, int], None]) -> Callable[[int, int], None]:
    """Refuses signals to all processes of the machine or of this group: -1 is a pid that is not."""

    def checked(pid: int, number: int) -> None:
        if pid <= 1 and number:
            raise ValueError(f"signal {number} to {pid} would reach more than one process")
        send(pid, number)

    return checked


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real server on loopback, started when the first test asks for it."""
    from branchline.testing.postgres import PostgresServer, programs

    if programs() is None:
        reason = "PostgreSQL is not on this machine: apt-get install postgresql"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    """The URL of an empty schema of it; the schema is made by who connects."""
    return postgres_server.url(f"test_{next(_SCHEMAS)}")


@pytest.fixture(scope="session")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """What GitHub and others would say of a workflow; see tests/rig/judges.py."""
    from tests.rig.judges import Judge, rig_folder

    return Judge(rig_folder(), tmp_path_factory.mktemp("judge"))


@pytest.fixture(scope="session")
def judged_forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JudgedForge]:
    """A GitHub on loopback whose every exchange is judged; see tests/rig/forge.py."""
    from tests.rig.forge import JudgedForge
    from tests.rig.judges import rig_folder

    forge = JudgedForge(rig_folder(), tmp_path_factory.mktemp("forge"))
    yield forge
    forge.close()
