"""`tune` where parameters stand in commands: options, variables, Hydra's overrides, references.

Every case is a real project: after `tune`, `run` trains nothing, and git shows the value alone.
"""

from __future__ import annotations

import json
import os
import re
import sys
from typing import TYPE_CHECKING

import pytest
from tests.cli.test_reproduce_command import Project

if TYPE_CHECKING:
    from pathlib import Path

SCORE = """\
import json, sys
def leave(lr, batch_size=16, kind="adam", shuffle=False):
    with open({started!r}, "a") as notes:
        notes.write(f"{{lr}} {{batch_size}} {{kind}} {{shuffle}}\\n")
    open("model", "w").write(str(lr))
    auc = 0.9 - abs(lr - 0.3) - abs(batch_size - 32) / 1000 + 0.01 * shuffle
    json.dump({{"auc": auc}}, open("metrics.json", "w"))
"""
OPTIONS = """\
import argparse
from score import leave
parser = argparse.ArgumentParser()
parser.add_argument("-l", "--lr", type=float, default=0.2)
parser.add_argument("--batch-size", type=int, default=16)
parser.add_argument("--kind", default="adam")
parser.add_argument("--shuffle", action="store_true")
leave(**vars(parser.parse_args()))
"""
VARIABLES = """\
import json
import os
from score import leave
leave(float(os.environ.get("LR", "0.2")), int(os.environ.get("BATCH", "16")))
"""
KEYS = """\
import re
from score import leave
found = dict(re.findall(r"(\\w+): ([0-9.e-]+)", open("params.yaml").read()))
leave(float(found["wd"]), int(found["width"]))
"""
HYDRA = """\
import hydra
from score import leave

@hydra.main(config_path="conf", config_name="config", version_base="1.3")
def main(config):
    leave(config.optimizer.lr, config.batch_size, config.optimizer.kind)

main()
"""
CONF = {
    "conf/config.yaml": "defaults: [{optimizer: adam}, _self_]\nbatch_size: 16\n"
    "hydra: {run: {dir: .}, output_subdir: null, job_logging: {root: {handlers: []}}}\n",
    "conf/optimizer/adam.yaml": "lr: 0.1\nkind: adam\n",
    "conf/optimizer/sgd.yaml": "lr: 0.2\nkind: sgd\n",
}


def project_of(folder: Path, files: dict[str, str]) -> Project:
    """A committed project."""
    made = Project(folder / "work")
    made.begin({"score.py": SCORE.format(started=str(folder / "started")), **files})
    return made


def config(command: str, space: str, more: str = "") -> str:
    """A branchline.yaml of the short form."""
    return (
        f"model: m\n\n# the training\ntrain: {command}  # kept\n"
        f"tune:\n  objective: {{metric: auc}}\n  space: {space}\n{more}"
    )


def started(project: Project) -> list[str]:
    """The trainings so far, by what they got."""
    notes = project.folder.parent / "started"
    return notes.read_text().splitlines() if notes.exists() else []


def changed(project: Project) -> dict[str, tuple[str, str]]:
    """Of each file with one changed line in git's eyes: the line before and now."""
    found = {}
    for part in project.git("diff", "-U0").split("diff --git")[1:]:
        lines = [line for line in part.splitlines() if re.match(r"[-+](?![-+]{2} )", line)]
        assert [line[0] for line in lines] == ["-", "+"], part
        found[part.split(" b/")[1].splitlines()[0]] = (lines[0][1:], lines[1][1:])
    return found


def test_options_of_a_script_without_any_parameter_file(tmp_path: Path) -> None:
    space = (
        "{--lr: {float: [0.1, 0.4], step: 0.1}, --batch-size: [16, 32], --shuffle: [true, false]}"
    )
    text = config("python train.py --lr 0.1", space)
    project = project_of(tmp_path, {"train.py": OPTIONS, "branchline.yaml": text})

    said = project.call("tune")

    assert "as it is now: --lr 0.1, --shuffle false, --batch-size default" in said
    assert "--lr 0.1 -> 0.3, --batch-size default -> 32, --shuffle false -> true" in said
    assert changed(project) == {
        "branchline.yaml": (
            "train: python train.py --lr 0.1  # kept",
            "train: python train.py --lr 0.3 --batch-size 32 --shuffle  # kept",
        )
    }
    count = len(started(project))
    assert count == 17, "16 combinations, and the command as it is"
    assert "reuse   train" in project.call("run")
    assert len(started(project)) == count


def test_variables_before_the_program(tmp_path: Path) -> None:
    text = config('"LR=0.1 python train.py > log.txt"', "{$LR: [0.1, 0.3], $BATCH: [16, 32]}")
    project = project_of(tmp_path, {"train.py": VARIABLES, "branchline.yaml": text})

    said = project.call("tune")

    assert "as it is now: $LR 0.1, $BATCH default" in said
    assert changed(project) == {
        "branchline.yaml": (
            'train: "LR=0.1 python train.py > log.txt"  # kept',
            'train: "BATCH=32 LR=0.3 python train.py > log.txt"  # kept',
        )
    }
    assert "reuse   train" in project.call("run")
    assert len(started(project)) == 5


@pytest.mark.parametrize(
    ("command", "space", "after"),
    [
        pytest.param(
            "python train.py optimizer.lr=0.1",
            "{optimizer.lr: [0.1, 0.3], batch_size: [16, 32]}",
            "python train.py optimizer.lr=0.3 batch_size=32",
            id="keys-of-its-folder-of-configuration",
        ),
        pytest.param(
            "python train.py",
            "{hydra:optimizer: [adam, sgd], hydra:optimizer.lr: [0.2, 0.3]}",
            "python train.py optimizer=adam optimizer.lr=0.3",
            id="a-group-is-chosen",
        ),
        pytest.param(
            "python train.py optimizer=adam 'optimizer.kind=adam'",
            "{hydra:optimizer: [sgd], hydra:optimizer.lr: [0.3], hydra:optimizer.kind: [a b]}",
            """python train.py optimizer=sgd 'optimizer.kind='"'"'a b'"'"'' optimizer.lr=0.3""",
            id="quotes-of-hydra-in-quotes-of-a-shell",
        ),
    ],
)
def test_overrides_of_hydra(tmp_path: Path, command: str, space: str, after: str) -> None:
    pytest.importorskip("hydra", reason="no hydra-core: pip install 'branchline[dev]'")
    text = config(command, space)
    project = project_of(tmp_path, {"train.py": HYDRA, "branchline.yaml": text, **CONF})
    project.environ["PATH"] = f"{os.path.dirname(sys.executable)}:{project.environ['PATH']}"

    project.call("tune")

    assert (project.folder / "branchline.yaml").read_text() == text.replace(command, after)
    count = len(started(project))
    assert "reuse   train" in project.call("run")
    assert len(started(project)) == count


HOSTILE = ['"; rm -rf ~ #', "$(touch pwned)", "`touch pwned`", "it's", "-rf", "a\\", "${HOME}", "*"]


@pytest.mark.parametrize(
    "cmd", ["python train.py --kind adam", "\"python train.py --kind 'adam'\""]
)
def test_hostile_values_arrive_as_one_argument(tmp_path: Path, cmd: str) -> None:
    text = config(cmd, json.dumps({"--kind": HOSTILE}), "  sampler: grid\n")
    project = project_of(tmp_path, {"train.py": OPTIONS, "branchline.yaml": text})

    told = json.loads(project.call("tune", "--json"))

    assert [line.split(" ", 2)[2] for line in started(project)] == [
        f"{value} False" for value in ["adam", *HOSTILE]
    ]
    assert {trial["state"] for trial in told["trials"]} == {"succeeded"}
    assert not (project.folder / "pwned").exists()


def test_the_best_hostile_value_is_written_and_known(tmp_path: Path) -> None:
    worse = OPTIONS.replace("leave(**", "options = ").replace("))\n", ")\n")
    script = worse + "leave(0.3 if options['kind'].startswith('$') else 0.1, 32, options['kind'])\n"
    text = config("python train.py --kind adam", '{--kind: ["${HOME}: #\'", b]}')
    project = project_of(tmp_path, {"train.py": script, "branchline.yaml": text})

    project.call("tune")

    assert "reuse   train" in project.call("run")
    assert len(started(project)) == 3
    assert started(project)[-2:] == ["0.3 32 ${HOME}: #' False", "0.1 32 b False"]


DVC = """\
stages:
  # first
  prepare: {cmd: "python prepare.py --lr 1", deps: [prepare.py], outs: [clean.txt]}
  train:
    cmd: >-
      mkdir -p logs &&
      python train.py
      --lr 0.1   # no comment of YAML
    deps: [train.py, score.py, clean.txt]
    outs: [model]
    metrics: [{metrics.json: {cache: false}}]
"""


def dvc_project(folder: Path, dvc: str, space: str, **more: str) -> Project:
    """A project of a dvc.yaml."""
    text = f"model: m\ntune:\n  objective: {{metric: auc}}\n  space: {space}\n"
    files = {
        "prepare.py": "open('clean.txt', 'w').write('x')\n",
        "train.py": OPTIONS,
        "dvc.yaml": dvc,
        "branchline.yaml": text,
    }
    return project_of(folder, {**files, **more})


def test_a_folded_command_of_dvc_yaml_in_which_stages_share_an_option(tmp_path: Path) -> None:
    dvc = DVC.replace("   # no comment of YAML", "").replace("\n", "\r\n")
    project = dvc_project(tmp_path, dvc, "{--lr: [0.1, 0.3]}")

    said = project.call("tune", code=1)
    assert "stands in the commands of `prepare` and `train`" in said
    assert "prepare:--lr or train:--lr" in said
    file = project.folder / "branchline.yaml"
    file.write_text(file.read_text().replace("--lr", "train:--lr"))
    said = project.call("tune")

    assert "train:--lr 0.1 -> 0.3" in said
    assert (project.folder / "dvc.yaml").read_bytes() == dvc.replace("0.1", "0.3").encode()
    assert "reuse   train" in project.call("run")
    assert len(started(project)) == 2


def test_a_key_that_has_a_dot_in_its_name(tmp_path: Path) -> None:
    dvc = "stages: {train: {cmd: python train.py, params: [{params.yaml: null}], outs: [model],"
    dvc += " metrics: [metrics.json]}}\n"
    read = "from score import leave\nleave(float(open('params.yaml').read().split(':')[1]))\n"
    more = {"params.yaml": '"opt.lr": 0.1\n', "train.py": read}
    project = dvc_project(tmp_path, dvc, "{opt.lr: [0.1, 0.2, 0.3]}", **more)

    said = project.call("tune")

    assert "opt.lr 0.1 -> 0.3" in said
    assert changed(project) == {"params.yaml": ('"opt.lr": 0.1', '"opt.lr": 0.3')}
    assert "reuse   train" in project.call("run")


def test_a_command_that_takes_its_value_from_params_is_made_anew_for_each_trial(
    tmp_path: Path,
) -> None:
    dvc = DVC.replace("--lr 0.1   # no comment of YAML", "--lr ${train.lr}")
    more = {"params.yaml": "train: {lr: 0.1}  # the rate\n"}
    project = dvc_project(tmp_path, dvc, "{train.lr: [0.1, 0.2, 0.3]}", **more)

    project.call("tune")

    assert [line.split()[0] for line in started(project)] == ["0.1", "0.2", "0.3"]
    assert changed(project) == {
        "params.yaml": ("train: {lr: 0.1}  # the rate", "train: {lr: 0.3}  # the rate")
    }
    assert "reuse   train" in project.call("run")
    assert len(started(project)) == 3


@pytest.mark.parametrize(
    ("cmd", "name", "words"),
    [
        pytest.param("python t.py --lr ${lr}", "--lr", "the command takes: lr", id="a-reference"),
        pytest.param(
            "python t.py ${all}", "--lr", "comes from a `${...}`", id="options-of-a-mapping"
        ),
        pytest.param("python t.py", "env:LR", "write it as $LR", id="another-spelling"),
        pytest.param("python t.py", "trian:--lr", "did you mean", id="no-such-stage"),
        pytest.param("for i in 1 2; do python t.py --lr $i; done", "--lr", "`for`", id="a-loop"),
        pytest.param("python t.py --lr 1 | tee --lr 2", "--lr", "2 times", id="twice"),
        pytest.param("python a.py && python t.py", "--lr", "2 commands", id="nowhere"),
        pytest.param("uv run -- python t.py", "--lr", "which side", id="two-sides"),
        pytest.param("python t.py", "lr2", "an option is named --lr2", id="no-parameter"),
    ],
)
def test_what_cannot_be_set_says_why_before_anything_runs(
    tmp_path: Path, cmd: str, name: str, words: str
) -> None:
    dvc = f"stages:\n  train: {{cmd: {json.dumps(cmd)}, outs: [model]}}\n"
    more = {"params.yaml": "lr: 0.1\nall: {lr: 1}\n"}
    project = dvc_project(tmp_path, dvc, f'{{"{name}": [0.1]}}', **more)

    said = project.call("tune", code=1)

    assert words in said
    assert started(project) == []


def test_models_have_commands_of_their_own(tmp_path: Path) -> None:
    text = (
        "models:\n  a: {train: python train.py --lr 0.1}  # a\n  b: {train: python t.py --lr 0.1}\n"
        "tune: {objective: {metric: auc}, space: {--lr: [0.3]}}\n"
    )
    project = project_of(tmp_path, {"train.py": OPTIONS, "branchline.yaml": text})

    project.call("tune", "--model", "a")

    after = text.replace("train.py --lr 0.1", "train.py --lr 0.3")
    assert (project.folder / "branchline.yaml").read_text() == after


def test_fixed_values_are_set_and_shown_only_where_they_differ(tmp_path: Path) -> None:
    space = "{--lr: [0.1, 0.3], --kind: sgd, --batch-size: {fixed: 16}}"
    text = config("python train.py --lr 0.1 --batch-size 16", space)
    project = project_of(tmp_path, {"train.py": OPTIONS, "branchline.yaml": text})

    said = project.call("tune")

    assert 'trial 2 of 2: --lr 0.3, --kind "sgd"' in said
    assert "as it is now: --lr 0.1, --kind default" in said
    assert "--batch-size" not in said
    after = "python train.py --lr 0.3 --batch-size 16 --kind sgd"
    assert changed(project)["branchline.yaml"][1] == f"train: {after}  # kept"


def test_an_option_that_does_not_count_leaves_the_command(tmp_path: Path) -> None:
    space = "{--kind: [adam, sgd], --lr: {choice: [0.3], when: {--kind: sgd}}, --shuffle: true}"
    text = config("python train.py --kind sgd --lr 0.5 --shuffle", space)
    project = project_of(tmp_path, {"train.py": OPTIONS, "branchline.yaml": text})

    said = project.call("tune", "--json")

    tried = [trial["params"] for trial in json.loads(said)["trials"]]
    assert {"--kind": "adam"} in tried, "its --lr is the script's own, 0.2"
    assert {"--kind": "sgd", "--lr": 0.5} in tried
    assert sorted(started(project)) == [
        "0.2 16 adam True", "0.3 16 sgd True", "0.5 16 sgd True",
    ]  # fmt: skip
    assert changed(project)["branchline.yaml"][1].startswith(
        "train: python train.py --kind sgd --lr 0.3 --shuffle"
    )


def test_options_side_by_side_with_a_seed_that_is_an_option(tmp_path: Path) -> None:
    script = OPTIONS.replace("leave(**vars(parser.parse_args()))", "") + (
        'parser.add_argument("--seed", type=int)\n'
        "options = vars(parser.parse_args())\n"
        'options["batch_size"] += options.pop("seed") % 7\n'
        "leave(**options)\n"
    )
    more = "  parallel: 2\n  replicates: {seed: --seed, runs: 1}\n  confirm: {seeds: 2, top: 1}\n"
    text = config("python train.py --seed 0 --lr 0.1", "{--lr: [0.1, 0.2, 0.3]}", more)
    project = project_of(tmp_path, {"train.py": script, "branchline.yaml": text})

    said = project.call("tune")

    assert "--lr 0.1 -> 0.3" in said
    assert changed(project)["branchline.yaml"][1] == (
        "train: python train.py --seed 0 --lr 0.3  # kept"
    )
    count = len(started(project))
    assert count == 3 + 2 * 2, "three points, and two of them with two fresh seeds"
    assert "reuse   train" in project.call("run")
    assert len(started(project)) == count


@pytest.mark.parametrize(
    ("files", "space"),
    [
        pytest.param(
            {"train.py": OPTIONS},
            "{--lr: {float: [0.1, 0.4]}, --batch-size: {int: [8, 32]}}",
            id="options",
        ),
        pytest.param(
            {"train.py": KEYS, "params.yaml": "seed: 3\nnet: {width: 64, wd: 1.0e-3}\n"},
            "{net.width: {int: [32, 128]}, net.wd: {float: [0.0001, 0.01], log: true}}",
            id="keys",
        ),
    ],
)
def test_a_project_without_a_search_is_shown_one_that_runs(
    tmp_path: Path, files: dict[str, str], space: str
) -> None:
    text = config("python train.py", "{}").partition("tune:")[0]
    text += "gate: {metrics: {auc: {min: 0.1}}}\n"
    project = project_of(tmp_path, {**files, "branchline.yaml": text})

    said = project.call("tune", code=1)

    example = f"tune: {{objective: {{metric: auc, goal: maximize}}, space: {space}}}"
    assert f"Write e.g. {example}." in said
    with (project.folder / "branchline.yaml").open("a") as file:
        file.write(example + "\n")
    assert "trial 1 of 2: succeeded" in project.call("tune", "--trials", "2")


def test_a_seed_that_its_command_does_not_say_is_refused_with_what_to_write(tmp_path: Path) -> None:
    more = "  replicates: {seed: --seed}\n"
    text = config("python train.py --lr 0.1", "{--lr: [0.1, 0.2]}", more)
    project = project_of(tmp_path, {"train.py": OPTIONS, "branchline.yaml": text})

    said = project.call("tune", code=1)

    assert "`replicates` names `--seed`, and the command of stage `train` does not say" in said
    assert "python train.py --lr 0.1 --seed 0" in said
    assert not started(project)


def test_the_same_search_goes_on_after_the_best_was_written(tmp_path: Path) -> None:
    space = "{--lr: [0.1, 0.3], $BATCH: [16, 32], --shuffle: [true, false]}"
    script = OPTIONS.replace(
        "leave(**", 'leave(**{"batch_size": int(os.environ.get("BATCH", "8"))} | '
    )
    script = "import os\n" + script.replace(
        'parser.add_argument("--batch-size", type=int, default=16)\n', ""
    )
    text = config("python train.py --lr 0.1", space)
    project = project_of(tmp_path, {"train.py": script, "branchline.yaml": text})

    project.call("tune")
    count = len(started(project))
    said = project.call("tune")

    assert changed(project)["branchline.yaml"][1] == (
        "train: BATCH=32 python train.py --lr 0.3 --shuffle  # kept"
    )
    assert "8 of 8 trials were made before" in said
    assert "has the values that are set already" in said
    assert len(started(project)) == count
