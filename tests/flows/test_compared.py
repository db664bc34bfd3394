"""A run's predictions beside the champion's, on projects in memory with real tables."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.flows.runs_with_predictions import (
    FILES,
    NAMED,
    ROWS,
    RULE,
    TRUTH,
    bench_with,
    csv,
    scores,
    walked,
)

from branchline.core.policy import Gate, Goal, MetricRule, OnInconclusive, PredictionColumns
from branchline.core.values import Outcome
from branchline.core.verdict.values import Answer
from branchline.core.verdict.verdict_json import verdict_to_json
from branchline.errors import MissingExtraError
from branchline.flows.judged_before import MANY, remarks_on, with_count
from branchline.ports.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray
    from tests.flows.conftest import Bench

    from branchline.core.evidence.tables import Form, Table
    from branchline.flows.finish import Finished

    Make = Callable[[Mapping[str, str]], Bench]


@pytest.fixture
def bench(make_bench: Make) -> Bench:
    return bench_with(make_bench, "p.csv")


def two(bench: Bench, ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> Finished:
    """The verdict on `ours` against the champion `theirs`."""
    first = walked(bench, csv(theirs), commit="a", said=theirs)
    assert first.verdict.outcome is Outcome.PASSED
    return walked(bench, csv(ours), commit="b", said=ours)


def test_the_same_model_is_no_worse_and_the_difference_is_exactly_0(bench: Bench) -> None:
    said = scores(100)

    finished = two(bench, said, said)

    (finding,) = finished.verdict.findings
    assert finding.outcome is Outcome.PASSED
    assert finding.noise is not None
    assert (finding.noise.low, finding.noise.high) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("wrong", "answer"), [(101, Answer.NO_WORSE), (180, Answer.WORSE), (40, Answer.BETTER)]
)
def test_a_change_is_judged_by_what_chance_leaves(bench: Bench, wrong: int, answer: Answer) -> None:
    finished = two(bench, scores(wrong), scores(100))

    assert finished.verdict.findings[0].answer is answer


def test_a_small_loss_in_a_small_set_cannot_be_told(bench: Bench) -> None:
    finished = two(bench, scores(120, seed=2), scores(100))

    assert finished.verdict.findings[0].answer is Answer.CANNOT_TELL
    assert finished.verdict.is_inconclusive


def test_the_champion_is_read_from_the_store_and_no_file_is_touched(bench: Bench) -> None:
    two(bench, scores(120), scores(100))

    assert bench.files["p.csv"] == csv(scores(120))


def test_rows_that_moved_change_nothing(bench: Bench) -> None:
    said = scores(100)
    walked(bench, csv(said), commit="a", said=said)
    order = np.random.default_rng(3).permutation(ROWS)

    moved = csv(said[order], ids=order, truth=TRUTH[order])
    finished = walked(bench, moved, commit="b", said=said)

    assert "every prediction is the same" in finished.verdict.findings[0].sentence


def test_asking_again_gives_the_same_bytes(bench: Bench) -> None:
    bench.allow(gate=Gate(metrics=(MetricRule(name="f1", max_regression=0.02),), predictions=NAMED))
    walked(bench, csv(scores(100)), commit="a", metrics={"f1": 0.9})
    first = walked(bench, csv(scores(120)), commit="b", metrics={"f1": 0.88})

    again = bench.run().finished

    assert again is not None
    assert not again.is_new
    assert json.dumps(verdict_to_json(again.verdict)) == json.dumps(verdict_to_json(first.verdict))


@pytest.mark.parametrize(
    ("table", "said"),
    [
        pytest.param(
            csv(scores(99)).replace(b"\n5,", b"\n4,", 1),
            "p.csv:7: id `4` stands twice",
            id="ids-twice",
        ),
        pytest.param(
            csv(np.where(np.arange(ROWS) == 3, np.nan, scores(99))),
            "p.csv:5: `s`: the value is not finite",
            id="nan",
        ),
        pytest.param(
            csv(scores(99)[:500], truth=TRUTH[:500]),
            "500 examples here, 1,000 in the baseline, 500 of them in both",
            id="fewer-examples",
        ),
        pytest.param(
            csv(scores(99), truth=1 - TRUTH),
            "the truth of 1,000 of 1,000 examples is another one",
            id="another-truth",
        ),
        pytest.param(
            b"id,y,score\n1,0,0.5\n",
            "p.csv has no column `s`. It has `id`, `y`, `score`",
            id="no-such-column",
        ),
        pytest.param(
            b"id,y,s\n1,0\n",
            "p.csv:2 cannot be read: Expected Number of Columns: 3 Found: 2",
            id="broken",
        ),
        pytest.param(b"\x00", "p.csv:1 names no columns, or one twice", id="no-table"),
    ],
)
def test_predictions_that_cannot_be_compared_are_unknown_with_their_reason(
    bench: Bench, table: bytes, said: str
) -> None:
    walked(bench, csv(scores(100)), commit="a", said=scores(100))

    finished = walked(bench, table, commit="b", said=scores(99))

    assert finished.verdict.outcome is Outcome.UNKNOWN
    assert not finished.verdict.is_inconclusive
    assert said in finished.verdict.findings[0].sentence


@pytest.mark.parametrize("metric", ["roc_auc", "accuracy"])
@pytest.mark.parametrize(
    ("table", "said"),
    [
        pytest.param(csv(np.full(ROWS, 0.7)), "very score in p.csv is 0.7", id="constant"),
        pytest.param(
            csv(scores(99), truth=np.ones(ROWS, int)),
            "very example of p.csv is of class `1`",
            id="one-class",
        ),
    ],
)
def test_odd_predictions_are_said_and_never_a_silent_half(
    bench: Bench, metric: str, table: bytes, said: str
) -> None:
    rule = MetricRule(name=metric, max_regression=0.02)
    # The self-test would refuse such a first model, and there would be no champion.
    gate = Gate(metrics=(rule,), data=("eval.csv",), predictions=NAMED, selftest=False)
    bench.allow(gate=gate)
    walked(bench, table, commit="a", metrics={metric: 0.9})

    finished = walked(bench, table + b"", commit="b", metrics={metric: 0.9})

    assert any(said in remark for remark in finished.verdict.remarks) or any(
        said in finding.sentence for finding in finished.verdict.findings
    )
    if metric == "roc_auc":
        assert finished.verdict.outcome is Outcome.UNKNOWN


def test_scores_of_the_other_class_are_not_compared(bench: Bench) -> None:
    rule = MetricRule(name="roc_auc", max_regression=0.02)
    bench.allow(gate=Gate(metrics=(rule,), data=("eval.csv",), predictions=NAMED))
    said = scores(100)
    area = _area(said)
    walked(bench, csv(said), commit="a", metrics={"roc_auc": area})

    finished = walked(bench, csv(1 - said), commit="b", metrics={"roc_auc": area})

    assert finished.verdict.outcome is Outcome.UNKNOWN
    assert "seem to be those of the other class" in finished.verdict.findings[0].sentence


def _area(said: NDArray[np.float64]) -> float:
    rounded = np.round(said, 6)
    ours, theirs = rounded[TRUTH == 1], rounded[TRUTH == 0]
    above = (ours[:, None] > theirs[None, :]).mean()
    return float(above + 0.5 * (ours[:, None] == theirs[None, :]).mean())


def test_a_hidden_loss_in_one_group_is_found_and_named(bench: Bench) -> None:
    bench.allow(
        gate=Gate(
            metrics=(MetricRule(name="accuracy", max_regression=0.1),),
            data=("eval.csv",), predictions=NAMED, slices=("site",),
        )
    )  # fmt: skip
    sites = np.where(np.arange(ROWS) < 57, "C", np.where(np.arange(ROWS) % 3 == 0, "B", "A"))
    theirs = scores(50)
    ours = theirs.copy()
    hit = np.flatnonzero(sites == "B")[:80]
    ours[hit] = 1 - ours[hit]
    walked(bench, csv(theirs, more=sites), commit="a", said=theirs)

    finished = walked(bench, csv(ours, more=sites), commit="b", said=ours)

    by_part = {finding.where: finding for finding in finished.verdict.findings}
    assert by_part[""].outcome is not Outcome.FAILED
    assert by_part["site=B"].outcome is Outcome.FAILED
    assert "where `site` is `B`" in by_part["site=B"].sentence
    assert by_part["site=A"].outcome is Outcome.PASSED
    assert by_part["site=C"].sentence.endswith("not judged (57 rows).")
    assert finished.verdict.outcome is Outcome.FAILED


def test_a_small_group_with_a_great_loss_is_shown_and_changes_nothing(bench: Bench) -> None:
    gate = Gate(metrics=(RULE,), data=("eval.csv",), predictions=NAMED, slices=("site",))
    bench.allow(gate=gate)
    sites = np.where(np.arange(ROWS) < 57, "C", "A")
    theirs = scores(50)
    ours = theirs.copy()
    ours[:12] = 1 - ours[:12]
    walked(bench, csv(theirs, more=sites), commit="a", said=theirs)

    finished = walked(bench, csv(ours, more=sites), commit="b", said=ours)

    small = next(f for f in finished.verdict.findings if f.where == "site=C")
    assert small.sentence == "`accuracy` where `site` is `C`: not judged (57 rows)."
    assert finished.verdict.outcome in (Outcome.PASSED, Outcome.UNKNOWN)
    assert not any(f.outcome is Outcome.FAILED for f in finished.verdict.findings)


def test_a_regression_where_less_is_better(make_bench: Make) -> None:
    columns = PredictionColumns(path="p.npz", target="y", prediction="v", id="id")
    rule = MetricRule(name="rmse", goal=Goal.MINIMIZE, max_regression=0.01)
    bench = bench_with(make_bench, "p.npz", metrics=(rule,), predictions=columns)
    random = np.random.default_rng(5)
    truth = random.normal(size=800)

    def table(sd: float) -> tuple[bytes, dict[str, float]]:
        said = truth + sd * np.random.default_rng(6).normal(size=800)
        held = io.BytesIO()
        np.savez(held, id=np.arange(800), y=truth, v=said)
        return held.getvalue(), {"rmse": float(np.sqrt(((truth - said) ** 2).mean()))}

    data, metrics = table(0.5)
    walked(bench, data, commit="a", path="p.npz", metrics=metrics)
    data, metrics = table(0.8)

    finished = walked(bench, data, commit="b", path="p.npz", metrics=metrics)

    assert finished.verdict.findings[0].answer is Answer.WORSE
    assert "where less is better" in finished.verdict.findings[0].sentence


def test_without_predictions_a_project_hears_once_what_would_help(make_bench: Make) -> None:
    bench = bench_with(make_bench, "model", predictions=None)
    first = walked(bench, b"x", commit="a", path="model", metrics={"accuracy": 0.9})

    second = walked(bench, b"x", commit="b", path="model", metrics={"accuracy": 0.9})

    assert first.verdict.remarks == ()
    (remark,) = second.verdict.remarks
    assert "predictions.csv" in remark


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("absent.csv", "this run left no such file"),
        ("eval.csv", "is no output of a stage"),
        ("p.txt", "ends in none of .csv"),
    ],
)
def test_a_named_file_that_is_no_output_is_said(bench: Bench, path: str, said: str) -> None:
    columns = PredictionColumns(path=path, target="y", scores=("s",))
    bench.allow(gate=Gate(metrics=(RULE,), predictions=columns))

    finished = walked(bench, csv(scores(100)), commit="a", said=scores(100))

    assert finished.verdict.outcome is Outcome.UNKNOWN
    assert said in finished.verdict.findings[0].sentence


def test_a_champion_without_predictions_is_compared_by_its_number(make_bench: Make) -> None:
    bench = bench_with(make_bench, "model", predictions=None)
    walked(bench, b"x", commit="a", path="model", metrics={"accuracy": 0.9})
    bench.write("dvc.yaml", FILES["dvc.yaml"].replace("OUT", "p.csv"))
    bench.allow(gate=Gate(metrics=(RULE,), data=("eval.csv",), predictions=NAMED))

    finished = walked(bench, csv(scores(100)), commit="b", said=scores(100))

    assert finished.verdict.outcome is Outcome.PASSED
    assert finished.verdict.remarks == (
        "The baseline left no `p.csv`: plain numbers were compared with it.",
    )


def test_a_champion_whose_predictions_are_gone_is_not_known(bench: Bench) -> None:
    walked(bench, csv(scores(100)), commit="a", said=scores(100))
    bench.store.objects.clear()

    finished = walked(bench, csv(scores(99)), commit="b", said=scores(99))

    assert finished.verdict.outcome is Outcome.UNKNOWN
    assert "in the baseline (run aaaaaaa): `p.csv` is not in the store" in (
        finished.verdict.findings[0].sentence
    )


def test_how_many_candidates_a_set_has_judged_is_counted(bench: Bench) -> None:
    evidence = two(bench, scores(101), scores(100)).evidence
    facts = evidence.predictions
    assert facts is not None
    assert facts.judged == 2
    runs: list[dict[str, Any]] = [
        {"model": "m", "examples": facts.examples, "candidate": str(n)} for n in range(MANY - 1)
    ]

    def judged(*more: dict[str, Any]) -> int:
        counted = with_count(evidence, "m", [*runs[1:], *more]).predictions
        assert counted is not None
        return counted.judged

    assert judged() == MANY - 1
    assert judged({**runs[0], "examples": "other"}) == MANY - 1
    assert judged({**runs[0], "model": "other"}) == MANY - 1
    assert judged(runs[0]) == MANY
    assert remarks_on(with_count(evidence, "m", runs[1:])) == ()
    (remark,) = remarks_on(with_count(evidence, "m", runs))
    assert remark.startswith("This evaluation set has judged 50 candidates")


@pytest.mark.parametrize(
    ("policy", "outcome"),
    [
        (OnInconclusive.WARN, Outcome.UNKNOWN),
        (OnInconclusive.FAIL, Outcome.FAILED),
        (OnInconclusive.APPROVE, Outcome.UNKNOWN),
    ],
)
def test_what_an_open_verdict_becomes(
    bench: Bench, policy: OnInconclusive, outcome: Outcome
) -> None:
    bench.allow(
        gate=Gate(metrics=(RULE,), data=("eval.csv",), predictions=NAMED, on_inconclusive=policy)
    )

    finished = two(bench, scores(120, seed=2), scores(100))

    assert finished.verdict.outcome is outcome
    assert finished.verdict.is_inconclusive


class NotInstalled(Tables):
    """What reads tables where the extra is missing."""

    def names(self, data: bytes, form: Form, *, file: str) -> Sequence[str]:
        raise MissingExtraError(f"{file} cannot be read: `duckdb` is not installed", todo="Do.")

    def read(self, data: bytes, form: Form, columns: Sequence[str], *, file: str) -> Table:
        raise MissingExtraError(f"{file} cannot be read: `duckdb` is not installed", todo="Do.")


def test_without_the_extra_named_predictions_are_unknown_and_found_ones_a_remark(
    make_bench: Make,
) -> None:
    named = bench_with(make_bench, "p.csv")
    found = bench_with(make_bench, "predictions.csv", predictions=None)
    named.tables = found.tables = NotInstalled()
    metrics = {"accuracy": 0.9}

    first = walked(named, b"x", commit="a", metrics=metrics)
    second = walked(found, b"x", commit="a", path="predictions.csv", metrics=metrics)

    assert first.verdict.outcome is Outcome.UNKNOWN
    assert "`duckdb` is not installed. Do." in first.verdict.findings[0].sentence
    assert second.verdict.outcome is Outcome.PASSED
    assert "`duckdb` is not installed. Do." in second.verdict.remarks[0]


def test_examples_of_one_group_are_not_independent(make_bench: Make) -> None:
    columns = PredictionColumns(path="p.csv", target="y", scores=("s",), id="id", group="site")
    users = np.arange(ROWS) // 10
    bench = bench_with(make_bench, "p.csv", predictions=columns)
    theirs = scores(100)
    walked(bench, csv(theirs, more=users), commit="a", said=theirs)
    ours = theirs.copy()
    ours[:40] = 1 - ours[:40]  # all of four users

    finished = walked(bench, csv(ours, more=users), commit="b", said=ours)

    noise = finished.verdict.findings[0].noise
    assert noise is not None
    assert noise.groups == 100
    assert "1,000 examples of 100 groups" in finished.verdict.findings[0].sentence


def test_a_ranking_is_compared_by_query(make_bench: Make) -> None:
    columns = PredictionColumns(path="p.csv", target="y", scores=("s",), id="id", query="site")
    rule = MetricRule(name="ndcg@5", max_regression=0.02)
    queries = np.arange(ROWS) // 10
    bench = bench_with(make_bench, "p.csv", predictions=columns, metrics=(rule,))
    walked(bench, csv(scores(50), more=queries), commit="a", metrics={"ndcg@5": 0.9})

    finished = walked(bench, csv(scores(450), more=queries), commit="b", metrics={"ndcg@5": 0.9})

    assert finished.verdict.findings[0].answer is Answer.WORSE


def test_an_output_that_git_keeps_is_found_in_the_commit_of_the_champion(
    make_bench: Make,
) -> None:
    bench = bench_with(make_bench, "{p.csv: {cache: false}}")
    theirs = scores(100)
    walked(bench, csv(theirs), commit="a", said=theirs)
    bench.repo.files["a" * 40, "p.csv"] = csv(theirs)

    finished = walked(bench, csv(scores(180)), commit="b", said=scores(180))

    assert finished.verdict.findings[0].answer is Answer.WORSE


def test_predictions_within_a_folder_of_reports(make_bench: Make) -> None:
    bench = bench_with(make_bench, "reports", predictions=None)
    table = csv(scores(100)).replace(b"id,y,s", b"id,y_true,y_score")
    path = "reports/test_predictions.csv"
    walked(bench, table, commit="a", path=path, said=scores(100))

    finished = walked(bench, table, commit="b", path=path, said=scores(100))

    assert "every prediction is the same" in finished.verdict.findings[0].sentence
