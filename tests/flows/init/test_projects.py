"""Installed programs, Transformers' scripts and Kedro's projects: what `init` says of them."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.folder import FolderTree
from branchline.flows.init import Proposal, propose
from branchline.wiring.readers import metric_readers

if TYPE_CHECKING:
    from pathlib import Path

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


PROGRAM = """
    import argparse, json, pathlib
    from lab.model import Model
    def main():
        parser = argparse.ArgumentParser()
        parser.add_argument("--lr", type=float, default=0.01)
        args = parser.parse_args()
        Model(args.lr).fit([1], [2])
        (pathlib.Path("runs") / "metrics.json").write_text(json.dumps({"accuracy": 0.9}))
    """
STARTS_MAIN = "'from lab.cli import main; raise SystemExit(main())'"


@pytest.mark.parametrize(
    "declared",
    [
        pytest.param(
            {"pyproject.toml": '[project.scripts]\nlab-train = "lab.cli:main"\n'}, id="pep"
        ),
        pytest.param(
            {"pyproject.toml": '[tool.poetry.scripts]\nlab-train = "lab.cli:main"\n'}, id="poetry"
        ),
        pytest.param(
            {
                "setup.cfg": "[options.entry_points]\nconsole_scripts ="
                "\n    lab-train = lab.cli:main\n"
            },
            id="setup-cfg",
        ),
        pytest.param(
            {"setup.py": 'setup(entry_points={"console_scripts": ["lab-train=lab.cli:main"]})\n'},
            id="setup-py",
        ),
    ],
)
@pytest.mark.parametrize(
    ("readme", "arguments"),
    [
        pytest.param({"README.md": "```\n$ lab-train --lr 0.1\n```\n"}, " --lr 0.1", id="told"),
        pytest.param({"README.md": "lab-train trains.\n"}, "", id="a-sentence-is-no-command"),
        pytest.param({"README.md": "```\nlab-train --lr <LR>\n```\n"}, "", id="with-a-hole"),
    ],
)
def test_a_program_is_started_without_an_installation(
    declared: dict[str, str], readme: dict[str, str], arguments: str, tmp_path: Path
) -> None:
    proposal = proposed(tmp_path, {**declared, **readme, "src/lab/cli.py": PROGRAM})

    (stage,) = stages(proposal).values()
    assert stage.cmd == f"PYTHONPATH=src python -c {STARTS_MAIN}{arguments}"
    assert stage.metrics == ("runs/metrics.json",)


def test_a_program_whose_file_starts_itself_is_a_module(tmp_path: Path) -> None:
    source = textwrap.dedent(PROGRAM) + 'if __name__ == "__main__":\n    main()\n'
    declared = '[project.scripts]\nlab-train = "lab.cli:main"\n'

    proposal = proposed(tmp_path, {"pyproject.toml": declared, "lab/cli.py": source})

    (stage,) = stages(proposal).values()
    assert stage.cmd == "python -m lab.cli"


TRANSFORMERS = """
    from dataclasses import dataclass, field
    from transformers import HfArgumentParser, Trainer, TrainingArguments
    @dataclass
    class ModelArguments:
        model_name: str = field(metadata={"help": "Which"})
        revision: str = field(default="main")
        tags: list = field(default_factory=list)
    model_args, training_args = HfArgumentParser(
        (ModelArguments, TrainingArguments)
    ).parse_args_into_dataclasses()
    trainer = Trainer(args=training_args)
    trainer.save_metrics("eval", trainer.evaluate())
    """


def test_dataclasses_of_transformers_are_options(tmp_path: Path) -> None:
    proposal = proposed(tmp_path, {"run_glue.py": TRANSFORMERS})

    (stage,) = stages(proposal).values()
    assert stage.cmd == "python run_glue.py --model_name MODEL_NAME --output_dir outputs"
    assert [question.key for question in proposal.questions] == ["option.--model_name"]
    assert stage.metrics == ("outputs/eval_results.json",)


def test_what_a_trainer_computes_stands_in_its_results(tmp_path: Path) -> None:
    computing = """
    def compute_metrics(pred):
        if pred is None:
            return {}
        return {"accuracy": score(pred), "eval_f1": f1(pred), "note": "text"}
    """
    trainer = "Trainer(args=training_args, compute_metrics=compute_metrics)"
    called = TRANSFORMERS.replace("Trainer(args=training_args)", trainer)

    used, idle = (
        proposed(tmp_path / name, {"run_glue.py": computing + text}).settings.models[0].bars
        for name, text in (("used", called), ("idle", TRANSFORMERS))
    )

    assert [bar.name for bar in used] == ["eval_loss", "eval_accuracy", "eval_f1"]
    assert [bar.name for bar in idle] == ["eval_loss"]


def test_outputs_that_a_command_leaves_elsewhere_come_into_the_repository(tmp_path: Path) -> None:
    readme = "```\npython run_glue.py \\\n  --model_name bert --output_dir /tmp/glue/\n```\n"

    proposal = proposed(tmp_path, {"run_glue.py": TRANSFORMERS, "README.md": readme})

    (stage,) = stages(proposal).values()
    assert stage.cmd == "python run_glue.py --model_name bert --output_dir outputs/glue"
    assert "README.md:2 leaves /tmp/glue/ outside the repository" in said(proposal)
    assert stage.metrics == ("outputs/glue/eval_results.json",)


def test_an_answer_tells_which_files_are_read_and_written(tmp_path: Path) -> None:
    source = (
        "import argparse, joblib, pandas as pd\np = argparse.ArgumentParser()\n"
        'p.add_argument("dataset", choices=["iris", "wine"])\na = p.parse_args()\n'
        'x = pd.read_csv(f"data/{a.dataset}.csv")\n'
        + FIT
        + 'joblib.dump(model, f"{a.dataset}.joblib")\n'
    )
    files = {"train.py": source, "data/iris.csv": "a\n1\n", "data/wine.csv": "a\n1\n"}

    (asked,) = stages(proposed(tmp_path, files)).values()
    (answered,) = stages(proposed(tmp_path, files, **{"option.dataset": "wine"})).values()

    assert (asked.deps, asked.outs) == ((), ())
    assert answered.cmd == "python train.py wine"
    assert (answered.deps, answered.outs) == (("data/wine.csv",), ("wine.joblib",))


KEDRO = {
    "pyproject.toml": '[tool.kedro]\npackage_name = "flights"\nkedro_init_version = "0.19.0"\n',
    "conf/base/catalog.yml": """
        companies:
          type: pandas.CSVDataset
          filepath: data/01_raw/companies.csv
        model_input_table:
          type: pandas.ParquetDataset
          filepath: data/03_primary/model_input_table.pq
        regressor:
          type: pickle.PickleDataset
          filepath: data/06_models/regressor.pickle
        scores:
          type: json.JSONDataset
          filepath: data/08_reporting/metrics.json
        tracked_scores:
          type: tracking.MetricsDataset
          filepath: data/09_tracking/metrics.json
        "{name}_many":
          type: pandas.CSVDataset
          filepath: data/02_intermediate/{name}.csv
        """,
    "conf/base/parameters.yml": "test_size: 0.2\n",
    "data/01_raw/companies.csv": "a\n1\n",
    "src/flights/pipelines/science/nodes.py": FIT,
}


def test_a_kedro_project_is_one_stage_by_its_catalog(tmp_path: Path) -> None:
    proposal = proposed(tmp_path, KEDRO)

    (stage,) = stages(proposal).values()
    assert stage.cmd == "kedro run"
    assert stage.deps == ("src/flights", "conf/base/catalog.yml", "data/01_raw/companies.csv")
    assert stage.params == ("conf/base/parameters.yml",)
    assert stage.outs == ("data/06_models/regressor.pickle",)
    assert stage.metrics == ("data/08_reporting/metrics.json",)
    assert "tracked_scores keeps a file for each run" in said(proposal)
    assert "Which metrics go to data/08_reporting/metrics.json is not said" in said(proposal)


@pytest.mark.parametrize("catalog", ["a: [", "- 1\n", "a: 3\n", ""])
def test_a_catalog_that_says_nothing_breaks_nothing(catalog: str, tmp_path: Path) -> None:
    proposal = proposed(tmp_path, {**KEDRO, "conf/base/catalog.yml": catalog})

    (stage,) = stages(proposal).values()
    assert (stage.cmd, stage.outs, stage.metrics) == ("kedro run", (), ())
    assert "No entry of the catalog is a plain file of metrics" in said(proposal)
