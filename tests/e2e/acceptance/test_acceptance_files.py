"""Acceptance, group B: which files and which kinds of change make a model train."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.acceptance.conftest import Workshop
    from tests.e2e.conftest import Project

    Edit = Callable[[Project], object]
    MakeTrained = Callable[[dict[str, str]], Project]


def decided(project: Project, edit: Edit | None = None) -> dict[str, str]:
    """Stage -> action after an edit that is committed."""
    if edit is not None:
        edit(project)
        project.commit("an edit")
    return {name: entry["action"] for name, entry in project.plan().items()}


REUSED = {"prepare": "reuse", "train": "reuse", "evaluate": "reuse"}
TRAINED = {"prepare": "reuse", "train": "run", "evaluate": "may_run"}
BOTH = {"prepare": "reuse", "train": "run", "evaluate": "run"}
EVALUATED = {"prepare": "reuse", "train": "reuse", "evaluate": "run"}


def move(old: str, new: str) -> Edit:
    def edit(project: Project) -> None:
        os.makedirs((project.root / new).parent, exist_ok=True)
        project.git("mv", old, new)

    return edit


def in_turn(*edits: Edit) -> Edit:
    return lambda project: [edit(project) for edit in edits]


def put(path: str, text: str) -> Edit:
    return lambda project: project.write(path, text)


def swap(path: str, old: str, new: str) -> Edit:
    return lambda project: project.replace(path, old, new)


def make_executable(path: str) -> Edit:
    return lambda project: (project.root / path).chmod(0o755)


def with_windows_line_ends(path: str) -> Edit:
    return lambda project: project.write(path, project.read(path).replace("\n", "\r\n"))


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        pytest.param(
            in_turn(
                move("pkg/deep.py", "pkg/offsets.py"), swap("pkg/helper.py", ".deep", ".offsets")
            ),
            TRAINED,
            id="B2-a-closure-file-moves-and-its-importer-follows",
        ),
        pytest.param(move("docs/guide.md", "docs/manual.md"), REUSED, id="B4-unrelated-rename"),
        pytest.param(
            move("pkg/unused.py", "pkg/idle.py"), REUSED, id="B4-module-nobody-imports-renamed"
        ),
        pytest.param(make_executable("train.py"), TRAINED, id="B6-x-bit-of-the-entry-script"),
        pytest.param(make_executable("pkg/model.py"), REUSED, id="B6-x-bit-of-another-file"),
        pytest.param(
            in_turn(
                move("pkg/deep.py", "pkg/Deep.py"), swap("pkg/helper.py", ".deep", ".Deep")
            ),
            TRAINED,
            id="B11-case-only-rename-of-a-module",
        ),
        pytest.param(
            in_turn(
                move("data/raw.csv", "data/Raw.csv"),
                swap("dvc.yaml", "data/raw.csv", "data/Raw.csv"),
                swap("prepare.py", "data/raw.csv", "data/Raw.csv"),
            ),
            {"prepare": "run", "train": "may_run", "evaluate": "may_run"},
            id="B11-case-only-rename-of-data",
        ),
        pytest.param(
            in_turn(with_windows_line_ends("train.py"), with_windows_line_ends("pkg/model.py")),
            REUSED,
            id="B12-line-ends-of-python",
        ),
        pytest.param(
            with_windows_line_ends("data/raw.csv"),
            {"prepare": "run", "train": "may_run", "evaluate": "may_run"},
            id="B12-line-ends-of-a-table",
        ),
        pytest.param(put("README.md", "# Another\n"), REUSED, id="B13-readme"),
        pytest.param(put("docs/guide.md", "Otherwise.\n"), REUSED, id="B13-docs"),
        pytest.param(put("tests/test_model.py", "A = 1\n"), REUSED, id="B13-tests"),
        pytest.param(
            put(".github/ISSUE_TEMPLATE/bug.md", "What?\n"), REUSED, id="B13-issue-template"
        ),
        pytest.param(put("pkg/unused.py", "VALUE = 2\n"), REUSED, id="B14-nobody-imports-it"),
        pytest.param(put("pkg/brand_new.py", "VALUE = 2\n"), REUSED, id="B14-new-and-not-imported"),
        pytest.param(put("colorsys.py", "def rgb_to_hsv(*a): return a\n"), TRAINED,
                     id="B16-a-new-file-shadows-an-imported-module"),
        pytest.param(put("json/__init__.py", "def dumps(x): return ''\n"), BOTH,
                     id="B16-a-new-package-shadows-an-imported-module"),
        pytest.param(put(".github/workflows/train.yml", "on: pull_request\njobs: {}\n"), REUSED,
                     id="B17-generated-workflow"),
        pytest.param(swap("dvc.yaml", "python3 train.py", "python3 -u train.py"), TRAINED,
                     id="B18-train-command"),
        pytest.param(
            put("branchline.yaml", "model: demo\nnotify: {urls: ['${env:SLACK}']}\n"), REUSED,
            id="B18-notification-settings",
        ),
        pytest.param(
            put("branchline.yaml", "model: demo\nchanges: {code: [pkg/unused.py]}\n"),
            {"prepare": "run", "train": "run", "evaluate": "run"},
            id="B18-closure-roots-take-a-file-in",
        ),
        pytest.param(swap("branchline.yaml", "min: 0", "min: 1"), REUSED, id="B19-gate-threshold"),
        pytest.param(swap("scoring.py", "len(model) + ", ""), EVALUATED, id="B20-scoring-code"),
        pytest.param(put("data/eval.csv", "a,b\n9,9\n"), EVALUATED, id="B20-evaluation-data"),
        pytest.param(swap("evaluate.py", "score(", "1 + score("), EVALUATED,
                     id="B20-evaluation-script"),
        pytest.param(swap("serve.py", "80", "81"), REUSED, id="B21-serving-code"),
    ],
)  # fmt: skip
def test_an_edit_of_files(project: Project, edit: Edit, expected: dict[str, str]) -> None:
    assert decided(project, edit) == expected


def test_b1_a_deleted_module_that_is_imported_fails_before_anything_runs(project: Project) -> None:
    project.git("rm", "-q", "pkg/deep.py")
    project.commit("gone")

    planned, ran = project.branchline("plan", "--json"), project.branchline("run")

    for done in (planned, ran):
        assert done.code == 1, done.text
        assert "pkg/helper.py:1" in done.text
        assert "deep" in done.text
        assert "Traceback" not in done.text
    assert '"is_empty": true' not in planned.stdout
    assert project.executed() == []


WEAK = {
    "pkg/deep.py": "try:\n    from .fast import OFFSET\nexcept ImportError:\n    OFFSET = 1\n",
    "pkg/fast.py": "OFFSET = 7\n",
}


def test_b1_a_deleted_module_that_may_be_missing_trains(make_trained: MakeTrained) -> None:
    project = make_trained(WEAK)

    assert decided(project) == REUSED
    assert decided(project, lambda p: p.git("rm", "-q", "pkg/fast.py")) == TRAINED


def test_b1_a_deleted_input_that_git_tracks_fails(project: Project) -> None:
    project.git("rm", "-q", "data/eval.csv")
    project.commit("gone")

    done = project.branchline("plan")

    assert done.code == 1, done.text
    assert "data/eval.csv" in done.stderr


IN_SOURCE = {
    "dvc.yaml": "stages: {train: {cmd: PYTHONPATH=src python3 fit.py, outs: [model.txt]}}\n",
    "fit.py": "import lib\n\nwith open('model.txt', 'w') as out:\n    out.write(str(lib.A))\n",
    "src/lib.py": "A = 1\n",
    "branchline.yaml": "model: demo\n",
}


def test_b3_a_module_that_moves_out_of_src_and_is_still_imported_trains(
    make_trained: MakeTrained,
) -> None:
    project = make_trained(IN_SOURCE)

    assert decided(project) == {"train": "reuse"}
    assert decided(project, move("src/lib.py", "lib.py")) == {"train": "run"}


def link(path: str, target: str) -> Edit:
    def edit(project: Project) -> None:
        place = project.root / path
        place.unlink()
        place.symlink_to(target)

    return edit


def test_b5_a_closure_file_becomes_a_link_or_its_target_changes(make_trained: MakeTrained) -> None:
    twins = {"pkg/deep_one.py": "OFFSET = 1\n", "pkg/deep_two.py": "OFFSET = 1\n"}
    project = make_trained(twins)

    became = decided(project, link("pkg/deep.py", "deep_one.py"))
    assert project.branchline("run").code == 0
    project.commit("results")
    same = decided(project)
    retargeted = decided(project, link("pkg/deep.py", "deep_two.py"))

    assert (became, same, retargeted) == (TRAINED, REUSED, TRAINED)


def test_b5_what_a_link_in_the_closure_points_at_counts(make_trained: MakeTrained) -> None:
    project = make_trained({"pkg/deep_one.py": "OFFSET = 1\n"})
    link("pkg/deep.py", "deep_one.py")(project)
    assert project.branchline("run").code == 0
    project.commit("results")

    assert decided(project, put("pkg/deep_one.py", "OFFSET = 2\n")) == TRAINED


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-c", "protocol.file.allow=always", "-c", "user.name=Ada",
         "-c", "user.email=ada@example.org", *arguments],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip


def test_b7_a_submodule_pointer_that_the_closure_uses_trains(
    workshop: Workshop, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    library.mkdir()
    (library / "core.py").write_text("BASE = 1\n")
    for words in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-q", "-m", "one")):
        git(library, *words)
    uses = {"pkg/deep.py": "from vendored.core import BASE\n\nOFFSET = BASE\n"}
    project = workshop.fresh(tmp_path / "project", uses)
    git(project.root, "submodule", "add", "-q", str(library), "vendored")
    project.commit("submodule")
    assert project.branchline("run").code == 0
    project.commit("results")
    before = decided(project)

    (library / "core.py").write_text("BASE = 2\n")
    git(library, "commit", "-qam", "two")
    git(project.root / "vendored", "pull", "-q")
    after = decided(project, lambda p: None)

    assert (before, after) == (REUSED, TRAINED)
    assert "vendored/core.py" in project.plan()["train"]["reason"]


LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:{0}\nsize 12\n"


def test_b8_an_lfs_pointer_of_training_data_trains(make_trained: MakeTrained) -> None:
    project = make_trained({"data/raw.csv": LFS.format("a" * 64)})

    after = decided(project, put("data/raw.csv", LFS.format("b" * 64)))

    assert after == {"prepare": "run", "train": "may_run", "evaluate": "may_run"}


def pointer(path: str, md5: str) -> str:
    return f"outs:\n- md5: {md5}\n  size: 4\n  hash: md5\n  path: {path}\n"


ONE, TWO = "5bc2a4dd1a1e8d1a08c0a8f3b7d1d7a1", "b026324c6904b2a9cb4b88d6d61c81d1"
WITH_POINTERS = {
    "dvc.yaml": (
        "stages:\n  train:\n    cmd: cp table.bin model.txt\n"
        "    deps: [table.bin]\n    outs: [model.txt]\n"
    ),
    "branchline.yaml": "model: demo\n",
    "table.bin.dvc": pointer("table.bin", TWO),
    "other.bin.dvc": pointer("other.bin", TWO),
    ".gitignore": "/table.bin\n/other.bin\n",
}


def with_data(workshop: Workshop, root: Path) -> Project:
    """A trained project whose data stand in DVC pointers."""
    project = workshop.fresh(root, WITH_POINTERS)
    project.write("table.bin", "1\n")
    assert project.branchline("run").code == 0
    project.commit("results")
    return project


def test_b9_a_data_pointer_that_changed_trains(workshop: Workshop, tmp_path: Path) -> None:
    project = with_data(workshop, tmp_path / "project")
    (project.root / "table.bin").unlink()

    before = decided(project)
    after = decided(project, swap("table.bin.dvc", TWO, ONE))

    assert (before, after) == ({"train": "reuse"}, {"train": "run"})


def test_b9_a_data_pointer_that_changed_under_older_data_is_never_passed_over(
    workshop: Workshop, tmp_path: Path
) -> None:
    project = with_data(workshop, tmp_path / "project")

    project.replace("table.bin.dvc", TWO, ONE)
    project.commit("newer data, not yet fetched")
    entry = project.plan()["train"]

    assert entry["action"] == "run" or any("table.bin" in note for note in entry["notes"])


def test_b9_a_pointer_of_unrelated_data_trains_nothing(workshop: Workshop, tmp_path: Path) -> None:
    project = with_data(workshop, tmp_path / "project")

    assert decided(project, swap("other.bin.dvc", TWO, ONE)) == {"train": "reuse"}


def test_b9_a_lock_that_tells_of_other_training_data_trains(
    project: Project, tmp_path: Path
) -> None:
    locked = md5_of(project, "data/clean.csv")
    text = project.read("dvc.lock")
    start = text.index("  prepare:")
    end = text.index("  train:", start)
    project.write("dvc.lock", text[:start] + text[start:end].replace(locked, ONE) + text[end:])
    project.commit("a colleague prepared again")
    fresh = type(project)(tmp_path / "fresh")
    git(tmp_path, "clone", "-q", str(project.root), "fresh")

    assert fresh.plan("--trust-lock")["train"]["action"] in ("run", "may_run")


def md5_of(project: Project, path: str) -> str:
    lines = project.read("dvc.lock").splitlines()
    at = next(i for i, line in enumerate(lines) if line.strip() == f"- path: {path}")
    return next(line.split()[-1] for line in lines[at:] if line.strip().startswith("md5:"))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("two words.csv", id="B10-space"),
        pytest.param('it\'s "so".csv', id="B10-quotes"),
        pytest.param("line\nbreak.csv", id="B10-newline"),
        pytest.param("données.csv", id="B10-non-ascii"),
        pytest.param("-f.csv", id="B10-leading-dash"),
    ],
)
def test_odd_file_names(workshop: Workshop, tmp_path: Path, name: str) -> None:
    import json

    text = (
        "stages:\n  train:\n    cmd: cat data/odd/* > model.txt\n"
        f"    deps: [{json.dumps('data/odd/' + name)}]\n    outs: [model.txt]\n"
    )
    files = {"dvc.yaml": text, "branchline.yaml": "model: demo\n", f"data/odd/{name}": "1\n"}
    project = workshop.fresh(tmp_path / "project", files)
    assert project.branchline("run").code == 0
    project.commit("results")

    before = decided(project)
    after = decided(project, put(f"data/odd/{name}", "2\n"))
    shown = project.branchline("why", "train").stdout

    assert (before, after) == ({"train": "reuse"}, {"train": "run"})
    assert "line\nbreak" not in shown
    assert name.replace("\n", "\\n") in shown


NAMESPACE = {
    "pkg/deep.py": "from plain.part import OFFSET\n",
    "plain/part.py": "OFFSET = 1\n",
}


def test_b15_an_empty_init_in_a_closure_package_trains(make_trained: MakeTrained) -> None:
    project = make_trained(NAMESPACE)

    assert decided(project) == REUSED
    assert decided(project, put("plain/__init__.py", "")) == TRAINED


def test_b18_the_short_form_of_the_train_command(workshop: Workshop, tmp_path: Path) -> None:
    short = "model: demo\ntrain: {run: python3 fit.py, outs: [model.txt], metrics: []}\n"
    project = workshop.fresh(tmp_path / "project", {"branchline.yaml": short,
        "fit.py": "with open('model.txt', 'w') as out:\n    out.write('1')\n"})  # fmt: skip
    project.git("rm", "-q", "dvc.yaml")
    project.commit("short form")
    assert project.branchline("run").code == 0
    project.commit("results")

    before = decided(project)
    after = decided(project, swap("branchline.yaml", "python3 fit.py", "python3 fit.py --fast"))

    assert (before, after) == ({"train": "reuse"}, {"train": "run"})


def test_b19_a_raised_threshold_is_judged_again_without_training(project: Project) -> None:
    project.replace("branchline.yaml", "min: 0", "min: 1000")
    project.commit("a higher bar")

    done = project.branchline("run")

    assert done.code == 3, done.text
    assert project.executed() == []
    assert "1,000" in done.text


@pytest.mark.parametrize(
    ("path", "is_committed"),
    [
        pytest.param("pkg/unused.py", True, id="committed"),
        pytest.param("pkg/unused.py", False, id="in-the-working-tree"),
        pytest.param("pkg/brand_new.py", True, id="new"),
    ],
)
def test_b14_code_that_nobody_imports_is_named(
    project: Project, path: str, is_committed: bool
) -> None:
    project.branchline("run")
    assert "imported" not in project.branchline("plan").text  # the answer that is kept

    project.write(path, "VALUE = 2\n")
    if is_committed:
        project.commit("an edit")
    done = project.branchline("plan")

    assert f"`{path}` changed and is not imported by `train`" in done.text
    assert decided(project) == REUSED
    assert f"`{path}` changed" in project.branchline("plan").text  # and again
    project.commit("another edit")
    project.commit("and one more")
    assert "imported" not in project.branchline("plan").text
