"""From `git clone` to a verdict with `init --yes` and `run`: nothing asked, no code changed.

The other examples go the same way in tests/docs/test_layout_pages.py, with what their pages show.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HOW_TO = Path(__file__).parent.parent.parent / "docs" / "how-to"
EXAMPLES = Path(__file__).parent.parent.parent / "examples"
# What only one training shows: a framework prints its metrics, and leaves checkpoints.
NEEDS_A_LOOK = {"boosting-script"}
NEEDS = {
    "boosting-script": ("sklearn", "lightgbm"),
    "mlproject": ("sklearn", "click"),
    "notebook": ("sklearn", "nbclient", "ipykernel"),
    "hydra-app": ("sklearn", "hydra"),
    "trainer-class": ("sklearn", "omegaconf"),
}
OURS = {"branchline.yaml", "branchline.lock", "dvc.lock", "README.md"}


def environment() -> dict[str, str]:
    """The interpreter of these tests as `python`, and nobody's git configuration."""
    person = {"NAME": "Ada", "EMAIL": "ada@example.org"}
    return {name: text for name, text in os.environ.items() if not name.startswith("GIT_")} | {
        "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "NO_COLOR": "1",
        **{f"GIT_AUTHOR_{key}": text for key, text in person.items()},
        **{f"GIT_COMMITTER_{key}": text for key, text in person.items()},
    }


def called(folder: Path, *words: str) -> str:
    """What a command says; it must succeed."""
    done = subprocess.run(
        words, cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def cloned(tmp_path: Path, name: str) -> Path:
    """A clone of an example as its author had it before Branchline."""
    for module in NEEDS.get(name, ("sklearn",)):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"no {module}: pip install -r examples/{name}/requirements.txt")
    origin, clone = tmp_path / "origin", tmp_path / name
    shutil.copytree(
        EXAMPLES / name, origin, ignore=shutil.ignore_patterns("__pycache__", *OURS - {"README.md"})
    )
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "first"]):
        called(origin, "git", *words)
    called(tmp_path, "git", "clone", "-q", str(origin), str(clone))
    return clone


def committed(folder: Path) -> dict[str, bytes]:
    """Every file that git holds, as it is now; .gitignore left out: outputs are added to it."""
    names = called(folder, "git", "ls-files").split()
    return {n: (folder / n).read_bytes() for n in names if Path(n).name != ".gitignore"}


@pytest.mark.slow
@pytest.mark.timeout(600)  # each training imports scikit-learn
@pytest.mark.parametrize(
    ("name", "models", "metrics"),
    [
        pytest.param("mlproject", [""], {"accuracy", "f1_macro"}, id="mlproject"),
        pytest.param("tumour-classifier", [""], {"roc_auc", "log_loss"}, id="dvc"),
        pytest.param("trainer-class", [""], {"test_accuracy", "test_loss"}, id="trainer"),
        pytest.param("two-models", ["wine", "tumours"], {"accuracy", "f1_macro"}, id="monorepo"),
    ],
)
def test_from_a_clone_to_a_verdict(
    tmp_path: Path, name: str, models: list[str], metrics: set[str]
) -> None:
    clone = cloned(tmp_path, name)
    before = committed(clone)
    branchline = (sys.executable, "-m", "branchline")

    called(clone, *branchline, "init", "--yes")

    assert len((clone / "branchline.yaml").read_text().splitlines()) <= 15
    for model in models:
        choice = ("--model", model) if model else ()
        ran = json.loads(called(clone, *branchline, "run", "--json", *choice))
        assert ran["verdict"]["outcome"] == "passed"
        assert metrics <= {metric["name"] for metric in ran["evidence"]["metrics"]}
    assert committed(clone) == before


def shown(name: str) -> str:
    """The branchline.yaml that a how-to shows for an example."""
    found = []
    for page in sorted(HOW_TO.glob("*.md")):
        for after in page.read_text().split(f"(../../examples/{name})")[1:]:
            text = re.split(r"\(\.\./\.\./examples/[\w-]+\)", after)[0]
            found += re.findall(rf"```yaml\n(model: {name}\n.*?|models:\n.*?)```", text, re.S)
    assert len(set(found)) == 1, f"one page shows the settings of {name}"
    return str(found[0])


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(path.name, marks=pytest.mark.slow if path.name in NEEDS_A_LOOK else ())
        for path in sorted(EXAMPLES.iterdir())
        if (path / "requirements.txt").exists()
    ],
)
def test_the_how_to_shows_what_is_written(tmp_path: Path, name: str) -> None:
    clone = cloned(tmp_path, name)

    look = ["--check"] if name in NEEDS_A_LOOK else []
    called(clone, sys.executable, "-m", "branchline", "init", "--yes", *look)

    comment, _, written = (clone / "branchline.yaml").read_text().partition("\n")
    assert comment.startswith("#")
    assert shown(name) == written


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["tumour-classifier", "trainer-class"])
def test_a_check_agrees_with_what_was_guessed(tmp_path: Path, name: str) -> None:
    clone = cloned(tmp_path, name)
    called(clone, sys.executable, "-m", "branchline", "init", "--yes")
    guessed = (clone / "branchline.yaml").read_text()

    done = subprocess.run(
        [sys.executable, "-m", "branchline", "init", "--yes", "--check", "--force"],
        cwd=clone, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert (clone / "branchline.yaml").read_text() == guessed
    assert called(clone, "git", "status", "--porcelain").split() == ["??", "branchline.yaml"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_change_in_shared_code_plans_the_models_that_import_it(tmp_path: Path) -> None:
    clone = cloned(tmp_path, "two-models")
    branchline = (sys.executable, "-m", "branchline")

    def to_run(*choice: str) -> set[str]:
        said = json.loads(called(clone, *branchline, "plan", "--json", *choice))
        if choice:
            return set() if said["is_empty"] else {choice[1]}
        return {entry["model"] for entry in said["models"] if not entry["plan"]["is_empty"]}

    def each() -> set[str]:
        return to_run("--model", "wine") | to_run("--model", "tumours")

    called(clone, *branchline, "init", "--yes")
    assert to_run() == each() == {"wine", "tumours"}
    called(clone, *branchline, "run")
    for words in (["add", "-A"], ["commit", "-q", "-m", "trained"]):
        called(clone, "git", *words)
    assert to_run() == each() == set()
    for path, old, new, wants in (
        ("shared/training.py", "    model.fit(", "    # The best.\n    model.fit(", set()),
        ("shared/training.py", "test_size=0.33", "test_size=0.4", {"wine", "tumours"}),
        ("wine/train.py", "n_estimators=60", "n_estimators=61", {"wine"}),
    ):
        text = (clone / path).read_text()
        assert old in text
        (clone / path).write_text(text.replace(old, new, 1))
        assert to_run() == each() == wants, path
        called(clone, "git", "checkout", "-q", path)
