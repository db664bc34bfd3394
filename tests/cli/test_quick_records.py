"""A fresh clone with the records answers as one that goes the whole way, or goes it."""

from __future__ import annotations

import io
import os
import random
import shutil
import subprocess
from contextlib import redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cli.conftest import Clone

from branchline.cli import quick, quick_records
from branchline.cli.quick_git import Index, blob_id, objects, references

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    MakeClone = Callable[[Mapping[str, str]], Clone]

MODULES = 24
FILES = {
    ".gitignore": "__pycache__/\n",
    "dvc.yaml": """
stages:
  prep:
    cmd: cat raw.csv > clean
    deps: [raw.csv]
    outs: [clean]
  fit:
    cmd: python fit.py
    deps: [clean, fit.py]
    params: [lr]
    outs: [model]
    metrics: [{m.json: {cache: false}}]
""",
    "branchline.yaml": "model: m\n",
    "params.yaml": "lr: 0.1\nunused: 1\n",
    "raw.csv": "1,2\n",
    "fit.py": (
        "import json\nfrom pkg import m0\n"
        "open('model', 'w').write(open('clean').read() + str(m0.value()))\n"
        "json.dump({'auc': m0.value()}, open('m.json', 'w'))\n"
    ),
    "pkg/__init__.py": "",
    "docs/page.md": "words\n",
    "requirements.txt": "numpy==2.0\n",
    "README.md": "read me\n",
}


def module(number: int) -> str:
    later = [n for n in (2 * number + 1, 2 * number + 2) if n < MODULES]
    lines = [f"from pkg import m{n}" for n in later]
    total = " + ".join([str(number), *(f"m{n}.value()" for n in later)])
    return "\n".join([*lines, "def value():", f"    return {total}", ""])


@pytest.fixture
def origin(make_clone: MakeClone) -> Clone:
    """A repository whose model has been trained and committed."""
    made = make_clone(FILES | {f"pkg/m{n}.py": module(n) for n in range(MODULES)})
    assert made.call("run").code == 0
    assert references(str(made.root), answers(made))
    made.commit("trained")
    return made


@pytest.fixture
def fresh(origin: Clone, monkeypatch: pytest.MonkeyPatch) -> Clone:
    """A shallow clone of it with the records and nothing else."""
    return cloned(origin, monkeypatch)


def cloned(origin: Clone, monkeypatch: pytest.MonkeyPatch) -> Clone:
    root = origin.root.parent / "fresh"
    command = ["git", "clone", "-q", "--depth", "1", f"file://{origin.root}", str(root)]
    subprocess.run(command, check=True)
    monkeypatch.chdir(root)
    clone = Clone(root)
    assert clone.call("records", "fetch", "origin").code == 0
    assert not (root / ".branchline").exists()
    return clone


def answers(clone: Clone) -> str:
    return f"{quick_records.ANSWERS}{quick_records.place_of(str(clone.root))}/"


def at_once() -> tuple[int | None, str, str]:
    """What is said without going the whole way."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = quick.answer(["plan"])
    return code, out.getvalue(), err.getvalue()


def in_full(clone: Clone) -> tuple[int, str, str]:
    """What is said on the whole way, by a clone that knows nothing; leaves nothing behind."""
    from branchline.cli.dispatch import dispatch

    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = dispatch(["plan"])
    for name in (".branchline", ".dvc"):
        shutil.rmtree(clone.root / name, ignore_errors=True)
    return code, out.getvalue(), err.getvalue()


def test_a_fresh_clone_is_answered_at_once_in_the_same_words(fresh: Clone) -> None:
    said = at_once()

    assert said == in_full(fresh)
    assert said[1].count("nothing changed") == 2
    assert "`model` is not on this machine" in said[2]
    assert not (fresh.root / ".branchline").exists()


def comment_in_three(clone: Clone) -> None:
    for number in (7, 2, 9):
        prepend(clone, f"pkg/m{number}.py", "# x\n")


def commit_local_state(clone: Clone) -> None:
    clone.write(".branchline/quick/x", "y")
    clone.git("add", "-f", ".branchline/quick/x")


def link_a_module(clone: Clone) -> None:
    (clone.root / "pkg/m9.py").rename(clone.root / "pkg/n9.py")
    (clone.root / "pkg/m9.py").symlink_to("n9.py")


COSMETIC: Mapping[str, Callable[[Clone], object]] = {
    "a-comment": lambda c: prepend(c, "pkg/m3.py", "# why\n"),
    "comments-in-three-files": comment_in_three,
    "a-comment-in-the-declared-script": lambda c: prepend(c, "fit.py", "# why\n"),
    "documentation": lambda c: c.write("docs/page.md", "other words\n"),
    "a-new-page": lambda c: c.write("docs/new.md", "words\n"),
    "a-virtual-environment": lambda c: c.write(".venv/pyvenv.cfg", "home = /usr\n"),
    "a-module-nobody-imports": lambda c: c.write("docs/lonely.py", "x = 1\n"),
    "byte-compiled-files": lambda c: c.write("pkg/__pycache__/m1.cpython-311.pyc", "x"),
    "bytes-that-git-has-not-seen-since-they-were-written": lambda c: os.utime(c.root / "pkg/m1.py"),
}


@pytest.mark.parametrize("is_committed", [False, True], ids=["in-the-tree", "committed"])
@pytest.mark.parametrize("change", COSMETIC.values(), ids=COSMETIC.keys())
def test_what_does_not_matter_is_answered_at_once(
    fresh: Clone, change: Callable[[Clone], object], is_committed: bool
) -> None:
    change(fresh)
    if is_committed:
        fresh.commit()

    said = at_once()

    assert said[0] == 0
    assert said == in_full(fresh)


def prepend(clone: Clone, path: str, text: str) -> None:
    clone.write(path, text + (clone.root / path).read_text())


def rewrite(clone: Clone, path: str, old: str, new: str) -> None:
    text = (clone.root / path).read_text()
    assert old in text
    clone.write(path, text.replace(old, new))


def swap_same_size(clone: Clone) -> None:
    """Another text of the same size, and times as they were."""
    path = clone.root / "pkg/m5.py"
    stat = path.stat()
    path.write_text(path.read_text().replace("return 5", "return 6"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


MATTERS: Mapping[str, Callable[[Clone], object]] = {
    "a-constant": lambda c: rewrite(c, "pkg/m5.py", "return 5", "return 6"),
    "a-constant-of-the-same-size-and-time": swap_same_size,
    "an-import": lambda c: prepend(c, "pkg/m5.py", "import pkg.m6\n"),
    "a-syntax-error": lambda c: prepend(c, "pkg/m5.py", "def (\n"),
    "a-module-gone": lambda c: (c.root / "pkg/m20.py").unlink(),
    "a-module-that-shadows": lambda c: c.write("json.py", "def dump(*a): pass\n"),
    "a-package-that-shadows": lambda c: c.write("pkg/m4/__init__.py", "def value(): return 1\n"),
    "an-import-root": lambda c: c.write("src/pkg/__init__.py", ""),
    "a-parameter": lambda c: rewrite(c, "params.yaml", "0.1", "0.2"),
    "data-in-git": lambda c: c.write("raw.csv", "3,4\n"),
    "a-requirement": lambda c: c.write("requirements.txt", "numpy==2.1\n"),
    "a-better-lock-file": lambda c: c.write("uv.lock", "version = 1\n"),
    "the-command": lambda c: rewrite(c, "dvc.yaml", "python fit.py", "python fit.py -v"),
    "a-pipeline-in-a-folder": lambda c: c.write(
        "docs/dvc.yaml", "stages: {x: {cmd: touch o, outs: [o]}}\n"
    ),
    "a-pipeline-in-a-new-folder": lambda c: c.write(
        "sub/dvc.yaml", "stages: {x: {cmd: touch o, outs: [o]}}\n"
    ),
    "a-pointer": lambda c: c.write(
        "docs/d.dvc", f"outs: [{{md5: {'0' * 32}, size: 1, path: d, hash: md5}}]\n"
    ),
    "ignored-folders": lambda c: c.write(".dvcignore", "docs\n"),
    "settings": lambda c: c.write("branchline.yaml", "model: m\nchanges: {docstrings: false}\n"),
    "the-lock": lambda c: rewrite(c, "dvc.lock", "fit:", "fit2:"),
    "an-output-edited": lambda c: c.write("m.json", '{"auc": 0.1}'),
    "an-output-gone": lambda c: (c.root / "m.json").unlink(),
    "an-output-of-the-store-with-other-bytes": lambda c: c.write("model", "other"),
    "results-gone": lambda c: shutil.rmtree(c.root / ".git/refs/branchline/results"),
    "local-state-in-git": commit_local_state,
    "a-link-instead-of-a-file": link_a_module,
}


@pytest.mark.parametrize("change", MATTERS.values(), ids=MATTERS.keys())
def test_what_matters_goes_the_whole_way(fresh: Clone, change: Callable[[Clone], object]) -> None:
    change(fresh)

    assert at_once()[0] is None


def test_another_python_goes_the_whole_way(fresh: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = fresh.root.parent / "bin"
    folder.mkdir()
    (folder / "python").write_text("#!/bin/sh\necho 3.99.0\n")
    (folder / "python").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    assert at_once()[0] is None


@pytest.mark.parametrize("cut", [0, 1, 100, 3000, -1], ids=str)
def test_a_damaged_record_goes_the_whole_way(fresh: Clone, cut: int) -> None:
    ((name, held),) = references(str(fresh.root), answers(fresh)).items()
    (text,) = objects(str(fresh.root), [held])
    assert text is not None
    damaged = fresh.root.parent / "damaged"
    damaged.write_bytes(text[:cut] if cut >= 0 else text + b"\0x")
    other = fresh.git("hash-object", "-w", str(damaged))

    fresh.git("update-ref", name, other)

    assert at_once()[0] is None


def test_a_damaged_record_falls_back_on_an_older_one(fresh: Clone) -> None:
    empty = fresh.git("hash-object", "-w", "docs/page.md")
    fresh.git("update-ref", f"{answers(fresh)}9-x", empty)

    assert at_once()[0] == 0


def test_a_record_cannot_make_a_terminal_do_something(fresh: Clone) -> None:
    ((name, held),) = references(str(fresh.root), answers(fresh)).items()
    (text,) = objects(str(fresh.root), [held])
    assert text is not None
    (fresh.root.parent / "evil").write_bytes(text.replace(b"Nothing to run", b"\x1b[2JNothing"))
    fresh.git("update-ref", name, fresh.git("hash-object", "-w", "../evil"))

    assert at_once()[0] is None


def test_what_was_an_untracked_file_and_is_a_package_now_counts(
    make_clone: MakeClone, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_clone(FILES | {f"pkg/m{n}.py": module(n) for n in range(MODULES)})
    prepend(made, "fit.py", "try:\n    import extra\nexcept ImportError:\n    pass\n")
    made.commit()
    made.write("extra", "a file that git does not track\n")
    made.call("run")
    (made.root / "extra").unlink()
    made.write("extra/__init__.py", "x = 1\n")
    made.commit()

    cloned(made, monkeypatch)

    assert at_once()[0] is None


def test_packed_references_are_read(fresh: Clone) -> None:
    fresh.git("pack-refs", "--all", "--prune")

    assert at_once()[0] == 0


def test_a_second_result_under_a_key_leaves_the_choice_to_the_whole_way(fresh: Clone) -> None:
    results = fresh.git("for-each-ref", "--format=%(refname)", "refs/branchline/results").split()
    fresh.git("update-ref", f"{results[0]}-2", fresh.git("rev-parse", results[0]))

    assert at_once()[0] is None


def test_attributes_take_the_word_of_the_index_away(fresh: Clone) -> None:
    """Where `text` or a filter is at work, a file need not hold the bytes of its blob."""
    fresh.write(".git/info/attributes", "*.csv text eol=crlf\n")
    path = fresh.root / "raw.csv"

    index = Index(str(fresh.root))

    assert not index.is_clean("raw.csv", blob_id(path.read_bytes()), path.lstat())
    assert at_once()[0] == 0


def test_line_ends_by_git_are_seen_in_data(origin: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    root = origin.root.parent / "fresh"
    subprocess.run(
        ["git", "clone", "-q", "-c", "core.autocrlf=true", f"file://{origin.root}", str(root)],
        check=True,
    )
    monkeypatch.chdir(root)
    clone = Clone(root)
    clone.call("records", "fetch", "origin")

    assert b"\r\n" in (root / "raw.csv").read_bytes()
    assert at_once()[0] is None


def test_the_index_vouches_for_untouched_files_only(fresh: Clone) -> None:
    fresh.settle()
    fresh.git("update-index", "--refresh")
    (fresh.root / ".git/index").touch()
    path = fresh.root / "pkg/m5.py"
    index, blob = Index(str(fresh.root)), blob_id(path.read_bytes())

    assert index.is_clean("pkg/m5.py", blob, path.lstat())
    assert not index.is_clean("m5.py", blob, path.lstat())
    assert not index.is_clean("pkg/m5.py", blob_id(b""), path.lstat())
    os.utime(path)
    assert not index.is_clean("pkg/m5.py", blob, path.lstat())


def quiet(clone: Clone, number: int, _: str) -> None:
    """Other data of the same size, stamped as before."""
    stat = (clone.root / "raw.csv").stat()
    clone.write("raw.csv", f"{number % 10},2\n")
    os.utime(clone.root / "raw.csv", ns=(stat.st_atime_ns, stat.st_mtime_ns))


def swap(clone: Clone, number: int, text: str) -> None:
    """Two modules change places."""
    other = clone.root / f"pkg/m{(number + 1) % MODULES}.py"
    theirs = other.read_text() if other.exists() else ""
    clone.write(f"pkg/m{(number + 1) % MODULES}.py", text)
    clone.write(f"pkg/m{number}.py", theirs)


def link(clone: Clone, number: int, text: str) -> None:
    """The same text behind a link."""
    clone.write("elsewhere.py", text)
    (clone.root / f"pkg/m{number}.py").unlink(missing_ok=True)
    (clone.root / f"pkg/m{number}.py").symlink_to("../elsewhere.py")


def executable(clone: Clone, number: int, text: str) -> None:
    """The x bit."""
    clone.write(f"pkg/m{number}.py", text)
    (clone.root / f"pkg/m{number}.py").chmod(0o755)


def staged(clone: Clone, number: int, _: str) -> None:
    """A new module that git has heard of."""
    clone.write(f"pkg/staged{number}.py", "y = 1\n")
    clone.git("add", "-A")


ODD: dict[str, Callable[[Clone, int, str], object]] = {
    "data": lambda clone, number, _: clone.write("raw.csv", f"{number},2\n"),
    "quiet": quiet,
    "swap": swap,
    "link": link,
    "executable": executable,
    "ignore": lambda clone, number, _: clone.write(".dvcignore", f"m{number}.py\n"),
    "staged": staged,
}
EDITS = [
    "comment",
    "docs",
    "constant",
    "revert",
    "import",
    "param",
    "new",
    "gone",
    "touch",
    "blank",
    *ODD,
]


@settings(max_examples=30, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    edits=st.lists(st.tuples(st.sampled_from(EDITS), st.integers(0, 99)), min_size=1, max_size=4),
    is_committed=st.booleans(),
)
def test_an_answer_at_once_is_that_of_the_whole_way(
    fresh: Clone, edits: list[tuple[str, int]], is_committed: bool
) -> None:
    fresh.git("reset", "-q", "--hard", "origin/main")
    fresh.git("clean", "-qfdx")
    for edit, number in edits:
        apply(fresh, edit, number % MODULES)
    if is_committed:
        fresh.commit()

    said = at_once()

    if {edit for edit, _ in edits} <= {"comment", "docs", "touch", "revert", "blank"}:
        assert said[0] == 0
    assert said[0] is None or said == in_full(fresh)


def apply(clone: Clone, edit: str, number: int) -> None:
    path = f"pkg/m{number}.py"
    text = (clone.root / path).read_text() if (clone.root / path).exists() else module(number)
    dice = random.Random(number)
    if edit in ODD:
        ODD[edit](clone, number, text)
        return
    if edit == "comment":
        clone.write(path, f"# {number}\n{text}")
    elif edit == "blank":
        clone.write(path, text.replace("def value():", "\n\ndef value() :"))
    elif edit == "constant":
        clone.write(path, text.replace(f"return {number}", f"return {number + 1}"))
    elif edit == "revert":
        clone.write(path, module(number))
    elif edit == "import":
        clone.write(path, f"import pkg.m{dice.randrange(MODULES)}\n{text}")
    elif edit == "param":
        rewrite(clone, "params.yaml", "lr:", f"lr: {number}\nmore{number}:")
    elif edit == "docs":
        clone.write(f"docs/page{number % 3}.md", f"{number}\n")
    elif edit == "new":
        clone.write(f"pkg/new{number}.py", "x = 1\n")
    elif edit == "gone":
        (clone.root / path).unlink(missing_ok=True)
    else:
        (clone.root / path).touch()


def test_after_edits_of_comments_the_next_run_records_no_second_answer(origin: Clone) -> None:
    prepend(origin, "pkg/m3.py", "# why\n")
    origin.commit("comment")

    assert origin.call("run").code == 0

    assert len(references(str(origin.root), answers(origin))) == 1


@pytest.mark.parametrize(
    ("settings", "fewer"),
    [
        pytest.param("environment: {variables: [SEED]}", False, id="a-variable-counts"),
        pytest.param("changes: {code: ['pkg/*.py']}", False, id="code-is-found-by-a-pattern"),
        pytest.param("", True, id="few-files"),
    ],
)
def test_what_cannot_be_told_by_content_is_not_recorded(
    make_clone: MakeClone, settings: str, fewer: bool
) -> None:
    files = dict(FILES) | {f"pkg/m{n}.py": module(n) for n in range(MODULES)}
    files["branchline.yaml"] += f"{settings}\n"
    if fewer:
        files["pkg/m0.py"] = "def value():\n    return 1\n"
    made = make_clone(files)

    assert made.call("run").code == 0

    assert not references(str(made.root), answers(made))


DECLARED = FILES | {
    "dvc.yaml": """
stages:
  fit:
    cmd: python src/fit.py
    deps: [src]
    metrics: [{m.json: {cache: false}}]
""",
    ".dvcignore": "__pycache__\n",
    "src/fit.py": "import json\nfrom pkg import m0\n"
    "json.dump({'auc': m0.value()}, open('m.json', 'w'))\n",
    "src/pkg/__init__.py": "",
    "src/notes.txt": "words\n",
}


@pytest.fixture
def declared(make_clone: MakeClone, monkeypatch: pytest.MonkeyPatch) -> Clone:
    """A shallow clone of a project whose stage declares the folder of its code."""
    left_out = ("fit.py", "pkg/__init__.py")
    files = DECLARED | {f"src/pkg/m{n}.py": module(n) for n in range(MODULES)}
    made = make_clone({path: text for path, text in files.items() if path not in left_out})
    (made.root / "src/pkg/__pycache__").mkdir()
    # Stale bytecode may be dropped before the stage starts; an empty folder could get members.
    made.write("src/pkg/__pycache__/kept", "x")
    assert made.call("run").code == 0
    made.commit("trained")
    return cloned(made, monkeypatch)


def no_change(_clone: Clone) -> None:
    """Leave everything as it is."""


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(no_change, id="nothing"),
        pytest.param(lambda c: prepend(c, "src/pkg/m3.py", "# why\n"), id="a-comment"),
        pytest.param(lambda c: prepend(c, "src/fit.py", "# why\n"), id="in-the-script"),
        pytest.param(lambda c: c.write("docs/page.md", "x\n"), id="outside"),
        pytest.param(lambda c: c.write("src/pkg/__pycache__/m.pyc", "x"), id="ignored"),
    ],
)
def test_a_declared_folder_is_told_by_its_files(
    declared: Clone, change: Callable[[Clone], object]
) -> None:
    change(declared)

    said = at_once()

    assert said[0] == 0
    assert said == in_full(declared)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda c: c.write("src/notes.txt", "other\n"), id="text"),
        pytest.param(lambda c: c.write("src/new.txt", "x\n"), id="a-new-file"),
        pytest.param(lambda c: c.write("src/pkg/deep/x.txt", "x\n"), id="a-new-folder"),
        pytest.param(lambda c: (c.root / "src/notes.txt").unlink(), id="a-file-gone"),
        pytest.param(lambda c: (c.root / "src/fit.py").chmod(0o755), id="the-x-bit-of-the-script"),
        pytest.param(lambda c: c.write(".dvcignore", "*.txt\n"), id="what-is-ignored"),
        pytest.param(
            lambda c: rewrite(c, "src/pkg/m5.py", "return 5", "return 6"), id="a-constant"
        ),
    ],
)
def test_all_in_a_declared_folder_counts(
    declared: Clone, change: Callable[[Clone], object]
) -> None:
    change(declared)

    assert at_once()[0] is None
