"""Requirement and lock files by what they install."""

from __future__ import annotations

import pytest

from branchline.core.changes.meaning import meaning_of
from branchline.core.changes.values import Meaning, Reading
from branchline.core.policy import ChangeRules

PLAIN = "numpy==2.1.0\nPandas[perf]>=2,<3 ; python_version < '3.13'\n-r base.txt\n"
UV = """version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "app"
version = "0.1"
source = { virtual = "." }
dependencies = [{ name = "numpy" }]

[package.dev-dependencies]
dev = [{ name = "ruff" }]

[[package]]
name = "numpy"
version = "2.1.0"
source = { registry = "mirror" }
wheels = [{ url = "https://a/numpy.whl", hash = "sha256:aa", size = 1 }]

[[package]]
name = "ruff"
version = "0.6"
source = { registry = "mirror" }
"""
POETRY = """[[package]]
name = "numpy"
version = "2.1.0"
groups = ["main"]
files = [{file = "numpy.whl", hash = "sha256:aa"}]

[[package]]
name = "ruff"
version = "0.6"
groups = ["dev"]
files = []

[metadata]
lock-version = "2.1"
python-versions = ">=3.11"
content-hash = "abc"
"""
PROJECT = """[project]
name = "app"
dependencies = ["numpy>=2", "pandas"]
scripts = {train = "app.cli:main"}

[dependency-groups]
dev = ["ruff"]
gpu = ["torch"]

[tool.ruff]
line-length = 100
"""
CONDA = (
    "name: a\nchannels: [conda-forge]\ndependencies:\n- python=3.11\n- numpy=2.1\n- pip: [x==1]\n"
)


def read(name: str, text: str) -> Meaning:
    return meaning_of(name, text.encode(), ChangeRules())


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        pytest.param("requirements.txt", PLAIN, "# note\n" + PLAIN, id="comment"),
        pytest.param(
            "requirements.txt", PLAIN, PLAIN.replace("0\nP", "0  # pinned\nP"), id="trailing"
        ),
        pytest.param("requirements.txt", "a==1\nb==2\n", "b==2\na==1\n", id="order"),
        pytest.param("requirements.txt", "Foo_Bar>=1,<2\n", "foo-bar <2, >=1\n", id="spelling"),
        pytest.param(
            "requirements.txt",
            "a==1 --hash=x:1 --hash=x:2\n",
            "a==1 \\\n  --hash=x:2 \\\n  --hash=x:1\n",
            id="hash-order",
        ),
        pytest.param(
            "requirements.txt",
            "a; python_version<'3.9'\n",
            'a ; python_version < "3.9"\n',
            id="marker-spelling",
        ),
        pytest.param("uv.lock", UV, UV.replace('"0.6"', '"0.7"'), id="uv-development-package"),
        pytest.param("uv.lock", UV, UV.replace("revision = 3", "revision = 4"), id="uv-revision"),
        pytest.param(
            "uv.lock", UV, UV.replace(", size = 1", ", upload-time = 2026-01-01"), id="uv-times"
        ),
        pytest.param(
            "poetry.lock", POETRY, POETRY.replace('"0.6"', '"0.7"'), id="poetry-development"
        ),
        pytest.param("poetry.lock", POETRY, POETRY.replace('"abc"', '"def"'), id="poetry-hash"),
        pytest.param(
            "pyproject.toml", PROJECT, PROJECT.replace('"ruff"', '"black"'), id="dev-group"
        ),
        pytest.param("pyproject.toml", PROJECT, PROJECT.replace("100", "88"), id="formatter"),
        pytest.param(
            "pyproject.toml",
            PROJECT,
            PROJECT.replace('"numpy>=2", "pandas"', '"pandas", "numpy>=2"'),
            id="project-order",
        ),
        pytest.param(
            "environment.yml", CONDA, CONDA.replace("name: a", "name: b"), id="conda-name"
        ),
        pytest.param(
            "environment.yml",
            CONDA,
            CONDA.replace("- python=3.11\n- numpy=2.1\n", "- numpy=2.1\n# note\n- python=3.11\n"),
            id="conda-order",
        ),
        pytest.param(
            "Pipfile.lock",
            '{"_meta":{"hash":{"a":1}},"default":{},"develop":{"x":{}}}',
            '{"_meta":{"hash":{"a":2}},"default":{},"develop":{}}',
            id="pipfile-development",
        ),
    ],
)
def test_what_installs_the_same_is_equal(name: str, before: str, after: str) -> None:
    assert before != after
    assert read(name, before).digest == read(name, after).digest
    assert read(name, before).reading is Reading.REQUIREMENTS


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        pytest.param("requirements.txt", "a==1\n", "a==2\n", id="version"),
        pytest.param("requirements.txt", "a==1\n", "a==1 --hash=sha256:x\n", id="hash"),
        pytest.param("requirements.txt", "a\n", "a; python_version<'3.9'\n", id="marker"),
        pytest.param("requirements.txt", "a\n", "a[b]\n", id="extra"),
        pytest.param("requirements.txt", "a\n", "--index-url mirror\na\n", id="index"),
        pytest.param(
            "requirements.txt", "a @ https://h/a#egg=1\n", "a @ https://h/a#egg=2\n", id="url"
        ),
        pytest.param("uv.lock", UV, UV.replace('"2.1.0"', '"2.1.1"'), id="uv-version"),
        pytest.param("uv.lock", UV, UV.replace("sha256:aa", "sha256:bb"), id="uv-hash"),
        pytest.param("uv.lock", UV, UV.replace(">=3.11", ">=3.12"), id="uv-python"),
        pytest.param(
            "uv.lock",
            UV,
            UV.replace('[{ name = "numpy" }]', '[{ name = "numpy" }, { name = "ruff" }]'),
            id="uv-becomes-needed",
        ),
        pytest.param("poetry.lock", POETRY, POETRY.replace("2.1.0", "2.1.1"), id="poetry-version"),
        pytest.param(
            "poetry.lock", POETRY, POETRY.replace('["dev"]', '["main"]'), id="poetry-group"
        ),
        pytest.param(
            "poetry.lock", POETRY, POETRY.replace('["dev"]', '["serving"]'), id="unknown-group"
        ),
        pytest.param(
            "pyproject.toml", PROJECT, PROJECT.replace("numpy>=2", "numpy>=3"), id="project"
        ),
        pytest.param(
            "pyproject.toml", PROJECT, PROJECT.replace('"torch"', '"jax"'), id="other-group"
        ),
        pytest.param("environment.yml", CONDA, CONDA.replace("2.1", "2.2"), id="conda-version"),
        pytest.param("environment.yml", CONDA, CONDA.replace("x==1", "x==2"), id="conda-pip"),
    ],
)
def test_what_installs_differently_differs(name: str, before: str, after: str) -> None:
    assert before != after
    assert read(name, before).digest != read(name, after).digest


def test_included_files_are_named() -> None:
    text = "-r base.txt\n--requirement=more.txt\n-c constraints.txt\n-e ./lib\n"

    assert read("requirements.txt", text).runs == ("base.txt", "more.txt", "constraints.txt")


@pytest.mark.parametrize(
    ("name", "text"),
    [("uv.lock", "[[package]\n"), ("environment.yml", "- a\n"), ("uv.lock", "package = [1]\n")],
)
def test_an_unknown_form_counts_by_bytes(name: str, text: str) -> None:
    assert read(name, text).reading is Reading.BYTES


def test_parts_name_the_packages() -> None:
    assert [label for label, _ in read("uv.lock", UV).parts] == ["`app`", "`numpy`"]
    assert read("pyproject.toml", PROJECT).mentions == ("script:train=app.cli:main",)
