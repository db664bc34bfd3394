"""The paths on which an answer depends; tests/cli/test_quick_command.py tries them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.policy import Environment
from branchline.flows.watched import code_by_meaning, listed_folders, watched_paths

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.flows.conftest import Bench

    Make = Callable[[Mapping[str, str]], Bench]

FILES = {
    "dvc.yaml": "stages: {f: {cmd: python f.py, deps: [data], params: [lr], outs: [o]}}\n",
    "params.yaml": "lr: 1\n",
    "data/a.csv": "1",
    "f.py": "import lib.more\n",
    "lib/__init__.py": "",
    "lib/more.py": "",
    "seen.ini": "",
}


def watched(bench: Bench) -> set[str] | None:
    planner = bench.planner()
    found = watched_paths(planner.project, planner, planner.plan(), with_head=False)
    root = bench.workspace.root + "/"
    return None if found is None else {path.removeprefix(root) for path in found}


def ran(make_bench: Make) -> Bench:
    bench = make_bench(FILES)
    bench.does["f"] = bench.writes("o", "o")
    bench.reads["f"] = ["seen.ini"]
    bench.run()
    return bench


def test_everything_that_was_looked_at_is_watched(make_bench: Make) -> None:
    found = watched(ran(make_bench))

    assert found is not None
    assert found >= {
        "branchline.yaml", "dvc.yaml", "dvc.lock", "params.yaml", "data/", "f.py", "lib",
        "lib/__init__.py", "lib/more.py", "seen.ini", "o", ".python-version", ".dvcignore",
    }  # fmt: skip


def test_what_has_no_path_cannot_be_watched(make_bench: Make) -> None:
    bench = ran(make_bench)
    bench.allow(environment=Environment(variables=("SEED",)))

    assert watched(bench) is None


def test_data_outside_cannot_be_watched(make_bench: Make) -> None:
    bench = make_bench({"dvc.yaml": "stages: {f: {cmd: f, deps: ['s3://b/k'], outs: [o]}}\n"})

    assert watched(bench) is None


def test_the_index_counts_only_where_a_named_file_is_not_tracked(make_bench: Make) -> None:
    bench = ran(make_bench)
    assert not any(path.endswith(".git/index") for path in watched(bench) or ())

    bench.write("f.py", "open('scratch.json')\n")
    bench.files["scratch.json"] = b""

    assert any(path.endswith(".git/index") for path in watched(bench) or ())


def test_code_that_was_only_seen_to_be_read_does_not_count_by_meaning(make_bench: Make) -> None:
    bench = ran(make_bench)
    planner = bench.planner()

    code = code_by_meaning(planner, planner.plan())

    assert set(code) == {"f.py", "lib/__init__.py", "lib/more.py"}
    assert code["f.py"].stages == (0,)
    assert bench.workspace.root + "/lib" in listed_folders(planner.project, planner)
