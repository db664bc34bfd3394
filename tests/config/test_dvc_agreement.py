"""The stages that we read out of a dvc.yaml are the stages that the real DVC reads out of it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from branchline.config import load_pipeline
from branchline.core.pipeline import OutKind
from branchline.errors import PipelineError

if TYPE_CHECKING:
    from branchline.core.pipeline import Stage

PARAMS = """\
lr: 1e-3
names: [rf, gbm]
flags: [true, false]
mixed: [1, 1.50, null, 010, yes]
deep: {a: {b: [1, two, {c: 3}]}, on: yes}
nested: {x: {k: 1}, y: {k: 2}}
opts: {n: 3, name: it's, flag: true, dims: [1, a b], sub: {k: 0.5, none: null}}
"""

PROJECTS = {
    "plain": """\
stages:
  a: {cmd: cp d1 o1, deps: [./d1], outs: [./o1, sub/../o2, sub/o3/]}
  b:
    wdir: sub
    cmd: [echo a, echo b]
    deps: [../o1]
    params: [lr, deep.on, other.yaml: [x, y], whole.yaml: , lr]
    outs: [o: {cache: false, persist: true}, p: {push: false, remote: r, desc: d}]
    metrics: [m.json: {cache: false}]
    plots: [p.csv: {x: a, y: b, cache: false, header: false}]
    frozen: true
    always_changed: true
""",
    "texts": r"""
stages:
  a:
    cmd: >-
      run ${lr} ${deep.on} ${deep.a.b[1]} ${deep[a][b][2][c]} \${HOME} ${mixed[2]} ${mixed.1}
      ${ mixed[3] }
    deps: ["${names[0]}.csv", "x\\${y}"]
    outs: ["${names[1]}": {cache: false}, "o-${flags[0]}-${flags[1]}"]
    params: ["${deep.a.b[1]}", "f-${lr}.yaml": [k]]
  b: {cmd: 'python t.py ${opts}', outs: [b]}
  c: {cmd: ['x ${nested}', "multi\nline ${lr}"], wdir: 'w-${lr}', outs: [c]}
""",
    "vars": """\
vars: [{own: {n: 1}}, 'other.yaml:x', {own: {m: 2}}, 'other.yaml:y']
stages:
  a: {cmd: 'e ${own.n} ${own.m} ${x} ${y.z}', outs: [a]}
  b: {cmd: 'e ${s} ${loc}', vars: [{s: 1}, sub/local.yaml], outs: [b]}
  c: {cmd: 'e ${loc}', wdir: sub, vars: [local.yaml], outs: [c]}
  d: {foreach: "${names}", do: {cmd: 'e ${item} ${t.v}', vars: [{t: {v: 1}}], outs: ['${item}']}}
""",
    "foreach": """\
stages:
  simple: {foreach: [a, 1, 1.50, true, null], do: {cmd: 'e ${item}', outs: ['s${item}']}}
  ctx: {foreach: '${mixed}', do: {cmd: 'e ${item}', outs: ['c${item}']}}
  flags: {foreach: '${flags}', do: {cmd: 'e ${item}', outs: ['f${item}']}}
  refs: {foreach: ['${flags[0]}', 'x${lr}', z], do: {cmd: 'e ${item}', outs: ['r${item}']}}
  comp: {foreach: [{k: 1}, {k: 2}], do: {cmd: 'e ${item.k}', outs: ['m${item.k}']}}
  part: {foreach: [{k: 1}, 7], do: {cmd: e, frozen: true}}
  dict: {foreach: {u: 1, 2: two, true: x}, do: {cmd: 'e ${key} ${item}', outs: ['d${key}']}}
  cdict: {foreach: '${nested}', do: {cmd: 'e ${key} ${item.k}', outs: ['n${key}']}}
""",
    "matrix": """\
stages:
  m:
    matrix: {a: [1, x, true], b: [{k: 1}, {k: 2}]}
    cmd: e ${item.a} ${item.b.k} ${key}
    outs: ['o-${key}']
  n:
    matrix: {f: '${flags}', g: ['${lr}', "${names[0]}"], h: [null, 1.0]}
    cmd: e ${item.f} ${item.g} ${item.h}
    outs: ['n-${key}']
    meta: {a: 1}
""",
}

REFUSED = {
    "unknown-key": "stages: {a: {cmd: e, output: [x]}}",
    "no-cmd": "stages: {a: {outs: [x]}}",
    "unknown-reference": "stages: {a: {cmd: 'e ${nope}'}}",
    "list-in-text": "stages: {a: {cmd: 'e ${names}'}}",
    "dict-as-dep": "stages: {a: {cmd: e, deps: ['${deep}']}}",
    "vars-redefine": "vars: [{lr: 1}]\nstages: {a: {cmd: e}}",
    "vars-interpolated": "vars: [{q: '${lr}'}]\nstages: {a: {cmd: e}}",
    "partial-then-whole": "vars: ['other.yaml:x', other.yaml]\nstages: {a: {cmd: e}}",
    "missing-vars-file": "vars: [nope.yaml]\nstages: {a: {cmd: e}}",
    "foreach-over-text": "stages: {a: {foreach: 'x${lr}', do: {cmd: e}}}",
    "foreach-without-do": "stages: {a: {foreach: [1]}}",
    "reserved-item": "stages: {a: {foreach: [1], do: {cmd: e, vars: [{item: 2}]}}}",
    "flags-unknown": "stages: {a: {cmd: e, outs: [{x: {cached: false}}]}}",
    "flag-type": "stages: {a: {cmd: e, outs: [{x: {cache: 1}}]}}",
    "same-out-twice": "stages: {a: {cmd: e, outs: [x]}, b: {cmd: e, outs: [x]}}",
    "out-inside-out": "stages: {a: {cmd: e, outs: [x]}, b: {cmd: e, outs: [x/y]}}",
    "cycle": "stages: {a: {cmd: e, deps: [x], outs: [y]}, b: {cmd: e, deps: [y], outs: [x]}}",
    "dep-holds-own-out": "stages: {a: {cmd: e, deps: [x], outs: [x/y]}}",
    "top-level-unknown": "stage: {a: {cmd: e}}",
    "empty-reference": "stages: {a: {cmd: 'e ${}'}}",
    "duplicate-key": "stages: {a: {cmd: e}, a: {cmd: f}}",
}

SCRIPT = """
import json, os, sys
from dvc.repo import Repo
found = {}
for folder in sys.argv[1:]:
    os.chdir(folder)
    Repo.init(no_scm=True)
    try:
        repo = Repo(".")
        repo.index.check_graph()
        stages = []
        for s in repo.index.stages:
            deps = [d.def_path for d in s.deps if d.hash_name != "params"]
            params = [[d.def_path, list(d.params)] for d in s.deps if d.hash_name == "params"]
            outs = [[o.def_path, o.use_cache, o.persist, o.can_push, o.remote, bool(o.metric),
                     o.plot if isinstance(o.plot, dict) else ({} if o.plot else None)]
                    for o in s.outs]
            stages.append([s.name, s.cmd, os.path.relpath(s.wdir, folder), deps, params, outs,
                           bool(s.frozen), bool(s.always_changed)])
        found[folder] = stages
    except Exception as error:
        found[folder] = str(error)
print("RESULT" + json.dumps(found))
"""


def _peers_python() -> str:
    """The Python that has DVC; skips where there is none, fails in CI."""
    root = Path(__file__).resolve().parents[2]
    python = os.environ.get("BRANCHLINE_PEERS_PYTHON", str(root / ".venv-peers/bin/python"))
    if Path(python).exists():
        return python
    reason = f"the peers' environment is missing: {python}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _project(folder: Path, text: str) -> str:
    (folder / "sub").mkdir(parents=True)
    (folder / "params.yaml").write_text(PARAMS)
    (folder / "other.yaml").write_text("x: 1\ny: {z: two}\n")
    (folder / "whole.yaml").write_text("x: 1\n")
    (folder / "sub/local.yaml").write_text("loc: 9\n")
    (folder / "dvc.yaml").write_text(text)
    return str(folder)


def _by_dvc(folders: list[str]) -> dict[str, Any]:
    done = subprocess.run(
        [_peers_python(), "-c", SCRIPT, *folders], capture_output=True, text=True, check=True
    )
    answer: dict[str, Any] = json.loads(done.stdout.partition("RESULT")[2])
    return answer


def _by_us(folder: str) -> list[Any]:
    return [_listed(stage) for stage in load_pipeline(folder).stages]


def _listed(stage: Stage) -> list[Any]:
    outs: list[Any] = []
    for out in stage.outs:
        plot = dict(out.plot) if out.plot is not None else None
        is_metric = out.kind is OutKind.METRIC
        outs.append([out.spelled, out.cache, out.persist, out.push, out.remote, is_metric, plot])
    return [
        stage.name,
        list(stage.cmd) if stage.cmd_is_list else stage.cmd[0],
        stage.wdir,
        [dep.spelled for dep in stage.deps],
        [[params.spelled, list(params.keys or ())] for params in stage.params],
        outs,
        stage.frozen,
        stage.always_changed,
    ]


@pytest.mark.peers
@pytest.mark.slow
def test_dvc_reads_the_same_stages(tmp_path: Path) -> None:
    folders = {name: _project(tmp_path / name, text) for name, text in PROJECTS.items()}

    dvc = _by_dvc(list(folders.values()))

    for name, folder in folders.items():
        assert _by_us(folder) == dvc[folder], name


@pytest.mark.peers
@pytest.mark.slow
def test_dvc_refuses_what_we_refuse(tmp_path: Path) -> None:
    folders = {name: _project(tmp_path / name, text) for name, text in REFUSED.items()}

    dvc = _by_dvc(list(folders.values()))

    accepted_by_dvc = [name for name, folder in folders.items() if isinstance(dvc[folder], list)]
    assert accepted_by_dvc == []


@pytest.mark.parametrize("name", [pytest.param(name, id=name) for name in REFUSED])
def test_we_refuse_what_dvc_refuses(tmp_path: Path, name: str) -> None:
    folder = _project(tmp_path / name, REFUSED[name])

    with pytest.raises(PipelineError, match=r"dvc\.yaml:\d+: "):
        load_pipeline(folder)
