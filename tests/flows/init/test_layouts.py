"""What is found in repositories of each layout, as people have them."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.folder import FolderTree
from branchline.config.branchline_yaml import load_policy
from branchline.core.documents import read_yaml
from branchline.errors import PipelineError
from branchline.flows.init import About, Certainty, Proposal, propose
from branchline.wiring.readers import metric_readers

if TYPE_CHECKING:
    from pathlib import Path

    from branchline.flows.init import Guess

FIT = "from sklearn.linear_model import Ridge\n"


def proposed(root: Path, files: dict[str, str], **answers: str) -> Proposal:
    """The proposal for a repository that holds these files; it is valid and short."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(textwrap.dedent(text).lstrip("\n"))
    given = {key.replace("__", "."): value for key, value in answers.items()}
    proposal = propose(FolderTree(str(root)), given, tracked=frozenset(files))
    assert load_policy(proposal.text.encode()).models
    assert len(proposal.text.splitlines()) <= 15
    return proposal


def settings(proposal: Proposal) -> dict[str, object]:
    """The proposed file, read back."""
    value = read_yaml(proposal.text.encode(), file="branchline.yaml").value
    assert isinstance(value, dict)
    return value


def about(proposal: Proposal, what: About) -> list[Guess]:
    """Guesses about one thing."""
    return [guess for guess in proposal.guesses if guess.about is what]


TRAIN_THAT_READS_CLEAN = (
    FIT
    + """
import pandas, joblib
data = pandas.read_csv("data/clean.csv")
joblib.dump(Ridge().fit(data, data), "ridge.joblib")
"""
)


def test_scripts_that_belong_together_become_stages(tmp_path: Path) -> None:
    files = {
        "data/raw.csv": "x\n",
        "clean.py": 'import pandas\npandas.read_csv("data/raw.csv").to_csv("data/clean.csv")\n',
        "train.py": TRAIN_THAT_READS_CLEAN,
        "evaluate.py": """
            import joblib, json
            model = joblib.load("ridge.joblib")
            json.dump({"rmse": 1.0}, open("metrics.json", "w"))
        """,
    }

    proposal = proposed(tmp_path, files)

    assert settings(proposal)["stages"] == {
        "clean": {
            "cmd": "python clean.py",
            "deps": ["clean.py", "data/raw.csv"],
            "outs": ["data/clean.csv"],
        },
        "train": {
            "cmd": "python train.py",
            "deps": ["data/clean.csv"],
            "outs": ["ridge.joblib"],
        },
        "evaluate": {
            "cmd": "python evaluate.py",
            "deps": ["evaluate.py", "ridge.joblib"],
            "metrics": [{"metrics.json": {"cache": False}}],
        },
    }
    assert settings(proposal)["gate"]


def test_data_that_a_script_left_here_before_are_still_made_by_it(tmp_path: Path) -> None:
    files = {
        "data/raw.csv": "x\n",
        "clean.py": 'import pandas\npandas.read_csv("data/raw.csv").to_csv("data/clean.csv")\n',
        "train.py": TRAIN_THAT_READS_CLEAN,
    }
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "clean.csv").write_text("x\n")  # not in git

    assert list(settings(proposed(tmp_path, files))["stages"]) == ["clean", "train"]  # type: ignore[call-overload] # a mapping


def test_a_command_of_the_readme_wins_and_is_quoted(tmp_path: Path) -> None:
    files = {
        "src/train_model.py": FIT + "import argparse\np = argparse.ArgumentParser()\n"
        "p.add_argument('--alpha', required=True)\nRidge().fit([[1]], [1])\n",
        "README.md": "# Model\n\n```\n$ python src/train_model.py --alpha 0.5\n```\n",
    }

    proposal = proposed(tmp_path, files)

    (command,) = about(proposal, About.COMMAND)
    assert "run: python src/train_model.py --alpha 0.5" in proposal.text
    assert command.certainty is Certainty.DECLARED
    assert command.where == "README.md:4"
    assert not proposal.questions


def test_a_command_with_holes_is_not_taken(tmp_path: Path) -> None:
    files = {
        "train.py": FIT + "Ridge().fit([[1]], [1])\n",
        "README.md": "    python train.py --data <your data>\n",
    }

    proposal = proposed(tmp_path, files)

    assert "run: python train.py\n" in proposal.text
    assert any("README.md:1" in sentence for sentence in proposal.unknowns)


def test_an_entry_point_of_mlproject_is_filled_in(tmp_path: Path) -> None:
    files = {
        "MLproject": """
            name: wine
            entry_points:
              main:
                parameters:
                  alpha: {type: float, default: 0.5}
                command: "python fit_wine.py {alpha}"
        """,
        "fit_wine.py": FIT + "import sys\nRidge(float(sys.argv[1])).fit([[1]], [1])\n",
    }

    proposal = proposed(tmp_path, files)

    assert "run: python fit_wine.py 0.5" in proposal.text
    assert about(proposal, About.COMMAND)[0].where == "MLproject:6"


def test_a_target_of_tox_and_a_session_of_nox_are_commands(tmp_path: Path) -> None:
    script = FIT + "Ridge().fit([[1]], [1])\n"

    tox = proposed(
        tmp_path / "t",
        {"tox.ini": "[testenv:train]\ncommands = python work/go.py --x 1\n", "work/go.py": script},
    )
    nox = proposed(
        tmp_path / "n",
        {
            "noxfile.py": "import nox\n@nox.session\ndef train(s):\n"
            '    s.run("python", "work/go.py")\n',
            "work/go.py": script,
        },
    )

    assert "run: python work/go.py --x 1" in tox.text
    assert "run: python work/go.py\n" in nox.text


def test_models_with_shared_code_are_told_apart(tmp_path: Path) -> None:
    script = (
        FIT
        + """
from pathlib import Path
import json
from shared.store import save
HERE = Path(__file__).parent
save(Ridge().fit([[1]], [1]), HERE / "model.pkl")
(HERE / "metrics.json").write_text(json.dumps({"rmse": 1.0}))
"""
    )
    files = {
        "churn/train.py": script,
        "fraud/train.py": script,
        "shared/store.py": "import joblib\ndef save(model, path):\n    joblib.dump(model, path)\n",
    }

    proposal = proposed(tmp_path, files)

    models = settings(proposal)["models"]
    assert isinstance(models, dict)
    assert list(models) == ["churn", "fraud"]
    assert models["churn"]["train"]["outs"] == ["churn/model.pkl"]
    assert models["fraud"]["train"]["metrics"] == ["fraud/metrics.json"]
    assert models["fraud"]["gate"]


def test_of_two_scripts_that_may_train_it_asks(tmp_path: Path) -> None:
    script = FIT + "Ridge().fit([[1]], [1])\n"
    files = {"train_a.py": script, "train_b.py": script}

    silent = proposed(tmp_path, files)
    told = proposed(tmp_path, files, script="train_b.py")

    (question,) = silent.questions
    assert question.answers == ("train_a.py", "train_b.py")
    assert "run: python train_a.py" in silent.text
    assert any("There are more scripts" in sentence for sentence in silent.unknowns)
    assert "run: python train_b.py" in told.text
    assert not any("There are more scripts" in sentence for sentence in told.unknowns)


def test_the_direction_of_the_only_metric_is_asked(tmp_path: Path) -> None:
    files = {
        "train.py": FIT + 'import json\nRidge().fit([[1]], [1])\njson.dump({"gini": 1},'
        ' open("metrics.json", "w"))\n'
    }

    silent = proposed(tmp_path, files)
    told = proposed(tmp_path, files, goal__gini="maximize")

    assert "gate" not in settings(silent)
    assert any("gini" in sentence for sentence in silent.unknowns)
    assert settings(told)["gate"] == {
        "metrics": {"gini": {"goal": "maximize", "max_relative_regression": 0.05}}
    }


HYDRA = (
    FIT
    + """
import hydra, json, joblib
from hydra.utils import instantiate
@hydra.main(config_path="../conf", config_name="config"{version})
def main(cfg):
    model = instantiate(cfg.model).fit([[1]], [1])
    joblib.dump(model, cfg.paths.model)
    json.dump({{"rmse": 1.0}}, open(cfg.paths.metrics, "w"))
main()
"""
)
CONF = {
    "conf/config.yaml": """
        defaults:
          - model: linear
          - _self_
        name: first
        paths:
          model: artifacts/${name}/model.joblib
          metrics: artifacts/metrics.json
    """,
    "conf/model/linear.yaml": "_target_: lib.linear.Linear\nalpha: 1\n",
    "conf/model/deep.yaml": "_target_: lib.deep.Deep\nwidth: ???\n",
    "lib/linear.py": "class Linear: ...\n",
}


def test_hydra_is_composed_to_know_where_things_go(tmp_path: Path) -> None:
    files = {"src/train.py": HYDRA.format(version=', version_base="1.3"'), **CONF}

    proposal = proposed(tmp_path, files)

    train = settings(proposal)["train"]
    assert isinstance(train, dict)
    assert train["run"] == "python src/train.py"
    assert "deps" not in train  # the planner follows its YAML files, by their values
    assert train["outs"] == ["artifacts/first/model.joblib"]
    assert train["metrics"] == ["artifacts/metrics.json"]
    assert any("model: deep, linear" in g.sentence for g in about(proposal, About.PARAMETERS))


def test_a_configuration_with_other_files_is_an_input_as_a_whole(tmp_path: Path) -> None:
    files = {"src/train.py": HYDRA.format(version=', version_base="1.3"'), **CONF}

    proposal = proposed(tmp_path, {**files, "conf/labels.txt": "a\nb\n"})

    train = settings(proposal)["train"]
    assert isinstance(train, dict)
    assert train["deps"] == ["conf"]


def test_hydra_that_enters_a_new_folder_each_time_is_given_one(tmp_path: Path) -> None:
    files = {"src/train.py": HYDRA.format(version=""), **CONF}

    proposal = proposed(tmp_path, files)

    train = settings(proposal)["train"]
    assert isinstance(train, dict)
    assert train["run"] == "python src/train.py hydra.run.dir=outputs/run"
    assert train["metrics"] == ["outputs/run/artifacts/metrics.json"]


def test_a_value_that_hydra_demands_is_asked(tmp_path: Path) -> None:
    files = {"src/train.py": HYDRA.format(version=', version_base="1.3"'), **CONF}
    files["conf/config.yaml"] = files["conf/config.yaml"].replace("name: first", "name: ???")

    silent = proposed(tmp_path, files)
    told = proposed(tmp_path, files, hydra__name="second")

    assert [question.key for question in silent.questions] == ["hydra.name"]
    assert "run: python src/train.py name=NAME" in silent.text
    assert "run: python src/train.py name=second" in told.text


def test_a_trainer_of_transformers_fills_its_folder(tmp_path: Path) -> None:
    files = {
        "train.py": """
            from transformers import Trainer, TrainingArguments
            arguments = TrainingArguments(output_dir="out/checkpoints", num_train_epochs=1)
            Trainer(model=model, args=arguments).train()
        """
    }

    train = settings(proposed(tmp_path, files))["train"]

    assert isinstance(train, dict)
    assert train["outs"] == ["out/checkpoints"]


def test_callbacks_of_keras_and_loggers_of_lightning_are_seen(tmp_path: Path) -> None:
    keras = proposed(
        tmp_path / "k",
        {"train.py": "import keras\n"
         'm.fit(callbacks=[keras.callbacks.CSVLogger("log/metrics.csv")])\n'
         'm.save("out/model.keras")\n'},
    )  # fmt: skip
    lightning = proposed(
        tmp_path / "l",
        {
            "train.py": "from lightning.pytorch.loggers import CSVLogger\nimport lightning\n"
            'logger = CSVLogger("logs", name="run")\nlightning.Trainer(logger=logger).fit(m)\n'
        },
    )

    assert "outs: [out/model.keras]\n  metrics: [log/metrics.csv]" in keras.text
    assert "metrics: [logs/run]" in lightning.text


def test_the_projects_own_tests_and_linter_become_checks(tmp_path: Path) -> None:
    files = {
        "train.py": FIT + "Ridge().fit([[1]], [1])\n",
        "tests/test_model.py": "def test_it(): ...\n",
        "requirements-dev.txt": "pytest>=8\nruff\n",
    }

    proposal = proposed(tmp_path, files)

    assert settings(proposal)["checks"] == [
        {"name": "tests", "run": "pytest -q"},
        {"name": "ruff", "run": "ruff check ."},
    ]
    assert [g.where for g in about(proposal, About.CHECKS)] == [
        "requirements-dev.txt:1",
        "requirements-dev.txt:2",
    ]


PERCENT = """
Ridge().fit([[1]], [1])
{printed}
"""


@pytest.mark.parametrize(
    ("printed", "name", "point"),
    [
        pytest.param('print(f"Accuracy: {100 * score:.2f}%")', "Accuracy", 1.0, id="a-sign"),
        pytest.param('print(f"accuracy: {score:.1%}")', "accuracy", 1.0, id="a-format"),
        pytest.param('print("accuracy: {:.1%}".format(score))', "accuracy", 1.0, id="an-old-one"),
        pytest.param('print(f"accuracy: {score:.3f}")', "accuracy", 0.01, id="a-share"),
        pytest.param('print(f"acc_pct: {score}")', "acc_pct", 1.0, id="a-name"),
    ],
)
def test_a_point_is_one_in_the_unit_of_the_metric(
    tmp_path: Path, printed: str, name: str, point: float
) -> None:
    proposal = proposed(tmp_path, {"train.py": FIT + PERCENT.format(printed=printed)})

    (model,) = proposal.settings.models
    assert [(bar.name, bar.max_regression) for bar in model.bars] == [(name, point)]


@pytest.mark.parametrize(("value", "point"), [(93.3, 1.0), (0.933, 0.01)])
def test_a_metric_that_is_there_already_tells_its_unit(
    tmp_path: Path, value: float, point: float
) -> None:
    files = {
        "dvc.yaml": "stages:\n  train:\n    cmd: python train.py\n    metrics: [metrics.json]\n",
        "metrics.json": f'{{"accuracy": {value}}}\n',
    }

    proposal = proposed(tmp_path, files)

    (model,) = proposal.settings.models
    assert [bar.max_regression for bar in model.bars] == [point]


def test_tests_that_no_file_explains_are_said_and_not_run(tmp_path: Path) -> None:
    files = {
        "train.py": FIT + "Ridge().fit([[1]], [1])\n",
        "tests/test_model.py": "def test_it(): ...\n",
    }

    proposal = proposed(tmp_path, files)

    assert "checks" not in settings(proposal)
    assert any("tests/test_model.py" in sentence for sentence in proposal.unknowns)


def test_data_of_dvc_that_are_gone_name_their_remote_without_its_password(tmp_path: Path) -> None:
    files = {
        "train.py": FIT + 'import pandas\nd = pandas.read_csv("data.csv")\nRidge().fit(d, d)\n',
        "data.csv.dvc": "outs:\n- md5: abc\n  path: data.csv\n",
        ".dvc/config": "[core]\n    remote = far\n['remote \"far\"']\n"
        "    url = https://ada:s3cret@data.example.org/x\n",
    }

    proposal = proposed(tmp_path, files)

    assert "deps: [data.csv]" in proposal.text
    (said,) = [sentence for sentence in proposal.unknowns if "data.example.org" in sentence]
    assert "s3cret" not in said


def test_what_is_printed_is_kept_and_named_as_its_reader_names_it(tmp_path: Path) -> None:
    files = {
        "train.py": FIT
        + """
from sklearn.metrics import classification_report
model = Ridge().fit([[1]], [1])
print("Test accuracy: %.3f" % 0.9)
print(f"rmse: {0.1}")
print("r2", 0.5)
print(classification_report([1], [1]))
"""
    }
    for path, text in files.items():
        (tmp_path / path).write_text(text)

    proposal = propose(FolderTree(str(tmp_path)), readers=metric_readers())

    assert "metrics: [{path: train.log, printed: true}]" in proposal.text
    (model,) = load_policy(proposal.text.encode()).models
    assert [rule.name for rule in model.policy.gate.metrics] == [
        "Test_accuracy", "rmse", "accuracy",
    ]  # fmt: skip
    assert any("train.py:7: it prints r2 in a form" in text for text in proposal.unknowns)


@pytest.mark.parametrize(
    ("path", "data"),
    [
        pytest.param("deep.py", b"x = " + b"(" * 150 + b"1" + b")" * 150, id="nested-brackets"),
        pytest.param("long.py", b"x = " + b" + ".join([b"y"] * 5000), id="an-expression-too-deep"),
        pytest.param("bytes.py", bytes(range(256)), id="a-script-of-any-bytes"),
        pytest.param("latin.py", "# caf\u00e9\nx = 1\n".encode("latin-1"), id="no-utf-8"),
        pytest.param("book.ipynb", b'{"cells": [{"cell_type": "code"}, 3, {}]}', id="odd-cells"),
        pytest.param("list.ipynb", b"[" * 100_000, id="a-notebook-nested-too-deep"),
        pytest.param("README.md", b"python 'train.py\n$ python \\\n", id="a-readme-cut-off"),
        pytest.param("Makefile", b"train:\n\tpython \\", id="a-makefile-cut-off"),
        pytest.param("MLproject", b"entry_points: {main: {command: [}}", id="a-broken-mlproject"),
        pytest.param("tox.ini", b"[testenv:train\ncommands", id="a-broken-tox"),
        pytest.param("metrics.txt", b"\xff" * 5000, id="text-that-is-none"),
    ],
)
def test_what_is_broken_beside_the_script_breaks_nothing(
    tmp_path: Path, path: str, data: bytes
) -> None:
    (tmp_path / path).write_bytes(data)

    proposal = proposed(tmp_path, {"train.py": FIT + "Ridge().fit([[1]], [1])\n"})

    assert "run: python train.py" in proposal.text


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("x = " + " + ".join(["y"] * 5000), id="an-expression-too-deep"),
        pytest.param("def f(:", id="no-python"),
    ],
)
def test_a_script_that_cannot_be_read_is_an_error_that_names_it(
    tmp_path: Path, source: str
) -> None:
    (tmp_path / "train.py").write_text(source)

    with pytest.raises(PipelineError, match=r"train\.py cannot be read|nothing here was seen"):
        propose(FolderTree(str(tmp_path)))


def test_a_loop_of_links_and_a_folder_of_many_files_end(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path)
    images = tmp_path / "images"
    images.mkdir()
    for number in range(21_000):
        (images / f"{number}.png").touch()

    proposal = proposed(tmp_path, {"train.py": FIT + "Ridge().fit([[1]], [1])\n"})

    assert any("more files than `init` looks at" in text for text in proposal.unknowns)


@pytest.mark.parametrize("terms", [300, 500, 900, 2000])
def test_an_expression_of_many_terms_ends(tmp_path: Path, terms: int) -> None:
    long = "x = " + " + ".join(["y"] * terms) + "\n"
    said = "print(" + " + ".join(['"a"'] * terms) + ")\n"

    proposal = proposed(
        tmp_path, {"train.py": FIT + "Ridge().fit([[1]], [1])\n", "lib.py": long + said}
    )
    other = proposed(
        tmp_path / "b", {"train.py": "import lib\n" + FIT + "Ridge().fit([[1]], [1])\n",
                         "lib.py": long + said},
    )  # fmt: skip

    assert "run: python train.py" in proposal.text
    assert "run: python train.py" in other.text


def test_a_command_with_a_password_is_neither_quoted_nor_taken(tmp_path: Path) -> None:
    secret = "ghp_" + "a1B2" * 9
    files = {
        "train.py": FIT + "Ridge().fit([[1]], [1])\n",
        "README.md": f"    python train.py --from https://ada:{secret}@data.example.org/x\n",
    }

    proposal = proposed(tmp_path, files)

    told = [*proposal.unknowns, *(g.quote + g.sentence for g in proposal.guesses)]
    assert secret not in proposal.text + " ".join(told)
    assert "run: python train.py\n" in proposal.text


def test_what_is_measured_on_training_data_is_no_bar_beside_others(tmp_path: Path) -> None:
    both = 'json.dump({"train_rmse": 1, "val_rmse": 2}, open("metrics.json", "w"))\n'
    files = {"train.py": FIT + "import json\nRidge().fit([[1]], [1])\n" + both}

    gate = settings(proposed(tmp_path, files))["gate"]

    assert gate == {"metrics": {"val_rmse": {"goal": "minimize", "max_relative_regression": 0.05}}}


def test_a_spread_or_a_time_is_no_bar_beside_others(tmp_path: Path) -> None:
    left = '{"cv_accuracy": {"mean": 0.9, "std": 0.1}, "eval_runtime": 3.0, "n": 4}'
    files = {
        "train.py": FIT + "import json\nRidge().fit([[1]], [1])\n"
        f'json.dump({left}, open("metrics.json", "w"))\n'
    }

    gate = settings(proposed(tmp_path, files))["gate"]

    assert gate == {"metrics": {"cv_accuracy.mean": {"max_regression": 0.01}}}
