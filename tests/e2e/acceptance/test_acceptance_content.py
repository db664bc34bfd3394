"""Acceptance, group C: which contents of a file matter to the model, and which only look so."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Project

    Edit = Callable[[Project], object]
    MakeTrained = Callable[[dict[str, str]], Project]

REUSED = {"prepare": "reuse", "train": "reuse", "evaluate": "reuse"}
TRAINED = {"prepare": "reuse", "train": "run", "evaluate": "may_run"}


def decided(project: Project, edit: Edit) -> dict[str, str]:
    """Stage -> action after an edit that is committed."""
    edit(project)
    project.commit("an edit")
    return {name: entry["action"] for name, entry in project.plan().items()}


def put(path: str, text: str) -> Edit:
    return lambda project: project.write(path, text)


def swap(path: str, old: str, new: str) -> Edit:
    return lambda project: project.replace(path, old, new)


def reformatted(project: Project) -> None:
    """What a formatter does to a whole repository: quotes, wrapping, blank lines, commas."""
    project.write(
        "train.py",
        project.read("train.py")
        .replace('"model.txt", "w"', "'model.txt', 'w',")
        .replace("json.dumps(model.fit(2))", "json.dumps(\n        model.fit(2),\n    )"),
    )
    project.replace("pkg/model.py", "RATE * depth", "(RATE * depth)")
    project.replace("pkg/model.py", "\n\n\ndef", "\n\n\n\ndef")
    project.replace("pkg/helper.py", "    return value * 2 + OFFSET", "  return value*2+OFFSET")


PYTHON = [
    pytest.param(
        swap("pkg/model.py", "# not a real model", "# a stand-in"), REUSED, id="C1-comment"
    ),
    pytest.param(
        swap("train.py", "    # The settings are small.\n", ""), REUSED, id="C1-comment-removed"
    ),
    pytest.param(reformatted, REUSED, id="C2-formatter-on-the-whole-repository"),
    pytest.param(
        swap("pkg/helper.py", "from", "# /// script\n# dependencies = ['a']\n# ///\nfrom"),
        TRAINED,
        id="C7-inline-dependency-comment",
    ),
    pytest.param(
        swap("pkg/helper.py", "from .deep", "# -*- coding: latin-1 -*-\nNAME = 'é'\nfrom .deep"),
        TRAINED,
        id="C9-encoding-cookie-and-literal",
    ),
    pytest.param(
        swap("pkg/model.py", '"""Fit to this depth."""', '"""Fit."""'), TRAINED, id="C10-docstring"
    ),
    pytest.param(
        swap("pkg/model.py", "depth: int = 3", "depth: float = 3"), TRAINED, id="C11-annotation"
    ),
    pytest.param(
        swap("train.py", "import colorsys\nimport json", "import json\nimport colorsys"),
        TRAINED,
        id="C12-import-order",
    ),
    pytest.param(
        swap("pkg/model.py", 'text: "', 'text:  "'), TRAINED, id="C13-one-space-in-a-prompt"
    ),
    pytest.param(swap("pkg/model.py", "RATE = 0.5", "RATE = 0.6"), TRAINED, id="C14-constant"),
    pytest.param(swap("pkg/model.py", "RATE = 0.5", "RATE = 0.50"), REUSED, id="C14-same-number"),
    pytest.param(
        swap("pkg/deep.py", "OFFSET = 1", "OFFSET = True"), TRAINED, id="C14-true-is-not-one"
    ),
    pytest.param(
        swap("pkg/deep.py", "OFFSET = 1", "OFFSET = 2"), TRAINED, id="C15-helper-imports-away"
    ),
]

SETTINGS = [
    pytest.param(
        swap("conf/app.yaml", "name: demo\n", "# why\nname:   'demo'\n"),
        REUSED,
        id="C16-comment-and-quotes-in-settings",
    ),
    pytest.param(
        swap("conf/app.yaml", "layers: [1, 2]", "layers:\n    - 1\n    - 2"),
        REUSED,
        id="C16-another-layout-of-settings",
    ),
    pytest.param(
        swap("params.yaml", "  lr: 0.001", "  lr: 0.0010  # small"),
        REUSED,
        id="C16-comment-in-params",
    ),
    pytest.param(swap("conf/app.yaml", '"yes"', "yes"), TRAINED, id="C16-quotes-that-make-a-type"),
    pytest.param(
        swap("params.yaml", "0.001", "1e-3"), TRAINED, id="C17-number-that-pyyaml-reads-as-text"
    ),
    pytest.param(
        swap("params.yaml", "  lr: 0.001\n  depth: 2\n", "  depth: 2\n  lr: 0.001\n"),
        REUSED,
        id="C18-key-order-of-params",
    ),
    pytest.param(
        swap("conf/app.yaml", "name: demo\nlayers: [1, 2]\n", "layers: [1, 2]\nname: demo\n"),
        TRAINED,
        id="C18-key-order-of-settings",
    ),
    pytest.param(
        swap("params.yaml", "  lr: 0.001\n", "  lr: &rate 0.001\n"),
        REUSED,
        id="C19-anchor-in-params",
    ),
    pytest.param(
        swap("conf/app.yaml", "rate: 0.5", "rate: &rate 0.5"), REUSED, id="C19-anchor-in-settings"
    ),
    pytest.param(swap("params.yaml", "unused: 3", "unused: 4"), REUSED, id="C20-unused-parameter"),
    pytest.param(swap("params.yaml", "depth: 2", "depth: 3"), TRAINED, id="C20-used-parameter"),
    pytest.param(swap("params.yaml", "depth: 2", "depth: 2.0"), TRAINED, id="C21-parameter-type"),
]

EVERYTHING = {"prepare": "run", "train": "run", "evaluate": "run"}
SURROUNDINGS = [
    pytest.param(
        put("requirements.txt", "# pins\npandas==2.2.0\nnumpy==2.1.0\n"),
        REUSED,
        id="C22-comment-and-order-of-requirements",
    ),
    pytest.param(
        swap("requirements.txt", "2.1.0", "2.1.1"), EVERYTHING, id="C22-version-of-a-requirement"
    ),
    pytest.param(
        swap("requirements.txt", "numpy==2.1.0", 'numpy==2.1.0; python_version < "4"'),
        EVERYTHING,
        id="C22-marker-of-a-requirement",
    ),
    pytest.param(
        swap("requirements.txt", "2.1.0", "2.1.0 --hash=sha256:" + "0" * 64),
        EVERYTHING,
        id="C22-hash-of-a-requirement",
    ),
    pytest.param(put("requirements-dev.txt", "pytest==9\n"), REUSED, id="C24-dev-requirements"),
    pytest.param(
        put("pyproject.toml", "[dependency-groups]\ndev = ['pytest']\n"),
        REUSED,
        id="C24-dev-group-of-a-project-file",
    ),
]


@pytest.mark.parametrize(("edit", "expected"), [*PYTHON, *SETTINGS, *SURROUNDINGS])
def test_an_edit_of_contents(project: Project, edit: Edit, expected: dict[str, str]) -> None:
    actual = decided(project, edit)

    # Where everything trains, what comes after a stage that runs waits for it.
    waiting = {name: "run" if word == "may_run" else word for name, word in actual.items()}
    assert (waiting if expected is EVERYTHING else actual) == expected


def test_c1_the_reason_says_that_only_comments_changed(project: Project) -> None:
    project.replace("pkg/model.py", "# not a real model", "# a stand-in")

    reason = project.plan()["train"]["reason"]

    assert "only comments" in reason
    assert "pkg/model.py" in reason


def test_c15_the_explanation_shows_the_way_to_the_helper(project: Project) -> None:
    project.replace("pkg/deep.py", "OFFSET = 1", "OFFSET = 2")

    why = project.branchline("why", "train").stdout

    assert "pkg/deep.py" in why
    assert "imported by pkg/helper.py" in why


def test_c10_a_docstring_may_be_declared_not_to_count(make_trained: MakeTrained) -> None:
    rules = {"branchline.yaml": "model: demo\nchanges: {docstrings: ignore}\n"}
    project = make_trained(rules)

    edit = swap("pkg/model.py", '"""Fit to this depth."""', '"""Fit."""')

    assert decided(project, edit) == REUSED


def test_c17_the_reason_explains_the_two_readings(project: Project) -> None:
    project.replace("params.yaml", "0.001", "1e-3")

    entry = project.plan()["train"]

    assert entry["action"] == "run"
    assert "train.lr" in entry["reason"]
    assert "1e-3" in entry["reason"]


# One stage whose code and settings are declared or found in another form.

SINGLE = "stages:\n  train:\n    cmd: {cmd}\n    outs: [model.txt]\n"
WRITES = "with open('model.txt', 'w') as out:\n    out.write(str({what}))\n"


def test_c17_dvc_lock_alone_is_believed_and_the_two_readings_are_named(
    make_trained: Callable[[dict[str, str]], Project],
) -> None:
    project = make_trained(
        {
            "dvc.yaml": SINGLE.format(cmd="cp params.yaml model.txt") + "    params: [train.lr]\n",
            "branchline.yaml": "model: demo\n",
        }
    )
    for ref in project.git("for-each-ref", "--format=%(refname)", "refs/branchline").split():
        project.git("update-ref", "-d", ref)
    (project.root / "requirements.txt").unlink()  # DVC knows of none
    assert project.plan()["train"]["notes"] == []

    project.replace("params.yaml", "0.001", "1e-3")
    entry = project.plan()["train"]

    # Decision 0004 says why; with a record the same edit trains, as the case above shows.
    assert entry["action"] == "reuse"
    assert "`params.yaml:train.lr` is another value to a reader of YAML 1.1" in entry["notes"][0]
    project.replace("params.yaml", "1e-3", "1.0e-3")
    assert project.plan()["train"]["notes"] == []


def single(cmd: str, files: dict[str, str]) -> dict[str, str]:
    """Files of a project of one stage."""
    return {"branchline.yaml": "model: demo\n", "dvc.yaml": SINGLE.format(cmd=cmd), **files}


def action_after(project: Project, edit: Edit) -> str:
    """What the only stage does after an edit."""
    return decided(project, edit)["train"]


def test_c8_a_magic_comment_of_databricks_is_code(make_trained: MakeTrained) -> None:
    source = "# Databricks notebook source\n# MAGIC %run ./other\n" + WRITES.format(what=1)
    project = make_trained(single("python3 fit.py", {"fit.py": source}))

    assert action_after(project, swap("fit.py", "./other", "./another")) == "run"


def test_c21_a_json_integer_that_becomes_a_float_trains(make_trained: MakeTrained) -> None:
    source = "import json\nwith open('settings.json') as s:\n    value = json.load(s)\n"
    files = {"fit.py": source + WRITES.format(what="value"), "settings.json": '{"n": 1}\n'}
    project = make_trained(single("python3 fit.py", files))

    layout = action_after(project, put("settings.json", '{\n  "n": 1\n}\n'))
    number = action_after(project, put("settings.json", '{"n": 1.0}\n'))

    assert (layout, number) == ("reuse", "run")


POETRY = """\
[[package]]
name = "numpy"
version = "2.1.0"
groups = ["main"]

[[package]]
name = "pytest"
version = "8.0.0"
groups = ["dev"]

[metadata]
lock-version = "2.1"
content-hash = "aaaa"
"""


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        pytest.param(
            put("poetry.lock", "# written again\n" + POETRY.replace('"aaaa"', '"bbbb"')),
            "reuse",
            id="C23-lock-written-again-with-the-same-packages",
        ),
        pytest.param(swap("poetry.lock", "8.0.0", "8.0.1"), "reuse", id="C24-dev-group-of-a-lock"),
        pytest.param(swap("poetry.lock", "2.1.0", "2.1.1"), "run", id="C23-another-version-locked"),
    ],
)
def test_an_edit_of_a_lock_file(make_trained: MakeTrained, edit: Edit, expected: str) -> None:
    files = {"fit.py": WRITES.format(what=1), "poetry.lock": POETRY}
    project = make_trained(single("python3 fit.py", files))

    assert action_after(project, edit) == expected


@pytest.mark.parametrize(
    ("path", "broken"),
    [
        pytest.param("train.py", "def (:\n", id="C25-in-the-entry-script"),
        pytest.param("pkg/deep.py", "OFFSET = = 1\n", id="C25-in-a-helper"),
        pytest.param("pkg/model.py", "<<<<<<< HEAD\nA = 1\n", id="A21-C25-conflict-markers"),
    ],
)
def test_a_syntax_error_fails_before_anything_runs(
    project: Project, path: str, broken: str
) -> None:
    project.write(path, broken)
    project.commit("broken")

    planned, ran = project.branchline("plan", "--json"), project.branchline("run")

    for done in (planned, ran):
        assert done.code == 1, done.text
        assert path in done.text
        assert "Traceback" not in done.text
    assert '"is_empty": true' not in planned.stdout
    assert project.executed() == []


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python knows `type` statements")
def test_c26_grammar_of_another_python_counts_by_bytes_and_is_said(project: Project) -> None:
    project.replace("pkg/deep.py", "OFFSET = 1", "type Number = int\nOFFSET = 1")
    project.commit("for Python 3.12")

    entry = project.plan()["train"]

    assert entry["action"] == "run"
    assert any("pkg/deep.py" in note for note in entry["notes"])


# Notebooks, executed by a stand-in for papermill that runs the code cells.

PAPERMILL = """\
#!/usr/bin/env python3
import json
import sys

with open(sys.argv[1]) as file:
    cells = json.load(file)["cells"]
for cell in cells:
    if cell["cell_type"] == "code":
        lines = "".join(cell["source"]).splitlines()
        exec("\\n".join(line for line in lines if line[:1] not in "%!"))
"""


def code(text: str, **extra: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
    }
    return {**empty, "id": "a1", "source": text.splitlines(keepends=True), **extra}


def notebook(*cells: dict[str, Any], kernel: str = "python3", version: str = "3.11.2") -> str:
    metadata = {
        "kernelspec": {"name": kernel, "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python", "version": version},
    }
    whole = {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1)


WORDS: dict[str, Any] = {"cell_type": "markdown", "id": "m", "metadata": {}, "source": ["# Fit\n"]}
SETUP = code("%run part.py\n!pip install numpy==2.1.0\nrate = 0.1\n")
FIT = code("value = rate * 2  # twice\n")
WRITE = code(WRITES.format(what="value"))
FIRST = notebook(WORDS, SETUP, FIT, WRITE)
RERUN_FIT = code("value = rate * 2  # twice\n", execution_count=7, id="zz", outputs=[
    {"output_type": "stream", "name": "stdout", "text": ["hello\n"]}])  # fmt: skip


def changed(cell: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    return {**cell, "source": [line.replace(old, new) for line in cell["source"]]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            notebook(WORDS, SETUP, changed(FIT, "# twice", "# double"), WRITE),
            "reuse",
            id="C3-comment-in-a-notebook",
        ),
        pytest.param(
            notebook(WORDS, SETUP, RERUN_FIT, WRITE, version="3.11.9"),
            "reuse",
            id="C4-notebook-executed-again",
        ),
        pytest.param(
            notebook({**WORDS, "source": ["# Train\n"]}, SETUP, FIT, WRITE),
            "reuse",
            id="C5-markdown-cell",
        ),
        pytest.param(notebook(WORDS, FIT, SETUP, WRITE), "run", id="C6-cell-order"),
        pytest.param(
            notebook(WORDS, {**SETUP, "metadata": {"tags": ["parameters"]}}, FIT, WRITE),
            "run",
            id="C6-parameters-tag",
        ),
        pytest.param(notebook(WORDS, SETUP, FIT, WRITE, kernel="gpu"), "run", id="C6-kernel"),
        pytest.param(
            notebook(WORDS, changed(SETUP, "part.py", "other.py"), FIT, WRITE),
            "run",
            id="C6-run-target",
        ),
        pytest.param(
            notebook(WORDS, changed(SETUP, "2.1.0", "2.1.1"), FIT, WRITE),
            "run",
            id="C6-pip-install-line",
        ),
    ],
)
def test_an_edit_of_a_notebook(make_trained: MakeTrained, text: str, expected: str) -> None:
    project = notebook_project(make_trained)

    assert action_after(project, put("fit.ipynb", text)) == expected


def test_c6_the_script_that_a_notebook_runs_counts(make_trained: MakeTrained) -> None:
    project = notebook_project(make_trained)

    assert action_after(project, put("part.py", "A = 2\n")) == "run"


def notebook_project(make_trained: MakeTrained) -> Project:
    files = {
        "fit.ipynb": FIRST,
        "part.py": "A = 1\n",
        "other.py": "A = 1\n",
        "bin/papermill": PAPERMILL,
    }
    # By its name the program is papermill; the stand-in is found beside it.
    return make_trained(single("bin/papermill fit.ipynb", files))
