"""DVC: pipelines in any folder, templates, parameters of all formats, data by pointers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from init_layouts.cases import Case, Truth, chosen
from init_layouts.parts import FORMS, LEARNER, TABLE, name_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from init_layouts.parts import Form

AXES = {
    "place": ("in the root", "in a folder", "with wdir", "in a folder, wdir above"),
    "stages": (
        "prepare, train, evaluate",
        "clean, fit, score",
        "one: train",
        "data-prep, model-01",
    ),
    "parameters": ("params.yaml", "params.json", "conf/params.toml", "params.py", "vars", "none"),
    "templates": ("none", "vars of its own", "foreach", "matrix"),
    "metrics": (
        "JSON",
        "JSON, nested",
        "YAML",
        "CSV",
        "text",
        "Markdown",
        "in a form that nobody reads",
    ),
    "metrics stand": ("in the stage", "on top", "in a subfolder", "in git already"),
    "plots": ("none", "in a subfolder", "on top"),
    "data": ("in git", "by .dvc, here", "by .dvc, remote gone", "by .dvc, no remote"),
    "command": ("a script", "a list", "a module", "options"),
}
_VALUES = {
    "params.yaml": "train:\n  power: 2\n  seed: 1\n",
    "params.json": '{"train": {"power": 2, "seed": 1}}\n',
    "conf/params.toml": "[train]\npower = 2\nseed = 1\n",
    "params.py": "class train:\n    power = 2\n    seed = 1\n",
}
_MD5 = "1b2c3d4e5f60718293a4b5c6d7e8f901"


def cases(most: int) -> list[Case]:
    """So many pipelines."""
    return chosen("DVC", AXES, _made, most)


def _made(axes: Mapping[str, str]) -> Case | None:
    if axes["templates"] in ("foreach", "matrix") and axes["stages"] == "one: train":
        return None  # there is nothing to multiply beside the stage that trains
    folder = {"in a folder": "ml/churn", "in a folder, wdir above": "ml/churn"}.get(
        axes["place"], ""
    )
    wdir = {"with wdir": "work", "in a folder, wdir above": "../.."}.get(axes["place"], "")
    base = {"with wdir": "work/", "in a folder": "ml/churn/"}.get(axes["place"], "")
    form = FORMS[axes["metrics"]]
    sub = "reports/" if axes["metrics stand"] == "in a subfolder" else ""
    metrics = f"{sub}{name_of(form)}"
    files: dict[str, str] = {f"{base}lab/__init__.py": "", f"{base}lab/learner.py": LEARNER}
    prepare, train, score = _names(axes["stages"])
    data = "data/table.csv"
    clean = "data/clean.csv" if prepare else data
    options = axes["command"] == "options"
    files[f"{base}lab/{_file(train)}.py"] = _train_script(
        clean, metrics, form, has_score=bool(score), has_options=options
    )
    body = _stages(axes, prepare, train, score, metrics, clean)
    if wdir:
        for name, stage in body.items():
            body[name] = _with_wdir(stage, wdir)
    top: dict[str, object] = {}
    params = axes["parameters"]
    if params in _VALUES:
        files[f"{base}{params}"] = _VALUES[params]
    place = f"{folder}/" if folder else ""
    if axes["templates"] == "vars of its own":
        top["vars"] = [{"out": "model.pkl"}]
    if params == "vars":
        top.setdefault("vars", []).append("settings.yaml")
        files[f"{place}settings.yaml"] = "power: 2\n"
    top["stages"] = body
    back = "../../" if axes["place"] == "in a folder, wdir above" else ""
    below = "work/" if axes["place"] == "with wdir" else back
    if axes["metrics stand"] == "on top":
        top["metrics"] = [f"{below}{metrics}"]
    if axes["plots"] == "on top":
        top["plots"] = [{f"{below}plots/errors.csv": {"x": "x", "y": "error"}}]
    files[f"{place}dvc.yaml"] = json.dumps(top, indent=2)  # JSON is YAML
    if prepare:
        files[f"{base}lab/{_file(prepare)}.py"] = (
            f'import shutil\n\nshutil.copy("{data}", "{clean}")\n'
        )
    if score:
        files[f"{base}lab/{_file(score)}.py"] = _score_script(clean, metrics, form)
    beside = _data(axes, base, data, files)
    ready = "remote" not in axes["data"]
    if axes["metrics stand"] == "in git already" and form.file == "metrics.json":
        files[f"{base}{metrics}"] = '{"rmse": 0.3, "r2": 0.9}\n'
    return Case(
        layout="DVC",
        axes=axes,
        files=files,
        beside=beside,
        truths=(
            Truth(
                commands=_commands(axes, train),
                wdir=_wdir(axes["place"]),
                model=f"{base}out/model.pkl",
                metrics=f"{base}{metrics}",
                gate=form.gate,
                params=(f"{base}{params}",) if params in _VALUES else (),
                data=(f"{base}{data}",),
            ),
        ),
        needs=("yaml",) if ready and params != "params.py" else None,
        ends=form.ends,
        values=tuple(form.gate),
    )


def _wdir(place: str) -> str:
    return {"in a folder": "ml/churn", "with wdir": "work"}.get(place, ".")


def _names(spelled: str) -> tuple[str, str, str]:
    names = spelled.removeprefix("one: ").split(", ")
    if len(names) == 1:
        return "", names[0], ""
    return (names[0], names[1], names[2]) if len(names) == 3 else (names[0], names[1], "")


def _file(stage: str) -> str:
    return stage.replace("-", "_")


def _commands(axes: Mapping[str, str], train: str) -> tuple[str, ...]:
    file = _file(train)
    return {
        "a script": (f"python lab/{file}.py",),
        "a list": (f"python --version && python lab/{file}.py",),
        "a module": (f"python -m lab.{file}",),
        "options": (f"python lab/{file}.py --out out/model.pkl",),
    }[axes["command"]]


def _stages(
    axes: Mapping[str, str], prepare: str, train: str, score: str,
    metrics: str, clean: str,
) -> dict[str, dict[str, object]]:  # fmt: skip
    command = _commands(axes, train)[0]
    out = "out/${out}" if axes["templates"] == "vars of its own" else "out/model.pkl"
    fit: dict[str, object] = {
        "cmd": command.split(" && ") if " && " in command else command,
        "deps": [f"lab/{_file(train)}.py", clean],
        "outs": [out],
    }
    params = axes["parameters"]
    if params == "params.yaml":
        fit["params"] = ["train"]
    elif params in _VALUES:
        fit["params"] = [{params: ["train"]}]
    elif params == "vars":
        fit["meta"] = {"power": "${power}"}
    made: dict[str, dict[str, object]] = {}
    if prepare:
        made[prepare] = {"cmd": f"python lab/{_file(prepare)}.py", "deps": ["data/table.csv"],
                         "outs": [clean]}  # fmt: skip
    made[train] = fit
    last = fit
    if score:
        last = {"cmd": f"python lab/{_file(score)}.py", "deps": [out, clean]}
        made[score] = last
    if axes["metrics stand"] == "on top":
        last.setdefault("outs", []).append({metrics: {"cache": False}})
    else:
        last["metrics"] = [{metrics: {"cache": False}}]
    if axes["plots"] == "in a subfolder":
        fit["plots"] = [{"plots/errors.csv": {"cache": False, "x": "x", "y": "error"}}]
    elif axes["plots"] == "on top":
        fit["outs"].append({"plots/errors.csv": {"cache": False}})
    copied = "python -c \"open('{out}', 'w').write('1')\""
    if axes["templates"] == "foreach":
        body = {"cmd": copied.format(out="side-${item}.txt"), "outs": ["side-${item}.txt"]}
        made["side"] = {"foreach": ["a", "b"], "do": body}
    elif axes["templates"] == "matrix":
        body = {
            "cmd": copied.format(out="side-${item.kind}.txt"),
            "outs": ["side-${item.kind}.txt"],
        }
        made["side"] = {"matrix": {"kind": ["a", "b"]}, **body}
    return made


def _with_wdir(stage: dict[str, object], wdir: str) -> dict[str, object]:
    if "do" in stage:
        return {**stage, "do": {"wdir": wdir, **stage["do"]}}
    return {"wdir": wdir, **stage}


def _train_script(
    clean: str, metrics: str, form: Form, *, has_score: bool, has_options: bool
) -> str:
    head = "import argparse\n" if has_options else ""
    imports = "" if has_score else form.imports
    text = (
        f"import os\nimport pickle\nimport sys\n{head}{imports}\n"
        "sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))\n"
        "from lab.learner import Line, measure, rows_of  # noqa: E402\n\n"
    )
    out = '"out/model.pkl"'
    if has_options:
        text += (
            "parser = argparse.ArgumentParser()\n"
            'parser.add_argument("--out", required=True)\noptions = parser.parse_args()\n'
        )
        out = "options.out"
    text += (
        f'rows = rows_of("{clean}")\nmodel = Line().fit(rows)\n'
        'os.makedirs("out", exist_ok=True)\n'
        f'with open({out}, "wb") as file:\n    pickle.dump(model.slope, file)\n'
        'os.makedirs("plots", exist_ok=True)\n'
        'with open("plots/errors.csv", "w") as file:\n'
        '    file.write("x,error\\n")\n'
        '    file.writelines(f"{x},{y - model.predict(x)}\\n" for x, y in rows)\n'
    )
    if not has_score:
        folder = metrics.rpartition("/")[0]
        text += f'os.makedirs("{folder}", exist_ok=True)\n' if folder else ""
        text += "rmse, r2 = measure(model, rows)\n" + form.at(f'"{metrics}"')
    return text


def _score_script(clean: str, metrics: str, form: Form) -> str:
    folder = metrics.rpartition("/")[0]
    made = f'os.makedirs("{folder}", exist_ok=True)\n' if folder else ""
    return (
        f"import os\nimport pickle\nimport sys\n{form.imports}\n"
        "sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))\n"
        "from lab.learner import Line, measure, rows_of  # noqa: E402\n\n"
        'model = Line()\nwith open("out/model.pkl", "rb") as file:\n'
        f'    model.slope = pickle.load(file)\nrows = rows_of("{clean}")\n'
        f"rmse, r2 = measure(model, rows)\n{made}" + form.at(f'"{metrics}"')
    )


def _data(axes: Mapping[str, str], base: str, data: str, files: dict[str, str]) -> dict[str, str]:
    """Put the data where they are; returns what git does not hold."""
    if axes["data"] == "in git":
        files[f"{base}{data}"] = TABLE
        return {}
    import hashlib

    is_here = axes["data"] == "by .dvc, here"
    md5 = hashlib.md5(TABLE.encode(), usedforsecurity=False).hexdigest() if is_here else _MD5
    files[f"{base}{data}.dvc"] = (
        f"outs:\n- md5: {md5}\n  size: {len(TABLE)}\n  hash: md5\n  path: table.csv\n"
    )
    files[f"{base}data/.gitignore"] = "/table.csv\n/clean.csv\n"
    files[".dvc/config"] = (
        "[core]\n    remote = store\n['remote \"store\"']\n    url = https://gone.example.org/dvc\n"
        if "gone" in axes["data"]
        else ""
    )
    return {f"{base}{data}": TABLE} if is_here else {}
