"""Runs of projects in memory that leave tables of predictions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from branchline.core.policy import Gate, MetricRule, PredictionColumns
from branchline.ports.repo import Head

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray
    from tests.flows.conftest import Bench

    from branchline.flows.finish import Finished

    Make = Callable[[Mapping[str, str]], Bench]

FILES = {
    "dvc.yaml": """
stages:
  fit:
    cmd: fit
    deps: [raw]
    outs: [OUT]
    metrics: [{m.json: {cache: false}}]
""",
    "eval.csv": "same",
    "raw": "1",
}
NAMED = PredictionColumns(path="p.csv", target="y", scores=("s",), id="id")
RULE = MetricRule(name="accuracy", max_regression=0.02)
ROWS = 1000
TRUTH = np.random.default_rng(0).integers(0, 2, ROWS)


def bench_with(make_bench: Make, out: str, **gate: Any) -> Bench:
    made = make_bench(FILES | {"dvc.yaml": FILES["dvc.yaml"].replace("OUT", out)})
    options: dict[str, Any] = {"metrics": (RULE,), "data": ("eval.csv",), "predictions": NAMED}
    made.allow(gate=Gate(**(options | gate)))
    return made


def scores(wrong: int, *, seed: int = 1) -> NDArray[np.float64]:
    """Scores of which so many lead to a wrong decision."""
    random = np.random.default_rng(seed)
    sure = 0.5 + 0.4 * random.random(ROWS) + 0.05
    right = np.where(TRUTH == 1, sure, 1 - sure)
    flipped = random.permutation(ROWS)[:wrong]
    right[flipped] = 1 - right[flipped]
    return right


def csv(
    said: NDArray[np.float64], *, ids: Any = None, truth: Any = TRUTH, more: Any = None
) -> bytes:
    ids = range(len(said)) if ids is None else ids
    head = "id,y,s" + (",site" if more is not None else "")
    rows = [
        f"{i},{t},{s:.6f}" + (f",{more[n]}" if more is not None else "")
        for n, (i, t, s) in enumerate(zip(ids, truth, said, strict=True))
    ]
    return ("\n".join([head, *rows]) + "\n").encode()


def walked(
    bench: Bench,
    table: bytes,
    *,
    commit: str,
    path: str = "p.csv",
    metrics: dict[str, float] | None = None,
    said: NDArray[np.float64] | None = None,
) -> Finished:
    """Commit something and run; the stage leaves this table."""
    if metrics is None:
        shown = said if said is not None else np.zeros(0)
        metrics = {"accuracy": float(((shown > 0.5) == TRUTH[: len(shown)]).mean())}

    def work(files: dict[str, bytes]) -> int:
        files.update({path: table, "m.json": json.dumps(metrics).encode()})
        return 0

    bench.repo.at = Head(commit=commit * 40, short=commit * 7, branch="main")
    bench.does["fit"] = work
    bench.write("raw", commit)
    finished = bench.run().finished
    assert finished is not None
    return finished
