"""What a run leaves as evidence: metrics, parameters, digests, whether all of it is committed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from branchline.core.policy import Gate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.flows.conftest import Bench

    from branchline.core.evidence import Evidence

    Make = Callable[[Mapping[str, str]], Bench]

FILES = {
    "dvc.yaml": """
stages:
  fit: {cmd: python fit.py, deps: [rows.csv], params: [lr, train], outs: [model.pkl]}
  test:
    cmd: test
    deps: [model.pkl, test.csv]
    metrics: [{m.json: {cache: false}}]
    plots: [{roc.csv: {cache: false, x: fpr, y: tpr}}]
""",
    "params.yaml": "lr: 0.1\ntrain: {depth: 3}\n",
    "rows.csv": "1",
    "test.csv": "2",
    "fit.py": "x = 1\n",
    "time:12.csv": "t",
}


@pytest.fixture
def bench(make_bench: Make) -> Bench:
    made = make_bench(FILES)
    made.does["fit"] = made.writes("model.pkl", "m")

    def test(files: dict[str, bytes]) -> int:
        files.update({"m.json": b'{"val": {"auc": 0.9}}', "roc.csv": b"fpr,tpr\n"})
        return 0

    made.does["test"] = test
    return made


def evidence_of(bench: Bench) -> Evidence:
    finished = bench.run().finished
    assert finished is not None
    return finished.evidence


def test_evidence_holds_metrics_parameters_plots_and_digests(bench: Bench) -> None:
    found = evidence_of(bench)

    assert [(m.name, m.value, m.file, m.stage) for m in found.metrics] == [
        ("val.auc", 0.9, "m.json", "test")
    ]
    assert found.params == {"params.yaml:lr": 0.1, "params.yaml:train.depth": 3}
    assert [plot.path for plot in found.plots] == ["roc.csv"]
    assert set(found.outs) == {"model.pkl", "m.json", "roc.csv"}
    assert set(found.data) == {"rows.csv", "test.csv"}
    assert [(s.stage, s.action) for s in found.stages] == [("fit", "run"), ("test", "run")]


def test_what_is_reused_says_so(bench: Bench) -> None:
    bench.run()

    assert {s.action for s in evidence_of(bench).stages} == {"reuse"}


def test_the_evaluation_data_are_the_data_beside_the_model(bench: Bench) -> None:
    first = evidence_of(bench).evaluation_data
    bench.write("params.yaml", "lr: 0.2\ntrain: {depth: 3}\n")
    bench.does["fit"] = bench.writes("model.pkl", "another model")
    assert evidence_of(bench).evaluation_data == first

    bench.write("test.csv", "3")

    assert evidence_of(bench).evaluation_data != first


def test_evaluation_data_that_are_named_but_nowhere_are_not_known(bench: Bench) -> None:
    bench.allow(gate=Gate(data=("nowhere.csv",)))

    assert evidence_of(bench).evaluation_data == ""


@pytest.mark.parametrize(
    ("dirty", "expected"),
    [
        pytest.param([], False, id="clean"),
        pytest.param(["README.md"], False, id="a-file-that-is-no-input"),
        pytest.param(["rows.csv"], True, id="data"),
        pytest.param(["fit.py"], True, id="code"),
        pytest.param(["params.yaml"], True, id="parameters"),
        pytest.param(["dvc.yaml"], True, id="the-pipeline"),
        pytest.param(["dvc.lock", "m.json", ".gitignore"], False, id="what-the-run-writes-itself"),
    ],
)
def test_uncommitted_inputs_make_a_run_dirty(
    bench: Bench, dirty: list[str], expected: bool
) -> None:
    bench.repo.dirty = dirty

    assert evidence_of(bench).is_dirty is expected


def test_a_colon_in_a_name_is_part_of_it(make_bench: Make) -> None:
    bench = make_bench(
        {"dvc.yaml": "stages: {f: {cmd: f, deps: ['t:1.csv'], outs: [o]}}\n", "t:1.csv": "1"}
    )
    bench.does["f"] = bench.writes("o", "o")
    bench.repo.dirty = ["t:1.csv"]

    assert evidence_of(bench).is_dirty


def test_a_file_below_a_declared_folder_makes_a_run_dirty(make_bench: Make) -> None:
    bench = make_bench(
        {"dvc.yaml": "stages: {f: {cmd: f, deps: [d], outs: [o]}}\n", "d/in/a.csv": "1"}
    )
    bench.does["f"] = bench.writes("o", "o")
    bench.repo.dirty = ["d/in/new.csv"]

    assert evidence_of(bench).is_dirty


def test_a_file_that_was_only_seen_to_be_read_makes_a_run_dirty(bench: Bench) -> None:
    bench.write("seen.ini", "x")
    bench.reads["fit"] = ["seen.ini"]
    bench.repo.dirty = ["seen.ini"]

    assert evidence_of(bench).is_dirty
