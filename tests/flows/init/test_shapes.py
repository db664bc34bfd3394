"""Shapes of repositories that people have: what `init` says of them, and what it must not say."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.folder import FolderTree
from branchline.core.documents import read_yaml
from branchline.flows.init import Proposal, propose
from branchline.flows.init.script import read_script
from branchline.flows.init.view import View
from branchline.wiring.readers import metric_readers

if TYPE_CHECKING:
    from pathlib import Path

    from branchline.flows.init.script import Script
    from branchline.generate.settings_file import FirstStage

FIT = "from sklearn.linear_model import Ridge\nmodel = Ridge().fit(x, y)\n"


def proposed(root: Path, files: dict[str, str], **answers: str) -> Proposal:
    """The proposal for a repository that holds these files."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(textwrap.dedent(text).lstrip("\n"))
    tree = FolderTree(str(root))
    return propose(tree, answers, tracked=frozenset(files), readers=metric_readers())


def stages(proposal: Proposal) -> dict[str, FirstStage]:
    """Stages of its only model."""
    (model,) = proposal.settings.models
    return {stage.name: stage for stage in model.stages}


def said(proposal: Proposal) -> str:
    """What it could not tell."""
    return "\n".join(proposal.unknowns)


def script_of(root: Path, source: str) -> Script:
    """A script that stands alone."""
    (root / "train.py").write_text(textwrap.dedent(source))
    script = read_script(View(FolderTree(str(root))), "train.py")
    assert script is not None
    return script


TWO_PATHS = """
def load(path):
    return open(path).read()

class Booster:
    def save_model(self, path):
        open(path, "w").write("")

    def dump(self, path):
        open(path, "w").write("")

load("data.csv")
Booster().save_model("model.json")
"""


def test_a_parameter_is_the_one_of_its_own_function(tmp_path: Path) -> None:
    script = script_of(tmp_path, TWO_PATHS)

    assert {item.path for item in script.reads} == {"data.csv"}
    assert {item.path for item in script.writes} == {"model.json"}  # never what is only read


def test_a_local_name_of_one_function_is_none_of_another(tmp_path: Path) -> None:
    script = script_of(
        tmp_path,
        """
        def store(model, folder):
            path = f"{folder}/best.pt"
            torch.save(model, path)

        def fetch(path):
            return open(path).read()

        fetch("table.csv")
        store(model, "out")
        """,
    )

    assert [item.path for item in script.reads] == ["table.csv"]
    assert [item.path for item in script.writes] == ["out/best.pt"]


def test_a_field_is_what_the_constructor_was_given(tmp_path: Path) -> None:
    script = script_of(
        tmp_path,
        """
        class Trainer:
            def __init__(self, out):
                self.out = out

            def save(self, out=None):
                torch.save(model, f"{self.out}/best.pt")

        Trainer("runs").save()
        """,
    )

    assert [item.path for item in script.writes] == ["runs/best.pt"]


@pytest.mark.parametrize(
    ("source", "reads", "writes"),
    [
        pytest.param(
            'root = Path(__file__).resolve().parents[0]\n(root / "a" / "m.txt").write_text("")',
            [],
            ["a/m.txt"],
            id="a-folder-above-the-script",
        ),
        pytest.param("open(Path(__file__).parents[n])", [], [], id="above-by-a-number-not-known"),
        pytest.param('shutil.copy("a.csv", "b.csv")', ["a.csv"], ["b.csv"], id="copied"),
        pytest.param(
            'urllib.request.urlretrieve(URL, "d.csv")', [], ["d.csv"], id="fetched-by-urllib"
        ),
        pytest.param('gdown.download(URL, output="d.zip")', [], ["d.zip"], id="fetched-by-gdown"),
        pytest.param("hub.download(URL, 3)", [], [], id="another-download"),
        pytest.param(
            'ModelCheckpoint("ckpt/w.{epoch:02d}.h5")', [], ["ckpt"], id="a-name-for-each-epoch"
        ),
        pytest.param('ModelCheckpoint("w.{epoch:02d}.h5")', [], [], id="names-at-the-root"),
    ],
)
def test_what_calls_touch(source: str, reads: list[str], writes: list[str], tmp_path: Path) -> None:
    script = script_of(tmp_path, source)

    assert [item.path for item in script.reads] == reads
    assert [item.path for item in script.writes] == writes


SCIENCE = {
    "Makefile": "data:\n\tpython3 src/data/make_dataset.py data/raw data/processed\n\n"
    "train: data\n\tpython3 src/models/train_model.py\n",
    "data/raw/churn.csv": "a\n1\n",
    "src/data/make_dataset.py": """
        import click
        from pathlib import Path
        @click.command()
        @click.argument("input_filepath")
        @click.argument("output_filepath")
        def main(input_filepath, output_filepath):
            text = (Path(input_filepath) / "churn.csv").read_text()
            (Path(output_filepath) / "clean.csv").write_text(text)
        if __name__ == "__main__":
            main()
        """,
    "src/features/build_features.py": """
        from pathlib import Path
        ROOT = Path(__file__).resolve().parents[2]
        if __name__ == "__main__":
            text = (ROOT / "data" / "processed" / "clean.csv").read_text()
            (ROOT / "data" / "processed" / "features.csv").write_text(text)
        """,
    "src/models/train_model.py": FIT
    + "import joblib\nimport pandas as pd\nfrom pathlib import Path\n"
    + "ROOT = Path(__file__).resolve().parents[2]\n"
    + 'frame = pd.read_csv(ROOT / "data/processed/features.csv")\n'
    + 'joblib.dump(model, ROOT / "models" / "model.joblib")\n',
}


def test_a_chain_of_scripts_waits_for_each_other(tmp_path: Path) -> None:
    found = stages(proposed(tmp_path, SCIENCE))

    assert list(found) == ["make_dataset", "build_features", "train"]
    assert "data/raw/churn.csv" in found["make_dataset"].deps
    assert "data/processed/clean.csv" in found["build_features"].deps
    assert "data/processed/features.csv" in found["train"].deps
    assert found["train"].outs == ("models/model.joblib",)


RESULTS = """
import csv, os
with open("results.csv", "a", newline="") as f:
    writer = csv.DictWriter(f, fieldnames=["when", "lr", "accuracy"])
    writer.writerow({"when": 1, "lr": 0.1, "accuracy": 0.9})
"""


@pytest.mark.parametrize(
    ("earlier", "growing"),
    [
        pytest.param({"results.csv": "when,lr,accuracy\n"}, ("results.csv",), id="with-lines"),
        pytest.param({}, (), id="not-here-yet"),
    ],
)
def test_a_file_that_grows_keeps_what_it_holds(
    earlier: dict[str, str], growing: tuple[str, ...], tmp_path: Path
) -> None:
    proposal = proposed(tmp_path, {"train.py": FIT + RESULTS, **earlier})

    (stage,) = stages(proposal).values()
    assert stage.metrics == ("results.csv",)
    assert stage.growing == growing
    assert ("persist: true" in proposal.text) is bool(growing)
    assert [bar.name for bar in proposal.settings.models[0].bars] == ["accuracy"]
    read_yaml(proposal.text.encode(), file="branchline.yaml")


def test_the_header_of_a_written_table_names_its_metrics(tmp_path: Path) -> None:
    script = script_of(
        tmp_path,
        """
        with open("metrics.csv", "w") as f:
            out = csv.writer(f)
            out.writerow(["epoch", "rmse"])
            out.writerow([1, 0.5])
        """,
    )

    assert [(m.name, m.target) for m in script.measures] == [("rmse", "metrics.csv")]


@pytest.mark.parametrize(
    "logging",
    [
        pytest.param('logging.FileHandler("train.log")', id="a-handler"),
        pytest.param('logging.basicConfig(filename="train.log")', id="the-basic-configuration"),
        pytest.param('open("train.log", "w")', id="a-file"),
    ],
)
def test_what_is_printed_is_not_kept_over_the_scripts_own_log(logging: str, tmp_path: Path) -> None:
    source = f"import logging\n{logging}\n{FIT}print(f'accuracy: {{score}}')\n"

    (stage,) = stages(proposed(tmp_path, {"train.py": source})).values()

    assert stage.printed == "train.printed.log"


def test_what_lies_outside_is_said_when_it_is_read(tmp_path: Path) -> None:
    source = FIT + 'import pandas as pd\nframe = pd.read_csv("/home/a/data.csv")\n'

    proposal = proposed(tmp_path, {"train.py": source})

    assert "train.py:4: it reads /home/a/data.csv, which lies outside" in said(proposal)


def test_a_model_that_was_not_seen_is_said_beside_other_outputs(tmp_path: Path) -> None:
    source = FIT + 'joblib.dump(model, f"fold{k}.pkl")\nframe.to_csv("oof.csv")\n'

    proposal = proposed(tmp_path, {"train.py": source})

    assert "train.py was not seen to write a model" in said(proposal)


@pytest.mark.parametrize(
    ("files", "command"),
    [
        pytest.param(
            {
                "tox.ini": "[testenv:train]\ncommands ="
                " python -m lab.fit --out {toxinidir}/o {posargs}"
            },
            "python -m lab.fit --out ./o",
            id="placeholders-of-tox",
        ),
        pytest.param(
            {"tox.ini": "[testenv:train]\ncommands = python -m lab.fit {posargs:--epochs 3}"},
            "python -m lab.fit --epochs 3",
            id="what-tox-takes-without-arguments",
        ),
        pytest.param(
            {
                "noxfile.py": "def train(session):\n"
                '    session.run("python", "-m", "lab.fit", *session.posargs)\n'
            },
            "python -m lab.fit",
            id="arguments-of-a-session",
        ),
        pytest.param(
            {"README.md": "```\nexport SIZE=base\n\npython -m lab.fit --size $SIZE\n```\n"},
            "python -m lab.fit --size base",
            id="a-variable-that-stands-above",
        ),
        pytest.param(
            {"README.md": "```\npython -m lab.fit --size $SIZE\n```\n"},
            "python -m lab.fit",
            id="a-variable-that-nobody-gives-leaves-the-module",
        ),
    ],
)
def test_a_module_stays_a_module(files: dict[str, str], command: str, tmp_path: Path) -> None:
    source = FIT + 'if __name__ == "__main__":\n    pass\n'

    proposal = proposed(tmp_path, {"lab/__init__.py": "", "lab/fit.py": source, **files})

    (stage,) = stages(proposal).values()
    assert stage.cmd == command


def test_what_cells_print_is_read_from_the_executed_copy(tmp_path: Path) -> None:
    source = FIT + "print(f'accuracy: {score:.3f}')\n"
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "source": source}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4}

    proposal = proposed(tmp_path, {"eda.ipynb": json.dumps({**notebook, "nbformat_minor": 5})})

    (stage,) = stages(proposal).values()
    assert stage.printed == ""
    assert stage.metrics == ("eda-executed.ipynb",)
    assert stage.outs == ()
