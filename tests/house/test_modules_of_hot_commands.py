"""Which modules the commands load that are called all the time: exactly those of hot_modules.txt.

Times are noisy; a list of modules is not, and it is reviewed. When a new import is meant, write the
list again (`.venv/bin/python tests/house/hot_modules.py`); what is forbidden below stays forbidden.
"""

from __future__ import annotations

import sys
import time
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

# Cost more than they give on these paths (2 to 60 ms each).
TOO_DEAR = {
    "asyncio", "concurrent", "configparser", "ctypes", "difflib", "email", "http", "logging",
    "multiprocessing", "numpy", "pandas", "pathlib", "pathspec", "pickle", "platform", "random",
    "rich", "ruamel", "socket", "ssl", "statistics", "tempfile", "tomllib", "traceback", "unittest",
    "urllib", "uuid", "xml", "zipfile",
}  # fmt: skip
# Nothing at all but what Python has loaded anyway, and a few files of ours.
AT_ONCE = ("help", "version", "plan, remembered", "run, remembered")
NOT_IN_A_PLAN = (
    "branchline.adapters.local_process",
    "branchline.adapters.sqlite_ledger",
    "branchline.core.verdict",
    "branchline.cli.progress",
    "branchline.flows.engine",
)


def _load(path: Path) -> ModuleType:
    spec = util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


hot_modules = _load(Path(__file__).parent / "hot_modules.py")
LISTED: dict[str, set[str]] = hot_modules.read_list()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with one stage that ran, and its remembered answers."""
    folder = tmp_path_factory.mktemp("hot")
    hot_modules.make_project(folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(("section", "words"), hot_modules.COMMANDS.items())
def test_only_what_is_listed_is_loaded(project: Path, section: str, words: tuple[str, ...]) -> None:
    # An answer is remembered once the files are older than the coarsest clock of a file system.
    deadline = time.monotonic() + (20 if "remembered" in section else 0)
    loaded = hot_modules.loaded_by(project, *words)
    while not loaded <= LISTED[section] and time.monotonic() < deadline:
        time.sleep(0.5)
        loaded = hot_modules.loaded_by(project, *words)

    assert loaded - LISTED[section] == set()


@pytest.mark.parametrize("section", hot_modules.COMMANDS)
def test_nothing_dear_is_listed(section: str) -> None:
    first_words = {name.partition(".")[0] for name in LISTED[section]}
    foreign = {name for name in first_words if name not in sys.stdlib_module_names}

    assert first_words & TOO_DEAR == set()
    assert foreign <= {"branchline", "yaml", "cython_runtime"}


@pytest.mark.parametrize("section", AT_ONCE)
def test_an_answer_at_once_needs_no_other_module(section: str) -> None:
    assert {name for name in LISTED[section] if not name.startswith("branchline")} == set()
    assert len(LISTED[section]) <= 8


def test_a_plan_loads_nothing_that_runs_or_judges() -> None:
    listed = LISTED["plan, the whole way"]

    assert {name for name in listed if name.startswith(NOT_IN_A_PLAN)} == set()


@pytest.mark.parametrize("words", [("runs",), ("why", "fit"), ("show",)], ids=" ".join)
def test_looking_at_what_was_done_loads_nothing_dear(project: Path, words: tuple[str, ...]) -> None:
    loaded = {name.partition(".")[0] for name in hot_modules.loaded_by(project, *words)}

    assert loaded & TOO_DEAR == set()


@pytest.mark.slow
def test_a_bar_on_a_difference_loads_no_library_where_there_are_no_predictions(
    tmp_path: Path,
) -> None:
    hot_modules.make_project(tmp_path)
    (tmp_path / "branchline.yaml").write_text(
        "model: demo\ngate: {metrics: {auc: {max_regression: 0.1}}}\n"
    )

    loaded = {name.partition(".")[0] for name in hot_modules.loaded_by(tmp_path, "run", "--json")}

    assert loaded & (TOO_DEAR | {"duckdb"}) <= {"difflib"}  # the nearest name of a metric
