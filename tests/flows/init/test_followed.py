"""What `init` follows in frameworks, configurations and classes, and what it says else."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.folder import FolderTree
from branchline.config.branchline_yaml import load_policy
from branchline.flows.init import Proposal, propose
from branchline.wiring.readers import metric_readers

if TYPE_CHECKING:
    from pathlib import Path

    from branchline.generate.settings_file import FirstStage

FIT = "from sklearn.linear_model import Ridge\nmodel = Ridge().fit(x, y)\n"


def proposed(root: Path, files: dict[str, str], **answers: str) -> Proposal:
    """The proposal for a repository that holds these files; what it writes can be read."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(textwrap.dedent(text).lstrip("\n"))
    proposal = propose(
        FolderTree(str(root)), answers, tracked=frozenset(files), readers=metric_readers()
    )
    assert load_policy(proposal.text.encode()).models
    return proposal


def train_of(proposal: Proposal) -> FirstStage:
    """The last stage of its only model."""
    (model,) = proposal.settings.models
    return model.stages[-1]


CLI = """
    import lightning as L
    from lightning.pytorch.cli import LightningCLI
    class Net(L.LightningModule):
        def training_step(self, batch, index):
            self.log("train_loss", 1.0)
        def validation_step(self, batch, index):
            self.log("val_loss", 1.0)
            self.log_dict({"val_acc": 1.0})
    if __name__ == "__main__":
        LightningCLI(Net)
    """
CONFIGURATION = """
    seed_everything: 1
    trainer:
      max_epochs: 3
      logger:
        class_path: lightning.pytorch.loggers.CSVLogger
        init_args: {save_dir: logs, name: small}
      callbacks:
      - class_path: lightning.pytorch.callbacks.ModelCheckpoint
        init_args: {dirpath: out/best}
    """


@pytest.mark.parametrize(
    ("beside", "command"),
    [
        pytest.param({}, "python main.py fit", id="alone"),
        pytest.param(
            {"configs/a.yaml": CONFIGURATION},
            "python main.py fit --config configs/a.yaml",
            id="with-its-configuration",
        ),
        pytest.param(
            {"configs/a.yaml": "learning_rate: 1\n"}, "python main.py fit", id="with-another-yaml"
        ),
        pytest.param(
            {"Makefile": "train:\n\tpython main.py fit --config=configs/a.yaml\n",
             "configs/a.yaml": CONFIGURATION},
            "python main.py fit --config=configs/a.yaml",
            id="as-its-makefile-says",
        ),
        pytest.param(
            {"Makefile": "train:\n\tpython main.py --config configs/a.yaml\n",
             "configs/a.yaml": CONFIGURATION},
            "python main.py --config configs/a.yaml fit",
            id="a-command-without-its-subcommand",
        ),
    ],
)  # fmt: skip
def test_lightnings_command_line_is_told_what_to_do(
    tmp_path: Path, beside: dict[str, str], command: str
) -> None:
    proposal = proposed(tmp_path, {"main.py": CLI, **beside})

    assert train_of(proposal).cmd == command


def test_a_configuration_of_lightning_tells_its_outputs_and_metrics(tmp_path: Path) -> None:
    proposal = proposed(tmp_path, {"main.py": CLI, "configs/a.yaml": CONFIGURATION})

    stage = train_of(proposal)
    (model,) = proposal.settings.models
    assert stage.params == ("configs/a.yaml",)
    assert stage.outs == ("out/best",)
    assert stage.metrics == stage.stored == ("logs/small",)
    assert [bar.name for bar in model.bars] == ["val_loss", "val_acc"]
    assert model.bars_are_sure


def test_of_two_configurations_of_lightning_it_asks(tmp_path: Path) -> None:
    files = {"main.py": CLI, "a.yaml": CONFIGURATION, "b.yaml": CONFIGURATION}

    silent = proposed(tmp_path, files)
    told = proposed(tmp_path, files, **{"option.--config": "b.yaml"})

    assert [question.answers for question in silent.questions] == [("a.yaml", "b.yaml")]
    assert train_of(silent).cmd == "python main.py fit --config a.yaml"
    assert train_of(told).cmd == "python main.py fit --config b.yaml"


@pytest.mark.parametrize(
    ("source", "files"),
    [
        pytest.param(
            "from hydra import compose, initialize\n{fit}"
            'with initialize(config_path="conf"):\n    cfg = compose("main")\n'
            "joblib.dump(model, cfg.paths.model)\n",
            {"conf/main.yaml": "base: out\npaths: {model: '${base}/m.pkl'}\n"},
            id="composed-in-code",
        ),
        pytest.param(
            "import hydra\nfrom dataclasses import dataclass, field\n{fit}"
            'Paths = 1\n@dataclass\nclass Paths:\n    model: str = "out/m.pkl"\n'
            "@dataclass\nclass Config:\n    paths: Paths = field(default_factory=Paths)\n"
            'ConfigStore.instance().store(name="main", node=Config)\n'
            '@hydra.main(config_path=None, config_name="main", version_base="1.3")\n'
            "def main(cfg):\n    joblib.dump(model, cfg.paths.model)\nmain()\n",
            {},
            id="a-dataclass",
        ),
        pytest.param(
            "from omegaconf import OmegaConf\n{fit}cfg = OmegaConf.load('job.yaml')\n"
            "joblib.dump(model, cfg.paths.model)\n",
            {"job.yaml": "base: out\npaths: {model: '${base}/m.pkl'}\n"},
            id="omegaconf-with-references",
        ),
    ],
)
def test_a_path_of_a_configuration_is_followed(
    tmp_path: Path, source: str, files: dict[str, str]
) -> None:
    script = source.replace("{fit}", FIT + "import joblib\n").replace("Paths = 1\n", "")

    stage = train_of(proposed(tmp_path, {"train.py": script, **files}))

    assert stage.outs == ("out/m.pkl",)
    assert stage.cmd == "python train.py"


def test_a_reference_that_nobody_fills_in_is_no_path(tmp_path: Path) -> None:
    script = FIT + "import joblib, yaml\ncfg = yaml.safe_load(open('job.yaml'))\n"
    script += "joblib.dump(model, cfg['model'])\n"

    proposal = proposed(tmp_path, {"train.py": script, "job.yaml": "model: ${out}/m.pkl\n"})

    assert train_of(proposal).outs == ()
    assert any("was not seen to write a model" in text for text in proposal.unknowns)


def test_code_that_changes_what_hydra_composes_is_said(tmp_path: Path) -> None:
    script = (
        "from hydra import compose, initialize\n" + FIT + "import joblib\n"
        'with initialize(config_path="conf"):\n    cfg = compose("main", overrides=sys.argv[1:])\n'
        "joblib.dump(model, cfg.out)\n"
    )

    proposal = proposed(tmp_path, {"train.py": script, "conf/main.yaml": "out: m.pkl\n"})

    assert train_of(proposal).outs == ()
    assert any("changes what Hydra composes" in text for text in proposal.unknowns)


@pytest.mark.parametrize(
    ("line", "command", "outs"),
    [
        pytest.param("python train.py out/small", "python train.py out/small",
                     ("out/small/m.pkl",), id="a-folder-that-it-makes"),
        pytest.param("python train.py <folder>", "python train.py ARGUMENT_1", (), id="a-hole"),
    ],
)  # fmt: skip
def test_a_word_of_a_command_is_followed(
    tmp_path: Path, line: str, command: str, outs: tuple[str, ...]
) -> None:
    script = FIT + 'import joblib, sys\njoblib.dump(model, sys.argv[1] + "/m.pkl")\n'

    stage = train_of(proposed(tmp_path, {"train.py": script, "README.md": f"    $ {line}\n"}))

    assert (stage.cmd, stage.outs) == (command, outs)


def test_methods_of_one_name_are_told_apart_by_their_class(tmp_path: Path) -> None:
    script = """
        from sklearn.linear_model import Ridge
        class Line:
            def fit(self, rows):
                return self
        class Trainer:
            def fit(self, path):
                rows = open(path).read()
                Line().fit(rows)
        options = vars(parser.parse_args())
        trainer = Trainer()
        trainer.fit(options["data.path"])
        """
    options = 'parser = argparse.ArgumentParser()\nparser.add_argument("--data.path",'
    script = "import argparse\n" + options + ' default="d.csv")\n' + textwrap.dedent(script)

    stage = train_of(proposed(tmp_path, {"train.py": script, "d.csv": "1\n"}))

    assert stage.deps == ("d.csv",)


def test_data_that_cannot_be_followed_are_said(tmp_path: Path) -> None:
    script = FIT + "import pandas as pd\nframe = pd.read_csv(find())\n"

    proposal = proposed(tmp_path, {"train.py": script})

    assert any("train.py:4: which data it reads there" in text for text in proposal.unknowns)


@pytest.mark.parametrize(
    ("path", "is_output"),
    [
        pytest.param("figures/roc.png", True, id="a-plot"),
        pytest.param("metrics.json", False, id="metrics-would-be-old-ones"),
        pytest.param("model.pkl", False, id="a-model-would-be-an-old-one"),
        pytest.param("predictions.csv", False, id="predictions-would-be-old-ones"),
    ],
)
def test_a_file_of_git_that_is_written_now_and_then(
    tmp_path: Path, path: str, is_output: bool
) -> None:
    script = FIT + f'if found():\n    open("{path}", "w").write("1")\n'

    proposal = proposed(tmp_path, {"train.py": script, path: "{}\n"})

    stage = train_of(proposal)
    assert (path in stage.outs) is is_output
    assert (path in stage.growing) is is_output
    assert any(f"it may write {path}, but not always" in t for t in proposal.unknowns) is (
        not is_output
    )


@pytest.mark.parametrize(
    "head",
    [
        pytest.param("# %%\n", id="percent"),
        pytest.param("# ---\n# jupyter:\n#   kernelspec:\n#     name: x\n# ---\n", id="light"),
    ],
)
def test_a_script_of_cells_among_the_notebooks_trains(tmp_path: Path, head: str) -> None:
    stage = train_of(proposed(tmp_path, {"notebooks/churn.py": head + FIT}))

    assert stage.cmd == "python notebooks/churn.py"


def test_what_scrapbook_records_is_read_from_the_executed_copy(tmp_path: Path) -> None:
    source = FIT + 'import scrapbook as sb\nsb.glue("rmse", rmse)\n'
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "source": source}
    book = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    other = json.dumps({"cells": [{**cell, "source": FIT}], "metadata": {}, "nbformat": 4})

    proposal = proposed(tmp_path, {"train.ipynb": book, "old/a/b/other.ipynb": other})

    (model,) = proposal.settings.models
    assert model.stages[0].metrics == ("train-executed.ipynb",)
    assert [bar.name for bar in model.bars] == ["rmse"]
    (said,) = [text for text in proposal.unknowns if "fits a model, too" in text]
    assert said.startswith("old/a/b/other.ipynb:")


def test_rows_of_a_markdown_table_are_metrics(tmp_path: Path) -> None:
    script = (
        FIT + 'with open("report.md", "w") as f:\n    f.write("| metric | value |\\n|-|-|\\n")\n'
    )
    script += '    f.write(f"| rmse | {rmse} |\\n")\n    f.write(f"| **acc** | {acc:.1%} |\\n")\n'

    (model,) = proposed(tmp_path, {"train.py": script}).settings.models

    assert model.stages[0].metrics == ("report.md",)
    assert [bar.name for bar in model.bars] == ["rmse", "acc"]
    assert model.bars[1].max_regression == 1.0


def test_a_result_with_the_ending_of_a_model_is_none(tmp_path: Path) -> None:
    script = FIT + 'import pickle\npickle.dump(found, open("results.pkl", "wb"))\n'

    proposal = proposed(tmp_path, {"train.py": script})

    assert any("was not seen to write a model" in text for text in proposal.unknowns)


def test_what_hydra_makes_of_its_configuration_leaves_files(tmp_path: Path) -> None:
    files = {
        "src/train.py": """
            import hydra
            import lightning as L
            @hydra.main(version_base="1.3", config_path="../configs", config_name="train")
            def main(cfg):
                trainer = L.Trainer(logger=hydra.utils.instantiate(cfg.logger.csv))
                trainer.fit(hydra.utils.instantiate(cfg.model))
            main()
            """,
        "configs/train.yaml": "defaults: [{logger: csv}, {callbacks: best}, {paths: own}]\n",
        "configs/paths/own.yaml": "output_dir: ${hydra:runtime.output_dir}\n",
        "configs/logger/csv.yaml": "csv:\n  _target_: lightning.pytorch.loggers.CSVLogger\n"
        "  save_dir: ${paths.output_dir}\n  name: csv/\n",
        "configs/callbacks/best.yaml": "best:\n"
        "  _target_: lightning.pytorch.callbacks.ModelCheckpoint\n"
        "  dirpath: ${paths.output_dir}/checkpoints\n",
    }  # fmt: skip

    proposal = proposed(tmp_path, files)

    stage = train_of(proposal)
    assert stage.cmd == "python src/train.py hydra.run.dir=outputs/run"
    assert stage.outs == ("outputs/run/checkpoints",)
    assert stage.metrics == stage.stored == ("outputs/run/csv",)
    assert any(
        guess.where == "configs/logger/csv.yaml:2" and "outputs/run/csv" in guess.sentence
        for guess in proposal.guesses
    )
