"""Locks of Poetry, PDM, Pipenv and conda as requirements."""

from __future__ import annotations

import json

import pytest

from branchline.core.environment.locks import read_lock
from branchline.errors import BranchlineError, EnvironmentFailedError

POETRY = b"""
[[package]]
name = "NumPy"
version = "1.20.2"
category = "main"
optional = false

[[package]]
name = "scikit-learn"
version = "0.24.2"
groups = ["main"]
files = [{file = "x.whl", hash = "sha256:bb"}, {file = "y.whl", hash = "sha256:aa"}]

[[package]]
name = "pytest"
version = "6.0"
category = "dev"

[[package]]
name = "own"
version = "1.0"
[package.source]
type = "git"
url = "https://example.org/own.git"
resolved_reference = "abc"

[metadata.files]
NumPy = [{file = "z.whl", hash = "sha256:cc"}]
"""
PYPROJECT = b"""
[tool.poetry.dependencies]
python = "^3.8"
scikit-learn = {version = "^0.24", extras = ["docs"]}
own = {git = "https://example.org/own.git"}
winonly = {version = "*", markers = "sys_platform == 'win32'"}
[tool.poetry.group.dev.dependencies]
pytest = "*"
[tool.poetry.group.train.dependencies]
tqdm = "*"
"""


def test_a_poetry_lock_bounds_what_the_project_asks_for_itself() -> None:
    found = read_lock("poetry.lock", POETRY, PYPROJECT)

    assert found.wishes == (
        "scikit-learn[docs]",
        "own @ git+https://example.org/own.git@abc",
        "winonly ; sys_platform == 'win32'",
        "tqdm",
    )
    assert found.constraints == (
        "numpy==1.20.2",
        "scikit-learn==0.24.2",
        "own @ git+https://example.org/own.git@abc",
    )
    assert dict(found.hashes) == {
        "numpy": ("sha256:cc",),
        "scikit-learn": ("sha256:aa", "sha256:bb"),
    }


def test_a_pdm_lock_without_a_project_wants_all_that_is_not_for_development() -> None:
    text = b"""
[[package]]
name = "numpy"
version = "1.2"
groups = ["default"]
[[package]]
name = "ruff"
version = "1"
groups = ["lint"]
"""

    found = read_lock("pdm.lock", text)

    assert found.wishes == ("numpy",)


def test_a_pipenv_lock_with_digests_is_complete() -> None:
    lock = {
        "default": {
            "numpy": {"version": "==1.2", "hashes": ["sha256:b", "sha256:a"]},
            "tqdm": {
                "version": "==4.0",
                "hashes": ["sha256:c"],
                "markers": "python_version >= '3'",
                "extras": ["x"],
            },
        },
        "develop": {"pytest": {"version": "==1"}},
    }

    found = read_lock("Pipfile.lock", json.dumps(lock).encode())

    assert found.complete == (
        "numpy==1.2 \\\n    --hash=sha256:a \\\n    --hash=sha256:b\n"
        "tqdm[x]==4.0 ; python_version >= '3' \\\n    --hash=sha256:c\n"
    )


def test_a_conda_lock_of_pythons_own_packages_only_is_taken() -> None:
    text = b"""
version: 1
package:
- {name: python, version: 3.8.1, manager: conda, platform: linux-64, hash: {md5: a}}
- {name: libzlib, version: '1', manager: conda, platform: linux-64, hash: {md5: a}}
- {name: numpy, version: '1.2', manager: pip, platform: linux-64, hash: {sha256: ab}}
- {name: numpy, version: '1.2', manager: pip, platform: osx-64, hash: {sha256: cd}}
"""

    found = read_lock("conda-lock.yml", text)

    assert found.complete == "numpy==1.2 \\\n    --hash=sha256:ab\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param(
            "conda-lock.yml",
            b"package:\n- {name: numpy, version: '1', manager: conda, platform: linux-64}\n",
            id="lock",
        ),
        pytest.param(
            "environment.yml",
            b"dependencies:\n- python=3.8\n- numpy=1.19\n- pip:\n  - tqdm\n",
            id="wish",
        ),
    ],
)
def test_what_only_conda_installs_is_refused_by_name(name: str, text: bytes) -> None:
    with pytest.raises(EnvironmentFailedError, match="numpy") as caught:
        read_lock(name, text)

    assert "requirements.txt" in (caught.value.todo or "")


def test_a_conda_file_with_nothing_but_pip_is_taken() -> None:
    text = b"dependencies:\n- conda-forge::python=3.8\n- pip\n- pip:\n  - tqdm>=4\n  - numpy\n"

    assert read_lock("environment.yml", text).wishes == ("tqdm>=4", "numpy")


@pytest.mark.parametrize("data", [b"[", b"x = 1\n[[package]]\nversion = '1'\n", b"package = 3\n"])
def test_a_broken_lock_is_an_error_and_no_empty_environment(data: bytes) -> None:
    with pytest.raises(BranchlineError):
        read_lock("poetry.lock", data)
