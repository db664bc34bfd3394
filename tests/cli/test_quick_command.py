"""The remembered answer: whatever was touched, it is the answer that the whole way gives."""

from __future__ import annotations

import os
import random
import shutil
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from branchline.cli import quick, quick_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.cli.conftest import Clone

    MakeClone = Callable[[Mapping[str, str]], Clone]

FILES = {
    ".gitignore": "scratch/\nother.json\n",
    "dvc.yaml": """
stages:
  prep:
    cmd: cat data/raw.csv data/inner/more.csv > clean
    deps: [data]
    outs: [clean]
  fit:
    cmd: python src/fit.py
    deps: [clean, table.csv]
    params: [lr]
    outs: [model]
    metrics: [{m.json: {cache: false}}]
""",
    "branchline.yaml": "model: m\npipeline: dvc.yaml\ngate: {metrics: {auc: {min: 0.5}}}\n",
    "params.yaml": "lr: 0.1\nunused: 1\n",
    "data/raw.csv": "1,2\n",
    "data/inner/more.csv": "3,4\n",
    "real/table.csv": "a\n",
    "src/fit.py": (
        "import json, lib\n"
        "lib.write('model', open('clean').read() + open('table.csv').read())\n"
        "json.dump({'auc': lib.AUC}, open('m.json', 'w'))\n"
        "try:\n    open('notes.txt').read()\nexcept OSError:\n    pass\n"
    ),
    "src/lib.py": "AUC = 0.9\ndef write(path, text):\n    open(path, 'w').write(text)\n",
    "requirements.txt": "numpy==2.0\n",
    "README.md": "read me\n",
}


@pytest.fixture
def clone(make_clone: MakeClone) -> Clone:
    made = make_clone(FILES)
    (made.root / "table.csv").symlink_to("real/table.csv")
    made.commit("link")
    assert made.call("run").code == 0
    assert made.call("run").is_quick
    assert made.call("plan").is_quick
    return made


def rewrite(path: Path, old: str, new: str) -> None:
    """Edit in place, keeping size and times: only the change time tells."""
    stat = path.stat()
    text = path.read_text()
    assert old in text
    assert len(old) == len(new)
    path.write_text(text.replace(old, new))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def swap_python(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = clone.root.parent / "bin"
    folder.mkdir()
    (folder / "python").write_text("#!/bin/sh\necho 3.99.0\n")
    (folder / "python").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def lead_elsewhere(clone: Clone) -> None:
    clone.write("real/other.csv", "c\n")
    (clone.root / "table.csv").unlink()
    (clone.root / "table.csv").symlink_to("real/other.csv")


MATTERS: Mapping[str, Callable[[Clone], object]] = {
    "same-size-and-restored-time": lambda c: rewrite(c.root / "src/lib.py", "0.9", "0.8"),
    "a-data-file-of-the-same-size": lambda c: rewrite(c.root / "data/raw.csv", "1", "7"),
    "a-file-deep-inside-a-data-folder": lambda c: c.write("data/inner/more.csv", "9,9\n"),
    "a-new-file-inside-a-data-folder": lambda c: c.write("data/inner/new.csv", "5\n"),
    "a-file-moved-inside-a-data-folder": lambda c: c.git("mv", "data/raw.csv", "data/raw2.csv"),
    "a-file-gone-from-a-data-folder": lambda c: (c.root / "data/inner/more.csv").unlink(),
    "the-target-of-a-linked-input": lambda c: c.write("real/table.csv", "b\n"),
    "a-link-that-leads-elsewhere": lead_elsewhere,
    "a-parameter": lambda c: replace(c.root / "params.yaml", "0.1", "0.2"),
    "the-lock-file": lambda c: c.write("requirements.txt", "numpy==2.1\n"),
    "a-better-lock-file": lambda c: c.write("uv.lock", "version = 1\n"),
    "a-module-that-shadows": lambda c: c.write("src/json.py", "def dump(*a): pass\n"),
    "a-new-package-init": lambda c: c.write("src/lib/__init__.py", "AUC = 0.1\n"),
    "an-output-edited": lambda c: c.write("m.json", '{"auc": 0.1}'),
    "an-output-gone": lambda c: (c.root / "clean").unlink(),
    "a-new-dvc-yaml": lambda c: c.write("sub/dvc.yaml", "stages: {x: {cmd: touch o, outs: [o]}}\n"),
    "a-new-pointer": lambda c: c.write(
        "src/d.csv.dvc", f"outs: [{{md5: {'0' * 32}, size: 1, path: d.csv, hash: md5}}]\n"
    ),
    "the-command": lambda c: replace(c.root / "dvc.yaml", "src/fit.py", "src/fit.py -v"),
    "a-file-that-the-run-was-seen-to-miss": lambda c: c.write("notes.txt", "x"),
    "records-gone": lambda c: shutil.rmtree(c.root / ".git/refs/branchline"),
}


@pytest.mark.parametrize("change", MATTERS.values(), ids=MATTERS.keys())
def test_what_matters_goes_the_whole_way(clone: Clone, change: Callable[[Clone], object]) -> None:
    change(clone)

    run = moved(clone, "run")
    said, full = clone.call("plan"), clone.in_full("plan")

    assert run
    assert not said.is_quick
    assert (said.code, said.out) == (full.code, full.out)


def moved(clone: Clone, command: str) -> list[str]:
    kept = quick_memory.load(str(clone.root), command)
    assert kept is not None
    return [
        path for path, signature in kept.signatures.items() if quick_memory.sign(path) != signature
    ]


VERDICTS: Mapping[str, Callable[[Clone], object]] = {
    "a-commit": lambda c: c.commit("docs"),
    "an-amended-commit": lambda c: c.git("commit", "-q", "--amend", "--allow-empty", "-m", "x"),
    "another-branch": lambda c: c.git("checkout", "-q", "-b", "other"),
    "a-tag-that-moves-the-baseline": lambda c: c.git("tag", "-a", "m#production#1", "-m", "x"),
    "a-tag-in-a-folder": lambda c: c.git("tag", "-a", "models/m@v1.0.0", "-m", "x"),
    "the-default-branch": lambda c: c.git("config", "init.defaultBranch", "trunk"),
    "the-gate": lambda c: replace(c.root / "branchline.yaml", "0.5", "0.95"),
    "a-run-that-was-fetched": lambda c: c.git(
        "update-ref", "refs/branchline/runs/fffffff", c.git("rev-parse", "HEAD^{tree}")
    ),
    "packed-references": lambda c: c.git("pack-refs", "--all"),
}


@pytest.mark.parametrize("change", VERDICTS.values(), ids=VERDICTS.keys())
def test_what_a_verdict_or_record_depends_on_makes_run_look_again(
    clone: Clone, change: Callable[[Clone], object]
) -> None:
    change(clone)

    assert moved(clone, "run")


def test_an_untouched_project_is_answered_in_the_words_of_the_whole_way(clone: Clone) -> None:
    full = clone.in_full("run")
    again = clone.call("run")

    assert not full.is_quick
    assert again.is_quick
    assert (again.code, again.out) == (full.code, full.out)


def test_another_python_on_the_path_goes_the_whole_way(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    swap_python(clone, monkeypatch)

    said = clone.call("plan")

    assert not said.is_quick
    assert "3.99" in said.out


@pytest.mark.parametrize("name", ["PYENV_VERSION", "ASDF_PYTHON_VERSION", "PATH"])
def test_variables_that_pick_a_python_count(
    clone: Clone, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, os.environ.get(name, "") + ":/nowhere")

    assert quick.answer(["plan"]) is None


def test_the_file_that_picks_a_python_counts(clone: Clone) -> None:
    clone.write(".python-version", "3.12\n")

    assert quick.answer(["plan"]) is None


def test_a_configuration_where_there_was_none_counts(make_clone: MakeClone) -> None:
    bare = make_clone({"dvc.yaml": "stages: {a: {cmd: echo x > o, outs: [o]}}\n"})
    bare.call("run")
    assert bare.call("plan").is_quick

    bare.write("branchline.yaml", "model: m\npipelin: x\n")

    assert bare.call("plan").code == 1


def test_a_named_file_counts_from_the_moment_that_git_tracks_it(make_clone: MakeClone) -> None:
    bare = make_clone(
        {
            "branchline.yaml": "model: m\npipeline: dvc.yaml\nchanges: {trace: off}\n",
            "dvc.yaml": "stages: {a: {cmd: python a.py, outs: [o]}}\n",
            "a.py": "import os\nopen('o', 'w').write(str(os.path.exists('conf/x.json')))\n",
            "conf/README": "",
        }
    )
    bare.write("conf/x.json", "{}")
    bare.call("run")
    assert bare.call("plan").is_quick

    bare.git("add", "conf/x.json")

    said, full = bare.call("plan"), bare.in_full("plan")
    assert said.out == full.out


def test_a_declared_variable_has_no_path_and_is_never_remembered(make_clone: MakeClone) -> None:
    bare = make_clone(
        {
            "branchline.yaml": "model: m\npipeline: dvc.yaml\nenvironment: {variables: [SEED]}\n",
            "dvc.yaml": "stages: {a: {cmd: echo x > o, outs: [o]}}\n",
        }
    )
    bare.call("run")

    assert quick.answer(["run"]) is None
    assert quick.answer(["plan"]) is None


def test_a_pipeline_edited_while_its_stage_runs_is_read_anew(make_clone: MakeClone) -> None:
    bare = make_clone(
        {
            "dvc.yaml": "stages: {a: {cmd: sh edit.sh, outs: [o]}}\n",
            "edit.sh": "echo x > o; sed -i s/edit.sh/edit2.sh/ dvc.yaml; sleep 0.05\n",
            "edit2.sh": "echo y > o\n",
        }
    )
    bare.call("run")

    said = bare.call("plan")

    assert not said.is_quick
    assert "edit2.sh" in said.out or "1 of 1 stage" in said.out


def test_a_gate_edited_while_a_stage_runs_is_judged_anew(make_clone: MakeClone) -> None:
    bare = make_clone(
        {
            "branchline.yaml": "model: m\ngate: {metrics: {auc: {min: 0.1}}}\n",
            "dvc.yaml": "stages: {a: {cmd: sh a.sh, metrics: [{m.json: {cache: false}}]}}\n",
            "a.sh": "echo '{\"auc\": 0.5}' > m.json; sed -i s/0.1/0.9/ *.yaml; sleep 0.05\n",
        }
    )
    assert bare.call("run").code == 0

    again = bare.call("run")

    assert again.code == 3
    assert not again.is_quick


def test_another_command_or_option_is_never_answered(clone: Clone) -> None:
    for words in ([], ["why"], ["plan", "--json"], ["run", "-f"], ["plan", "fit"], ["runs"]):
        assert quick.answer(words) is None


def test_a_damaged_memory_gives_no_answer_or_the_right_one(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    file = clone.root / ".branchline/quick/plan"
    whole = file.read_bytes()
    quick.answer(["plan"])
    right = capsys.readouterr().out
    draw = random.Random(1)
    for _ in range(60):
        file.write_bytes(whole[: draw.randrange(len(whole))])

        code = quick.answer(["plan"])

        assert capsys.readouterr().out == ("" if code is None else right)


def test_an_answer_is_not_kept_when_something_moved_since_the_look_began(tmp_path: Path) -> None:
    watched = tmp_path / "watched"
    watched.write_text("x")
    (tmp_path / ".branchline").mkdir()
    now = time.time_ns()
    kept = {
        "code": 0, "plain": "p", "colored": "c", "watched": [str(watched)],
    }  # fmt: skip

    assert not quick_memory.remember(str(tmp_path), "plan", since_ns=now, **kept)  # type: ignore[arg-type]
    assert quick_memory.remember(str(tmp_path), "plan", since_ns=now + 10**10, **kept)  # type: ignore[arg-type]


def test_a_file_that_vanished_since_the_look_began_is_noticed(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "file").write_text("x")
    (folder / "file").unlink()

    kept = quick_memory.remember(
        str(tmp_path),
        "plan",
        code=0,
        plain="",
        colored="",
        watched=[str(folder / "file")],
        since_ns=time.time_ns(),
    )

    assert not kept


EDITS: Mapping[str, Callable[[Clone, int], object]] = {
    "append-comment": lambda c, n: c.write("src/lib.py", FILES["src/lib.py"] + f"# {n}\n"),
    "change-constant": lambda c, n: c.write("src/lib.py", FILES["src/lib.py"].replace("9", str(n))),
    "touch": lambda c, n: os.utime(c.root / "src/fit.py", ns=(n, n)),
    "params": lambda c, n: c.write("params.yaml", f"lr: {n / 10}\nunused: 1\n"),
    "unused-param": lambda c, n: c.write("params.yaml", f"lr: 0.1\nunused: {n}\n"),
    "data": lambda c, n: c.write("data/inner/more.csv", f"{n}\n"),
    "data-back": lambda c, _n: c.write("data/inner/more.csv", "3,4\n"),
    "new-data": lambda c, n: c.write(f"data/new{n}.csv", "x"),
    "readme": lambda c, n: c.write("README.md", f"{n}\n"),
    "dvc-comment": lambda c, n: c.write("dvc.yaml", FILES["dvc.yaml"] + f"# {n}\n"),
    "new-module": lambda c, n: c.write(f"src/m{n}.py", "x = 1\n"),
    "third-party-shadow": lambda c, n: c.write("json.py", f"dump = {n}\n"),
    "output": lambda c, n: c.write("m.json", f'{{"auc": 0.{n}}}'),
    "link-target": lambda c, n: c.write("real/table.csv", f"{n}\n"),
    "mode": lambda c, n: (c.root / "src/fit.py").chmod(0o755 if n % 2 else 0o644),
    "ignore-file": lambda c, n: c.write(".dvcignore", f"*.tmp{n}\n"),
    "commit": lambda c, n: c.commit(f"n{n}"),
    "add": lambda c, _n: c.git("add", "-A"),
    "lock": lambda c, n: c.write("requirements.txt", f"numpy==2.{n}\n"),
    "lock-comment": lambda c, n: c.write("requirements.txt", f"# {n}\nnumpy==2.0\n"),
}


@settings(
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    edits=st.lists(
        st.tuples(st.sampled_from(sorted(EDITS)), st.integers(1, 8)), min_size=1, max_size=5
    )
)
def test_the_quick_answer_is_the_full_answer_after_any_edits(
    make_clone: MakeClone, edits: list[tuple[str, int]]
) -> None:
    made = make_clone(FILES)
    (made.root / "table.csv").symlink_to("real/table.csv")
    made.commit("link")
    made.call("run")
    for name, number in edits:
        EDITS[name](made, number)
        said = made.call("plan")
        full = made.in_full("plan")
        assert (said.code, said.out) == (full.code, full.out), name
        made.settle()
        made.call("plan")
