"""How often the gate's comparisons are right where the truth is known, and how long they take.

    python benchmarks/gate.py [--cases 2000] [--only accuracy,roc_auc,...] [--no-timings]

Thousands of pairs of models with a known true difference each. For each setting:

- `proven worse`: p_worse < 1 - confidence. Where the true difference is 0 these are false
  alarms: at most the level, within Monte Carlo error.
- `low holds`, `high holds`: share of cases in which each one-sided bound holds.
- `blocked`, `passed`: what the gate's rule says (worse: the whole interval is a loss and the
  estimate lost more than the margin; no worse: the interval excludes a loss of the margin).
- `naive`: what "worse by more than the margin" blocks.

Writes benchmarks/results/gate.md and .json.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from branchline.core.policy import Goal
from branchline.core.verdict.noise.compare import compare
from branchline.core.verdict.noise.values import Difference, PairedExamples, Predicted

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Maker = Callable[[np.random.Generator], PairedExamples]

RESULTS = Path(__file__).parent / "results"
CONFIDENCE = 0.95
RESAMPLES = 1000
# The clock of a shared machine: processor seconds of this process.
GOALS_S = {"roc_auc": 2.0}
GOAL_OTHERS_S, GOAL_MEMORY = 10.0, 1e9


@dataclass(frozen=True)
class Setting:
    """Pairs of models whose true difference is known, in the direction "above 0 is better"."""

    name: str
    metric: str
    make: Maker
    true: float
    margin: float = 0.01
    goal: Goal = Goal.MAXIMIZE
    share_of_cases: float = 1.0


@dataclass
class Tally:
    """What a setting came to."""

    setting: Setting
    cases: int = 0
    problems: int = 0
    proven_worse: int = 0
    low_holds: int = 0
    high_holds: int = 0
    blocked: int = 0
    passed: int = 0
    naive: int = 0
    methods: set[str] = field(default_factory=set)

    def add(self, found: Difference) -> None:
        """One more case."""
        self.cases += 1
        self.methods.add(found.method)
        if found.problem:
            self.problems += 1
            return
        sign = 1 if found.goal is Goal.MAXIMIZE else -1
        gain = sign * found.estimate
        low, high = sorted((sign * found.low, sign * found.high))
        true, margin = self.setting.true, self.setting.margin
        self.proven_worse += found.p_worse < 1 - CONFIDENCE
        self.low_holds += low <= true
        self.high_holds += true <= high
        self.blocked += high < 0 and gain < -margin
        self.passed += low > -margin
        self.naive += gain < -margin

    def shares(self) -> dict[str, float]:
        """Each count as a share of the cases that were judged."""
        judged = max(self.cases - self.problems, 1)
        names = ("proven_worse", "low_holds", "high_holds", "blocked", "passed", "naive")
        return {name: getattr(self, name) / judged for name in names}


def right_or_wrong(
    count: int, true: float, *, discordant: float = 0.06, accuracy: float = 0.9
) -> Maker:
    """Examples on which each of two models is right or wrong, as in the reference."""
    gained, lost = (discordant + true) / 2, (discordant - true) / 2
    both = accuracy - lost

    def make(random: np.random.Generator) -> PairedExamples:
        counts = random.multinomial(count, [gained, lost, both, 1 - gained - lost - both])
        ours = np.repeat([1, 0, 1, 0], counts)
        theirs = np.repeat([0, 1, 1, 0], counts)
        return decided(np.ones(count, dtype=np.int64), ours, theirs)

    return make


def wrong_often(count: int, discordant: float) -> Maker:
    """No difference, on examples that 80 % of answers are right on."""
    return right_or_wrong(count, 0.0, discordant=discordant, accuracy=0.8)


def decided(
    truth: NDArray[np.int64],
    ours: NDArray[np.int64],
    theirs: NDArray[np.int64],
    clusters: NDArray[np.int64] | None = None,
) -> PairedExamples:
    return PairedExamples(
        truth=truth,
        classes=("no", "yes"),
        candidate=Predicted(decisions=ours.astype(np.int64)),
        champion=Predicted(decisions=theirs.astype(np.int64)),
        clusters=clusters,
    )


def users(groups: int, rows: int, icc: float) -> Maker:
    """Rows of users, some of whom one model serves better: no difference over all users."""

    def make(random: np.random.Generator) -> PairedExamples:
        clusters = np.repeat(np.arange(groups), rows)
        shared = random.normal(0, math.sqrt(icc), (2, groups))[:, clusters]
        said = shared + random.normal(0, math.sqrt(1 - icc), (2, len(clusters))) < 1.0
        return decided(np.ones(len(clusters), np.int64), said[0], said[1], clusters)

    return make


def naive_users(groups: int, rows: int, icc: float) -> Maker:
    """The same, taken for independent."""
    make = users(groups, rows, icc)

    def flat(random: np.random.Generator) -> PairedExamples:
        return replace(make(random), clusters=None)

    return flat


def scored(count: int, positives: float, apart: tuple[float, float], shared: float = 0.8) -> Maker:
    """Binormal scores: positives lie `apart` above negatives; the two models' scores correlate."""

    def make(random: np.random.Generator) -> PairedExamples:
        truth = (random.random(count) < positives).astype(np.int64)
        common = random.normal(size=count) * math.sqrt(shared)
        said = []
        for each in apart:
            raw = common + random.normal(size=count) * math.sqrt(1 - shared) + each * truth
            # By Bayes, so that 0.5 is the best bar and log-loss makes sense.
            logit = each * raw - each**2 / 2 + math.log(positives / (1 - positives))
            said.append(Predicted(scores=1 / (1 + np.exp(-logit))))
        return PairedExamples(
            truth=truth, classes=("no", "yes"), candidate=said[0], champion=said[1]
        )

    return make


def area(apart: float) -> float:
    """The true area under the curve of a binormal model."""
    return 0.5 * math.erfc(-apart / 2)


def apart_for(value: float) -> float:
    """The distance that gives this area, by bisection."""
    low, high = 0.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if area(middle) < value else (low, middle)
    return low


def valued(count: int, sds: tuple[float, float]) -> Maker:
    """A regression with errors of these standard deviations, heavy-tailed and correlated."""

    def make(random: np.random.Generator) -> PairedExamples:
        truth = random.normal(size=count)
        common = random.standard_t(6, count)
        said = []
        for sd in sds:
            error = 0.8 * common + 0.6 * random.standard_t(6, count)
            said.append(Predicted(scores=truth + sd * error / math.sqrt(1.5)))
        return PairedExamples(truth=truth, candidate=said[0], champion=said[1])

    return make


def settings() -> list[Setting]:
    """All settings."""
    found = [
        Setting(f"discordance 6 %, n={count}", "accuracy", right_or_wrong(count, true), true)
        for true in (0.0, -0.01, -0.02, 0.01)
        for count in (200, 500, 2000, 10_000)
    ]
    found += [
        Setting(f"discordance {100 * d:g} %, n={n}", "accuracy", wrong_often(n, d), 0.0)
        for d, n in ((0.01, 300), (0.02, 500), (0.3, 50), (0.3, 20))
    ]
    for groups, rows in ((200, 10), (30, 10)):
        text = f"{groups} users of {rows} rows, icc 0.5"
        found.append(Setting(text, "accuracy", users(groups, rows, 0.5), 0.0))
        found.append(Setting(text, "f1", users_f1(groups, rows, 0.5), 0.0, share_of_cases=0.5))
        text += ", taken for independent"
        found.append(Setting(text, "accuracy", naive_users(groups, rows, 0.5), 0.0))
    for count, positives in ((100, 0.1), (200, 0.1), (200, 0.5), (2000, 0.1)):
        for true in (0.0, -0.02):
            ours, theirs = apart_for(0.9 + true), apart_for(0.9)
            text = f"area 0.90, {100 * positives:g} % positive, n={count}"
            found.append(Setting(text, "roc_auc", scored(count, positives, (ours, theirs)), true))
    for metric in ("log_loss", "brier"):
        goal = Goal.MINIMIZE
        found += [
            Setting(f"n={n}", metric, scored(n, 0.3, (1.8, 1.8)), 0.0, goal=goal)
            for n in (30, 200, 2000)
        ]
    for count in (100, 500, 2000):
        for metric in ("f1", "average_precision", "mcc"):
            text = f"20 % positive, n={count}"
            maker = scored(count, 0.2, (1.8, 1.8), shared=0.9)
            found.append(Setting(text, metric, maker, 0.0, share_of_cases=0.25))
    for metric in ("mae", "rmse", "r2", "median_ae"):
        goal = Goal.MAXIMIZE if metric == "r2" else Goal.MINIMIZE
        share = 1.0 if metric == "mae" else 0.25
        found += [
            Setting(f"n={n}", metric, valued(n, (1.0, 1.0)), 0.0, goal=goal, share_of_cases=share)
            for n in (50, 500)
        ]
    found.append(
        Setting(
            "n=500",
            "rmse",
            valued(500, (1.05, 1.0)),
            -0.05,
            goal=Goal.MINIMIZE,
            share_of_cases=0.25,
        )
    )
    return found


def users_f1(groups: int, rows: int, icc: float) -> Maker:
    """Users as above, half of the rows of the other class."""
    make = users(groups, rows, icc)

    def half(random: np.random.Generator) -> PairedExamples:
        found = make(random)
        truth = random.integers(0, 2, found.count)
        said = [
            np.where(truth == 1, each.decisions, 1 - each.decisions)
            for each in (found.candidate, found.champion)
            if each.decisions is not None
        ]
        return decided(truth, said[0], said[1], found.clusters)

    return half


def simulate(setting: Setting, cases: int) -> Tally:
    """So many cases of a setting, seeded by its name."""
    tally = Tally(setting)
    seed = list(f"{setting.name} {setting.metric} {setting.true}".encode())
    random = np.random.default_rng(seed)
    known: dict[tuple[int, ...], Difference] = {}
    for case in range(cases):
        examples = setting.make(random)
        key = _counts(examples) if setting.metric == "accuracy" else None
        found = known.get(key) if key else None
        if found is None:
            found = compare(
                setting.metric,
                examples,
                goal=setting.goal,
                margin=setting.margin,
                confidence=CONFIDENCE,
                seed=case,
                resamples=RESAMPLES,
            )
        if key:
            known[key] = found
        tally.add(found)
    return tally


def _counts(examples: PairedExamples) -> tuple[int, ...] | None:
    """What decides an accuracy without groups: cases with the same are not computed again."""
    ours, theirs = examples.candidate.decisions, examples.champion.decisions
    if examples.clusters is not None or ours is None or theirs is None:
        return None
    return tuple(np.bincount(2 * ours + theirs, minlength=4).tolist())


def timings(count: int = 1_000_000) -> list[tuple[str, str, float, float]]:
    """Metric, method, processor seconds and peak memory at a million predictions."""
    random = np.random.default_rng(0)
    classes = scored(count, 0.3, (1.8, 1.8))(random)
    values = valued(count, (1.0, 1.0))(random)
    found = []
    for metric in (
        "accuracy",
        "log_loss",
        "roc_auc",
        "f1",
        "average_precision",
        "rmse",
        "median_ae",
    ):
        examples = values if metric in ("rmse", "median_ae") else classes
        began = time.process_time()
        done = compare(
            metric,
            examples,
            goal=Goal.MAXIMIZE,
            margin=0.01,
            confidence=CONFIDENCE,
            seed=1,
            resamples=2000,
        )
        took = time.process_time() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        found.append((metric, done.method, took, float(peak)))
    return found


def table(tallies: list[Tally]) -> str:
    """Markdown of what was simulated."""
    lines = [
        "| metric | setting | true | cases | none | proven worse | low holds | high holds "
        "| blocked | passed | naive |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for tally in tallies:
        shares = tally.shares()
        cells = " | ".join(f"{100 * share:.1f}" for share in shares.values())
        setting = tally.setting
        lines.append(
            f"| {setting.metric} | {setting.name} | {setting.true:+g} | {tally.cases} "
            f"| {tally.problems} | {cells} |"
        )
    return "\n".join(lines) + "\n"


def main() -> int:
    """1 where a false alarm rate lies above the level beyond chance, or a time above its goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--only", default="", help="metrics, by comma")
    parser.add_argument("--no-timings", action="store_true")
    options = parser.parse_args()
    only = [name for name in options.only.split(",") if name]
    tallies = []
    for setting in settings():
        if not only or setting.metric in only:
            tallies.append(simulate(setting, max(1, round(options.cases * setting.share_of_cases))))
            print(table(tallies[-1:]).splitlines()[-1], flush=True)
    text = f"Shares in per cent, one-sided confidence {CONFIDENCE}.\n\n{table(tallies)}"
    missed = [tally.setting.name for tally in tallies if _is_alarming(tally)]
    took = [] if options.no_timings else timings()
    for metric, method, seconds, peak in took:
        text += f"\n1,000,000 predictions, {metric}: {seconds:.2f} s, {peak / 1e9:.2f} GB, {method}"
        if seconds > GOALS_S.get(metric, GOAL_OTHERS_S) or peak > GOAL_MEMORY:
            missed.append(metric)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "gate.md").write_text(text + "\n")
    rows = [
        {
            "metric": t.setting.metric,
            "setting": t.setting.name,
            "true": t.setting.true,
            "cases": t.cases,
            **t.shares(),
        }
        for t in tallies
    ]
    (RESULTS / "gate.json").write_text(json.dumps({"simulated": rows, "timed": took}, indent=1))
    print(f"\n{text}\n{'missed: ' + ', '.join(missed) if missed else 'all goals met'}")
    return 1 if missed else 0


def _is_alarming(tally: Tally) -> bool:
    """More false alarms than the level by three standard errors, where they must not be."""
    if tally.setting.true != 0 or "independent" in tally.setting.name:
        return False
    judged = tally.cases - tally.problems
    level = 1 - CONFIDENCE
    return tally.proven_worse > judged * level + 3 * math.sqrt(judged * level * (1 - level)) + 1


if __name__ == "__main__":
    raise SystemExit(main())
