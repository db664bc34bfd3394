"""Notebooks: `.ipynb` and percent scripts, parameters, kernels, metrics in cells and files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from init_layouts.cases import Case, Truth, chosen
from init_layouts.parts import BOTH, FORMS, LEARNER, TABLE, Form, name_of

if TYPE_CHECKING:
    from collections.abc import Mapping

AXES = {
    "form": ("a notebook", "a notebook without line breaks", "a percent script", "a light script"),
    "place": (
        "train.ipynb",
        "notebooks/train-model.ipynb",
        "notebooks/01.fit.ipynb",
        "lab/eda.ipynb",
    ),
    "parameters": ("tagged", "a plain cell", "none"),
    "kernel": ("python3", "its own name", "not said"),
    "run by": ("nobody says", "papermill", "nbconvert", "papermill in the README"),
    "paths": ("from its folder", "from the root"),
    "metrics": (
        "JSON",
        "JSON, nested",
        "CSV",
        "text",
        "Markdown",
        "printed",
        "glued",
        "shown last",
        "printed in percent",
        "in a form that nobody reads",
    ),
    "beside": ("nothing", "a notebook that only looks", "a notebook in R", "one more that fits"),
    "magics": ("none", "some"),
}
_SHOWN = {
    "glued": Form(
        imports="import scrapbook as sb\n",
        code='sb.glue("rmse", rmse)\nsb.glue("r2", r2)\n',
        file="printed",
    ),
    "shown last": Form(code='{"rmse": rmse, "r2": r2}\n', file="printed"),
}


def cases(most: int) -> list[Case]:
    """So many notebooks."""
    return chosen("Notebook", AXES, _made, most)


def _made(axes: Mapping[str, str]) -> Case | None:
    metrics = axes["metrics"]
    form = _SHOWN.get(metrics) or FORMS[metrics]
    is_script = "script" in axes["form"]
    if is_script:
        if metrics in _SHOWN:
            return None
        axes = {**axes, "run by": "python", "magics": "none", "kernel": "python3",
                "paths": "from the root"}  # fmt: skip
    runs_there = axes["run by"] in ("nbconvert", "nobody says")
    if runs_there and axes["paths"] == "from the root" and "/" in axes["place"]:
        return None  # neither has an option for the folder: such a notebook does not run so
    place = axes["place"]
    if is_script:
        place = place.removesuffix(".ipynb").replace("01.", "01_") + ".py"
    folder = place.rpartition("/")[0]
    base = f"{folder}/" if folder and axes["paths"] == "from its folder" else ""
    name = name_of(form)
    files = {f"{base}data/table.csv": TABLE, "requirements.txt": _requirements(axes)}
    files[place] = _as_script(axes, form, name) if is_script else _as_notebook(axes, form, name)
    if axes["beside"] == "a notebook that only looks":
        files["notebooks/look.ipynb"] = _notebook(
            [["import pandas as pd\n", "print(1)"]], "python3"
        )
    elif axes["beside"] == "one more that fits":
        files[f"{place.rpartition('/')[0] or 'other'}/train-again.ipynb"] = _notebook(
            [["from sklearn.linear_model import Ridge\n", "Ridge().fit([[1]], [1])\n"]], "python3"
        )
    elif axes["beside"] == "a notebook in R":
        files["notebooks/train.R.ipynb"] = _notebook([["fit(model)\n"]], "ir", language="R")
    executed = f"{folder}/" if folder else ""
    executed += (
        place.rpartition("/")[2].removesuffix(".ipynb").replace(".", "-") + "-executed.ipynb"
    )
    if axes["run by"] == "papermill in the README":
        given = " -p power 3" if axes["parameters"] == "tagged" else ""
        cwd = f" --cwd {folder}" if base else ""
        files["README.md"] = f"# Lab\n\n```\npapermill {place} out.ipynb{given}{cwd}\n```\n"
    printed = "printed" if is_script else executed
    return Case(
        layout="Notebook",
        axes=axes,
        files=files,
        truths=(
            Truth(
                commands=_commands(axes, place, executed, folder, base),
                model=f"{base}model.pkl",
                metrics=printed if form.file == "printed"
                else f"{base}{form.file}" if form.file else "",
                gate=form.gate if metrics != "shown last" else {},
                tolerated=form.tolerated,
                data=(f"{base}data/table.csv",),
            ),
        ),
        needs=_needs(axes, form, is_script=is_script),
        ends=form.ends,
        values=tuple(form.gate) if metrics in FORMS else tuple(BOTH),
    )  # fmt: skip


def _needs(axes: Mapping[str, str], form: Form, *, is_script: bool) -> tuple[str, ...] | None:
    if is_script:
        return () if axes["beside"] != "one more that fits" else None
    if axes["beside"] == "one more that fits":
        return None  # which one it is, is asked
    if axes["run by"] != "nobody says" or "scrapbook" in form.imports or axes["magics"] != "none":
        return None
    return None if axes["kernel"] == "its own name" or form.code.startswith("{") else (
        "nbclient", "ipykernel")  # fmt: skip


def _commands(
    axes: Mapping[str, str], place: str, executed: str, folder: str, base: str
) -> tuple[str, ...]:
    by = axes["run by"]
    if place.endswith(".py"):
        return (f"python {place}",)
    if by == "nbconvert":
        name = executed.rpartition("/")[2]
        return (f"jupyter nbconvert --to notebook --execute {place} --output {name}",)
    if by == "nobody says":
        name = executed.rpartition("/")[2].removesuffix(".ipynb")
        return (f"jupyter execute {place} --output={name}",)
    cwd = f" --cwd {folder}" if base else ""
    is_told = by == "papermill in the README" and axes["parameters"] == "tagged"
    given = " -p power 3" if is_told else ""
    return (
        f"papermill {place} {executed}{cwd}{given}",
        f"papermill {place} {executed}{given}{cwd}",
    )


def _requirements(axes: Mapping[str, str]) -> str:
    by = axes["run by"]
    runner = {"papermill": "papermill\n", "nbconvert": "nbconvert\n"}.get(by, "")
    return "scikit-learn\n" + ("papermill\n" if by == "papermill in the README" else runner)


def _cells(axes: Mapping[str, str], form: Form, name: str) -> list[str]:
    top = "import pickle\n" + form.imports
    if axes["magics"] == "some":
        top = "%matplotlib inline\n!pip install pandas\n" + top
    parameters = "power = 2\nseed = 1\n"
    made = [top, LEARNER.strip() + "\n"]
    if axes["parameters"] != "none":
        made.insert(1, parameters)
    return [
        *made,
        'rows = rows_of("data/table.csv")\nmodel = Line().fit(rows)\n',
        'with open("model.pkl", "wb") as file:\n    pickle.dump(model.slope, file)\n',
        "rmse, r2 = measure(model, rows)\n",
        form.at(f'"{name}"'),
    ]


def _as_notebook(axes: Mapping[str, str], form: Form, name: str) -> str:
    sources = _cells(axes, form, name)
    cells: list[object] = [text.splitlines(keepends=True) for text in sources]
    if axes["form"] == "a notebook without line breaks":
        cells = list(sources)
    kernel = {"python3": "python3", "its own name": "lab-env"}.get(axes["kernel"], "")
    tagged = 1 if axes["parameters"] == "tagged" else -1
    return _notebook(cells, kernel, tagged=tagged)


def _notebook(
    cells: list[object] | list[list[str]], kernel: str, *, language: str = "python",
    tagged: int = -1,
) -> str:  # fmt: skip
    made: list[dict[str, object]] = [
        {"cell_type": "markdown", "id": "head", "metadata": {}, "source": ["# Train\n"]}
    ]
    for number, source in enumerate(cells):
        tags = {"tags": ["parameters"]} if number == tagged else {}
        made.append(
            {"cell_type": "code", "id": f"cell-{number}", "execution_count": None,
             "metadata": tags, "outputs": [], "source": source}
        )  # fmt: skip
    spec = {"kernelspec": {"name": kernel, "display_name": kernel, "language": language}}
    value = {"cells": made, "metadata": spec if kernel else {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(value, indent=1)


def _as_script(axes: Mapping[str, str], form: Form, name: str) -> str:
    cells = _cells(axes, form, name)
    if axes["form"] == "a light script":
        head = "# ---\n# jupyter:\n#   kernelspec:\n#     name: python3\n# ---\n\n# # Train\n\n"
        if axes["parameters"] == "tagged":
            cells[1] = '# + tags=["parameters"]\n' + cells[1] + "# -\n"
        return head + "\n".join(cells)
    titles = ["# %%\n"] * len(cells)
    if axes["parameters"] == "tagged":
        titles[1] = '# %% tags=["parameters"]\n'
    whole = "\n".join(title + cell for title, cell in zip(titles, cells, strict=True))
    return "# %% [markdown]\n# # Train\n\n" + whole
