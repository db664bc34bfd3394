"""Hydra and OmegaConf: folders and names of configuration, groups, defaults lists, run folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from init_layouts.cases import Case, Truth, chosen
from init_layouts.parts import FORMS, LEARNER, TABLE, indented, name_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from init_layouts.parts import Form

AXES = {
    "entry": ("train.py", "src/train.py", "src/lab/main.py", "run_experiment.py"),
    "starts": (
        "decorated",
        "decorated",
        "compose",
        "OmegaConf and its command line",
        "OmegaConf, a job file",
        "a dataclass in code",
    ),
    "configuration": ("conf/config.yaml", "config/train.yaml", "configs/main.yaml"),
    "groups": ("none", "a model with _target_", "nested", "an experiment for all", "renamed"),
    "run folder": ("stays", "chdir by version", "chdir by setting", "asked for by key"),
    "paths": ("constants", "keys", "interpolated", "from the original folder"),
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
    ),
    "value": ("all given", "all given", "all given", "one demanded"),
    "command": ("not said", "README", "Makefile with overrides"),
}


def cases(most: int) -> list[Case]:
    """So many applications."""
    return chosen("Hydra", AXES, _made, most)


def _made(axes: Mapping[str, str]) -> Case | None:
    starts = axes["starts"]
    is_hydra = starts in ("decorated", "compose", "a dataclass in code")
    is_in_code = starts == "a dataclass in code"
    changes = axes["run folder"].startswith("chdir") and starts == "decorated"
    if starts != "decorated":
        axes = {**axes, "run folder": "stays", "value": "all given"}
        if axes["paths"] == "from the original folder":
            axes = {**axes, "paths": "constants"}
    if not is_hydra or is_in_code:
        axes = {**axes, "groups": "none"}  # OmegaConf alone composes nothing
    if axes["run folder"] == "asked for by key":
        axes = {**axes, "paths": "interpolated"}
    if is_in_code:
        axes = {**axes, "configuration": "none", "paths": "keys"}
    form = FORMS[axes["metrics"]]
    entry = axes["entry"]
    folder, _, file = axes["configuration"].partition("/")
    files = {} if is_in_code else _configuration(axes, folder, file, form)
    out = _out(axes, changes=changes)
    files[entry] = _script(axes, entry, folder, file.removesuffix(".yaml"), form, changes=changes)
    files["data/table.csv"] = TABLE
    if axes["groups"] != "none":
        files["/".join([*entry.split("/")[:-1], "learner.py"])] = LEARNER
    files["requirements.txt"] = "hydra-core\nomegaconf\npyyaml\n"
    command = f"python {entry}"
    job = " --job " + axes["configuration"] if starts == "OmegaConf, a job file" else ""
    if axes["command"] == "README":
        files["README.md"] = (
            f"# Lab\n\n```sh\npip install -r requirements.txt\n{command}{job}\n```\n"
        )
    elif axes["command"] == "Makefile with overrides":
        if not job:
            job = " seed=3"
        files["Makefile"] = f"train:\n\t{command}{job}\n"
    command += job if axes["command"] != "not said" else ""
    asked = axes["value"] == "one demanded"
    run = " hydra.run.dir=outputs/run" if out.startswith("outputs/run") else ""
    prefix = f"{out}/" if out else ""
    return Case(
        layout="Hydra",
        axes=axes,
        files=files,
        truths=(
            Truth(
                # A folder for Hydra's own notes may be asked for where nothing else lies in one.
                commands=(command + run, f"{command} hydra.run.dir=outputs/run")
                if changes
                else (command + run,),
                model=f"{prefix}artifacts/model.pkl",
                metrics="printed" if form.file == "printed"
                else f"{prefix}artifacts/{form.file}" if form.file else "",
                gate=form.gate,
                tolerated=form.tolerated,
                params=() if is_in_code else (f"{folder}/{file}",),
                data=("data/table.csv",),
                asked=asked,
            ),
        ),
        needs=None if asked else (*(["hydra"] if is_hydra else []), "omegaconf", "yaml"),
        ends=form.ends,
        values=tuple(form.gate),
    )  # fmt: skip


def _out(axes: Mapping[str, str], *, changes: bool) -> str:
    """Where the job's outputs lie, from the root."""
    if axes["run folder"] == "asked for by key":
        return "outputs/run"
    return "outputs/run" if changes and axes["paths"] != "from the original folder" else ""


def _configuration(axes: Mapping[str, str], folder: str, file: str, form: Form) -> dict[str, str]:
    name = name_of(form)
    lines = ["seed: 1"]
    if axes["value"] == "one demanded":
        lines.append("label: ???")
    paths = axes["paths"]
    if axes["run folder"] == "asked for by key":
        lines += ["out: ${hydra:runtime.output_dir}/artifacts"]
    elif paths == "interpolated":
        lines += ["base: arti", "out: ${base}facts"]
    elif paths == "keys":
        lines += ["out: artifacts"]
    if paths in ("interpolated", "keys"):
        lines += ["paths:", "  model: ${out}/model.pkl", f"  metrics: ${{out}}/{name}"]
    files: dict[str, str] = {}
    defaults: list[str] = []
    target = "# which slope\n_target_: learner.Line\n"
    groups = axes["groups"]
    if groups == "a model with _target_":
        defaults = ["- model: line", "- _self_"]
        files[f"{folder}/model/line.yaml"] = target
        files[f"{folder}/model/deep.yaml"] = "_target_: learner.Deep\nwidth: ???\n"
    elif groups == "nested":
        defaults = ["- _self_", "- model/kind: line", "- optional local: mine"]
        files[f"{folder}/model/kind/line.yaml"] = "# @package model\n" + target
    elif groups == "an experiment for all":
        defaults = ["- model: line", "- _self_", "- experiment: first"]
        files[f"{folder}/model/line.yaml"] = target
        files[f"{folder}/experiment/first.yaml"] = "# @package _global_\nseed: 4\n"
    elif groups == "renamed":
        defaults = ["- net@model: line", "- _self_"]
        files[f"{folder}/net/line.yaml"] = target
    if axes["run folder"] == "chdir by setting" and axes["starts"] == "decorated":
        lines += ["hydra:", "  job:", "    chdir: true"]
    top = ["defaults:", *(f"  {item}" for item in defaults)] if defaults else []
    files[f"{folder}/{file}"] = "\n".join([*top, *lines]) + "\n"
    return files


def _script(
    axes: Mapping[str, str], entry: str, folder: str, name: str, form: Form, *, changes: bool
) -> str:
    depth = entry.count("/")
    up = "../" * depth
    paths, starts = axes["paths"], axes["starts"]
    data = '"data/table.csv"'
    model, metrics = '"artifacts/model.pkl"', f'"artifacts/{name_of(form)}"'
    made = '"artifacts"'
    if paths in ("keys", "interpolated"):
        model, metrics, made = "cfg.paths.model", "cfg.paths.metrics", "cfg.out"
    elif paths == "from the original folder":
        model, metrics = (f"to_absolute_path({item})" for item in (model, metrics))
        made = 'to_absolute_path("artifacts")'
    if changes:
        data = f"to_absolute_path({data})"
    has_target = axes["groups"] != "none"
    imports = "import os\nimport pickle\n" + form.imports
    body = (
        f"rows = rows_of({data})\n"
        + (
            "model = instantiate(cfg.model).fit(rows)\n"
            if has_target
            else "model = Line().fit(rows)\n"
        )
        + f"os.makedirs({made}, exist_ok=True)\n"
        + f'with open({model}, "wb") as file:\n    pickle.dump(model.slope, file)\n'
        + "rmse, r2 = measure(model, rows)\n"
        + form.at(metrics)
    )
    learner = LEARNER if not has_target else "from learner import measure, rows_of\n"
    version = ', version_base="1.3"'
    if axes["run folder"] == "chdir by version":
        version = ', version_base="1.1"'
    if starts == "decorated":
        head = "import hydra\nfrom hydra.utils import instantiate, to_absolute_path\n"
        begin = f'@hydra.main(config_path="{up}{folder}", config_name="{name}"{version})\n'
        begin += "def main(cfg):\n"
    elif starts == "a dataclass in code":
        head = (
            "from dataclasses import dataclass, field\nimport hydra\n"
            "from hydra.core.config_store import ConfigStore\n"
        )
        begin = (
            '@dataclass\nclass Paths:\n    model: str = "artifacts/model.pkl"\n'
            f'    metrics: str = "artifacts/{name_of(form)}"\n\n\n'
            "@dataclass\nclass Config:\n    seed: int = 1\n"
            '    out: str = "artifacts"\n    paths: Paths = field(default_factory=Paths)\n\n\n'
            'ConfigStore.instance().store(name="config", node=Config)\n\n\n'
            '@hydra.main(config_path=None, config_name="config", version_base="1.3")\n'
            "def main(cfg):\n"
        )
    elif starts == "compose":
        head = "from hydra import compose, initialize\nfrom hydra.utils import instantiate\n"
        begin = (
            f'def main():\n    with initialize(config_path="{up}{folder}", version_base="1.3"):\n'
            f'        cfg = compose(config_name="{name}")\n'
        )
    elif starts == "OmegaConf and its command line":
        head = "from omegaconf import OmegaConf\n"
        begin = (
            f'def main():\n    cfg = OmegaConf.merge(OmegaConf.load("{folder}/{name}.yaml"),'
            " OmegaConf.from_cli())\n"
        )
    else:
        head = "import argparse\nfrom omegaconf import OmegaConf\n"
        begin = (
            "def main():\n    parser = argparse.ArgumentParser()\n"
            f'    parser.add_argument("--job", default="{folder}/{name}.yaml")\n'
            '    parser.add_argument("overrides", nargs="*")\n'
            "    options = parser.parse_args()\n"
            "    cfg = OmegaConf.merge(OmegaConf.load(options.job),"
            " OmegaConf.from_dotlist(options.overrides))\n"
        )
    end = '\n\nif __name__ == "__main__":\n    main()\n'
    return imports + head + learner + "\n\n" + begin + indented(body) + end
