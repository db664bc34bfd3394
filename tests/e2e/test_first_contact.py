"""What a newcomer types first, in projects that are not what we hoped for: no dead ends."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from tests.e2e.conftest import clean_environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Project

    MakeProject = Callable[[dict[str, str]], Project]


def test_a_project_without_stages_is_never_said_to_have_its_results(
    make_project: MakeProject,
) -> None:
    project = make_project({"train.py": "print(1)\n"})

    for command in ("plan", "run"):
        done = project.branchline(command)

        assert done.code == 1
        assert "there are no stages" in done.stderr
        assert "branchline init" in done.stderr
    assert project.git("for-each-ref", "refs/branchline") == ""


def test_a_bare_repository_is_not_run(make_project: MakeProject) -> None:
    project = make_project({"dvc.yaml": "stages: {a: {cmd: touch a, outs: [a]}}\n"})
    project.git("clone", "-q", "--bare", ".", "bare.git")

    done = project.branchline("-C", "bare.git", "run")

    assert done.code == 1
    assert "bare.git" in done.stderr
    assert "checkout" in done.stderr


def test_a_stage_of_another_folder_is_found_by_its_own_name(make_project: MakeProject) -> None:
    text = "stages: {fit: {cmd: touch a, outs: [a]}}\n"
    project = make_project({"dvc.yaml": text, "models/small/dvc.yaml": text.replace("fit", "tune")})

    done = project.branchline("plan", "tune")

    assert done.code == 2
    assert "Did you mean `models/small/dvc.yaml:tune`?" in done.stderr


RAW = "stages: {fit: {cmd: cp raw.csv out, deps: [raw.csv], outs: [out]}}\n"


def test_data_that_differ_from_their_dvc_file_make_a_run_uncommitted(
    make_project: MakeProject,
) -> None:
    pointer = (
        f"outs:\n- md5: {hashlib.md5(b'1').hexdigest()}\n  size: 1\n  hash: md5\n  path: raw.csv\n"
    )
    ignored = "/raw.csv\n/out\n/dvc.lock\n.gitignore\n"
    project = make_project({"dvc.yaml": RAW, "raw.csv.dvc": pointer, ".gitignore": ignored})
    project.write("raw.csv", "1")
    clean = project.branchline("run")
    project.write("raw.csv", "2")

    dirty = project.branchline("run")

    assert "uncommitted" not in clean.text
    assert project.git("status", "--porcelain") == ""
    assert "from uncommitted changes" in dirty.stdout
    assert "`raw.csv` is not what `raw.csv.dvc` promises" in dirty.stderr


def test_metrics_that_cannot_be_read_name_their_place_and_the_way_on(
    make_project: MakeProject,
) -> None:
    text = "stages: {fit: {cmd: 'echo \"{bad\" > m.json', metrics: [m.json: {cache: false}]}}\n"
    project = make_project({"dvc.yaml": text})

    done = project.branchline("run")
    project.write("branchline.yaml", "model: m\ngate: {metrics: {auc: {min: 0.5}}}\n")
    judged = project.branchline("run")

    assert (done.code, judged.code) == (0, 4), "without a gate there is nothing to judge"
    for said in (done, judged):
        assert "m.json:1:2" in said.text
        assert "branchline run --force" in said.text


def test_a_missing_output_is_told_with_the_line_that_promised_it(make_project: MakeProject) -> None:
    named = """model: m\ntrain: {run: "echo '{}' > metrics.json", outs: [model]}\n"""
    project = make_project({"branchline.yaml": named})

    done = project.branchline("run")

    assert done.code == 1
    assert "did not make its output `model`" in done.stdout
    assert "branchline.yaml:2: name under `outs` and `metrics`" in done.stdout


def test_a_run_of_some_stages_does_not_speak_for_all(make_project: MakeProject) -> None:
    text = "stages: {a: {cmd: touch a, outs: [a]}, b: {cmd: touch b, outs: [b]}}\n"
    project = make_project({"dvc.yaml": text})
    project.branchline("run", "a")

    done = project.branchline("run", "a")

    assert "Nothing to run: every stage asked for (1) has its result." in done.stdout


def test_an_interrupted_run_says_at_once_that_it_stops(make_project: MakeProject) -> None:
    text = "stages: {bad: {cmd: echo oops && false}, slow: {cmd: 'touch began; sleep 60'}}\n"
    project = make_project({"dvc.yaml": text})
    child = subprocess.Popen(
        [sys.executable, "-m", "branchline", "run", "--jobs", "2"],
        cwd=project.root, env=clean_environment(), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not (project.root / "began").exists():
        time.sleep(0.01)

    child.send_signal(signal.SIGINT)
    out = child.communicate(timeout=60)[0]

    assert child.returncode == 130
    assert "Stopping: " in out
    assert "  | oops" in out
    assert "Cancelled." in out


TWO_MODELS = """\
models:
  small:
    stages: {fit: {cmd: python fit.py s.json, metrics: [s.json: {cache: false}]}}
  large:
    stages: {tune: {cmd: python fit.py l.json, metrics: [l.json: {cache: false}]}}
gate: {metrics: {auc: {max_regression: 0.1}}}
"""
FIT = "import sys\nopen(sys.argv[1], 'w').write('{\"auc\": 0.9}')\n"


def test_of_several_models_each_is_named_and_judged_by_itself(make_project: MakeProject) -> None:
    project = make_project({"branchline.yaml": TWO_MODELS, "fit.py": FIT})

    unnamed = project.branchline("plan")
    large = project.branchline("run", "--model", "large")
    small = project.branchline("run", "--model", "small")

    assert unnamed.code == 0
    assert all(f"model {name}" in unnamed.stdout for name in ("large", "small"))
    assert (large.code, small.code) == (0, 0), large.text + small.text
    assert "there is no baseline yet" in small.stdout
    assert project.branchline("why", "tune", "--model", "large").code == 0
    assert len(project.branchline("runs").stdout.splitlines()) == 3
    assert project.branchline("show").code == 0


def test_who_waits_for_another_run_says_so_and_can_be_interrupted(
    make_project: MakeProject,
) -> None:
    project = make_project({"dvc.yaml": "stages: {slow: {cmd: 'touch began; sleep 60'}}\n"})
    command = [sys.executable, "-m", "branchline", "run"]
    options: dict[str, Any] = {"cwd": project.root, "env": clean_environment(), "text": True}
    first = subprocess.Popen(command, stdout=subprocess.PIPE, **options)
    while not (project.root / "began").exists():
        time.sleep(0.01)
    second = subprocess.Popen(command, stderr=subprocess.PIPE, **options)
    assert second.stderr is not None
    told = second.stderr.readline()

    second.send_signal(signal.SIGINT)
    second.communicate(timeout=10)

    assert second.returncode == 130
    assert f"waiting for Branchline (pid {first.pid}" in told
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=60)


def test_records_without_a_remote_say_how_to_get_one(make_project: MakeProject) -> None:
    project = make_project({"dvc.yaml": "stages: {a: {cmd: touch a, outs: [a]}}\n"})
    project.branchline("run")

    for direction in ("push", "fetch"):
        done = project.branchline("records", direction)

        assert done.code == 1
        assert "`origin` is no remote of this repository" in done.stderr
        assert "git remote add" in done.stderr


SHORT = {
    "branchline.yaml": "model: m\ntrain: python3 train.py\n",
    "train.py": 'from pathlib import Path\nPath("metrics.json").write_text(\'{"auc": 1}\')\n',
}


def test_the_short_form_needs_no_model_folder(make_project: MakeProject) -> None:
    project = make_project(SHORT)

    first = project.branchline("run")
    again = project.branchline("run")

    assert first.code == 0
    assert "left no `model`, the default of the short form: no model is kept" in first.text
    assert "auc" in project.branchline("show").stdout
    assert again.code == 0
    assert "Nothing" in again.text
    assert "model" not in project.read("branchline.lock")
    assert "metrics.json" in project.read("branchline.lock")
    clone = project.copy(project.root.parent / "clone")
    for ref in project.git("for-each-ref", "--format=%(refname)", "refs/branchline").split():
        clone.git("update-ref", "-d", ref)  # only branchline.lock is left
    assert clone.plan("--trust-lock")["train"]["action"] == "reuse"


def test_the_short_form_takes_a_model_when_it_comes(make_project: MakeProject) -> None:
    project = make_project(SHORT)
    project.branchline("run")
    project.write("model/mine.txt", "made by hand")
    project.replace("train.py", '"auc": 1', '"auc": 2')
    project.write("train.py", project.read("train.py") + 'Path("model").write_text("m")\n')

    done = project.branchline("run")

    assert done.code == 0, done.text
    assert "left no" not in done.text
    assert "`model` was there before `train` ran" in done.text  # nobody's folder is thrown away
    assert project.read("model") == "m"
    assert project.plan()["train"]["action"] == "reuse"
    project.replace("train.py", '"auc": 2', '"auc": 1')
    project.write(
        "train.py", project.read("train.py").replace('Path("model").write_text("m")\n', "")
    )
    assert project.plan()["train"]["action"] == "reuse"  # the first result, which has no model


def test_the_short_form_that_leaves_nothing_says_what_to_name(make_project: MakeProject) -> None:
    project = make_project(SHORT | {"train.py": "print(1)\n"})

    done = project.branchline("run")

    assert done.code == 1
    assert "left none of `model`, `metrics.json`" in done.text
    assert "outs: [...]" in done.text


def test_outputs_that_were_named_in_the_short_form_are_required(make_project: MakeProject) -> None:
    named = "model: m\ntrain: {run: python3 train.py, outs: [model]}\n"
    project = make_project(SHORT | {"branchline.yaml": named})

    done = project.branchline("run")

    assert done.code == 1
    assert "did not make its output `model`" in done.text


def test_the_short_form_leaves_a_package_called_model_alone(make_project: MakeProject) -> None:
    project = make_project(SHORT | {"model/__init__.py": "", "model/net.py": "x = 1\n"})

    done = project.branchline("run")

    assert done.code == 1
    assert "git tracks it" in done.text
    assert "outs: []" in done.text
    assert project.read("model/net.py") == "x = 1\n"
    project.write("branchline.yaml", "model: m\ntrain: {run: python3 train.py, outs: []}\n")
    assert project.branchline("run").code == 0


def test_data_outside_of_the_repository_count_by_their_content(make_project: MakeProject) -> None:
    project = make_project(SHORT)
    data = project.root.parent / "data.csv"
    data.write_text("1")
    named = f"model: m\ntrain: {{run: python3 train.py, deps: [{data}], outs: [metrics.json]}}\n"
    project.write("branchline.yaml", named)

    first = project.branchline("run")
    same = project.branchline("plan")
    data.write_text("2")
    changed = project.branchline("plan")
    data.unlink()
    missing = project.branchline("plan")

    assert first.code == 0, first.text
    assert "git add branchline.lock branchline.yaml metrics.json" in first.stdout
    assert "nothing changed" in same.stdout
    assert f"`{data}` changed" in changed.stdout
    assert missing.code == 0, "what it held was seen: the result of then is known"


def test_a_passed_run_from_uncommitted_changes_says_how_it_becomes_a_baseline(
    make_project: MakeProject,
) -> None:
    gate = "gate: {metrics: {auc: {max_regression: 0.01}}}\n"
    words = """echo '{\\"auc\\": 0.9}' > metrics.json"""
    train = f'train: {{run: "{words}", outs: [], metrics: [metrics.json]}}\n'
    project = make_project({"README.md": "x\n"})
    project.git("branch", "-M", "main")
    project.write("branchline.yaml", "model: m\n" + train + gate)

    first = project.branchline("run")
    (wanted,) = [x for x in first.stdout.splitlines() if x.startswith("To commit with it: ")]
    project.git(*wanted.removeprefix("To commit with it: git ").split())
    project.git("commit", "-q", "-m", "judged")
    clean = project.branchline("run")
    project.write("branchline.yaml", "model: m\n" + train.replace("0.9", "0.7") + gate)
    worse = project.branchline("run")

    assert "Then `branchline run` again: it trains nothing" in first.stdout
    assert "Nothing to run" in clean.stdout
    assert "Then `branchline run`" not in clean.stdout
    assert worse.code == 3, worse.text
    assert "Then `branchline run`" not in worse.stdout
