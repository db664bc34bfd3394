"""A box with a story in it: pull requests, checks, a report, jobs, a model. For tests and pictures.

The repository, its ledger and its logs are real; only the training is told, not done.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from branchline import wiring
from branchline.core.evidence.values import Evidence, Metric, StageFacts
from branchline.core.policy import Gate, Goal, MetricRule
from branchline.core.run.jobs import JobState, NewJob
from branchline.core.values import Outcome
from branchline.core.verdict.values import Baseline, Finding, Verdict
from branchline.flows.pulls import Pulls
from branchline.flows.remotes import BoxOptions
from branchline.ports.branches import Signature
from branchline.ports.forge import Check, CheckState, Comment, NewPull
from branchline.ports.queue import Ending
from branchline.ports.registry import NewVersion
from branchline.render.markdown import report
from branchline.render.run_view import RunView, StageView
from branchline.wiring import desks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.flows.desk import Desk
    from branchline.ports.forge import Pull

NOW = 1_790_000_000.0
ADA = Signature(name="Ada Lovelace", email="ada@example.org", at=NOW)
BOT = "Branchline <branchline@localhost>"
PARAMS = """\
# Training. The tuner writes here.
train:
  kind: gbm  # rf or gbm
  learning_rate: 0.1
  depth: 4
  rounds: 300
seed: 7
"""
TRAIN = '''\
"""Train the classifier."""

from tumour.settings import settings
from tumour.tables import load


def train(path: str) -> "Model":
    table = load(path)
    options = settings("train")
    model = estimator(options.kind, depth=options.depth)
    return model.fit(table.features, table.labels)
'''
GATE = Gate(
    metrics=(
        MetricRule(name="roc_auc", min=0.9, max_regression=0.01),
        MetricRule(name="recall", min=0.85),
        MetricRule(name="latency_ms", goal=Goal.MINIMIZE, max=20),
    )
)


def tell(folder: Path, *, hostile: bool = False) -> Path:
    """Make the box below an empty folder.

    Args:
        folder: Where.
        hostile: Adds a pull request whose every text tries to break out of the page.

    Returns:
        Path of the box.
    """
    clone, box = folder / "work", folder / "tumours.git"
    _start(clone)
    wiring.make_box(str(box), BoxOptions(name="box"))
    _branch(clone, "training/3f9c2ab", {"params.yaml": _better(PARAMS)}, "Use the best parameters")
    _branch(
        clone,
        "wider-table",
        {
            "src/train.py": TRAIN.replace("options.kind,", "options.kind, jobs=4,"),
            "notes.md": "#\n",
        },
        "Train on four cores",
    )
    if hostile:
        _branch(clone, "evil", {"<b>x&.yaml": "a: '<script>alert(1)</script>'\n"}, "<i>evil</i>")
    _git(box, "fetch", "-q", str(clone), "+refs/heads/*:refs/heads/*")
    with desks.open_desk(str(box)) as desk:
        _pulls(desk)
        _jobs(desk)
        _model(desk)
        if hostile:
            _hostile(desk)
    return box


class _Quiet:
    """An intake that starts nothing."""

    def pushed(
        self, branch: str, *, old: str, new: str, by: str, event: str, held: str = ""
    ) -> None:
        """See `flows.pull_events.Intake`."""

    def opened(self, pull: Pull, *, by: str, event: str) -> None:
        """See `flows.pull_events.Intake`."""


def _pulls(desk: Desk) -> None:
    forge = desk.pulls.forge
    pulls = Pulls(forge, desk.pulls.branches, _Quiet(), lambda: NOW + 700)
    first, _ = pulls.create(
        NewPull(title="Train on four cores", head="wider-table", base="main", author=_name(ADA))
    )
    _check(desk, first.commit, CheckState.FAILED, "recall is 0.8412, at least 0.85 is wanted", 2)
    second, _ = pulls.create(
        NewPull(
            title="Train with the best parameters of 24 trials",
            head="training/3f9c2ab",
            base="main",
            author=BOT,
            body=_ABOUT,
            labels=("tuning",),
            needs_approval=True,
        )
    )
    forge.approve(second.number, by=_name(ADA), commit=second.commit, at=NOW)
    _check(
        desk, second.commit, CheckState.PASSED, "3 of 3 bars passed; roc_auc 0.9512 (+0.0074)", 3
    )
    body = report(_run(second.commit), _baseline(), GATE)
    forge.comment(
        second.number, Comment(body=body, author="Branchline", marker="report", at=NOW + 900)
    )
    forge.comment(
        second.number,
        Comment(
            body="Depth 6 is as deep as the table carries. Fine by me.",
            author=_name(ADA),
            at=NOW + 960,
        ),
    )


def _jobs(desk: Desk) -> None:
    heads = desk.pulls.branches.heads()
    asked = [
        ("tune", "tuning/search", heads["main"], "rule `tuning/**` says tune for `tuning/search`"),
        ("train", "wider-table", heads["wider-table"], "a pull request into `main`"),
        ("train", "training/3f9c2ab", heads["training/3f9c2ab"], "rule `training/**` says train"),
        ("train", "training/live", heads["main"], "rule `training/**` says train"),
    ]
    endings = [
        Ending(state=JobState.SUCCEEDED, detail="24 trials; the best has roc_auc 0.9512"),
        Ending(
            state=JobState.SUCCEEDED,
            run="7c1d02e",
            outcome="failed",
            detail="recall is 0.8412, at least 0.85 is wanted",
        ),
        Ending(
            state=JobState.SUCCEEDED, run="3f9c2ab", outcome="passed", detail="3 of 3 bars passed"
        ),
        None,
    ]
    for index, ((kind, branch, commit, reason), ending) in enumerate(
        zip(asked, endings, strict=True)
    ):
        at = NOW + 200 * index
        (number,) = desk.queue.enqueue(
            [
                NewJob(
                    kind=kind,
                    trigger="push",
                    branch=branch,
                    commit=commit,
                    reason=reason,
                    model="tumour-classifier",
                    pusher=_name(ADA),
                    latest_wins=False,
                )
            ],
            event=f"sample-{index}",
            at=at,
        )
        name = f"sample-{index}"
        desk.queue.claim(name, lambda queued, _: queued[0].job, lease_s=1e9, at=at + 2)
        station = "effects" if ending else "run"
        desk.queue.beat(number, name, lease_s=1e9, at=at + 3, station=station)
        log = Path(desk.log_path(number))
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(_LOG)
        if ending:
            desk.queue.end(number, name, ending, at=at + 61.4)


def _model(desk: Desk) -> None:
    registry = desk.registry()
    assert registry is not None
    heads = desk.pulls.branches.heads()
    for index, (auc, branch) in enumerate(((0.9438, "main"), (0.9512, "training/3f9c2ab"))):
        version, _ = registry.register(
            NewVersion(
                model="tumour-classifier", commit=heads[branch], run=f"r{index}",
                digest=f"md5:{index:032x}",
                outcome="passed", metrics={"roc_auc": auc, "recall": 0.88 + index / 100},
                by=_name(ADA),
            )
        )  # fmt: skip
        stage = "production" if index == 0 else "staging"
        registry.assign("tumour-classifier", version.version, stage, by=_name(ADA))


def _hostile(desk: Desk) -> None:
    pull, _ = desk.pulls.create(
        NewPull(
            title='<script>alert("title")</script>',
            head="evil",
            base="main",
            author="<img src=x onerror=alert(2)> <e@x>",
            body=_EVIL,
            labels=("<b>label</b>",),
        )
    )
    _check(desk, pull.commit, CheckState.UNKNOWN, "<svg onload=alert(3)>", 1)
    for marker in ("report", ""):
        comment = Comment(body=_EVIL, author="<u>who</u>", marker=marker, at=NOW)
        desk.pulls.forge.comment(pull.number, comment)


def _check(desk: Desk, commit: str, state: CheckState, summary: str, job: int) -> None:
    check = Check(name="branchline/tumour-classifier", state=state, summary=summary, job=job)
    desk.pulls.forge.set_check(commit, check, at=NOW)


def _run(commit: str) -> RunView:
    findings = (
        Finding(
            metric="roc_auc", outcome=Outcome.PASSED, rule="min",
            sentence="`roc_auc` is 0.9512, at least 0.9 is wanted",
        ),
        Finding(
            metric="roc_auc", outcome=Outcome.PASSED, rule="max_regression",
            sentence="`roc_auc` rose by 0.0074 against the baseline",
        ),
        Finding(
            metric="recall", outcome=Outcome.PASSED, rule="min",
            sentence="`recall` is 0.8902, at least 0.85 is wanted",
        ),
        Finding(
            metric="latency_ms", outcome=Outcome.PASSED, rule="max",
            sentence="`latency_ms` is 11.3, at most 20 is wanted",
        ),
    )  # fmt: skip
    baseline = Baseline(run="9b21f70", via="alias `production`")
    return RunView(
        run="3f9c2ab",
        model="tumour-classifier",
        commit=commit,
        branch="training/3f9c2ab",
        started_at="2026-09-21T13:47:12Z",
        duration_s=58.4,
        outcome="passed",
        stages=(
            StageView(stage="prepare", action="reuse", reason="nothing changed"),
            StageView(
                stage="train",
                action="run",
                reason="`params.yaml:train.depth` is 6, was 4",
                changes=(
                    "`params.yaml:train.depth` is 6, was 4",
                    "`params.yaml:train.learning_rate` is 0.042, was 0.1",
                ),
                compared_with="9b21f70",
            ),
            StageView(
                stage="evaluate", action="run", reason="`model/` comes from `train`, which ran"
            ),
        ),
        evidence=_evidence(0.9512, 0.8902, 11.3, {"depth": 6, "learning_rate": 0.042}, "3f9c2ab"),
        verdict=Verdict(
            outcome=Outcome.PASSED,
            findings=findings,
            baseline=baseline,
            summary="3 metrics reach their bars; `roc_auc` is better than that of run `9b21f70`.",
        ),
    )


def _baseline() -> RunView:
    evidence = _evidence(0.9438, 0.8815, 9.8, {"depth": 4, "learning_rate": 0.1}, "9b21f70")
    return RunView(run="9b21f70", model="tumour-classifier", outcome="passed", evidence=evidence)


def _evidence(
    auc: float, recall: float, latency: float, params: Mapping[str, float], run: str
) -> Evidence:
    figures = {"roc_auc": auc, "recall": recall, "latency_ms": latency}
    return Evidence(
        metrics=tuple(
            Metric(name=name, value=value, text=str(value), file="metrics.json", stage="evaluate")
            for name, value in figures.items()
        ),
        params={f"params.yaml:train.{name}": value for name, value in params.items()},
        stages=(
            StageFacts(stage="prepare", action="reuse", key="a", run="9b21f70"),
            StageFacts(
                stage="train", action="run", key="b", run=run, duration_s=49.2, cpu_s=94.0,
                peak_memory_bytes=612_000_000,
            ),
            StageFacts(
                stage="evaluate", action="run", key="c", run=run, duration_s=4.1, cpu_s=4.0,
                peak_memory_bytes=301_000_000,
            ),
        ),
        versions={"Python": "3.11.7"},
        evaluation_data="5c2f8e11aa90",
    )  # fmt: skip


def _better(text: str) -> str:
    return text.replace("0.1\n", "0.042\n").replace("depth: 4", "depth: 6").replace("300", "420")


def _name(who: Signature) -> str:
    return f"{who.name} <{who.email}>"


def _start(clone: Path) -> None:
    clone.mkdir(parents=True)
    _git(clone, "init", "-q", "-b", "main")
    files = {"params.yaml": PARAMS, "src/train.py": TRAIN, "README.md": "# Tumours\n"}
    for name, text in files.items():
        path = clone / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    _git(clone, "add", ".")
    _git(clone, "commit", "-q", "-m", "Start")


def _branch(clone: Path, name: str, files: Mapping[str, str], message: str) -> None:
    _git(clone, "checkout", "-q", "-b", name, "main")
    for path, text in files.items():
        (clone / path).write_text(text)
    _git(clone, "add", ".")
    _git(clone, "commit", "-q", "-m", message)
    _git(clone, "checkout", "-q", "main")


def _git(folder: Path, *words: str) -> None:
    stamp = f"{int(NOW)} +0000"
    who = {
        f"GIT_{role}_{what}": text
        for role in ("AUTHOR", "COMMITTER")
        for what, text in (("NAME", ADA.name), ("EMAIL", ADA.email), ("DATE", stamp))
    }
    environment = {**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", *words], cwd=folder, env=environment, check=True, capture_output=True)


_ABOUT = """\
A search over `tuning/search` tried 24 of 36 combinations. This pull request writes the best of
them into `params.yaml`; approving it trains with exactly these values.

| rank | roc_auc | learning_rate | depth | rounds |
|---:|---:|---:|---:|---:|
| 1 | **0.9512** | 0.042 | 6 | 420 |
| 2 | 0.9498 | 0.042 | 5 | 420 |
| 3 | 0.9473 | 0.08 | 6 | 300 |
"""
_EVIL = """\
<script>alert('body')</script> ![x](https://evil.example/x.png) [click](javascript:alert(4))
<img src=x onerror=alert(5)> <!-- branchline:report --> @everyone

<div onclick=alert(6)>block</div>

| a | <code>b</code><br>c | <code><img src=x></code> |
|---|---|---|
| `</code><script>alert(7)</script>` | [d](data:text/html,<script>alert(8)</script>) | <style>*{} |

[ref]: javascript:alert(9)
[ref]
"""
_LOG = """\
trigger  pushed by Ada Lovelace: rule `training/**` says train
changes  params.yaml:train.depth is 6, was 4
plan     prepare: reused, nothing changed
plan     train: runs, `params.yaml:train.depth` is 6, was 4
run      train: started
\x1b[32mround 100\x1b[0m  loss 0.1931
 10 %\r 55 %\r100 %
round 420  loss 0.1274
run      train: done in 49.2 s
run      evaluate: started
"""
