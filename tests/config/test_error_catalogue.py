"""What users are told about configurations that cannot be used: one line each, exact."""
# ruff: noqa: E501  # the expected lines stand whole, as users see them

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from branchline.config import load_pipeline, load_policy
from branchline.errors import BranchlineError, ConfigError, PipelineError

if TYPE_CHECKING:
    from pathlib import Path

POLICIES = [
    ("model: [a]", "1: model: is a list, must be a name of letters, digits, `-`, `_` and `/` that starts and ends with a letter or digit"),
    ("model: a b", "1: model: is 'a b', must be a name of letters, digits, `-`, `_` and `/` that starts and ends with a letter or digit"),
    ("pipeline: dvc.yaml", "1: needs `model: NAME`, or `models: {NAME: {...}}` for several"),
    ("model: a\nmodels: {b: {}}", "2: models: `model` and `models` exclude each other; keep one"),
    ("models:\n  Tumour: {train: x}\n  tumour: {train: y}", "3: models.tumour: differs only by case, which many disks do not tell apart (files, tags), from `Tumour`; give it another name"),
    ("models: {}", "1: models: is empty, must name at least one model"),
    ("model: a\nmonitr: {}", "2: monitr: unknown key; did you mean `monitor`?"),
    ("model: a\ntrain: python t.py\nstages: {b: {cmd: x}}", "2: train: stands beside `stages`; say once where stages are"),
    ("model: a\nstages:\n  b: {cmds: x}", "3: stages.b.cmds: unknown key; did you mean `cmd`?"),
    ("model: a\nstages:\n  b:\n    cmd: []", "4: stages.b.cmd: is an empty list; name at least one command"),
    ("model: a\nbranches:\n  main: {do: trian}", "3: branches.main.do: is the text 'trian', must be one of `train`, `tune`, `nothing`; did you mean `train`?"),
    ("model: a\nbranches:\n  main: {}", "3: branches.main: has no `do`: What a push to the branch starts."),
    ("model: a\nbranches: [main]", "2: branches: is a list, must be a mapping of branch patterns, each to a rule such as {do: train}"),
    ("model: a\ngate:\n  metrics:\n    auc: 0.9", "4: gate.metrics.auc: is the number 0.9, must be a rule such as {min: 0.9, max_regression: 0.01}"),
    ("model: a\ngate:\n  metrics:\n    auc: {max_regression: -0.1}", "4: gate.metrics.auc.max_regression: is the number -0.1, must be a number >= 0"),
    ("model: a\ngate:\n  metrics:\n    auc: {min: .nan}", "4: gate.metrics.auc.min: is the number nan, must be a number"),
    ("model: a\ngate:\n  metrics:\n    auc: {min: 2, max: 1}", "4: gate.metrics.auc.min: is 2, above `max` 1: nothing can pass; swap or drop one"),
    ("model: a\ngate:\n  metrics:\n    auc: {goal: minimize}", "4: gate.metrics.auc: sets no bar, so it can never fail; add one of `min`, `max`, `max_regression`, `max_relative_regression`, `min_gain`"),
    ("model: a\ngate:\n  metrics:\n    rmse: {goal: maximize, max_regression: 1}", "4: gate.metrics.rmse.goal: is `maximize`, but `rmse` is better when it is lower; drop `goal`, or give a metric that is another one a name of its own"),
    ("model: a\ngate:\n  metrics:\n    churn: {max_regression: 1}", "4: gate.metrics.churn: does not say which way is better, and `churn` does not tell either; add `goal: maximize` (or `goal: minimize`)"),
    ("model: a\ngate:\n  metrics:\n    latency_ms: {max_regression: 1}", "4: gate.metrics.latency_ms: does not say which way is better, and `latency_ms` sounds as if lower were; add `goal: minimize` (or `goal: maximize`)"),
    ("model: a\ngate:\n  metrics:\n    auc: {max_relative_regression: 150%}", "4: gate.metrics.auc.max_relative_regression: is the text '150%', must be a share such as 0.1 or 10%"),
    ("model: a\ngate: {confidence: 1}", "2: gate.confidence: is the number 1, must be a number > 0.5 and < 1"),
    ("model: a\nbranches:\n  t/*:\n    do: tune\n    open_pull_request: {branch: x, author: Bot}", "5: branches.t/*.open_pull_request.author: is 'Bot', must be a name and an address, as in `HP Bot <hp-bot@example.org>`"),
    ("model: a\nresources:\n  train: {gpus: two}", "3: resources.train.gpus: is the text 'two', must be a whole number >= 0"),
    ("model: a\nresources:\n  train: {memory: 32 gigs}", "3: resources.train.memory: is the text '32 gigs', must be a size such as 512M, 32G or 1024 (bytes)"),
    ("model: a\nresources:\n  train: {timeout: 3 hours}", "3: resources.train.timeout: is the text '3 hours', must be a duration such as 30m, 3h, 1d or 90 (seconds)"),
    ("model: a\nresources:\n  train: {runs_on: gpu}", "3: resources.train.runs_on: is the text 'gpu', must be a list, each item text"),
    ("model: a\nresources:\n  train: {cpus: 0}", "3: resources.train.cpus: is the number 0, must be a number > 0"),
    ("model: a\nenvironment: {variables: [MY-VAR]}", "2: environment.variables.0: is 'MY-VAR', must be a variable's name"),
    ("model: a\nchanges: {docstrings: no}", "2: changes.docstrings: is the text 'no', must be one of `significant`, `ignore`"),
    ("model: a\nlink: hard", "2: link: is the text 'hard', must be one of `reflink`, `hardlink`, `symlink`, `copy`; did you mean `hardlink`?"),
    ("model: a\nstore: {link: copy, uri: x}", "2: store.uri: unknown key; did you mean `url`?"),
    ("model: a\nregistry: {kind: git, uri: 'http://${HOST}'}", "2: registry.uri: is 'http://${HOST}'; only a whole value can be a reference: ${env:NAME}"),
    ("model: a\nchecks:\n- {run: ruff}", "3: checks.0: has no `name`: Name of the check, as reported."),
    ("model: a\nchecks:\n- {name: 3.10, run: ruff}", "3: checks.0.name: is the number 3.1, must be text; quote it: '3.1'"),
    ("model: a\ntune:\n  objective: {metric: auc}\n  space: {lr: {float: [1, 0]}}", "4: tune.space.lr.float: is [1, 0], must be [low, high] with low < high"),
    ("model: a\ntune:\n  objective: {metric: auc}\n  space: {lr: {float: [0, 1], log: true}}", "4: tune.space.lr.float: is [0, 1]; with `log: true` both must be > 0"),
    ("model: a\ntune:\n  objective: {metric: auc}\n  space: {lr: {}}", "4: tune.space.lr: needs exactly one of `float`, `int`, `choice`, `fixed`"),
    ("model: a\ntune:\n  objective: {metric: auc}\n  space: {'env:LR': [1]}", "4: tune.space.env:LR: write it as $LR"),
    ("model: a\ntune:\n  objective: {metric: val_loss}", "3: tune.objective: does not say which way is better, and `val_loss` sounds as if lower were; add `goal: minimize` (or `goal: maximize`)"),
    ("model: a\ntune:\n  objective:\n  - {metric: auc}\n  - {metric: size_mb}", "5: tune.objective.1: does not say which way is better, and `size_mb` does not tell either; add `goal: maximize` (or `goal: minimize`)"),
    ("model: a\ntune:\n  objective: {metric: rmse, goal: maximize}", "3: tune.objective.goal: is `maximize`, but `rmse` is better when it is lower; drop `goal`, or give a metric that is another one a name of its own"),
    ("model: a\ntune:\n  objective: {metric: auc}\n  pruner: {metric: val_loss}", "4: tune.pruner: does not say which way `val_loss` is better, which does not sound like the objective (auc, maximize); add `goal: minimize` (or `goal: maximize`)"),
    ("model: a\ntune: {space: {lr: [1]}}", "2: tune: has no `objective`: What is optimised. Of several that trade off, you choose the trial."),
    ("model: a\nretrain: {schedule: daily}", "2: retrain.schedule: is 'daily', must be five fields of cron, such as 17 2 * * 1"),
    ("model: a\nmonitor:\n  schedule: 0 0 30 2 *\n  source: x.csv", "3: monitor.schedule: is '0 0 30 2 *', which never comes: no month of these has such a day; write five fields of cron, such as 17 2 * * 1"),
    ("model: a\nretrain:\n  schedule: 0 0 31 4,6 *", "3: retrain.schedule: is '0 0 31 4,6 *', which never comes: no month of these has such a day; write five fields of cron, such as 17 2 * * 1"),
    ("model: a\nmonitor:\n  schedule: 0 25 * * *\n  source: x.csv", "3: monitor.schedule: is '0 25 * * *': `25` is not in 0 to 23; write five fields of cron, such as 17 2 * * 1"),
    ("model: a\ndeploy:\n  production: {steps: [50, 10]}", "3: deploy.production.steps: is [50, 10]; must rise and end with 100, e.g. [10, 50, 100]"),
    ("model: a\ndeploy:\n  production: {run: x, secrets: [TOKEN, LD_PRELOAD]}", "3: deploy.production.secrets.1: is 'LD_PRELOAD', by which shells, loaders and interpreters choose what they run, so that whoever sets it would run code of theirs; give it another name, and let the command set what it needs"),
    ("model: a\ndeploy:\n  environments:\n    live: {run: x, variables: [PATH]}", "4: deploy.environments.live.variables.0: is 'PATH', by which shells, loaders and interpreters choose what they run, so that whoever sets it would run code of theirs; give it another name, and let the command set what it needs"),
    ("model: a\ngithub:\n  secrets: [BASH_ENV]", "3: github.secrets.0: is 'BASH_ENV', by which shells, loaders and interpreters choose what they run, so that whoever sets it would run code of theirs; give it another name, and let the command set what it needs"),
    ("model: a\nnotify: {on: [drift]}", "2: notify: has no `urls`: Who is told."),
    ("model: a\nmodel: b", "2:1: the key `model` stands twice in one mapping"),
    ("model: a\ntrain: {run: ''}", "2: train.run: is empty, must be a command"),
]  # fmt: skip

PIPELINES = [
    ("stages: {a: {cmd: x, dep: [d]}}", "1: stages.a.dep: unknown key; did you mean `deps`?"),
    ("stages:\n  a: {deps: [d]}", "2: stages.a: has no `cmd`; say what the stage runs"),
    ("stages:\n  a:\n    cmd: x\n    deps: d", "4: stages.a.deps: is the text 'd', must be a list of texts"),
    ("stages:\n  a:\n    cmd: x\n    deps: [1]", "4: stages.a.deps.0: is the number 1, must be text"),
    ("stages:\n  a:\n    cmd: x\n    outs:\n    - y: {cache: 1}", "5: stages.a.outs.0.y.cache: is the number 1, must be true or false"),
    ("stages:\n  a:\n    cmd: x\n    outs:\n    - y:", "5: stages.a.outs.0.y: is nothing, must be flags such as {cache: ...}"),
    ("stages:\n  a@b: {cmd: x}", "2: stages.a@b: a stage's name cannot hold `@` or `:`; use `-` or `_`"),
    ("stages:\n  1: {cmd: x}", "2: stages.1: a stage's name must be text, this is the number 1; quote it"),
    ("stages:\n  a: {foreach: [1]}", "2: stages.a: has `foreach` without `do`; put the stage's keys under `do`"),
    ("stages:\n  a: {do: {cmd: x}}", "2: stages.a: has `do` without `foreach`"),
    ("stages:\n  a:\n    foreach: [1]\n    do: {cmd: x}\n    matrix: {b: [1]}", "5: stages.a.matrix: `foreach` and `matrix` exclude each other; use one"),
    ("stages:\n  a:\n    matrix: {b: 1}\n    cmd: x", "3: stages.a.matrix.b: is the number 1, must be a list or ${...}"),
    ("stages:\n  a:\n    cmd:\n    - x\n    - y ${nope}", "5: stages.a.cmd.1: ${nope} is not set by params.yaml or `vars`"),
    ("vars:\n- a: 1\n- a: 2\nstages: {b: {cmd: x}}", "3: vars.1: vars[1] sets `a`, which vars[0] sets already"),
    ("vars: [nope.yaml]\nstages: {b: {cmd: x}}", "1: vars.0: nope.yaml does not exist"),
    ("stages:\n  a:\n    cmd: x\n    wdir: ../x", "4: stages.a.wdir: '../x' lies outside the repository; name a folder inside it"),
    ("stages:\n  a: {cmd: x, outs: [o], metrics: [o]}", "2: stage `a` names its output o twice; name it once"),
    ("stages:\n  a: {cmd: x, outs: [o]}\n  b: {cmd: x, outs: [o]}", "3: o is an output of stage `b` and of stage `a` (dvc.yaml:2); a path can have one maker"),
    ("stages:\n  a: {cmd: x, outs: [o]}\n  b: {cmd: x, outs: [o/p]}", "3: o/p (output of stage `b`) lies inside o (output of stage `a`, dvc.yaml:2); outputs cannot overlap"),
    ("stages:\n  a:\n    cmd: x\n    deps: [o]\n    outs:\n    - o", "6: o is both a dep and an output of stage `a`"),
    ("stages:\n  a: {cmd: x, deps: [p], outs: [o]}\n  b: {cmd: x, deps: [o], outs: [p]}", "2: stages run in a circle: `a` needs `b` needs `a`"),
    ("stages:\n  a: {cmd: x, outs: [/tmp/o]}", "2: /tmp/o lies outside the repository and cannot be cached; write `cache: false` under it"),
    ("stages:\n  a: {cmd: x, outs: [b.dvc]}", "2: b.dvc is a pipeline file, no output"),
    ("stages:\n  a: {cmd: x, outs: [.gitignore]}", "2: .gitignore is a pipeline file, no output"),
    ("stages:\n  a: {cmd: x, outs: [.]}", "2: . is or holds the whole repository, no output; name a file or folder in it"),
    ("stages:\n  a: {cmd: x, outs: [s/..]}", "2: s/.. is or holds the whole repository, no output; name a file or folder in it"),
    ("stages:\n  a:\n    cmd: x\n    wdir: s\n    outs:\n    - ../..: {cache: false}", "6: ../.. is or holds the whole repository, no output; name a file or folder in it"),
    ("stages:\n  a: {cmd: x, outs: [.git/x]}", "2: .git/x lies in `.git`, which is no place for outputs; name another folder"),
    ("stages:\n  a: {cmd: x, outs: [.branchline]}", "2: .branchline lies in `.branchline`, which is no place for outputs; name another folder"),
    ("stages: [a]", "1: stages: is a list, must be a mapping of stages by name"),
    ("- a", "1: is a list, must be a mapping with the key `stages`"),
    ("metrics: m.json", "1: metrics: is the text 'm.json', must be a list of texts"),
    ("artifacts:\n  m: {type: model}", "2: artifacts.m: has no `path`; say which file or folder it is"),
    ("datasets:\n- {name: d}", "2: datasets.0: has no `type`"),
    ("stages:\n  a: {cmd: 'x", '2:11: the YAML cannot be read: found unexpected end of stream while scanning a quoted scalar'),
]  # fmt: skip


def _lines(error: BranchlineError) -> tuple[str, ...]:
    return error.details or (error.message,)


@pytest.mark.parametrize(
    ("text", "expected"), [pytest.param(*case, id=case[1].partition(": ")[2]) for case in POLICIES]
)
def test_branchline_yaml(text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_policy(text.encode())

    assert f"branchline.yaml:{expected}" in _lines(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"), [pytest.param(*case, id=case[1].partition(": ")[2]) for case in PIPELINES]
)
def test_dvc_yaml(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "dvc.yaml").write_text(text)

    with pytest.raises(PipelineError) as caught:
        load_pipeline(str(tmp_path))

    lines = _lines(caught.value)
    assert any(line.startswith(f"dvc.yaml:{expected.partition(':')[0]}:") for line in lines)
    assert any(expected.partition(": ")[2] in line for line in lines)


def test_all_problems_of_a_file_are_said_at_once_in_the_order_of_its_lines() -> None:
    text = b"modle: a\nlink: hard\nresources:\n  train: {gpus: -1}\n"

    with pytest.raises(ConfigError) as caught:
        load_policy(text)

    assert caught.value.message == "4 problems in the configuration"
    lines = [int(line.split(":")[1]) for line in caught.value.details]
    assert lines == sorted(lines)
    assert len(lines) == 4
