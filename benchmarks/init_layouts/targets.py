"""One model whose command stands in a Makefile, MLproject, Kedro project, tox, nox or a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from init_layouts.cases import Case, Truth, chosen
from init_layouts.parts import FORMS, LEARNER, TABLE, indented, name_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from init_layouts.parts import Form

AXES = {
    "target": (
        "Makefile",
        "Makefile with variables",
        "Makefile, three steps",
        "MLproject",
        "MLproject with parameters",
        "tox",
        "nox",
        "a program",
        "a shell script",
        "Kedro",
        "a workflow",
    ),
    "script": ("train.py", "src/fit_model.py", "scripts/run_training.py", "lab/main.py"),
    "options": ("argparse", "click", "required", "sys.argv"),
    "out": ("out", "artifacts/churn"),
    "metrics": (
        "JSON",
        "JSON, nested",
        "YAML",
        "CSV",
        "text",
        "Markdown",
        "printed",
        "logged",
        "printed in percent",
        "in a form that nobody reads",
        "a name made when it runs",
    ),
    "beside": ("nothing", "another script that fits", "tests"),
}


def cases(most: int) -> list[Case]:
    """So many repositories."""
    return chosen("Targets", AXES, _made, most)


def _made(axes: Mapping[str, str]) -> Case | None:
    target, metrics = axes["target"], axes["metrics"]
    if target == "Kedro":
        if metrics not in ("JSON", "JSON, nested", "YAML", "in a form that nobody reads"):
            return None
        return _kedro({**axes, "script": "nodes", "options": "none"})
    if target == "a program" and axes["options"] == "sys.argv":
        return None
    form = FORMS[metrics]
    script = axes["script"]
    out = axes["out"]
    if target == "a program":
        axes = {**axes, "script": "src/lab/cli.py"}
        script = "src/lab/cli.py"
    given = {"required": f" --out {out}", "sys.argv": f" {out}"}.get(axes["options"], "")
    reads = "data/clean.csv" if target == "Makefile, three steps" else "data/table.csv"
    is_judged = target == "Makefile, three steps"
    files = {script: _script(axes, reads, is_judged=is_judged)}
    files |= {"data/table.csv": TABLE, "requirements.txt": "click\npyyaml\n"}
    command = f"python {script}{given}"
    files |= _target(target, script, given, command)
    if axes["beside"] == "another script that fits":
        files["baseline_model.py"] = "from sklearn.dummy import DummyClassifier\n\n" + (
            'if __name__ == "__main__":\n    DummyClassifier().fit([[1]], [1])\n'
        )
    elif axes["beside"] == "tests":
        files["tests/test_train.py"] = "def test_nothing():\n    pass\n"
    left = f"{out}/{form.file}"
    if is_judged:
        files["scripts/clean.py"] = (
            'import shutil\n\nshutil.copy("data/table.csv", "data/clean.csv")\n'
        )
        files["scripts/score.py"] = _score(out, form)
    # Which of the two it is may be asked: then the safe answer trains the other.
    is_open = target == "a program" and axes["beside"] == "another script that fits"
    program = "PYTHONPATH=src python -m lab.cli" + given
    return Case(
        layout="Targets",
        axes=axes,
        files=files,
        truths=(
            Truth(
                commands=(program,) if target == "a program" else (command,),
                model=f"{out}/model.pkl",
                metrics="printed" if form.file == "printed" else left if form.file else "",
                gate=form.gate,
                tolerated=form.tolerated,
                data=("data/table.csv",),
            ),
        ),
        needs=None if is_open else ("click", "yaml"),
        ends=form.ends,
        values=tuple(form.gate),
    )


def _script(axes: Mapping[str, str], reads: str, *, is_judged: bool) -> str:
    form, options, out = FORMS[axes["metrics"]], axes["options"], axes["out"]
    top = "import os\nimport pickle\n" + ("" if is_judged else form.imports) + LEARNER
    begin, body = "def main():\n", ""
    if options in ("argparse", "required"):
        top = "import argparse\n" + top
        how = "required=True" if options == "required" else f'default="{out}"'
        body = (
            f'parser = argparse.ArgumentParser()\nparser.add_argument("--out", {how})\n'
            "out = parser.parse_args().out\n"
        )
    elif options == "click":
        top = "import click\n" + top
        begin = f'@click.command()\n@click.option("--out", default="{out}")\ndef main(out):\n'
    else:
        top = "import sys\n" + top
        body = "out = sys.argv[1]\n"
    body += (
        f'rows = rows_of("{reads}")\nmodel = Line().fit(rows)\n'
        "os.makedirs(out, exist_ok=True)\n"
        'with open(os.path.join(out, "model.pkl"), "wb") as file:\n'
        "    pickle.dump(model.slope, file)\n"
    )
    if not is_judged:
        body += "rmse, r2 = measure(model, rows)\n" + form.at(f'f"{{out}}/{name_of(form)}"')
    return top + "\n\n" + begin + indented(body) + '\n\nif __name__ == "__main__":\n    main()\n'


def _score(out: str, form: Form) -> str:
    return (
        "import pickle\n" + form.imports + LEARNER + "\n\nmodel = Line()\n"
        f'with open("{out}/model.pkl", "rb") as file:\n    model.slope = pickle.load(file)\n'
        'rmse, r2 = measure(model, rows_of("data/clean.csv"))\n'
        + form.at(f'"{out}/{name_of(form)}"')
    )


def _target(target: str, script: str, given: str, command: str) -> dict[str, str]:
    if target == "Makefile":
        return {"Makefile": f".PHONY: train\nlint:\n\truff check .\n\ntrain:\n\t{command}\n"}
    if target == "Makefile with variables":
        return {
            "Makefile": f"PYTHON := python\nSCRIPT = {script}\n\nmodel:\n\t@$(PYTHON) ${{SCRIPT}}"
            f" \\\n\t  {given.strip()}\n"
            if given
            else f"PYTHON := python\nSCRIPT = {script}\n\nmodel:\n\t@$(PYTHON) ${{SCRIPT}}\n"
        }
    if target == "Makefile, three steps":
        return {
            "Makefile": "all: score\n\nclean-data:\n\tpython scripts/clean.py\n\n"
            f"train: clean-data\n\t{command}\n\nscore: train\n\tpython scripts/score.py\n"
        }
    if target.startswith("MLproject"):
        text = f'name: one\nentry_points:\n  main:\n    command: "{command}"\n'
        if target != "MLproject" and given:
            value = given.rsplit(maxsplit=1)[-1]
            text = (
                "name: one\nentry_points:\n  main:\n    parameters:\n"
                f"      out: {{type: string, default: {value}}}\n"
                f'    command: "{command.replace(value, "{out}")}"\n'
            )
        return {"MLproject": text}
    if target == "tox":
        return {
            "tox.ini": f"[tox]\nenvlist = py\n\n[testenv:train]\ncommands = {command} {{posargs}}\n"
        }
    if target == "nox":
        words = ", ".join(f'"{word}"' for word in command.split())
        return {
            "noxfile.py": "import nox\n\n\n@nox.session\ndef train(session):\n"
            f"    session.run({words}, *session.posargs)\n"
        }
    if target == "a program":
        told = f"lab-train{given}" if given else "lab-train --help"
        return {
            "pyproject.toml": '[project]\nname = "lab"\nversion = "1"\n\n[project.scripts]\n'
            'lab-train = "lab.cli:main"\n',
            "README.md": f"# Lab\n\n```\npip install .\n{told}\n```\n",
            "src/lab/__init__.py": "",
        }
    if target == "a shell script":
        return {"run.sh": f"#!/bin/sh\nset -e\n{command}\n"}
    return {
        ".github/workflows/train.yml": "on: push\njobs:\n  train:\n    runs-on: ubuntu-latest\n"
        f"    steps:\n      - uses: actions/checkout@v4\n      - run: {command}\n"
    }


def _kedro(axes: Mapping[str, str]) -> Case:
    form = FORMS[axes["metrics"]]
    kind = {"JSON": "json.JSONDataset", "JSON, nested": "json.JSONDataset",
            "YAML": "yaml.YAMLDataset"}.get(axes["metrics"], "pickle.PickleDataset")  # fmt: skip
    left = f"data/08_reporting/{form.file}" if form.file else "data/08_reporting/results.bin"
    model = f"data/06_models/{axes['out'].replace('/', '_')}.pickle"
    catalog = (
        "table:\n  type: pandas.CSVDataset\n  filepath: data/01_raw/table.csv\n"
        f"regressor:\n  type: pickle.PickleDataset\n  filepath: {model}\n"
        f"scores:\n  type: {kind}\n  filepath: {left}\n"
    )
    found = '{"rmse": 1.0, "r2": 0.5}'
    found = f'{{"test": {found}}}' if "nested" in axes["metrics"] else found
    nodes = (
        "def train(table):\n    return Line().fit(table)\n\n\ndef score(model):\n"
        f"    return {found}\n"
    )
    pipeline = (
        "from kedro.pipeline import node, pipeline\n\nfrom .nodes import score, train\n\n\n"
        "def create_pipeline(**kwargs):\n    return pipeline([\n"
        '        node(train, "table", "regressor"),\n        node(score, "regressor", "scores"),\n'
        "    ])\n"
    )
    files = {
        "pyproject.toml": '[tool.kedro]\npackage_name = "flights"\nproject_name = "Flights"\n'
        'kedro_init_version = "0.19.9"\n',
        "conf/base/catalog.yml": catalog,
        "conf/base/parameters.yml": "alpha: 0.1\n",
        "data/01_raw/table.csv": TABLE,
        "requirements.txt": "kedro\n",
        "src/flights/__init__.py": "",
        "src/flights/pipeline_registry.py": "def register_pipelines():\n    return {}\n",
        "src/flights/pipelines/science/__init__.py": "from .pipeline import create_pipeline\n",
        "src/flights/pipelines/science/nodes.py": nodes,
        "src/flights/pipelines/science/pipeline.py": pipeline,
    }
    return Case(
        layout="Targets",
        axes=axes,
        files=files,
        truths=(
            Truth(
                commands=("kedro run",),
                model=model,
                metrics=left if form.file else "",
                gate=form.gate,
                params=("conf/base/parameters.yml",),
                data=("data/01_raw/table.csv",),
            ),
        ),
    )
