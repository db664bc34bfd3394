"""Which of several models a foreign workflow is known to train."""

from __future__ import annotations

import pytest

from branchline.config.workflow_filters import read_workflow
from branchline.core.pipeline import Pipeline, Stage
from branchline.flows.replay.concerns import concerned


def pipeline(command: str, wdir: str = ".") -> Pipeline:
    stage = Stage(
        name="train", address="train", cmd=(command,), cmd_is_list=False, wdir=wdir, file="d",
        line=1,
    )  # fmt: skip
    return Pipeline(stages=(stage,))


SCRIPTS = {"a": pipeline("python train/train.py"), "b": pipeline("python fraud/train.py")}
FOLDERS = {"a": pipeline("python train.py", "services/a"), "b": pipeline("python t.py", "b")}
ROOT = {"a": pipeline("python train.py"), "b": pipeline("python b/train.py")}
WORKFLOW = """\
on: {push: {branches: [main], paths: %(paths)s}}
jobs: {train: {runs-on: ubuntu-24.04, steps: [{run: '%(run)s'%(more)s}]}}
"""


@pytest.mark.parametrize(
    ("models", "run", "paths", "more", "expected"),
    [
        pytest.param(SCRIPTS, "python fraud/train.py", "['**']", "", ("b",), id="its-script"),
        pytest.param(SCRIPTS, "python ./fraud/train.py", "['**']", "", ("b",), id="dotted"),
        pytest.param(SCRIPTS, "cd fraud && make", "['**']", "", ("b",), id="in-its-folder"),
        pytest.param(SCRIPTS, "dvc repro fraud/dvc.yaml", "['**']", "", ("b",), id="a-file-there"),
        pytest.param(
            SCRIPTS, "branchline run --force --model a", "['**']", "", ("a",), id="by-its-name"
        ),
        pytest.param(SCRIPTS, "make all", "['fraud/**', 'lib/**']", "", ("b",), id="by-paths"),
        pytest.param(SCRIPTS, "make train", "['**.py']", "", (), id="a-word-is-no-folder"),
        pytest.param(
            SCRIPTS, "python train/train.py; python fraud/train.py", "['**']", "", (), id="both"
        ),
        pytest.param(SCRIPTS, "make", "['fraud/**', 'train/**']", "", (), id="paths-of-both"),
        pytest.param(
            FOLDERS, "python train.py", "['**']", ", working-directory: ./services/a/", ("a",),
            id="working-directory",
        ),
        pytest.param(ROOT, "python b/train.py", "['**']", "", ("b",), id="not-the-one-above"),
        pytest.param(ROOT, "python train.py", "['**']", "", ("a",), id="in-the-root"),
        pytest.param({"a": ROOT["a"]}, "python train.py", "['**']", "", (), id="one-model"),
    ],
)  # fmt: skip
def test_the_models_that_a_workflow_trains(
    models: dict[str, Pipeline], run: str, paths: str, more: str, expected: tuple[str, ...]
) -> None:
    text = WORKFLOW % {"run": run, "paths": paths, "more": more}

    found = read_workflow(text.encode(), file=".github/workflows/x.yml")

    assert concerned(found, models) == expected
