"""Trainers: Lightning, Transformers, Keras, gradient boosting, a class with dotted options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from init_layouts.cases import Case, Truth, chosen
from init_layouts.parts import FORMS, LEARNER, TABLE, indented, name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from init_layouts.parts import Form

    Made = tuple[str, dict[str, str], dict[str, object]]
    Builder = Callable[["Setting"], Made]

AXES = {
    "framework": (
        "Lightning CLI",
        "Lightning CLI, a configuration",
        "Lightning, CSV logger",
        "Lightning, TensorBoard",
        "Transformers, options",
        "Transformers, a script",
        "Keras",
        "Keras, a checkpoint",
        "XGBoost",
        "XGBoost, as scikit-learn",
        "LightGBM",
        "LightGBM, as scikit-learn",
        "a class, dotted options",
        "a class, YAML and dots",
    ),
    "place": ("main.py", "train.py", "src/train.py", "lab/run_training.py"),
    "command": ("not said", "README", "Makefile", "as a module"),
    "folder": ("out", "runs/first", "artifacts/model"),
    "metrics": (
        "the framework's own",
        "JSON",
        "YAML",
        "CSV",
        "text",
        "printed",
        "logged",
        "in a form that nobody reads",
    ),
    "data": ("a table", "a folder"),
}
_NO_OWN = ("XGBoost", "LightGBM", "a class", "Lightning, TensorBoard", "Transformers, a script")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a training is made of.

    Attributes:
        folder: Where the model goes.
        data: What it reads.
        form: How its metrics are left.
        is_own: Whether the framework leaves them.
    """

    folder: str
    data: str
    form: Form
    is_own: bool


def cases(most: int) -> list[Case]:
    """So many trainings."""
    return chosen("Trainer", AXES, _made, most)


def _made(axes: Mapping[str, str]) -> Case | None:
    framework, metrics = axes["framework"], axes["metrics"]
    is_own = metrics == "the framework's own"
    if is_own and framework.startswith(_NO_OWN):
        return None
    if framework.startswith(("Lightning CLI", "Lightning, CSV")) and not is_own:
        return None  # there is no line of the user's after the training; one logger is enough
    form = FORMS["JSON"] if is_own else FORMS[metrics]
    place, folder = axes["place"], axes["folder"]
    data = "data/table.csv" if axes["data"] == "a table" else "data/images"
    files = {"data/images/a.txt": "1\n", "data/table.csv": TABLE, "requirements.txt": "numpy\n"}
    build = _BUILDERS[framework]
    source, more, truth = build(Setting(folder=folder, data=data, form=form, is_own=is_own))
    beside = f"{place.rpartition('/')[0]}/" if "/" in place else ""
    files |= {beside + path if path == "loop.py" else path: text for path, text in more.items()}
    files[place] = source
    module = place.removesuffix(".py").replace("/", ".")
    if axes["command"] == "as a module" and beside and "loop.py" in more:
        return None  # what stands beside the script is not found from the root
    arguments = truth.pop("arguments", "")
    if axes["command"] == "README":
        files["README.md"] = f"# Lab\n\n    $ python {place}{arguments}\n"
    elif axes["command"] == "Makefile":
        files["Makefile"] = f"data:\n\techo data\n\ntrain: data\n\tpython {place}{arguments}\n"
    elif axes["command"] == "as a module":
        files["run.sh"] = f"set -e\npython -m {module}{arguments}\n"
    if truth.pop("hf", False):
        given = folder if axes["command"] != "not said" else "outputs"
        truth["model"] = given
        truth.setdefault("metrics", f"{given}/eval_results.json")
    bare = truth.pop("bare", "") if axes["command"] == "not said" else arguments
    truth.pop("bare", None)
    runs = framework.startswith("a class") and axes["data"] == "a table"
    gate = form.gate if not is_own else truth.pop("gate")
    truth.pop("gate", None)
    return Case(
        layout="Trainer",
        axes=axes,
        files=files,
        truths=(
            Truth(
                commands=(f"python -m {module}{bare}",)
                if axes["command"] == "as a module"
                else (f"python {place}{bare}",),
                gate=gate,
                data=(data,),
                **truth,
            ),
        ),
        needs=("omegaconf", "yaml") if runs else None,
        ends=form.ends,
        values=tuple(gate),
    )


def _left(form: Form, folder: str) -> dict[str, object]:
    place = "printed" if form.file == "printed" else f"{folder}/{form.file}" if form.file else ""
    return {"metrics": place}


def _leave(form: Form, folder: str) -> str:
    return f'os.makedirs("{folder}", exist_ok=True)\n' + form.at(f'"{folder}/{name_of(form)}"')


_CLI = """
import csv

import lightning as L
from lightning.pytorch.cli import LightningCLI


class Data(L.LightningDataModule):
    def __init__(self, path: str = "{table}"):
        super().__init__()
        self.path = path

    def setup(self, stage):
        self.rows = list(csv.reader(open("{table}")))


class Net(L.LightningModule):
    def validation_step(self, batch, index):
        self.log("val_loss", self(batch))


def main():
    LightningCLI(Net, Data)


if __name__ == "__main__":
    main()
"""


def _cli(at: Setting) -> Made:
    return (
        _CLI.replace("{table}", at.data),
        {},
        {"arguments": " fit --trainer.max_epochs=3", "bare": " fit", "gate": {}},
    )


def _cli_with_file(at: Setting) -> Made:
    config = (
        f"seed_everything: 1\ntrainer:\n  max_epochs: 3\n  default_root_dir: {at.folder}\n"
        "  logger:\n    class_path: lightning.pytorch.loggers.CSVLogger\n"
        f"    init_args:\n      save_dir: {at.folder}\n      name: logs\n"
        "  callbacks:\n  - class_path: lightning.pytorch.callbacks.ModelCheckpoint\n"
        f"    init_args:\n      dirpath: {at.folder}/checkpoints\nmodel:\n  width: 3\n"
    )
    return (
        _CLI.replace("{table}", at.data),
        {"configs/fit.yaml": config},
        {
            "arguments": " fit --config configs/fit.yaml",
            "bare": " fit --config configs/fit.yaml",
            "gate": {"val_loss": "minimize"},
            "params": ("configs/fit.yaml",),
            "model": f"{at.folder}/checkpoints",
            "metrics": f"{at.folder}/logs",
        },
    )


def _lightning(logger: str) -> Builder:
    def build(at: Setting) -> Made:
        made = {
            "csv": f'CSVLogger("{at.folder}", name="logs")',
            "tensorboard": f'TensorBoardLogger("{at.folder}/board")',
        }[logger]
        name = made.partition("(")[0]
        own = at.is_own and logger == "csv"
        source = (
            f"import os\n{at.form.imports if not own else ''}import lightning as L\n"
            f"from lightning.pytorch.loggers import {name}\n"
            "from lightning.pytorch.callbacks import ModelCheckpoint\nfrom torch import nn\n\n\n"
            "class Net(L.LightningModule):\n    def validation_step(self, batch, index):\n"
            '        self.log("val_loss", self(batch))\n\n\n'
            f'def main():\n    rows = read("{at.data}")\n    logger = {made}\n'
            f'    keep = ModelCheckpoint(dirpath="{at.folder}/checkpoints", save_last=True)\n'
            "    trainer = L.Trainer(max_epochs=3, logger=logger, callbacks=[keep])\n"
            "    trainer.fit(Net(), rows)\n"
            + (
                ""
                if own
                else indented("rmse, r2 = measure(trainer)\n" + _leave(at.form, "reports"))
            )
            + "\n\ndef read(path):\n    return open(path).read()\n\n\nmain()\n"
        )
        truth: dict[str, object] = {
            "model": f"{at.folder}/checkpoints",
            "gate": {"val_loss": "minimize"},
        }
        truth |= {"metrics": f"{at.folder}/logs"} if own else (
            _left(at.form, "reports")
        )  # fmt: skip
        return source, {}, truth

    return build


def _options(at: Setting) -> Made:
    source = (
        "import os\n"
        + ("" if at.is_own else at.form.imports)
        + "from dataclasses import dataclass, field\n"
        "from datasets import load_dataset\n"
        "from transformers import AutoModel, HfArgumentParser, Trainer, TrainingArguments\n\n\n"
        "@dataclass\nclass DataArguments:\n"
        f'    train_file: str = field(default="{at.data}")\n\n\n'
        "def main():\n    parser = HfArgumentParser((DataArguments, TrainingArguments))\n"
        "    data_args, training_args = parser.parse_args_into_dataclasses()\n"
        "    rows = open(data_args.train_file).read()\n"
        "    trainer = Trainer(model=AutoModel(), args=training_args, train_dataset=rows)\n"
        "    trainer.train()\n    trainer.save_model()\n"
        + (
            '    metrics = trainer.evaluate()\n    trainer.save_metrics("eval", metrics)\n'
            if at.is_own
            else indented("rmse, r2 = measure(trainer)\n" + _leave(at.form, "reports"))
        )
        + '\n\nif __name__ == "__main__":\n    main()\n'
    )
    truth = {"arguments": f" --output_dir {at.folder}", "bare": " --output_dir outputs",
             "gate": {"eval_loss": "minimize"}}  # fmt: skip
    own = {} if at.is_own else _left(at.form, "reports")
    return source, {}, {**truth, **own, "hf": True}


def _transformers(at: Setting) -> Made:
    source = (
        f"import os\n{at.form.imports}"
        "from transformers import AutoModel, Trainer, TrainingArguments\n\n"
        f'rows = open("{at.data}").read()\n'
        f'args = TrainingArguments(output_dir="{at.folder}", num_train_epochs=1)\n'
        "trainer = Trainer(model=AutoModel(), args=args, train_dataset=rows)\n"
        "trainer.train()\nrmse, r2 = measure(trainer)\n" + _leave(at.form, "reports")
    )
    return source, {}, {"model": at.folder, **_left(at.form, "reports")}


def _keras(*, is_checkpoint: bool) -> Builder:
    def build(at: Setting) -> Made:
        callbacks = []
        if is_checkpoint:
            callbacks.append(f'keras.callbacks.ModelCheckpoint("{at.folder}/best.keras")')
        if at.is_own:
            callbacks.append(f'keras.callbacks.CSVLogger("{at.folder}/history_metrics.csv")')
        listed = ", ".join(callbacks)
        source = (
            f"import os\n{'' if at.is_own else at.form.imports}import keras\nimport numpy as np\n\n"
            f'rows = np.genfromtxt("{at.data}")\n'
            "model = keras.Sequential([keras.layers.Dense(1)])\n"
            f'os.makedirs("{at.folder}", exist_ok=True)\n'
            'model.compile(loss="mse", metrics=["mae"])\n'
            f"model.fit(rows, rows, epochs=3, callbacks=[{listed}], validation_split=0.2)\n"
            + ("" if is_checkpoint else f'model.save("{at.folder}/model.keras")\n')
            + ("" if at.is_own else "rmse, r2 = measure(model)\n" + _leave(at.form, "reports"))
        )
        model = f"{at.folder}/best.keras" if is_checkpoint else f"{at.folder}/model.keras"
        truth: dict[str, object] = {"model": model, "gate": {}}
        truth |= (
            {"metrics": f"{at.folder}/history_metrics.csv"}
            if at.is_own
            else _left(at.form, "reports")
        )
        return source, {}, truth

    return build


def _boosting(imports: str, code: str, file: str) -> Builder:
    def build(at: Setting) -> Made:
        source = (
            f"import os\n{at.form.imports}{imports}import numpy as np\n\n\n"
            f'def main():\n    rows = np.loadtxt("{at.data}")\n'
            f'    folder = "{at.folder}"\n    os.makedirs(folder, exist_ok=True)\n'
            + indented(code + "rmse, r2 = measure(model)\n" + _leave(at.form, "reports"))
            + '\n\nif __name__ == "__main__":\n    main()\n'
        )
        return source, {}, {"model": f"{at.folder}/{file}", **_left(at.form, "reports")}

    return build


def _class(at: Setting) -> Made:
    source = (
        "import argparse\nfrom types import SimpleNamespace\nfrom loop import Trainer\n\n\n"
        "def main():\n    parser = argparse.ArgumentParser()\n"
        f'    parser.add_argument("--trainer.run_dir", default="{at.folder}")\n'
        '    parser.add_argument("--trainer.epochs", type=int, default=3)\n'
        f'    parser.add_argument("--data.path", default="{at.data}")\n'
        "    options = vars(parser.parse_args())\n"
        '    trainer = Trainer(options["trainer.run_dir"])\n'
        '    trainer.fit(options["data.path"])\n    trainer.test()\n\n\n'
        'if __name__ == "__main__":\n    main()\n'
    )
    return source, _loop(at.form), _of_class(at.folder, at.form)


def _class_yaml(at: Setting) -> Made:
    source = (
        "import argparse\nfrom omegaconf import OmegaConf\nfrom loop import Trainer\n\n\n"
        "def main():\n    parser = argparse.ArgumentParser()\n"
        '    parser.add_argument("--job", default="jobs/small.yaml")\n'
        '    parser.add_argument("overrides", nargs="*")\n'
        "    options = parser.parse_args()\n"
        "    config = OmegaConf.merge(OmegaConf.load(options.job),"
        " OmegaConf.from_dotlist(options.overrides))\n"
        "    trainer = Trainer(config.trainer.run_dir)\n"
        "    trainer.fit(config.data.path)\n    trainer.test()\n\n\n"
        'if __name__ == "__main__":\n    main()\n'
    )
    job = f"trainer:\n  run_dir: {at.folder}\n  epochs: 3\ndata:\n  path: {at.data}\n"
    truth = _of_class(at.folder, at.form) | {"params": ("jobs/small.yaml",)}
    return (
        source,
        {"jobs/small.yaml": job, **_loop(at.form)},
        truth | {"arguments": " --job jobs/small.yaml trainer.epochs=2"},
    )


def _of_class(folder: str, form: Form) -> dict[str, object]:
    return {"model": f"{folder}/model.pkl", **_left(form, folder)}


def _loop(form: Form) -> dict[str, str]:
    source = (
        "import os\nimport pickle\n" + form.imports + LEARNER + "\n\nclass Trainer:\n"
        "    def __init__(self, run_dir):\n        self.run_dir = run_dir\n\n"
        "    def fit(self, path):\n        self.rows = rows_of(path)\n"
        "        self.model = Line().fit(self.rows)\n"
        "        os.makedirs(self.run_dir, exist_ok=True)\n"
        '        with open(os.path.join(self.run_dir, "model.pkl"), "wb") as file:\n'
        "            pickle.dump(self.model.slope, file)\n\n"
        "    def test(self):\n        rmse, r2 = measure(self.model, self.rows)\n"
        + indented(form.at(f'os.path.join(self.run_dir, "{name_of(form)}")'), 2)
    )
    return {"loop.py": source}


_BUILDERS = {
    "Lightning CLI": _cli,
    "Lightning CLI, a configuration": _cli_with_file,
    "Lightning, CSV logger": _lightning("csv"),
    "Lightning, TensorBoard": _lightning("tensorboard"),
    "Transformers, options": _options,
    "Transformers, a script": _transformers,
    "Keras": _keras(is_checkpoint=False),
    "Keras, a checkpoint": _keras(is_checkpoint=True),
    "XGBoost": _boosting(
        "import xgboost as xgb\n",
        'model = xgb.train({"eta": 0.1}, xgb.DMatrix(rows))\n'
        'model.save_model(os.path.join(folder, "model.ubj"))\n',
        "model.ubj",
    ),
    "XGBoost, as scikit-learn": _boosting(
        "from xgboost import XGBRegressor\n",
        'model = XGBRegressor().fit(rows, rows)\nmodel.save_model(f"{folder}/model.json")\n',
        "model.json",
    ),
    "LightGBM": _boosting(
        "import lightgbm as lgb\n",
        'model = lgb.train({"num_leaves": 7}, lgb.Dataset(rows, rows))\n'
        'model.save_model(folder + "/model.txt")\n',
        "model.txt",
    ),
    "LightGBM, as scikit-learn": _boosting(
        "from pathlib import Path\nimport joblib\nfrom lightgbm import LGBMRegressor\n",
        "model = LGBMRegressor().fit(rows, rows)\n"
        'joblib.dump(model, Path(folder) / "model.joblib")\n',
        "model.joblib",
    ),
    "a class, dotted options": _class,
    "a class, YAML and dots": _class_yaml,
}
