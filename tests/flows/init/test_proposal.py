"""What `init` proposes for the repositories that people have."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.folder import FolderTree
from branchline.config.branchline_yaml import load_policy
from branchline.core.directions import goal_of, is_share
from branchline.core.documents import read_yaml
from branchline.core.policy import Goal
from branchline.errors import DocumentError, PipelineError
from branchline.flows.init import Proposal, propose

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = """
import argparse, json
from pathlib import Path
import joblib, yaml
OUT = Path("out")
parser = argparse.ArgumentParser()
parser.add_argument("--data", default="data/train.csv")
parser.add_argument("--epochs", type=int, default=3)
args = parser.parse_args()
params = yaml.safe_load(open("params.yaml"))
frame = pd.read_csv(args.data)
joblib.dump(model, OUT / "model.joblib")
metrics = {"roc_auc": 0.9, "log_loss": 0.2, "rows": 3}
Path("metrics.json").write_text(json.dumps(metrics))
"""

PIPELINE = """
stages:
  prepare:
    cmd: python prepare.py
    outs: [data]
  train:
    wdir: work
    cmd: python train.py
    metrics:
      - scores.json:
          cache: false
"""


def proposed(root: Path, files: dict[str, str]) -> Proposal:
    """The proposal for a repository that holds these files."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(textwrap.dedent(text).lstrip("\n"))
    return propose(FolderTree(str(root)))


def settings(proposal: Proposal) -> dict[str, object]:
    """The proposed file, read back."""
    value = read_yaml(proposal.text.encode(), file="branchline.yaml").value
    assert isinstance(value, dict)
    return value


def test_a_script_becomes_one_stage_with_what_it_reads_and_writes(tmp_path: Path) -> None:
    root = tmp_path / "My_Model"

    proposal = proposed(
        root, {"train.py": SCRIPT, "data/train.csv": "x\n1\n", "params.yaml": "lr: 0.1\n"}
    )

    assert load_policy(proposal.text.encode()).models
    assert settings(proposal) == {
        "model": "my-model",
        "train": {
            "run": "python train.py",
            "deps": ["data/train.csv"],
            "params": [{"params.yaml": None}],
            "outs": ["out/model.joblib"],
            "metrics": ["metrics.json"],
        },
        "gate": {
            "metrics": {
                "roc_auc": {"max_regression": 0.01},
                "log_loss": {"goal": "minimize", "max_relative_regression": 0.05},
            }
        },
    }


def test_every_guess_quotes_its_line(tmp_path: Path) -> None:
    proposal = proposed(tmp_path, {"train.py": SCRIPT, "data/train.csv": "x\n"})

    found = {guess.where: (guess.sentence, guess.quote) for guess in proposal.guesses}

    assert found["train.py:10"] == ("data in data/train.csv, 2 bytes", SCRIPT.splitlines()[10])
    assert found["train.py:11"][0] == "the model, out/model.joblib"
    assert found["train.py:13"][0] == "metrics in metrics.json"


def test_metrics_that_may_go_anywhere_make_a_gate_in_comments(tmp_path: Path) -> None:
    script = (
        'save({"m": 1}, "metrics.json")\nopen("metrics.json", "w")\n'
        'json.dump({"roc_auc": 1}, handle)\n'
    )

    proposal = proposed(tmp_path, {"train.py": script})

    assert "gate" not in settings(proposal)
    assert "#     roc_auc: {max_regression: 0.01}" in proposal.text


def test_metrics_seen_in_their_file_make_a_gate(tmp_path: Path) -> None:
    proposal = proposed(
        tmp_path,
        {"dvc.yaml": PIPELINE, "work/scores.json": '{"val": {"acc": 0.9, "rmse": 2, "n": 7}}'},
    )

    assert load_policy(proposal.text.encode()).models
    assert settings(proposal)["gate"] == {
        "metrics": {
            "val.acc": {"max_regression": 0.01},
            "val.rmse": {"goal": "minimize", "max_relative_regression": 0.05},
        }
    }
    assert any("val.n" in sentence for sentence in proposal.unknowns)


def test_a_pipeline_is_named_and_its_missing_metrics_are_said(tmp_path: Path) -> None:
    proposal = proposed(tmp_path, {"dvc.yaml": PIPELINE, "train.py": SCRIPT})

    assert settings(proposal)["pipeline"] == "dvc.yaml"
    assert "stages: prepare, train" in proposal.text
    assert any(guess.where == "dvc.yaml:9" for guess in proposal.guesses)
    assert any("work/scores.json is not here yet" in sentence for sentence in proposal.unknowns)


def test_a_required_option_is_put_into_the_command_and_said(tmp_path: Path) -> None:
    script = 'p.add_argument("--name", required=True)\n'

    proposal = proposed(tmp_path, {"train.py": script})

    assert "run: python train.py --name NAME" in proposal.text
    assert any("train.py:1: the script needs --name" in line for line in proposal.unknowns)


def test_a_script_with_relative_imports_runs_as_a_module(tmp_path: Path) -> None:
    proposal = proposed(tmp_path, {"src/pkg/train.py": "from . import model\n"})

    assert "run: python -m src.pkg.train" in proposal.text


@pytest.mark.parametrize(
    ("files", "command"),
    [
        pytest.param(
            {"src/pkg/__init__.py": "", "src/pkg/train.py": "from . import model\n"},
            "PYTHONPATH=src python -m pkg.train",
            id="relative-imports-in-a-src-layout",
        ),
        pytest.param(
            {"src/pkg/model.py": "", "src/pkg/train.py": "from pkg.model import fit\n"},
            "PYTHONPATH=src python -m pkg.train",
            id="its-own-package-in-a-src-layout",
        ),
        pytest.param(
            {"pkg/model.py": "", "pkg/train.py": "import pkg.model\n"},
            "python -m pkg.train",
            id="its-own-package-in-the-root",
        ),
        pytest.param(
            {"lib/model.py": "", "scripts/train.py": "import lib.model\n"},
            "PYTHONPATH=. python scripts/train.py",
            id="a-package-beside-its-folder",
        ),
        pytest.param(
            {"src/lib/model.py": "", "train.py": "import lib.model\n"},
            "PYTHONPATH=src python train.py",
            id="a-package-under-src",
        ),
        pytest.param(
            {"code/model.py": "", "code/train.py": "import model, numpy, json\n"},
            "python code/train.py",
            id="a-module-beside-it",
        ),
    ],
)
def test_the_command_finds_what_the_script_imports(
    files: dict[str, str], command: str, tmp_path: Path
) -> None:
    assert f"run: {command}\n" in proposed(tmp_path, files).text


def test_an_output_outside_the_repository_is_left_out_and_said(tmp_path: Path) -> None:
    proposal = proposed(tmp_path, {"train.py": 'open("/data/model.bin", "wb")\n'})

    assert "/data/model.bin" not in proposal.text
    assert any("lies outside the repository" in line for line in proposal.unknowns)


def test_an_input_that_is_not_here_is_said_and_not_declared(tmp_path: Path) -> None:
    proposal = proposed(tmp_path, {"train.py": SCRIPT})

    assert "data/train.csv" not in proposal.text
    assert any("data/train.csv, which is not here" in line for line in proposal.unknowns)


@pytest.mark.parametrize(
    ("files", "error", "part"),
    [
        pytest.param({"README.md": "x"}, PipelineError, "nothing here", id="nothing-to-train"),
        pytest.param({"train.py": "def :"}, PipelineError, "cannot be read", id="no-python"),
        pytest.param({"dvc.yaml": "stages: ["}, DocumentError, "dvc.yaml", id="broken-yaml"),
    ],
)
def test_what_cannot_be_used_is_an_error_that_names_it(
    tmp_path: Path, files: dict[str, str], error: type[PipelineError], part: str
) -> None:
    with pytest.raises(error, match=part):
        proposed(tmp_path, files)


def test_the_file_is_short(tmp_path: Path) -> None:
    proposal = proposed(
        tmp_path, {"train.py": SCRIPT, "data/train.csv": "x\n", "params.yaml": "lr: 0.1\n"}
    )

    assert len(proposal.text.splitlines()) <= 15


@pytest.mark.parametrize(
    ("name", "goal"),
    [
        pytest.param("roc_auc", Goal.MAXIMIZE, id="auc"),
        pytest.param("val.f1_macro", Goal.MAXIMIZE, id="f1-inside-a-path"),
        pytest.param("valAccuracy", Goal.MAXIMIZE, id="camel-case"),
        pytest.param("log_loss", Goal.MINIMIZE, id="loss"),
        pytest.param("latency_ms", Goal.MINIMIZE, id="latency"),
        pytest.param("accuracy_loss", None, id="both-ways-is-not-known"),
        pytest.param("n_rows", None, id="neither-is-not-known"),
        pytest.param("loss_free", Goal.MINIMIZE, id="words-count-not-letters"),
        pytest.param("glossary", None, id="loss-inside-a-word-does-not-count"),
        pytest.param("", None, id="empty"),
    ],
)
def test_goal_of(name: str, goal: Goal | None) -> None:
    assert goal_of(name) is goal


def test_a_share_is_told_from_a_loss() -> None:
    assert is_share("test_accuracy")
    assert not is_share("rmse")
    assert not is_share("throughput")


def test_pipelines_that_share_nothing_are_models_of_their_own(tmp_path: Path) -> None:
    one = "stages: {fit: {cmd: python fit.py, outs: [model]}}\n"
    files = {"apps/churn/dvc.yaml": one, "apps/fraud/dvc.yaml": one}

    proposal = proposed(tmp_path, files)

    models = load_policy(proposal.text.encode()).models
    assert [model.source.file for model in models] == sorted(files)
    assert [model.policy.model for model in models] == ["churn", "fraud"]


def test_pipelines_of_which_one_reads_from_the_other_are_one(tmp_path: Path) -> None:
    files = {
        "data/dvc.yaml": "stages: {get: {cmd: python get.py, outs: [raw]}}\n",
        "fit/dvc.yaml": "stages: {fit: {cmd: python fit.py, deps: [../data/raw], outs: [m]}}\n",
    }

    proposal = proposed(tmp_path, files)

    (model,) = load_policy(proposal.text.encode()).models
    assert model.source.file is None
    assert "pipeline" not in settings(proposal)
