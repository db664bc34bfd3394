"""A run with everything that a report can show: noise, slices, plots of every kind."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np

from branchline.core.evidence import Evidence, Metric, StageFacts
from branchline.core.evidence.curves import calibration_curve, ranked_curves
from branchline.core.evidence.values import Plot
from branchline.core.pipeline import Content
from branchline.core.policy import Gate, Goal, MetricRule
from branchline.core.values import Outcome
from branchline.core.verdict.values import Answer, Baseline, Finding, Noise, Verdict
from branchline.render.drawing import Drawing, drawings_of
from branchline.render.run_view import RunView, StageView

GATE = Gate(
    metrics=(
        MetricRule(name="roc_auc", min=0.9, max_regression=0.01),
        MetricRule(name="accuracy", max_regression=0.01),
        MetricRule(name="latency_ms", max=20, goal=Goal.MINIMIZE),
    ),
    slices=("site",),
)
NOISE = Noise(
    low=0.0012, high=0.0064, confidence=0.95, method="DeLong", examples=2000, sampling=0.0024,
    training=0.0009, runs=6,
)  # fmt: skip
OPEN = Noise(
    low=-0.0121, high=0.0081, confidence=0.95, method="McNemar (exact)", examples=2000,
    sampling=0.0098, training=None, needed_examples=3711, needed_runs=2, needed_s=1500,
)  # fmt: skip
BASELINE = Baseline(run="abc1234", via="alias `production`", commit="1" * 40)
ATTACKS = (
    "<script>alert(1)</script>",
    '" onload="x',
    "'><img src=x>",
    "`</code><b>",
    "a|b\\|`c",
    "@everyone #1 GH-1",
    "[x](http://evil.example) www.evil.example <!-- c -->",
    "\u202egnp.exe\u2066 \u200b\x1b[31m\x00",
    "a\nb\n# c\n```\n--- | ---",
)


def finding(metric: str, rule: str, outcome: Outcome, sentence: str, **more: object) -> Finding:
    return Finding(metric=metric, rule=rule, outcome=outcome, sentence=sentence, **more)  # type: ignore[arg-type] # a test's values


AUC = finding(
    "roc_auc", "max_regression", Outcome.PASSED,
    "`roc_auc` is 0.9251 and rose by 0.0038 from 0.9213; it is better.",
    value=0.9251, baseline=0.9213, bound=0.01, answer=Answer.BETTER, noise=NOISE,
)  # fmt: skip
FLOOR = finding("roc_auc", "min", Outcome.PASSED, "`roc_auc` is 0.9251; at least 0.9 is wanted.",
                value=0.9251, bound=0.9)  # fmt: skip
ACCURACY = finding(
    "accuracy", "max_regression", Outcome.UNKNOWN,
    "`accuracy` is 0.88 and fell by 0.002 from 0.882; chance leaves open whether that is a loss of "
    "more than 0.01.",
    value=0.88, baseline=0.882, bound=0.01, answer=Answer.CANNOT_TELL, noise=OPEN,
)  # fmt: skip
LATENCY = finding("latency_ms", "max", Outcome.PASSED,
                  "`latency_ms` is 12.4; at most 20 is wanted.", value=12.4, bound=20)  # fmt: skip
SLICES = tuple(
    finding(
        "roc_auc", "slices", outcome, f"`roc_auc` moved to {value}.", value=value,
        counts=outcome is Outcome.FAILED,
        baseline=0.92, bound=0.01, answer=answer, where=f"site={site}",
        noise=replace(NOISE, low=value - 0.94, high=value - 0.9, examples=count),
    )
    for site, value, outcome, answer, count in (
        ("Graz", 0.93, Outcome.PASSED, Answer.NO_WORSE, 811),
        ("Linz", 0.84, Outcome.FAILED, Answer.WORSE, 402),
        ("Wien", 0.918, Outcome.UNKNOWN, Answer.CANNOT_TELL, 730),
    )
)  # fmt: skip
SMALL = finding(
    "roc_auc", "slices", Outcome.UNKNOWN,
    "`roc_auc` where `site` is `Bregenz`: 57 examples, at least 200 are wanted.",
    where="site=Bregenz", counts=False,
)  # fmt: skip


def verdict_of(*findings: Finding, outcome: Outcome = Outcome.PASSED) -> Verdict:
    bad = [one for one in findings if one.outcome is outcome and one.counts]
    held = f"{len(bad)} of {sum(one.counts for one in findings)} bars"
    said = f"{outcome.value.capitalize()}: {held}, on `roc_auc`"
    summary = f"{said}, against run abc1234 (alias `production`)."
    return Verdict(outcome=outcome, findings=findings, baseline=BASELINE, summary=summary)


def run_of(verdict: Verdict | None = None, *, run: str = "def5678", auc: float = 0.9251) -> RunView:
    found = verdict or verdict_of(FLOOR, AUC, ACCURACY, LATENCY, *SLICES, SMALL,
                                  outcome=Outcome.FAILED)  # fmt: skip
    metrics = (("roc_auc", auc), ("accuracy", 0.88), ("latency_ms", 12.4), ("rows", 1234567))
    is_new = run == "def5678"
    evidence = Evidence(
        metrics=tuple(Metric(name=n, value=v, text=str(v), file="m.json") for n, v in metrics),
        params={"params.yaml:train.lr": 0.1 if is_new else 0.05, "params.yaml:train.kind": "gbm"},
        data={"data/train.csv": "a" * 32 if is_new else "b" * 32},
        outs={"model.pkl": "c" * 32},
        stages=(
            StageFacts(stage="prepare", action="reuse", key="1", run="abc1234", duration_s=2530.0),
            StageFacts(stage="train", action="run", key="2", run=run, duration_s=72.4, cpu_s=70.0,
                       peak_memory_bytes=2**30),
        ),
        evaluation_data="e" * 64,
        versions={"python": "3.11.7"},
    )  # fmt: skip
    return RunView(
        run=run, model="tumour-classifier", commit="2" * 40, branch="training/lr",
        subject="Raise the learning rate", started_at="2026-01-02T03:04:05Z", duration_s=75.0,
        outcome=found.outcome.value, evidence=evidence, verdict=found,
        stages=(
            StageView(stage="prepare", action="reuse", reason="nothing changed"),
            StageView(
                stage="train", action="run", compared_with="abc1234",
                reason="`train.lr` in `params.yaml` is 0.1, was 0.05",
                changes=("function `fit` of `src/train.py` changed", "only comments in `a.py`"),
            ),
        ),
    )  # fmt: skip


def plot(path: str, **options: object) -> Plot:
    return Plot(path=path, content=Content(md5="m"), options=options)  # type: ignore[arg-type] # JSON


PLOTS = (
    plot("roc.json", x="fpr", y="tpr", title="ROC", diagonal=True, x_label="false positive rate",
         y_label="true positive rate", note="Area 0.92; baseline 0.91."),
    plot("pr.json", x="recall", y="precision", title="Precision and recall"),
    plot("calibration.json", x="score", y="share", title="Calibration", diagonal=True),
    plot("confusion.csv", template="confusion", x="actual", y="predicted", title="Confusion"),
    plot("dvclive/plots/metrics/train/loss.tsv", title="Loss"),
    plot("history.yaml", x="epoch", y=["train", "val"], title="Learning curves", y_label="loss"),
    plot("importance.csv", template="bar_horizontal_sorted", x="gain", y="feature",
         title="What matters"),
    plot("points.csv", template="scatter", x="true", y="said", title="True and predicted"),
    plot("chart.vl.json"),
    plot("strange.vl.json", title="A chart of its own"),
    plot("broken.csv", title="Broken"),
)  # fmt: skip


def files_of(*, seed: int, lift: float) -> dict[str, bytes]:
    """The plot files of a run."""
    chance = np.random.default_rng(seed)
    truth = np.random.default_rng(0).random(3000) < 0.3
    scores = 1 / (1 + np.exp(-(chance.normal(size=3000) + lift * truth - 1)))
    found = ranked_curves(truth, scores)
    labels = np.array(["benign", "malignant", "not sure"])
    true, said = chance.integers(0, 3, 400), chance.integers(0, 3, 400)
    said = np.where(chance.random(400) < 0.8, true, said)
    epochs = [
        {"epoch": n, "train": math.exp(-n / 9 * lift) + 0.02, "val": math.exp(-n / 12) + n / 900}
        for n in range(40)
    ]  # fmt: skip
    chart = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json", "title": "By hour",
        "mark": "line", "data": {"values": [{"h": n, "v": n * n % 17, "k": "ab"[n % 2]}
                                            for n in range(24)]},
        "encoding": {"x": {"field": "h"}, "y": {"field": "v"}, "color": {"field": "k"}},
    }  # fmt: skip
    rows = "\n".join(f"{a},{b}" for a, b in zip(labels[true], labels[said], strict=True))
    return {
        "roc.json": json.dumps([{"fpr": x, "tpr": y} for x, y in found.roc]).encode(),
        "pr.json": json.dumps([{"recall": x, "precision": y} for x, y in found.pr]).encode(),
        "calibration.json": json.dumps(
            [{"score": x, "share": y} for x, y, _ in calibration_curve(truth, scores)]
        ).encode(),
        "confusion.csv": f"actual,predicted\n{rows}\n".encode(),
        "dvclive/plots/metrics/train/loss.tsv": b"step\tloss\n"
        + "".join(f"{n}\t{1 / (n + lift)}\n" for n in range(60)).encode(),
        "history.yaml": json.dumps({"epochs": epochs}).encode(),
        "importance.csv": b"gain,feature\n0.41,radius_worst\n0.22,texture\n-0.03,age_in_years\n",
        "points.csv": b"true,said\n"
        + "".join(f"{x:.4f},{x + chance.normal() / 9:.4f}\n" for x in chance.random(150)).encode(),
        "chart.vl.json": json.dumps(chart).encode(),
        "strange.vl.json": json.dumps({**chart, "mark": "arc"}).encode(),
        "broken.csv": b"",
    }


def drawings() -> tuple[Drawing, ...]:
    """Every kind of plot, with the baseline's beside it."""
    return drawings_of(PLOTS, files_of(seed=1, lift=1.9), earlier=files_of(seed=2, lift=1.5))
