"""Which modules the commands load that are called all the time. A list, so that it is reviewed.

Times are noisy; a list of modules is not. `--help` and `--version` have their list in
tests/cli/test_commands.py.
"""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

QUICK = {
    "__future__",
    "branchline",
    "branchline.__main__",
    "branchline.cli",
    "branchline.cli.commands",
    "branchline.cli.quick",
    "branchline.cli.quick_memory",
    "branchline.version",
}
# What the whole way may load beside the standard library.
LIBRARIES = {"branchline", "yaml", "_yaml", "cython_runtime"}
# Parts of the standard library that cost more than they give here (2 to 40 ms each).
TOO_DEAR = {
    "asyncio", "concurrent", "configparser", "ctypes", "difflib", "email", "http", "logging",
    "multiprocessing", "pathlib", "pickle", "platform", "random", "socket", "ssl", "statistics",
    "tempfile", "tomllib", "traceback", "unittest", "urllib", "uuid", "xml", "zipfile",
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with one stage that ran."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "dvc.yaml").write_text("stages: {a: {cmd: echo x > o, outs: [o]}}\n")
    branchline(tmp_path, "run")
    return tmp_path


def branchline(folder: Path, *words: str) -> set[str]:
    """Modules that a command loads beyond those of a bare Python."""
    script = (
        "import sys\nbare = set(sys.modules)\n"
        f"sys.argv = ['branchline', *{words!r}]\n"
        "from branchline.__main__ import main\n"
        "code = main()\n"
        "sys.stderr.write('\\n@' + ' '.join(set(sys.modules) - bare))\n"
        "sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.rpartition("@")[2].split())


@pytest.mark.slow
@pytest.mark.parametrize("command", ["plan", "run"])
def test_when_nothing_was_touched_next_to_nothing_is_loaded(project: Path, command: str) -> None:
    # An answer is kept once the files are older than the coarsest clock of a file system.
    deadline = time.monotonic() + 20
    loaded = branchline(project, command)
    while not loaded <= QUICK and time.monotonic() < deadline:
        time.sleep(0.5)
        loaded = branchline(project, command)

    assert loaded - QUICK == set()


@pytest.mark.parametrize("words", [("plan", "--json"), ("runs",), ("why", "a")], ids=" ".join)
def test_the_whole_way_loads_no_library_but_the_yaml_parser(
    project: Path, words: tuple[str, ...]
) -> None:
    loaded = {name.partition(".")[0] for name in branchline(project, *words)}

    assert loaded & TOO_DEAR == set()
    foreign = {name for name in loaded if name not in sys.stdlib_module_names}
    # `_cython_3_1_4` and the like: what libyaml's binding was compiled with.
    assert {name for name in foreign - LIBRARIES if not name.startswith("_cython_")} == set()
