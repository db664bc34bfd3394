"""`branchline init` in a real repository."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests import ready_branchline

if TYPE_CHECKING:
    from pathlib import Path


def branchline(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return ready_branchline.call(words, cwd=folder)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "train.py").write_text('open("model.bin", "wb")\n')
    return tmp_path


def test_it_writes_the_file_and_says_what_it_found(project: Path) -> None:
    done = branchline(project, "init")

    assert done.returncode == 0, done.stderr
    assert "train.py:1  the model, model.bin" in done.stdout
    assert "outs: [model.bin]" in (project / "branchline.yaml").read_text()


def test_it_writes_nothing_else(project: Path) -> None:
    branchline(project, "init")

    assert sorted(p.name for p in project.iterdir()) == [".git", "branchline.yaml", "train.py"]


def test_an_existing_file_is_kept(project: Path) -> None:
    (project / "branchline.yaml").write_text("model: mine\n")

    done = branchline(project, "init")

    assert done.returncode == 2
    assert "--force" in done.stderr
    assert (project / "branchline.yaml").read_text() == "model: mine\n"


def test_force_replaces_it(project: Path) -> None:
    (project / "branchline.yaml").write_text("model: mine\n")

    assert branchline(project, "init", "--force", "--yes").returncode == 0
    assert "outs: [model.bin]" in (project / "branchline.yaml").read_text()


def test_diff_prints_and_writes_nothing(project: Path) -> None:
    done = branchline(project, "init", "--diff")

    assert "+  outs: [model.bin]" in done.stdout
    assert not (project / "branchline.yaml").exists()


def test_from_a_subfolder_the_root_gets_the_file(project: Path) -> None:
    (project / "sub").mkdir()

    assert branchline(project / "sub", "init").returncode == 0
    assert (project / "branchline.yaml").exists()


def test_outside_a_repository_it_says_so(tmp_path: Path) -> None:
    done = branchline(tmp_path, "init")

    assert done.returncode == 1
    assert "not inside a git repository" in done.stderr


SURPRISING = """\
import json, os, sys
with open("raw/" + "".join(["ta", "ble"]) + ".csv") as file:
    rows = file.read().split()
for name in ["left", "right"]:
    os.makedirs("made", exist_ok=True)
    with open(os.path.join("made", name + ".bin"), "w") as file:
        file.write("x" * len(rows))
with open(os.path.join("made", "".join(["sco", "res.json"])), "w") as file:
    json.dump({"val": {"auc": 0.9}}, file)
if len(rows) > 100:
    open("never.bin", "wb")
"""


@pytest.fixture
def surprising(tmp_path: Path) -> Path:
    """A script whose paths are computed, and whose data git ignores."""
    root = tmp_path / "work"
    (root / "raw").mkdir(parents=True)
    (root / "raw" / "table.csv").write_text("1\n2\n")
    (root / ".gitignore").write_text("raw\n")
    (root / "train.py").write_text(SURPRISING)
    author = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    for words in (["init", "-q"], ["add", "-A"], [*author, "commit", "-qm", "first"]):
        subprocess.run(["git", *words], cwd=root, check=True)
    return root


def tree_of(root: Path) -> dict[str, bytes]:
    """Every file of a working tree, git's and our own left out."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not {".git", ".branchline"} & set(path.relative_to(root).parts)
    }


def test_check_learns_what_code_does_not_tell_and_touches_nothing(surprising: Path) -> None:
    before = tree_of(surprising)

    done = branchline(surprising, "init", "--check", "--yes")

    assert done.returncode == 0, done.stderr
    after = tree_of(surprising)
    written = after.pop("branchline.yaml").decode()
    assert after == before
    assert "  deps: [raw/table.csv]\n" in written
    assert "  outs: [made/left.bin, made/right.bin]\n" in written
    assert "  metrics: [made/scores.json]\n" in written
    assert "    val.auc: {max_regression: 0.01}\n" in written
    assert "never.bin" not in written
    assert "it read raw/table.csv, which was not guessed (observed)" in done.stdout


def test_what_check_wrote_ends_in_a_verdict(surprising: Path) -> None:
    branchline(surprising, "init", "--check", "--yes")

    done = branchline(surprising, "run")

    assert done.returncode == 0, done.stderr
    assert "Verdict: Passed" in done.stdout


def test_check_says_why_a_command_fails(surprising: Path) -> None:
    (surprising / "train.py").write_text("import json\nraise ValueError('no rows')\n")

    done = branchline(surprising, "init", "--check", "--yes")

    assert done.returncode == 1
    assert "`python train.py` was run once and failed" in done.stdout
    assert "ValueError: no rows" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_check_with_diff_says_why_a_command_fails_too(surprising: Path) -> None:
    (surprising / "train.py").write_text("import json\nraise ValueError('no rows')\n")

    done = branchline(surprising, "init", "--check", "--diff")

    assert done.returncode == 1
    assert "ValueError: no rows" in done.stderr
    assert not (surprising / "branchline.yaml").exists()


def test_check_ends_a_command_that_takes_too_long(surprising: Path) -> None:
    (surprising / "train.py").write_text("import time\ntime.sleep(60)\n")

    done = branchline(surprising, "init", "--check", "--yes", "--timeout", "1s")

    assert done.returncode == 1
    assert "was run once and failed" in done.stdout


def test_check_needs_a_commit(project: Path) -> None:
    done = branchline(project, "init", "--check", "--yes")

    assert done.returncode == 1
    assert "no commit yet" in done.stderr


def test_json_says_what_was_found_and_asked(project: Path) -> None:
    (project / "train.py").write_text(
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--name', required=True)\n"
    )

    done = branchline(project, "init", "--json")

    told = json.loads(done.stdout)
    (question,) = told["questions"]
    assert question["key"] == "option.--name"
    assert question["safe"] == "NAME"
    assert told["is_written"] is True
    assert told["text"] == (project / "branchline.yaml").read_text()


def test_an_output_that_git_holds_stays_there(project: Path) -> None:
    (project / "model.bin").write_text("old")
    subprocess.run(["git", "add", "-A"], cwd=project, check=True)

    branchline(project, "init", "--yes")

    assert "outs: [{model.bin: {cache: false}}]" in (project / "branchline.yaml").read_text()


def test_check_keeps_what_is_printed_where_no_file_has_metrics(surprising: Path) -> None:
    (surprising / "train.py").write_text(
        'import os\nprint(*["ac" + "curacy: 0.75"])\nos.makedirs("m")\nopen("m/model.bin", "w")\n'
    )

    done = branchline(surprising, "init", "--check", "--yes")

    assert done.returncode == 0, done.stderr
    written = (surprising / "branchline.yaml").read_text()
    assert "metrics: [{path: train.log, printed: true}]" in written
    assert "    accuracy: {max_regression: 0.01}" in written
    ran = branchline(surprising, "run")
    assert "passed `accuracy` is 0.75" in ran.stdout, ran.stdout + ran.stderr


def test_check_quotes_a_printed_metric_of_two_values(surprising: Path) -> None:
    (surprising / "train.py").write_text('print("accuracy: 0.9")\nprint("accuracy: 0.4")\n')

    done = branchline(surprising, "init", "--check", "--yes")

    assert done.returncode == 0, done.stderr
    assert "prints accuracy, but it has different values in `train.log`: 0.9" in done.stdout
    assert "gate" not in (surprising / "branchline.yaml").read_text()


def test_at_a_terminal_it_asks_which_script_trains(project: Path) -> None:
    fit = "from sklearn.svm import SVC\nSVC().fit([[0], [1]], [0, 1])\n"
    (project / "train.py").unlink()
    for name in ("train_a.py", "train_b.py"):
        (project / name).write_text(fit)
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(project)
        os.execv(sys.executable, [sys.executable, "-m", "branchline", "init"])

    said = _answered(terminal, {"Your answer [1-2]": "2", "[Y/n]": "y"})

    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert "1. train_a.py  (taken if you press Enter)" in said
    assert "run: python train_b.py" in (project / "branchline.yaml").read_text()


def _answered(terminal: int, answers: dict[str, str]) -> str:
    """What a terminal shows until its program ends, each question answered once."""
    said = ""
    waiting = dict(answers)
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # the program has closed its side
            return said
        if not part:
            return said
        said += part.decode(errors="replace")
        for question in [q for q in waiting if q in said]:
            os.write(terminal, f"{waiting.pop(question)}\n".encode())


def test_check_says_that_nothing_can_be_judged(surprising: Path) -> None:
    (surprising / "train.py").write_text("print(0.9)\n")

    done = branchline(surprising, "init", "--check", "--yes")

    assert done.returncode == 0
    assert "It left no metrics that can be read (the last line that it printed: 0.9)" in done.stdout
    assert "It left no file that could be the model" in done.stdout


APPENDING = """
def load(path):
    return open(path).read()

class Model:
    def save(self, path):
        open(path, "w").write("1")

rows = load("raw/table.csv")
Model().save("model.bin")
with open("results.csv", "a") as file:
    print(0.9, file=file)
print("accuracy: 0.9")
"""


def test_data_and_earlier_results_are_as_they_were_after_a_run(surprising: Path) -> None:
    (surprising / "train.py").write_text(APPENDING)
    (surprising / "results.csv").write_text("accuracy\n0.8\n")
    subprocess.run(["git", "add", "-A"], cwd=surprising, check=True)

    branchline(surprising, "init", "--yes")
    done = branchline(surprising, "run")

    assert done.returncode == 0, done.stderr
    assert (surprising / "raw" / "table.csv").read_text() == "1\n2\n"
    assert (surprising / "results.csv").read_text() == "accuracy\n0.8\n0.9\n"
    assert "was there before" not in done.stdout + done.stderr


def test_what_is_next_names_the_value_that_is_missing(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / "train.py").write_text(
        "import argparse\nfrom sklearn.linear_model import Ridge\n"
        "parser = argparse.ArgumentParser()\nparser.add_argument('--model', required=True)\n"
        "args = parser.parse_args()\nRidge().fit([[1]], [1])\n"
    )

    done = branchline(tmp_path, "init", "--yes")

    assert "next: put a value in the place of MODEL in branchline.yaml, then branchline run" in (
        done.stdout
    )
