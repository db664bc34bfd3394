"""This computer: which Python stages find, and what it is remembered by."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.local_machine import LocalMachine

if TYPE_CHECKING:
    from pathlib import Path

MINE = ".".join(map(str, sys.version_info[:2]))


def python_that_says(folder: Path, version: str, name: str = "python") -> Path:
    """An executable script that answers like an interpreter and counts how often it is asked."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\necho asked >> {folder}/asked\necho {version}\n")
    file.chmod(0o755)
    return file


def asked(folder: Path) -> int:
    file = folder / "asked"
    return len(file.read_text().splitlines()) if file.exists() else 0


def machine(tmp_path: Path, *folders: Path, **environ: str) -> LocalMachine:
    path = os.pathsep.join(map(str, folders))
    memory = str(tmp_path / "memory")
    return LocalMachine({"PATH": path, **environ}, root=str(tmp_path), memory=memory)


def test_the_running_python_says_what_it_is(tmp_path: Path) -> None:
    environ = {"PATH": os.path.dirname(sys.executable)}

    assert LocalMachine(environ, root=str(tmp_path)).python_version() == MINE


def test_without_python_it_is_none(tmp_path: Path) -> None:
    assert machine(tmp_path, tmp_path).python_version() == "none"


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param("python", "python", "3.1", id="the-first-on-the-path-wins"),
        pytest.param("python3", "python", "3.2", id="python-goes-before-python3"),
        pytest.param("python3", "other", "3.1", id="python3-where-there-is-no-python"),
    ],
)
def test_which_python(tmp_path: Path, first: str, second: str, expected: str) -> None:
    python_that_says(tmp_path / "a", "3.1.0", first)
    python_that_says(tmp_path / "b", "3.2.0", second)

    assert machine(tmp_path, tmp_path / "a", tmp_path / "b").python_version() == expected


def test_what_cannot_be_executed_is_passed_over(tmp_path: Path) -> None:
    python_that_says(tmp_path / "a", "3.1.0").chmod(0o644)
    python_that_says(tmp_path / "b", "3.2.0")

    assert machine(tmp_path, tmp_path / "a", tmp_path / "b").python_version() == "3.2"


def test_a_python_that_fails_is_none(tmp_path: Path) -> None:
    python_that_says(tmp_path / "a", "3.1.0").write_text("#!/bin/sh\nexit 1\n")

    assert machine(tmp_path, tmp_path / "a").python_version() == "none"


@pytest.mark.parametrize("key", ["version", "version_info"])
def test_a_virtual_environment_tells_without_a_process(tmp_path: Path, key: str) -> None:
    python_that_says(tmp_path / "env/bin", "9.9.9")
    (tmp_path / "env/pyvenv.cfg").write_text(f"home = /usr\n{key} = 3.12.1.final.0\n")

    found = machine(tmp_path, tmp_path / "env/bin")

    assert (found.python_version(), found.versions()["python"]) == ("3.12", "3.12.1")
    assert asked(tmp_path / "env/bin") == 0


@pytest.mark.parametrize(
    ("files", "environ", "expected", "times"),
    [
        pytest.param({"pyenv/version": "3.2.1\n"}, {}, "3.2", 0, id="its-own-file"),
        pytest.param(
            {"pyenv/version": "3.3.1", ".python-version": "3.2.1"}, {}, "3.2", 0, id="the-projects"
        ),
        pytest.param(
            {"pyenv/version": "3.3.1"}, {"PYENV_VERSION": "3.2.1"}, "3.2", 0, id="the-variable"
        ),
        pytest.param({"pyenv/version": "3.2"}, {}, "3.9", 1, id="a-prefix"),
        pytest.param({"pyenv/version": "3.2.1\n3.3.1"}, {}, "3.9", 1, id="several"),
        pytest.param({"pyenv/version": "3.4.1"}, {}, "3.9", 1, id="not-installed"),
        pytest.param({"pyenv/version": "system"}, {}, "3.9", 1, id="the-systems"),
        pytest.param(
            {"pyenv/version": "3.2.1", ".python-version": ""}, {}, "3.9", 1, id="an-empty-file"
        ),
    ],
)
def test_pyenv_is_asked_only_where_its_files_do_not_tell(
    tmp_path: Path, files: dict[str, str], environ: dict[str, str], expected: str, times: int
) -> None:
    for version in ("3.2.1", "3.3.1"):
        python_that_says(tmp_path / f"pyenv/versions/{version}/bin", version)
    python_that_says(tmp_path / "pyenv/shims", "3.9.0")
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    found = machine(tmp_path, tmp_path / "pyenv/shims", **environ)

    assert found.python_version() == expected
    assert asked(tmp_path / "pyenv/shims") == times


def test_the_python_that_runs_this_is_not_asked(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/python").symlink_to(os.path.realpath(sys.executable))

    full = machine(tmp_path, tmp_path / "a").versions()["python"]

    assert full == ".".join(map(str, sys.version_info[:3]))
    assert not (tmp_path / "memory").exists()  # nothing was asked, nothing to remember


def test_a_python_is_asked_once(tmp_path: Path) -> None:
    python_that_says(tmp_path / "a", "3.1.0")

    for _ in range(3):
        assert machine(tmp_path, tmp_path / "a").python_version() == "3.1"

    assert asked(tmp_path / "a") == 1


@pytest.mark.parametrize(
    ("file", "environ"),
    [
        pytest.param(".python-version", {}, id="pyenvs-file-in-the-project"),
        pytest.param("", {"PYENV_VERSION": "3.2"}, id="pyenvs-variable"),
        pytest.param("pyenv/version", {}, id="pyenvs-own-file"),
    ],
)
def test_it_is_asked_again_when_something_else_may_be_picked(
    tmp_path: Path, file: str, environ: dict[str, str]
) -> None:
    python_that_says(tmp_path / "a", "3.1.0")
    root = {"PYENV_ROOT": str(tmp_path / "pyenv"), "HOME": str(tmp_path)}
    machine(tmp_path, tmp_path / "a", **root).python_version()
    if file:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("3.2\n")

    machine(tmp_path, tmp_path / "a", **root, **environ).python_version()

    assert asked(tmp_path / "a") == 2


def test_another_interpreter_in_the_same_place_is_asked(tmp_path: Path) -> None:
    python_that_says(tmp_path / "a", "3.1.0")
    machine(tmp_path, tmp_path / "a").python_version()
    python_that_says(tmp_path / "a", "3.10.0")

    assert machine(tmp_path, tmp_path / "a").python_version() == "3.10"


def test_a_folder_that_cannot_be_written_asks_every_time(tmp_path: Path) -> None:
    python_that_says(tmp_path / "a", "3.1.0")
    environ = {"PATH": str(tmp_path / "a")}
    memory = str(tmp_path / "gone/memory")

    for _ in range(2):
        found = LocalMachine(environ, root=str(tmp_path), memory=memory)
        assert found.python_version() == "3.1"


@pytest.mark.parametrize(
    ("visible", "count"),
    [
        pytest.param("", 0, id="hidden"),
        pytest.param("-1", 0, id="hidden-the-usual-way"),
        pytest.param("0", 1, id="one"),
        pytest.param("GPU-1, GPU-2", 2, id="by-name"),
    ],
)
def test_gpus_that_are_visible(tmp_path: Path, visible: str, count: int) -> None:
    assert machine(tmp_path, CUDA_VISIBLE_DEVICES=visible).gpus() == count


def test_facts_have_their_units(tmp_path: Path) -> None:
    found = machine(tmp_path)

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", found.now())
    assert found.cpus() >= 1
    assert found.memory_bytes() > 1 << 20
    assert found.time_ns() > 1_700_000_000_000_000_000
    assert found.monotonic_s() <= found.monotonic_s()
    assert found.variable("NOT_SET") is None
    assert set(found.versions()) == {"branchline", "python", "platform"}
