"""A fork of each other Python of this machine does what a new one does; theirs is the zygote."""

from __future__ import annotations

import os
import re
import sys
from functools import cache
from pathlib import Path

import pytest
from tests.adapters.local_process.places import Place
from tests.adapters.local_process.test_forking import ERROR, FACTS, ORDER, POOL

from branchline.adapters.environments.interpreters import find_interpreters
from branchline.adapters.local_process import LocalExecutor

SCRIPTS = {
    "facts.py": FACTS,
    "error.py": ERROR,
    "order.py": ORDER,
    "pools.py": POOL,
    "warned.py": "import json\nprint('\\d')",
}
MINORS = [minor for minor in range(8, 15) if (3, minor) != sys.version_info[:2]]


@cache
def folders() -> dict[str, str]:
    """Minor version -> folder of its programs."""
    found = find_interpreters(os.environ, sys.executable)
    return {one.version.rpartition(".")[0]: str(Path(one.path).parent) for one in found}


@pytest.fixture
def other(request: pytest.FixtureRequest, place: Place) -> Place:
    """A place whose Python is another one."""
    folder = folders().get(request.param)
    if folder is None:
        pytest.skip(f"there is no Python {request.param} on this machine")
    place.env["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return place


@pytest.mark.slow
@pytest.mark.parametrize("other", [f"3.{minor}" for minor in MINORS], indirect=True)
def test_a_fork_of_another_python_does_what_a_new_one_does(other: Place) -> None:
    other.write({**SCRIPTS, "pkg/__init__.py": "import json", "pkg/mod.py": "1 / 0"})
    plain = Place(other.folder, LocalExecutor(shell="/bin/sh"), starts=100, env=other.env)

    for command in (*SCRIPTS, "-m pkg.mod"):
        for _ in range(3):  # the last one is a spare, which was made ahead
            ended, log = other.run_forked(command, stage=command)
        expected, expected_log, _ = plain.run(command, stage=command)

        assert re.sub(r"0x\w+", "0x", log) == re.sub(r"0x\w+", "0x", expected_log)
        assert ended.exit_code == expected.exit_code


@pytest.mark.slow
@pytest.mark.parametrize("other", ["3.7"], indirect=True)
def test_a_python_that_is_too_old_is_started_plainly_and_said(other: Place) -> None:
    other.write({"train.py": "import json\nprint('did')"})

    made = [other.run("train.py") for _ in range(2)]

    assert [(log.split()[-1], is_fork) for _, log, is_fork in made] == [("did", False)] * 2
    assert [remark.rpartition(": ")[2] for remark in other.remarks] == [
        "what is read cannot be watched here"
    ]
