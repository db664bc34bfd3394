"""Several models in one repository: arrangements, shared code, commands of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from init_layouts.cases import Case, Truth, chosen
from init_layouts.parts import FORMS, LEARNER, TABLE, indented, name_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from init_layouts.parts import Form

AXES = {
    "models": ("churn, fraud", "churn, fraud, price", "eu-west, eu-east"),
    "arrangement": (
        "NAME/train.py",
        "models/NAME/train.py",
        "services/NAME/src/train.py",
        "projects/NAME/fit_model.py",
        "NAME/main.py",
        "train_NAME.py",
    ),
    "shared": ("none", "a package beside", "below src", "beside each script", "a module above"),
    "command": (
        "not said",
        "one Makefile",
        "a Makefile each",
        "README",
        "an MLproject each",
        "tox",
        "nox",
    ),
    "options": ("none", "argparse", "click", "a settings file each"),
    "paths": ("from the script", "from the root"),
    "metrics": ("JSON", "YAML", "text", "printed", "JSON, nested", "in a form that nobody reads"),
    "data": ("of its own", "shared"),
}


def cases(most: int) -> list[Case]:
    """So many repositories."""
    return chosen("Monorepo", AXES, _made, most)


def _made(axes: Mapping[str, str]) -> Case | None:
    form = FORMS[axes["metrics"]]
    is_above = axes["shared"] == "a module above"
    is_flat = axes["arrangement"] == "train_NAME.py"
    if is_above and (is_flat or axes["arrangement"].startswith("NAME/")):
        return None  # the same as a package beside
    if is_flat and (
        axes["shared"] not in ("none", "beside each script")
        or axes["command"] in ("a Makefile each", "an MLproject each")
        or axes["options"] == "a settings file each"
        or axes["data"] != "shared"
        or axes["paths"] != "from the root"
    ):
        return None
    if axes["options"] == "a settings file each" and axes["paths"] == "from the root":
        return None
    names = axes["models"].split(", ")
    files: dict[str, str] = {"requirements.txt": "click\npyyaml\n"}
    if axes["data"] == "shared":
        files["data/table.csv"] = TABLE
    module = _share(axes, files)
    truths, commands = [], []
    for name in names:
        place = axes["arrangement"].replace("NAME", name)
        folder = place.rpartition("/")[0] or name
        if axes["shared"] == "beside each script":
            files["learner.py" if is_flat else f"{folder}/learner.py"] = LEARNER
        out = f"{folder}/out"
        data = "data/table.csv" if axes["data"] == "shared" else f"{folder}/data/table.csv"
        if axes["data"] != "shared":
            files[data] = TABLE
        settings = ""
        if axes["options"] == "a settings file each":
            settings = f"{folder}/settings.yaml"
            files[settings] = "out: out\nseed: 1\n"
        files[place] = _script(axes, folder, data, form, module)
        variable = {"below src": "PYTHONPATH=src ", "a package beside": "PYTHONPATH=. "}.get(
            axes["shared"], "PYTHONPATH=" + folder.split("/")[0] + " " if is_above else ""
        )
        given = " --alpha 0.5" if axes["options"] in ("argparse", "click") else ""
        commands.append((name, folder, f"{variable}python {place}{given}"))
        used = given if axes["command"] != "not said" else ""
        truths.append(
            Truth(
                name=name,
                commands=(f"{variable}python {place}{used}",),
                model=f"{out}/model.pkl",
                metrics="printed" if form.file == "printed"
                else f"{out}/{form.file}" if form.file else "",
                gate=form.gate,
                data=(data,),
                params=(settings,) if settings else (),
            )
        )  # fmt: skip
    _say(axes, files, commands)
    return Case(
        layout="Monorepo", axes=axes, files=files, truths=tuple(truths),
        needs=None if is_flat else ("yaml", "click"), ends=form.ends, values=tuple(form.gate),
    )  # fmt: skip


def _share(axes: Mapping[str, str], files: dict[str, str]) -> str:
    """The module of shared code, as it is imported; "" where each script has its own."""
    shared = axes["shared"]
    if shared == "a package beside":
        files |= {"common_lab/__init__.py": "", "common_lab/learner.py": LEARNER}
        return "common_lab.learner"
    if shared == "below src":
        files |= {"src/lab/__init__.py": "", "src/lab/learner.py": LEARNER}
        return "lab.learner"
    if shared == "a module above":
        files[axes["arrangement"].split("/")[0] + "/learner.py"] = LEARNER
        return "learner"
    return "learner" if shared == "beside each script" else ""


def _script(axes: Mapping[str, str], folder: str, data: str, form: Form, module: str) -> str:
    here = axes["paths"] == "from the script"
    top = "import os\nimport pickle\nfrom pathlib import Path\n" + form.imports
    top += f"from {module} import Line, measure, rows_of\n" if module else LEARNER
    if here:
        top += "\nHERE = Path(__file__).resolve().parent\n"
        out, read = 'HERE / "out"', 'HERE / "data" / "table.csv"'
        if axes["data"] == "shared":
            read = f'HERE.parents[{folder.count("/")}] / "data/table.csv"'
    else:
        out, read = f'Path("{folder}/out")', f'"{data}"'
    begin = "def main():\n"
    options = axes["options"]
    body = ""
    if options == "argparse":
        top += "import argparse\n"
        body = (
            "parser = argparse.ArgumentParser()\n"
            'parser.add_argument("--alpha", type=float, default=0.1)\nargs = parser.parse_args()\n'
        )
    elif options == "click":
        top += "import click\n"
        begin = '@click.command()\n@click.option("--alpha", default=0.1)\ndef main(alpha):\n'
    elif options == "a settings file each":
        top += "import yaml\n"
        body = 'settings = yaml.safe_load((HERE / "settings.yaml").read_text())\n'
        out = 'HERE / settings["out"]'
    body += (
        f"out = {out}\nout.mkdir(parents=True, exist_ok=True)\nrows = rows_of({read})\n"
        "model = Line().fit(rows)\n"
        'with open(out / "model.pkl", "wb") as file:\n    pickle.dump(model.slope, file)\n'
        "rmse, r2 = measure(model, rows)\n" + form.at(f'out / "{name_of(form)}"')
    )
    return top + "\n\n" + begin + indented(body) + '\n\nif __name__ == "__main__":\n    main()\n'


def _say(
    axes: Mapping[str, str], files: dict[str, str], commands: list[tuple[str, str, str]]
) -> None:
    how = axes["command"]
    if how == "one Makefile":
        files["Makefile"] = "".join(f"train-{n}:\n\t{c}\n\n" for n, _, c in commands)
    elif how == "README":
        lines = "\n".join(f"{c}" for _, _, c in commands)
        files["README.md"] = f"# Models\n\n```sh\n{lines}\n```\n"
    elif how == "tox":
        # setenv is not followed: the command itself says where modules are
        files["tox.ini"] = "".join(
            f"[testenv:train-{n}]\ncommands = {c.removeprefix('PYTHONPATH=. ')}\n\n"
            for n, _, c in commands
        )
    elif how == "nox":
        body = "".join(
            f"@nox.session\ndef train_{n.replace('-', '_')}(session):\n    session.run("
            + ", ".join(f'"{word}"' for word in c.split() if not word.startswith("PYTHONPATH"))
            + ")\n\n\n"
            for n, _, c in commands
        )
        files["noxfile.py"] = "import nox\n\n\n" + body
    for _, folder, command in commands:
        inner = command.replace(f"{folder}/", "", 1)
        depth = folder.count("/") + 1
        if how == "a Makefile each":
            files[f"{folder}/Makefile"] = f"train:\n\tcd {'/'.join(['..'] * depth)} && {command}\n"
        elif how == "an MLproject each":
            files[f"{folder}/MLproject"] = (
                "name: one\nentry_points:\n  main:\n    command: "
                f'"{" ".join(w for w in inner.split() if not w.startswith("PYTHONPATH"))}"\n'
            )
