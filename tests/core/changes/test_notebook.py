"""Notebooks by their code cells."""

from __future__ import annotations

import json

import pytest

from branchline.core.changes.meaning import meaning_of
from branchline.core.changes.values import Meaning, Reading
from branchline.core.policy import ChangeRules

CELLS = ["%matplotlib inline\nimport pandas as pd", "lr = 0.1", "%run prepare.py\nfit(lr)"]


def notebook(
    cells: list[str] | None = None,
    *,
    markdown: str = "# Title",
    tags: dict[int, list[str]] | None = None,
    kernel: str = "python3",
    version: str = "3.11.1",
    count: int | None = None,
) -> str:
    listed: list[dict[str, object]] = [
        {"cell_type": "markdown", "id": "m", "metadata": {}, "source": [markdown]}
    ]
    for number, source in enumerate(CELLS if cells is None else cells):
        listed.append(
            {
                "cell_type": "code",
                "id": f"c{number}{count}",
                "execution_count": count,
                "metadata": {"tags": (tags or {}).get(number, []), "scrolled": count is not None},
                "outputs": [] if count is None else [{"output_type": "stream", "text": ["hi"]}],
                "source": source.splitlines(keepends=True),
            }
        )
    metadata = {
        "kernelspec": {"name": kernel, "display_name": f"Python {version}"},
        "language_info": {"version": version},
    }
    return json.dumps({"cells": listed, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def read(text: str) -> Meaning:
    return meaning_of("a.ipynb", text.encode(), ChangeRules())


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(notebook([CELLS[0], "lr = 0.1  # small", CELLS[2]]), id="comment"),
        pytest.param(notebook([*CELLS, "# only a comment"]), id="cell-of-comments"),
        pytest.param(notebook([*CELLS, ""]), id="empty-cell"),
        pytest.param(notebook(count=7), id="executed-again"),
        pytest.param(notebook(version="3.12.4"), id="language-version"),
        pytest.param(notebook(markdown="# Another title"), id="markdown"),
        pytest.param(notebook(tags={1: ["slide"]}), id="tag-for-slides"),
        pytest.param(notebook([CELLS[0], "lr = 1e-1", CELLS[2]]), id="number-spelling"),
    ],
)
def test_what_an_execution_does_not_see_does_not_count(after: str) -> None:
    assert read(after).digest == read(notebook()).digest


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(notebook([CELLS[1], CELLS[0], CELLS[2]]), id="cell-order"),
        pytest.param(notebook(tags={1: ["parameters"]}), id="parameters-tag"),
        pytest.param(notebook(kernel="ir"), id="kernel"),
        pytest.param(notebook([*CELLS[:2], "%run other.py\nfit(lr)"]), id="run-target"),
        pytest.param(notebook(["!pip install x\n" + CELLS[0], *CELLS[1:]]), id="pip-install"),
        pytest.param(notebook([CELLS[0], "lr = 0.2", CELLS[2]]), id="value"),
        pytest.param(notebook([CELLS[0], "%%bash\nlr = 0.1", CELLS[2]]), id="cell-magic"),
    ],
)
def test_what_an_execution_sees_counts(after: str) -> None:
    assert read(after).digest != read(notebook()).digest


def test_a_cell_that_does_not_parse_counts_by_its_text() -> None:
    one, other = read(notebook(["def f(:", "x = 1"])), read(notebook(["def f(: # a", "x = 1"]))

    assert one.reading is Reading.NOTEBOOK
    assert one.digest != other.digest
    assert one.digest == read(notebook(["def f(:", "x = 1  # a"])).digest


def test_what_a_notebook_runs_and_imports_is_found() -> None:
    meaning = read(
        notebook([*CELLS, "!python tools/a.py --x", "%%bash\npython b.py", "y = !python -m pkg.c"])
    )

    assert meaning.runs == ("prepare.py", "tools/a.py", "b.py")
    assert [i.module for i in meaning.imports] == ["pandas", "pkg.c"]


@pytest.mark.parametrize(
    "source",
    ["x = (a\n     % b)", "t = '''\n%not magic\n'''", "%time f()", "x = %time f()", "len?", "?len"],
)
def test_magics_and_what_looks_like_one_parse(source: str) -> None:
    assert read(notebook([source])).doubts == ()


def test_a_broken_notebook_counts_by_bytes() -> None:
    assert read("{").reading is Reading.BYTES
    assert read('{"nbformat": 3, "worksheets": []}').reading is Reading.BYTES


def test_a_doubt_counts_the_text_of_the_cells_but_no_output() -> None:
    doubtful = ["import inspect\ns = inspect.getsource(f)"]

    one = read(notebook(doubtful))

    assert one.digest == read(notebook(doubtful, count=3)).digest
    assert one.digest != read(notebook([doubtful[0] + "  # note"])).digest
