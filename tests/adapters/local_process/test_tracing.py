"""What a stage was seen to read: by the audit hook in Python, by strace everywhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.local_process import LocalExecutor
from branchline.adapters.local_process.strace import touched_files
from branchline.adapters.local_process.tracing import AUDIT_FOLDER, traced_command
from branchline.core.policy import Trace
from branchline.errors import MissingToolError
from branchline.ports.executor import Task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PYTHON = sys.executable
NEEDS_STRACE = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))


def task_in(folder: Path, *cmd: str, trace: Trace = Trace.AUDIT, **env: str) -> Task:
    return Task(
        stage="train",
        cmd=cmd,
        cwd=str(folder),
        log=str(folder / ".branchline/logs/train.log"),
        env=env,
        trace=trace,
        trace_file=str(folder / ".branchline/tmp/train.trace"),
        root=str(folder),
    )


def observe(task: Task) -> Sequence[str] | None:
    """Run a task, which must succeed, and say what it was seen to read."""
    executor = LocalExecutor(shell="/bin/sh")
    executor.start(task)
    (ended,) = executor.wait(60)
    assert ended.failure is None, Path(task.log).read_text()
    return executor.observed(task)


TRACES = [
    pytest.param(Trace.AUDIT, id="audit"),
    pytest.param(Trace.STRACE, id="strace", marks=NEEDS_STRACE),
]


@pytest.mark.parametrize("trace", TRACES)
def test_imports_count_as_their_sources_with_and_without_caches(
    tmp_path: Path, trace: Trace
) -> None:
    write(
        tmp_path,
        {
            "train.py": "import pkg.deep, top\n",
            "pkg/__init__.py": "",
            "pkg/deep.py": "from . import sibling",
            "pkg/sibling.py": "",
            "top.py": "",
        },
    )
    task = task_in(tmp_path, f"{PYTHON} train.py", trace=trace, PYTHONDONTWRITEBYTECODE="")
    sources = ["pkg/__init__.py", "pkg/deep.py", "pkg/sibling.py", "top.py", "train.py"]

    first = observe(task)
    cached = (tmp_path / "pkg/__pycache__").exists()
    second = observe(task)

    assert cached
    assert first == second == sources


def test_caches_elsewhere_count_as_their_sources(tmp_path: Path) -> None:
    write(tmp_path, {"repo/train.py": "import top", "repo/top.py": ""})
    prefix = str(tmp_path / "caches")
    task = task_in(
        tmp_path / "repo",
        f"{PYTHON} train.py",
        PYTHONPYCACHEPREFIX=prefix,
        PYTHONDONTWRITEBYTECODE="",
    )

    first, second = observe(task), observe(task)

    assert any(name.endswith(".pyc") for _, _, names in os.walk(prefix) for name in names)
    assert first == second == ["top.py", "train.py"]


@pytest.mark.parametrize("trace", TRACES)
def test_data_counts_when_it_is_read_before_it_is_written(tmp_path: Path, trace: Trace) -> None:
    write(
        tmp_path,
        {
            "train.py": """
                import os, sqlite3
                os.chdir("data")
                open("in.csv").read()
                open("../both.txt", "r+").write("x")
                with open("log.txt", "a") as file: file.write("x")
                open("made.txt", "w").write("1")
                open("made.txt").read()
                open("moved.tmp", "w").write("1")
                os.replace("moved.tmp", "moved.txt")
                open("moved.txt").read()
                open("gone.txt").read()
                os.unlink("gone.txt")
                try: open("absent.txt")
                except FileNotFoundError: open("absent.txt", "w").write("1")
                os.close(os.open("low.bin", os.O_RDONLY))
                sqlite3.connect("base.db").execute("create table if not exists t (x)")
            """,
            **dict.fromkeys(["data/in.csv", "data/log.txt", "data/gone.txt", "data/low.bin"], "1"),
            "both.txt": "1",
            "data/base.db": "",
        },
    )

    observed = observe(task_in(tmp_path, f"{PYTHON} train.py", trace=trace))

    expected = ["both.txt", "data/base.db", "data/in.csv", "data/low.bin", "train.py"]
    assert observed is not None
    # strace sees the attempt to open a file that is not there as a failure, and leaves it out.
    assert list(observed) == expected


@pytest.mark.parametrize("trace", TRACES)
def test_children_of_all_kinds_are_seen(tmp_path: Path, trace: Trace) -> None:
    write(
        tmp_path,
        {
            "train.py": """
                import multiprocessing, os, subprocess, sys

                def read(name):
                    open(name).read()
                    os._exit(0)

                if __name__ == "__main__":
                    for way in ("fork", "spawn"):
                        context = multiprocessing.get_context(way)
                        process = context.Process(target=read, args=(way + ".txt",))
                        process.start(); process.join()
                    subprocess.run([sys.executable, "child.py"], check=True)
                    subprocess.run(["sh", "script.sh"], check=True)
                    subprocess.run(["./tool"], check=True, cwd="bin")
                    if os.fork() == 0:
                        open("raw.txt").read()
                        os._exit(0)
                    os.wait()
                    open("last.txt").read()
                    os._exit(0)
            """,
            "child.py": "open('sub.txt').read()",
            "script.sh": "true",
            "bin/tool": "#!/bin/sh\ntrue\n",
            **dict.fromkeys(["fork.txt", "spawn.txt", "sub.txt", "raw.txt", "last.txt"], "1"),
        },
    )
    (tmp_path / "bin/tool").chmod(0o755)

    observed = observe(task_in(tmp_path, f"{PYTHON} train.py", trace=trace))

    assert observed == [
        *("bin/tool", "child.py", "fork.txt", "last.txt", "raw.txt", "script.sh", "spawn.txt"),
        *("sub.txt", "train.py"),
    ]


def test_environments_and_state_folders_do_not_count(tmp_path: Path) -> None:
    names = [
        *(".git/HEAD", ".branchline/x", ".dvc/config", "env/pyvenv.cfg", "env/lib/m.py"),
        *("lib/site-packages/n.py", "conda/conda-meta/history", "conda/lib/o.py", "data/x.csv"),
    ]
    write(tmp_path, {**dict.fromkeys(names, ""), "train.py": f"[open(n) for n in {names!r}]"})

    observed = observe(task_in(tmp_path, f"{PYTHON} -W ignore train.py"))

    assert observed == ["data/x.csv", "train.py"]


def test_names_that_are_no_utf_8_are_kept(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.txt")
    write(tmp_path, {name: "", "train.py": f"open({name!r})"})
    (tmp_path / "train.py").write_text("import os; open(os.fsdecode(b'caf\\xe9.txt')).close()")

    assert observe(task_in(tmp_path, f"{PYTHON} train.py")) == [name, "train.py"]


def test_a_root_behind_a_link_is_found(tmp_path: Path) -> None:
    write(tmp_path, {"real/train.py": "open('in.txt').close()", "real/in.txt": ""})
    (tmp_path / "link").symlink_to("real")

    assert observe(task_in(tmp_path / "link", f"{PYTHON} train.py")) == ["in.txt", "train.py"]


def test_your_own_sitecustomize_still_runs_and_the_path_is_as_before(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "lib/sitecustomize.py": "import sys; sys.mine = 1",
            "train.py": "import sys; print(sys.mine, sys.path, sys.modules['sitecustomize'])",
        },
    )
    library = str(tmp_path / "lib")
    task = task_in(tmp_path, f"{PYTHON} train.py", PYTHONPATH=library)
    plain = subprocess.run(
        [PYTHON, "train.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": library},
        capture_output=True,
        text=True,
    )

    observed = observe(task)

    assert Path(task.log).read_text().splitlines()[1:] == plain.stdout.splitlines()
    assert observed == ["lib/sitecustomize.py", "train.py"]


def test_an_error_in_your_sitecustomize_is_told_as_before(tmp_path: Path) -> None:
    write(tmp_path, {"lib/sitecustomize.py": "import nothing_of_that_name", "train.py": ""})
    task = task_in(tmp_path, f"{PYTHON} train.py", PYTHONPATH=str(tmp_path / "lib"))

    observe(task)

    assert "nothing_of_that_name" in Path(task.log).read_text()


def test_a_trace_that_cannot_be_written_breaks_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"train.py": "print(open('in.txt').read())", "in.txt": "hello"})
    (tmp_path / ".branchline/tmp/train.trace").mkdir(parents=True)

    done = subprocess.run(
        [PYTHON, "train.py"],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": AUDIT_FOLDER,
            "BRANCHLINE_TRACE_FILE": str(tmp_path / ".branchline/tmp/train.trace"),
            "BRANCHLINE_TRACE_ROOT": str(tmp_path),
        },
        capture_output=True,
        text=True,
    )

    assert (done.stdout, done.stderr, done.returncode) == ("hello\n", "", 0)


@pytest.mark.parametrize(
    ("command", "gap"),
    [
        pytest.param("true", "", id="no-python"),
        pytest.param(f"{PYTHON} -I train.py", "cannot be traced", id="isolated"),
        pytest.param(f"{PYTHON} -S train.py", "cannot be traced", id="without-site"),
        pytest.param(f"env PYTHONPATH= {PYTHON} train.py", "set anew", id="path-made-anew"),
    ],
)
def test_what_was_not_traced_has_no_observed_files_and_says_so(
    tmp_path: Path, command: str, gap: str
) -> None:
    write(tmp_path, {"train.py": ""})
    task = task_in(tmp_path, command)

    assert observe(task) is None
    assert gap in " ".join(LocalExecutor().trace_gaps(task))
    assert bool(gap) == bool(LocalExecutor().trace_gaps(task))


def test_a_traced_stage_that_reads_nothing_of_ours_has_an_empty_answer(tmp_path: Path) -> None:
    task = task_in(tmp_path, f"{PYTHON} -c pass")

    assert observe(task) == []
    assert LocalExecutor().trace_gaps(task) == ()


def test_no_trace_is_not_an_empty_trace(tmp_path: Path) -> None:
    assert observe(task_in(tmp_path, f"{PYTHON} -c pass", trace=Trace.OFF)) is None


def test_a_literal_pythonpath_before_the_command_keeps_the_trace(tmp_path: Path) -> None:
    write(tmp_path, {"src/lib.py": "", "train.py": "import lib, os; print(os.getcwd())"})
    task = task_in(tmp_path, f"PYTHONPATH=src {PYTHON} train.py", "true")

    observed = observe(task)

    assert observed == ["src/lib.py", "train.py"]
    assert Path(task.log).read_text().startswith(f"$ PYTHONPATH=src {PYTHON}")


@pytest.mark.parametrize(
    ("command", "is_changed"),
    [
        pytest.param("PYTHONPATH=. python a.py", True, id="literal"),
        pytest.param("A=1 PYTHONPATH=src:lib python a.py", True, id="after-another"),
        pytest.param("PYTHONPATH=$PWD/src python a.py", True, id="working-directory"),
        pytest.param("export PYTHONPATH=src && python a.py", True, id="export"),
        pytest.param("PYTHONPATH=$X python a.py", False, id="a-value-that-may-be-empty"),
        pytest.param("PYTHONPATH= python a.py", False, id="emptied"),
        pytest.param("python -c 'f(PYTHONPATH=src )'", False, id="inside-a-program"),
        pytest.param('PYTHONPATH="a b" python a.py', False, id="quoted"),
    ],
)
def test_traced_command(tmp_path: Path, command: str, is_changed: bool) -> None:
    assert (traced_command(task_in(tmp_path), command) != command) is is_changed
    assert traced_command(task_in(tmp_path, trace=Trace.OFF), command) == command


def test_a_missing_strace_says_what_to_do(tmp_path: Path) -> None:
    task = task_in(tmp_path, "true", trace=Trace.STRACE, PATH=str(tmp_path))

    with pytest.raises(MissingToolError, match="strace is not on the path"):
        LocalExecutor(shell="/bin/sh").start(task)


def test_the_exit_code_comes_through_strace(tmp_path: Path) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    executor = LocalExecutor(shell="/bin/sh")
    executor.start(task_in(tmp_path, "exit 7", trace=Trace.STRACE))

    (ended,) = executor.wait(30)

    assert ended.exit_code == 7


def test_strace_lines_are_read_across_interruptions_and_processes() -> None:
    lines = [
        '10 openat(AT_FDCWD</repo>, "a b\\".txt", O_RDONLY|O_CLOEXEC) = 3</repo/a b\\".txt>',
        '10 openat(AT_FDCWD</repo>, "slow.txt", O_RDONLY <unfinished ...>',
        '11 chdir("/repo/sub")             = 0',
        "10 <... openat resumed>)             = 4</repo/slow.txt>",
        "11 vfork( <unfinished ...>",
        '12 open("../up.txt", O_RDONLY) = 3</repo/up.txt>',
        '12 execve("./tool", ["./tool"], 0x7ffd /* 3 vars */) = 0',
        "11 <... vfork resumed>)             = 12",
        '12 openat(AT_FDCWD</repo/sub>, "none", O_RDONLY) = -1 ENOENT (No such file or directory)',
        '12 openat(AT_FDCWD</repo>, "caf\\303\\251", O_RDONLY) = 3</repo/caf\\303\\251>',
        '12 openat(AT_FDCWD</repo>, "data", O_RDONLY|O_DIRECTORY) = 3</repo/data>',
        '12 openat(AT_FDCWD</repo>, "/etc/passwd", O_RDONLY) = 3</etc/passwd>',
        '12 openat(AT_FDCWD</repo>, "t", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</repo/t>',
        '12 rename("t", "/repo/final") = 0',
        "13 +++ exited with 0 +++",
        "nonsense",
    ]

    touched = touched_files(lines, cwd="/repo", root="/repo")

    assert touched['a b".txt'] == touched["slow.txt"] == touched["café"] == "r"
    assert touched["t"] == touched["final"] == "w"
    assert not {"none", "data"} & touched.keys()


@pytest.mark.parametrize("trace", TRACES)
def test_what_a_stage_reads_and_then_writes_is_told_apart(tmp_path: Path, trace: Trace) -> None:
    write(
        tmp_path,
        {
            "train.py": """
                import sqlite3
                open("data.csv").read()
                open("log.txt").read()
                open("log.txt", "a").write("more")
                with open("count.txt", "r+") as file:
                    file.write("2")
                open("new.txt", "w").write("made here")
                open("new.txt").read()
                base = sqlite3.connect("runs.db")
                base.execute("insert into runs values (1)")
                base.commit()
            """,
            "data.csv": "1",
            "log.txt": "",
            "count.txt": "1",
        },
    )
    import sqlite3

    base = sqlite3.connect(tmp_path / "runs.db")
    base.execute("create table runs (n)")
    base.commit()
    base.close()
    task = task_in(tmp_path, f"{PYTHON} train.py", trace=trace)

    observed = observe(task)
    rewritten = LocalExecutor().rewritten(task)

    assert observed is not None
    assert {"data.csv", "log.txt", "count.txt", "runs.db"} <= set(observed)
    assert {"log.txt", "count.txt", "runs.db"} <= rewritten
    assert not {"data.csv", "new.txt", "train.py"} & rewritten


LOOKS = """
    import os, pathlib, glob, linecache, importlib.util, traceback
    os.path.exists("gone.csv")
    os.path.isdir("data/none")
    pathlib.Path("flag").exists()
    os.access("no-access", os.R_OK)
    glob.glob("one.csv")
    try: open("unread.csv")
    except FileNotFoundError: pass
    try: os.listdir("no-folder")
    except FileNotFoundError: pass
    os.stat(path="there.csv")
    os.path.exists("read.csv"); open("read.csv").read()
    if not os.path.exists("scratch/deep"): os.makedirs("scratch/deep")
    if not os.path.exists("made.txt"): open("made.txt", "w").write("1")
    os.path.exists("made.txt")
    os.path.exists(".git/x"); os.path.exists("venv/lib/y"); os.path.exists("/nowhere/z")
    os.path.exists("p.egg-info/entry_points.txt")
"""


@pytest.mark.parametrize("trace", TRACES)
def test_what_was_looked_for_is_noted(tmp_path: Path, trace: Trace) -> None:
    there = ["there.csv", "read.csv", "venv/pyvenv.cfg", "data/x"]
    write(tmp_path, {"train.py": LOOKS, **dict.fromkeys(there, "1")})
    task = task_in(tmp_path, f"{PYTHON} train.py", trace=trace)

    observe(task)
    found = LocalExecutor().looked_up(task)

    absent = {"gone.csv", "data/none", "flag", "no-access", "one.csv", "unread.csv", "no-folder"}
    # strace cannot tell Python's own looks at folders from those of the program.
    files = {path: was for path, was in found.items() if not (tmp_path / path).is_dir()}
    assert files == {**dict.fromkeys(absent, False), "there.csv": True}
    assert not any(path.startswith("scratch") for path in found)


def test_python_s_own_looks_are_not_noted(tmp_path: Path) -> None:
    code = """
        import importlib, importlib.metadata, inspect, pkgutil, sys, traceback
        sys.path.insert(0, "plugins")
        for name in ("nothing", "plugins.nothing"):
            try: importlib.import_module(name)
            except ImportError: traceback.print_exc()
        list(pkgutil.iter_modules()); list(importlib.metadata.distributions())
        exec(compile("def f(): 1 / 0", "made/up.py", "exec"))
        try: f()
        except ZeroDivisionError: traceback.print_exc()
    """
    write(tmp_path, {"train.py": code})
    task = task_in(tmp_path, f"{PYTHON} train.py")

    observe(task)

    assert LocalExecutor().looked_up(task) == {}


def test_what_a_program_does_with_os_stat_works_as_before(tmp_path: Path) -> None:
    code = """
        import inspect, os, pathlib, pickle, shutil, tempfile
        assert pickle.loads(pickle.dumps(os.stat)) is os.stat
        assert os.stat in os.supports_dir_fd and os.stat in os.supports_follow_symlinks
        assert shutil.rmtree.avoids_symlink_attacks
        assert os.stat.__name__ == "stat" and os.stat.__doc__
        class Accessor: stat = os.stat
        Accessor().stat("train.py")
        folder = tempfile.mkdtemp()
        os.symlink("nowhere", folder + "/link")
        shutil.copystat(folder + "/link", folder + "/link", follow_symlinks=False)
        shutil.rmtree(folder)
        with open("train.py") as file: os.stat(file.fileno())
        for wrong in ((), ("train.py", 1), (None,)):
            try: os.stat(*wrong)
            except TypeError: pass
            else: raise AssertionError(wrong)
    """
    write(tmp_path, {"train.py": code})

    observe(task_in(tmp_path, f"{PYTHON} train.py"))


def test_looks_without_end_are_cut_and_the_cut_is_told(tmp_path: Path) -> None:
    code = "import os\nfor n in range(3000): os.path.exists(f'none-{n}')\n"
    write(tmp_path, {"train.py": code})
    task = task_in(tmp_path, f"{PYTHON} train.py")

    observe(task)

    assert len(LocalExecutor().looked_up(task)) == 500
    assert "looked for so many names" in " ".join(LocalExecutor().trace_gaps(task))
