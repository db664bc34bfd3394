"""What enters a record: inputs as they were before the run, and what the run was seen to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from branchline.core.pipeline import Content
from branchline.core.policy import Link
from branchline.core.run import Failure
from branchline.errors import MissingInputError
from branchline.flows.run import RunOptions, run
from branchline.flows.walked import EngineOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.flows.conftest import Bench, Work

    Make = Callable[[Mapping[str, str]], Bench]

ONE = {
    "dvc.yaml": "stages:\n  fit: {cmd: python fit.py, deps: [raw], params: [lr], outs: [model]}\n",
    "params.yaml": "lr: 1\n",
    "raw": "r",
    "fit.py": "import more\n",
    "more.py": "y = 1\n",
    "conf.ini": "a",
}


@pytest.fixture
def bench(make_bench: Make) -> Bench:
    made = make_bench(ONE)
    made.does["fit"] = made.writes("model", "m")
    return made


def and_edits(work: Work, path: str, text: str) -> Work:
    def both(files: dict[str, bytes]) -> int:
        files[path] = text.encode()
        return work(files)

    return both


@pytest.mark.parametrize(
    ("path", "text"),
    [
        pytest.param("raw", "R", id="a-declared-input"),
        pytest.param("params.yaml", "lr: 2\n", id="a-parameter"),
        pytest.param("params.yaml", "mu: 2\n", id="a-parameter-that-went"),
        pytest.param("params.yaml", "lr: [\n", id="a-parameter-file-that-broke"),
        pytest.param("fit.py", "import more  # why\n", id="a-comment-in-the-script"),
        pytest.param("more.py", "y = 2\n", id="imported-code"),
    ],
)
def test_what_is_edited_while_a_stage_runs_is_nobodys_input(
    bench: Bench, path: str, text: str
) -> None:
    bench.does["fit"] = and_edits(bench.writes("model", "m"), path, text)

    outcome = bench.run()

    ended = outcome.walked.failures["fit"]
    assert ended.failure is Failure.INPUT_CHANGED
    assert f"`{path}` changed while the stage ran" in ended.detail
    assert ("it counts as an input: imported by fit.py" in ended.detail) is (path == "more.py")
    assert not bench.records.kept
    assert not bench.run_cache.entries
    assert not bench.lock_files.entries


def test_a_key_added_to_a_file_that_counts_as_a_whole_is_noticed(make_bench: Make) -> None:
    bench = make_bench(
        {
            "dvc.yaml": "stages:\n  fit: {cmd: fit, params: [{all.yaml: }], outs: [model]}\n",
            "all.yaml": "lr: 1\n",
        }
    )
    bench.does["fit"] = and_edits(bench.writes("model", "m"), "all.yaml", "lr: 1\nmu: 2\n")

    outcome = bench.run()

    assert outcome.walked.failures["fit"].failure is Failure.INPUT_CHANGED


def test_an_untracked_key_of_a_parameter_file_may_change_meanwhile(bench: Bench) -> None:
    bench.does["fit"] = and_edits(bench.writes("model", "m"), "params.yaml", "lr: 1\nmu: 2\n")

    assert not bench.run().walked.failures


def test_a_file_that_was_read_counts_from_then_on(bench: Bench) -> None:
    bench.reads["fit"] = ["conf.ini"]
    outcome = bench.run()
    assert any("`conf.ini`" in note for note in outcome.walked.notes)
    assert bench.actions() == {"fit": "reuse"}

    bench.write("conf.ini", "b")
    planned = bench.of("fit")

    assert planned.action.value == "run"
    assert "`conf.ini`" in planned.reason
    bench.write("conf.ini", "a")
    assert bench.actions() == {"fit": "reuse"}


def test_neither_the_lock_nor_the_run_cache_vouches_for_a_file_that_was_read(
    make_bench: Make,
) -> None:
    bench = make_bench(
        {"dvc.yaml": "stages: {f: {cmd: f, deps: [raw], outs: [o]}}\n", "raw": "r", "conf": "a"}
    )
    bench.does["f"] = bench.writes("o", "o")
    bench.reads["f"] = ["conf"]
    bench.run()
    bench.write("conf", "b")

    planned = bench.of("f")

    assert planned.action.value == "run"
    assert "`conf`" in planned.reason
    bench.lock_files.entries.clear()
    assert bench.actions() == {"f": "run"}


def test_a_file_that_was_read_and_is_gone_counts_too(bench: Bench) -> None:
    bench.reads["fit"] = ["conf.ini"]
    bench.run()

    del bench.files["conf.ini"]

    assert bench.actions() == {"fit": "run"}


def test_each_state_of_a_file_that_was_read_has_a_result_of_its_own(bench: Bench) -> None:
    bench.reads["fit"] = ["conf.ini"]
    for text in ("a", "b"):
        bench.write("conf.ini", text)
        bench.run()
        assert bench.started == ["fit"]

    for text in ("a", "b"):
        bench.write("conf.ini", text)
        assert bench.run().walked.ran == ()


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("model", id="its-own-output"),
        pytest.param("raw", id="a-declared-input"),
        pytest.param("params.yaml", id="its-parameter-file"),
        pytest.param("more.py", id="code-that-it-imports"),
        pytest.param("dvc.yaml", id="the-pipeline"),
        pytest.param("nowhere", id="a-file-that-is-gone-again"),
    ],
)
def test_reads_of_what_is_known_add_nothing(bench: Bench, path: str) -> None:
    bench.reads["fit"] = [path]

    bench.run()

    (result,) = bench.records.kept.values()
    assert result.observed == ()


def test_scratch_that_a_stage_writes_and_reads_is_its_own(bench: Bench) -> None:
    def work(files: dict[str, bytes]) -> int:
        files["scratch"] = b"counter"
        bench.workspace.changed["scratch"] = bench.machine.time_ns() + 1
        return bench.writes("model", "m")(files)

    bench.does["fit"] = work
    bench.reads["fit"] = ["scratch"]
    bench.executor.rewrites["fit"] = ["scratch"]
    bench.run()
    bench.files["scratch"] = b"another"

    assert bench.actions() == {"fit": "reuse"}


def test_a_tracked_file_that_moves_while_it_is_read_makes_the_stage_dirty(bench: Bench) -> None:
    bench.workspace.changed["conf.ini"] = bench.machine.time_ns() + 1
    bench.reads["fit"] = ["conf.ini"]

    outcome = bench.run()

    assert outcome.walked.failures["fit"].failure is Failure.INPUT_CHANGED
    assert not bench.records.kept


@pytest.mark.parametrize(
    ("edited", "is_dirty"),
    [
        pytest.param(("params.yaml",), True, id="a-file-that-it-reads"),
        pytest.param(("other.yaml",), False, id="another-file"),
        pytest.param((), False, id="nothing"),
    ],
)
def test_what_the_caller_edited_is_not_asked_of_git(
    bench: Bench, edited: tuple[str, ...], is_dirty: bool
) -> None:
    outcome = run(
        bench.project(),
        RunOptions(engine=EngineOptions(edited=edited), judges=False),
        bench.told,
        is_stopped=lambda: False,
        on_plan=lambda _plan: None,
    )

    assert outcome.walked.results["fit"].is_dirty is is_dirty
    assert outcome.to_commit == ()


def test_a_caller_that_holds_the_workspace_may_run(bench: Bench) -> None:
    with bench.workspace_lock.hold(wait_s=0):
        outcome = run(
            bench.project(),
            RunOptions(is_held=True),
            bench.told,
            is_stopped=lambda: False,
            on_plan=lambda _plan: None,
        )

    assert outcome.walked.ran == ("fit",)


def test_a_module_that_the_run_creates_is_seen_by_the_next_plan(bench: Bench) -> None:
    bench.does["fit"] = and_edits(bench.writes("model", "m"), "made.py", "z = 1\n")
    bench.write("fit.py", "try:\n    import made\nexcept ImportError:\n    pass\n")
    bench.run()

    assert bench.actions() == {"fit": "run"}
    bench.run()
    assert bench.started == ["fit"]
    assert bench.actions() == {"fit": "reuse"}


LOOSE = {
    "dvc.yaml": """
stages:
  a: {cmd: make a, deps: [raw], outs: [a.out]}
  b: {cmd: make b, deps: [other], outs: [b.out]}
""",
    "raw": "1",
    "other": "o",
}


def loose(make_bench: Make) -> Bench:
    """`b` reads what `a` makes and does not say so."""
    bench = make_bench(LOOSE)
    bench.does = {
        "a": bench.joins("a.out", "raw"),
        "b": bench.joins("b.out", "other", "a.out"),
    }
    bench.reads["b"] = ["a.out"]
    return bench


def test_an_output_that_was_read_without_being_declared_is_waited_for(make_bench: Make) -> None:
    bench = loose(make_bench)
    bench.run()
    bench.write("raw", "2")

    planned = bench.of("b")
    assert (planned.action.value, planned.after) == ("may_run", ("a",))
    bench.run(jobs=2)

    assert bench.started == ["a", "b"]
    assert bench.files["b.out"] == b"o2"
    assert set(bench.actions().values()) == {"reuse"}


def test_an_output_that_is_made_while_somebody_reads_it_is_nobodys_input(make_bench: Make) -> None:
    bench = loose(make_bench)
    bench.files["a.out"] = b"old"
    bench.does["b"] = bench.writes("b.out", "made of the old a.out")
    bench.executor.seconds = {"a": 1, "b": 2}

    def work(files: dict[str, bytes]) -> int:
        bench.workspace.changed["a.out"] = bench.machine.time_ns() + 500_000_000
        return bench.joins("a.out", "raw")(files)

    bench.does["a"] = work

    outcome = bench.run(jobs=2, keep_going=True)

    assert outcome.walked.failures["b"].failure is Failure.INPUT_CHANGED


def test_persistent_outputs_stay_while_the_stage_runs_and_others_go(make_bench: Make) -> None:
    bench = make_bench(
        {
            "dvc.yaml": """
stages:
  fit:
    cmd: fit
    outs:
    - state: {persist: true}
    - model
"""
        }
    )
    bench.files.update({"state": b"1", "model": b"old"})
    seen: list[set[str]] = []

    def work(files: dict[str, bytes]) -> int:
        seen.append({"state", "model"} & files.keys())
        files["model"] = b"m"
        return 0

    bench.does["fit"] = work

    bench.run()

    assert seen == [{"state"}]
    assert not bench.run_cache.entries


def test_outputs_come_back_from_the_store_as_copies_where_git_keeps_them(
    make_bench: Make,
) -> None:
    bench = make_bench(
        {"dvc.yaml": "stages: {f: {cmd: f, outs: [o], metrics: [{m.json: {cache: false}}]}}\n"}
    )

    def work(files: dict[str, bytes]) -> int:
        files |= {"o": b"o", "m.json": b"{}"}
        return 0

    bench.does["f"] = work
    bench.run()
    links: dict[str, Link | None] = {}
    restore = bench.store.restore

    def watch(path: str, content: Content, *, link: Link | None = None) -> None:
        links[path] = link
        restore(path, content, link=link)

    bench.store.restore = watch  # type: ignore[method-assign] # to see what is asked
    del bench.files["o"], bench.files["m.json"]
    bench.allow(link=Link.HARDLINK)

    bench.run()

    assert bench.started == []
    assert links == {"o": Link.HARDLINK, "m.json": Link.COPY}
    assert bench.files["m.json"] == b"{}"


def test_a_lost_output_of_this_store_is_made_again(bench: Bench) -> None:
    bench.run()
    del bench.files["model"]
    bench.store.objects.clear()

    planned = bench.of("fit")
    bench.run()

    assert "gone from the store" in planned.reason
    assert bench.started == ["fit"]


DATA = {
    "dvc.yaml": "stages:\n  fit: {cmd: fit, deps: [data], outs: [model]}\n",
    "data.dvc": "outs:\n- {path: data, md5: 202cb962ac59075b964b07152d234b70, hash: md5}\n",
}


def test_tracked_data_come_from_a_remote_when_a_stage_needs_them(make_bench: Make) -> None:
    bench = make_bench(DATA)
    bench.does["fit"] = bench.joins("model", "data")
    bench.store.remote["202cb962ac59075b964b07152d234b70"] = b"123"
    bench.store.remote["c4ca4238a0b923820dcc509a6f75849b"] = b"1"

    bench.plan()
    assert bench.store.objects == {}
    outcome = bench.run()

    assert not outcome.walked.failures
    assert bench.files["model"] == b"123"
    assert "c4ca4238a0b923820dcc509a6f75849b" not in bench.store.objects


def test_a_file_inside_tracked_data_brings_all_of_them(make_bench: Make) -> None:
    folder = "3f8b1c7a2d5e4f60718293a4b5c6d7e8.dir"
    bench = make_bench(
        {
            "dvc.yaml": "stages:\n  fit: {cmd: fit, deps: [data/x], outs: [model]}\n",
            "data.dvc": f"outs:\n- {{md5: {folder}, nfiles: 2, hash: md5, path: data}}\n",
        }
    )
    bench.does["fit"] = bench.joins("model", "data/x")
    md5s = "202cb962ac59075b964b07152d234b70", "c4ca4238a0b923820dcc509a6f75849b"
    x, y = (Content(md5=md5) for md5 in md5s)
    bench.store.remote |= {folder: (("x", x), ("y", y)), md5s[0]: b"123", md5s[1]: b"1"}

    outcome = bench.run()

    assert not outcome.walked.failures
    assert bench.files["model"] == b"123"
    assert bench.files["data/y"] == b"1"


def test_a_file_inside_tracked_data_that_are_nowhere_names_the_remotes(make_bench: Make) -> None:
    bench = make_bench(
        DATA | {"dvc.yaml": "stages:\n  fit: {cmd: fit, deps: [data/x], outs: [model]}\n"}
    )

    with pytest.raises(MissingInputError) as caught:
        bench.plan()

    (detail,) = caught.value.details
    assert detail.endswith("`data/x`: the remote in memory does not have it")


def test_tracked_data_that_are_nowhere_say_what_was_looked_at_and_what_to_type(
    make_bench: Make,
) -> None:
    bench = make_bench(DATA)

    (failed,) = bench.run().walked.failures.values()

    assert "`data` is not on this machine: the remote in memory does not have it" in failed.detail
    assert "`dvc pull data`" in failed.detail


def test_outputs_come_from_a_remote_instead_of_being_made_again(bench: Bench) -> None:
    bench.run()
    del bench.files["model"]
    bench.store.remote, bench.store.objects = bench.store.objects, {}

    planned = bench.of("fit")
    bench.run()

    assert planned.reason.endswith("`model` is fetched from a remote")
    assert planned.notes == ()
    assert bench.started == []
    assert bench.files["model"] == b"m"


def test_a_record_with_other_outputs_than_the_stage_declares_is_not_believed(
    bench: Bench,
) -> None:
    from dataclasses import replace

    bench.run()
    for place, result in list(bench.records.kept.items()):
        bench.records.kept[place] = replace(result, outs=())
    bench.lock_files.entries.clear()
    bench.run_cache.entries.clear()
    del bench.files["model"]

    assert bench.actions() == {"fit": "run"}


@pytest.mark.parametrize("is_tracked", [True, False], ids=["tracked", "untracked"])
def test_a_file_that_was_looked_for_in_vain_counts_when_it_comes(
    bench: Bench, is_tracked: bool
) -> None:
    bench.looks["fit"] = {"extra.csv": False}
    outcome = bench.run()
    assert not outcome.walked.notes
    assert bench.actions() == {"fit": "reuse"}

    bench.files["extra.csv"] = b"1"
    if is_tracked:
        bench.track("extra.csv")
    planned = bench.of("fit")

    assert planned.action.value == "run"
    assert "`extra.csv`, which the last run looked for in vain, is there now" in planned.reason
    bench.looks["fit"] = {"extra.csv": True}
    bench.run()
    assert bench.started == ["fit"]
    assert bench.actions() == {"fit": "reuse"}
    del bench.files["extra.csv"]
    assert bench.actions() == {"fit": "reuse"}  # the first result again, not the second
    assert bench.plan().stages[0].observed[0].digest == "absent"


def test_a_file_that_was_found_and_not_read_counts_when_it_goes(bench: Bench) -> None:
    bench.files["flag"] = b""
    bench.looks["fit"] = {"flag": True}
    bench.run()
    bench.files["flag"] = b"other bytes"
    assert bench.actions() == {"fit": "reuse"}

    del bench.files["flag"]

    assert "`flag`, which the last run found, is gone" in bench.of("fit").reason


@pytest.mark.parametrize(
    ("path", "was_there"),
    [
        pytest.param("model", False, id="its-own-output"),
        pytest.param("raw", True, id="a-declared-input"),
        pytest.param("params.yaml", True, id="its-parameter-file"),
        pytest.param("more.py", True, id="code-that-it-imports"),
        pytest.param("data.dvc", False, id="what-dvc-writes"),
        pytest.param("folder", True, id="a-folder-that-was-there"),
        pytest.param("scratch", True, id="what-it-removed-itself"),
    ],
)
def test_looks_at_what_is_known_add_nothing(bench: Bench, path: str, was_there: bool) -> None:
    bench.files["folder/inner"] = b""
    bench.looks["fit"] = {path: was_there}

    bench.run()

    (result,) = bench.records.kept.values()
    assert result.observed == ()


def test_a_file_that_came_while_the_stage_ran_is_not_what_it_saw(bench: Bench) -> None:
    bench.does["fit"] = and_edits(bench.writes("model", "m"), "extra.csv", "1")
    bench.looks["fit"] = {"extra.csv": False}
    bench.run()

    assert bench.actions() == {"fit": "run"}


def test_a_folder_of_outputs_may_be_looked_for(make_bench: Make) -> None:
    files = {"dvc.yaml": "stages: {a: {cmd: a, outs: [o/a]}, b: {cmd: b, outs: [o/b]}}\n"}
    bench = make_bench(files)
    bench.does = {"a": bench.writes("o/a", "a"), "b": bench.writes("o/b", "b")}
    bench.looks = {"a": {"o": False}, "b": {"o": True}}
    bench.run()

    assert bench.actions() == {"a": "reuse", "b": "reuse"}


def test_an_untracked_file_that_somebody_else_edits_meanwhile_still_counts(bench: Bench) -> None:
    bench.files["notes.csv"] = b"read by the stage"
    bench.reads["fit"] = ["notes.csv"]
    bench.workspace.changed["notes.csv"] = bench.machine.time_ns() + 1
    bench.run()

    bench.files["notes.csv"] = b"edited again"

    assert bench.actions() == {"fit": "run"}


def test_an_edit_before_a_stage_starts_is_its_input(diamond: Bench) -> None:
    diamond.write("x", "old")
    text = "stages:\n  a: {cmd: a, outs: [a.out]}\n  z: {cmd: z, deps: [x], outs: [z.out]}\n"
    diamond.write("dvc.yaml", text)
    diamond.does = {
        "a": and_edits(diamond.writes("a.out", "a"), "x", "new"),
        "z": diamond.joins("z.out", "x"),
    }

    outcome = diamond.run(jobs=1)

    assert not outcome.walked.failures
    assert diamond.files["z.out"] == b"new"
