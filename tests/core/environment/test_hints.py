"""What files say of the interpreter, each with the line that says so."""

from __future__ import annotations

import pytest

from branchline.core.environment.hints import hints_of
from branchline.core.environment.values import Strength


@pytest.mark.parametrize(
    ("path", "text", "line", "says", "strength"),
    [
        pytest.param(".python-version", "3.8.10\n", 1, ("3.8",), Strength.EXACT, id="pyenv"),
        pytest.param(".python-version", "2.7.18\n", 1, ("2.7",), Strength.EXACT, id="Python 2"),
        pytest.param("runtime.txt", "python-3.7.3\n", 1, ("3.7",), Strength.EXACT, id="runtime"),
        pytest.param(
            "Pipfile",
            '[requires]\npython_version = "3.6"\n',
            2,
            ("3.6",),
            Strength.EXACT,
            id="pipenv",
        ),
        pytest.param(
            "Dockerfile",
            "# syntax\nFROM --platform=linux/amd64 registry.example.org/library/python:3.9-slim\n",
            2,
            ("3.9",),
            Strength.EXACT,
            id="docker",
        ),
        pytest.param(
            "environment.yml",
            "dependencies:\n- python=3.7\n- pip\n",
            2,
            ("3.7",),
            Strength.EXACT,
            id="conda",
        ),
        pytest.param(
            "setup.py",
            "setup(\n  classifiers=[\n    'Programming Language :: Python :: 3.6',\n"
            "    'Programming Language :: Python :: 3.7',\n  ])\n",
            3,
            ("3.6", "3.7"),
            Strength.SET,
            id="classifiers",
        ),
        pytest.param(
            "setup.cfg",
            "[options]\npython_requires = >=3.6\n",
            2,
            (">=3.6",),
            Strength.RANGE,
            id="cfg",
        ),
        pytest.param(
            "pyproject.toml",
            '[project]\nname = "x"\nrequires-python = ">=3.8,<3.11"\n',
            3,
            (">=3.8,<3.11",),
            Strength.RANGE,
            id="requires-python",
        ),
        pytest.param(
            "pyproject.toml",
            '[tool.poetry.dependencies]\npython = "^3.7"\n',
            2,
            ("^3.7",),
            Strength.RANGE,
            id="poetry",
        ),
        pytest.param(
            "tox.ini",
            "[tox]\nenvlist = py37, py{38,310}\n",
            2,
            ("3.7", "3.8", "3.10"),
            Strength.SET,
            id="tox",
        ),
        pytest.param(
            ".github/workflows/ci.yml",
            "jobs:\n  t:\n    strategy:\n      matrix:\n        python-version: [3.7, '3.8',"
            ' "3.10"]\n',
            5,
            ("3.7", "3.8", "3.10"),
            Strength.SET,
            id="matrix",
        ),
        pytest.param(
            ".travis.yml",
            'language: python\npython:\n  - "3.6"\n  - 3.7\nscript: pytest 3.9\n',
            3,
            ("3.6", "3.7"),
            Strength.SET,
            id="list-below",
        ),
    ],
)
def test_a_hint(path: str, text: str, line: int, says: tuple[str, ...], strength: Strength) -> None:
    (found,) = hints_of({path: text})

    assert (found.line, found.says, found.strength) == (line, says, strength)
    assert found.quote in text


def test_what_leaves_a_choice_comes_after_what_leaves_none() -> None:
    found = hints_of(
        {
            "setup.py": "python_requires='>=3.6'",
            "tox.ini": "envlist = py38",
            "Dockerfile": "FROM python:3.9",
            "branchline-constraints.txt": "# python 3.7.16\n",
        }
    )

    assert [hint.file for hint in found] == [
        "branchline-constraints.txt",
        "Dockerfile",
        "tox.ini",
        "setup.py",
    ]


@pytest.mark.parametrize(
    "text", ["FROM ubuntu:22.04\n", "FROM python:latest\n", "", "\0\0", "FROM python:2.7\n"]
)
def test_a_file_that_does_not_say_gives_no_hint(text: str) -> None:
    assert hints_of({"Dockerfile": text}) == ()


def test_of_a_poetry_lock_the_projects_own_range_counts() -> None:
    text = (
        '[[package]]\nname = "numpy"\npython-versions = ">=3.5"\n'
        '[metadata]\npython-versions = "^3.8"\n'
    )

    (found,) = hints_of({"poetry.lock": text})

    assert found.says == ("^3.8",)
