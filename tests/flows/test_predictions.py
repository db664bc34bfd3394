"""Which of a run's files are its predictions, where nobody names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.flows.runs_with_predictions import ROWS, bench_with, csv, scores, walked

from branchline.core.values import Outcome
from branchline.core.verdict.values import Answer
from branchline.ports.repo import Head

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tests.flows.runs_with_predictions import Make

    from branchline.flows.finish import Finished


def test_predictions_are_found_by_name_and_columns(make_bench: Make) -> None:
    bench = bench_with(make_bench, "predictions.csv", predictions=None)
    ours, theirs = scores(180), scores(100)

    def table(said: NDArray[np.float64]) -> bytes:
        return csv(said).replace(b"id,y,s", b"id,y_true,y_score")

    walked(bench, table(theirs), commit="a", path="predictions.csv", said=theirs)

    finished = walked(bench, table(ours), commit="b", path="predictions.csv", said=ours)

    assert finished.verdict.findings[0].answer is Answer.WORSE
    assert finished.evidence.predictions is not None
    assert finished.evidence.predictions.count == ROWS


CONFUSION = """
    plots: [{confusion.csv: {x: actual, y: predicted, cache: false}}]
"""


def test_a_file_called_predictions_wins_over_a_plot_that_looks_like_one(make_bench: Make) -> None:
    """The usual confusion matrix, actual against predicted, is no second opinion."""
    bench = bench_with(make_bench, "predictions.csv", predictions=None)
    bench.write("dvc.yaml", bench.files["dvc.yaml"].decode().rstrip() + CONFUSION)
    table = csv(scores(100)).replace(b"id,y,s", b"id,y_true,y_score")

    def work(files: dict[str, bytes]) -> int:
        files.update({"predictions.csv": table, "m.json": b'{"accuracy": 0.9}'})
        files["confusion.csv"] = b"actual,predicted\n1,1\n0,1\n"
        return 0

    def walk(commit: str) -> Finished:
        bench.does["fit"] = work
        bench.repo.at = Head(commit=commit * 40, short=commit * 7, branch="main")
        bench.write("raw", commit)
        finished = bench.run().finished
        assert finished is not None
        return finished

    walk("a")

    finished = walk("b")

    assert finished.evidence.predictions is not None
    assert finished.evidence.predictions.path == "predictions.csv"
    assert finished.verdict.findings[0].answer is Answer.NO_WORSE
    assert not any("both look like" in remark for remark in finished.verdict.remarks)


def test_two_files_called_predictions_are_not_guessed_between(make_bench: Make) -> None:
    bench = bench_with(make_bench, "predictions.csv, test_predictions.csv", predictions=None)
    table = csv(scores(100)).replace(b"id,y,s", b"id,y_true,y_score")

    def work(files: dict[str, bytes]) -> int:
        files.update({"predictions.csv": table, "test_predictions.csv": table})
        files["m.json"] = b'{"accuracy": 0.9}'
        return 0

    bench.does["fit"] = work
    bench.run()
    bench.repo.at = Head(commit="b" * 40, short="b" * 7, branch="main")
    bench.write("raw", "b")

    finished = bench.run().finished

    assert finished is not None
    assert finished.verdict.findings[0].answer is None
    assert "both look like predictions" in finished.verdict.remarks[0]


def test_found_predictions_of_another_metric_are_not_used_and_that_is_said(
    make_bench: Make,
) -> None:
    bench = bench_with(make_bench, "predictions.csv", predictions=None)
    table = csv(scores(100)).replace(b"id,y,s", b"id,y_true,y_score")
    walked(bench, table, commit="a", path="predictions.csv", metrics={"accuracy": 0.7})

    finished = walked(bench, table, commit="b", path="predictions.csv", metrics={"accuracy": 0.7})

    assert finished.verdict.outcome is Outcome.PASSED
    assert finished.verdict.findings[0].answer is None
    assert "says 0.7, and the predictions make it 0.9" in finished.verdict.remarks[0]


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"id,y_true,target,score", "several columns that could be the truth"),
        (b"a,b,c,d", ""),
    ],
)
def test_what_is_not_clear_is_not_used(make_bench: Make, head: bytes, said: str) -> None:
    bench = bench_with(make_bench, "predictions.csv", predictions=None)
    table = head + b"\n1,0,0,0.5\n2,1,1,0.5\n"
    walked(bench, table, commit="a", path="predictions.csv", metrics={"accuracy": 0.9})

    finished = walked(bench, table, commit="b", path="predictions.csv", metrics={"accuracy": 0.9})

    assert finished.verdict.outcome is Outcome.PASSED
    assert said in finished.verdict.remarks[0]
