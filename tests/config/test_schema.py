"""The JSON Schema and the validator agree, and the reference names every key."""

from __future__ import annotations

import jsonschema  # type: ignore[import-untyped] # its stubs are no dependency of ours
import pytest

from branchline.config import json_schema, load_policy, reference_markdown
from branchline.config.sections.top import SECTIONS
from branchline.core.documents import read_yaml
from branchline.errors import ConfigError

GOOD = [
    "model: a",
    "model: a/b\nstore: s3://b/p",
    "models: {a: {train: x}, b: {pipeline: dvc.yaml}}",
    "model: a\nbranches: {main: {do: train, then: [register, deploy]}}",
    "model: a\ntune: {objective: {metric: auc}, space: {a: [1, x], b: {int: [1, 3]}}, timeout: 3m}",
    "model: a\nresources: {t: {cpus: 0.5, memory: 1024, timeout: 90, runs_on: [gpu]}}",
    "model: a\nchecks: [{name: t, run: 'echo ${HOME}', matrix: {python: ['3.11']}}]",
    "model: a\ndeploy: {staging: {}, production: {strategy: canary, steps: [10, 100], own: 1}}",
    "model: a\nnotify: {urls: ['${env:HOOK}'], on: [drift]}",
    "model: a\nmonitor: {schedule: '0 */6 * * *', source: n}\nretrain: {when: drift, cooldown: 7d}",
    "model: a\ndata: {drift: {path: d, max_share_drifted: 30%}}",
    "model: a\nexecutors: {ray: {address: auto}, box: {kind: ssh, host: h}}",
    "model: a\nexecutors: {ray: {address: '${env:RAY_ADDRESS}', wait: 1h}}",
    "model: a\nexecutors: {ray: {address: 'head-1.example.org:6379'}}",
    "model: a\ntune: {objective: {metric: auc}, executor: ray, parallel: 4}",
    "model: a\ngate: {data: [d, e], metrics: {m: {min: 1}}, confidence: 0.9}",
    "model: a\nchanges: {docstrings: ignore, code: [src]}\nlink: hardlink",
]
BAD = [
    "pipeline: dvc.yaml",
    "model: a\nmodels: {b: {}}",
    "models: {}",
    "model: a\nnope: 1",
    "model: 3",
    "model: -a",
    "model: a\ntrain: x\npipeline: dvc.yaml",
    "models: {a: {train: x, stages: {}}}",
    "model: a\nbranches: {main: {do: fly}}",
    "model: a\nresources: {t: {memory: 1.5}}",
    "model: a\nresources: {t: {timeout: soon}}",
    "model: a\nresources: {t: {gpus: true}}",
    "model: a\ngate: {confidence: 0}",
    "model: a\ndata: {drift: {path: d, max_share_drifted: 130%}}",
    "model: a\nnotify: {urls: ['x${env:HOOK}']}",
    "model: a\nnotify: {on: [drift]}",
    "model: a\ntune: {objective: {metric: auc}, space: {a: []}}",
    "model: a\nexecutors: {box: {host: h}}",
    "model: a\nexecutors: {ray: {address: head}}",
    "model: a\nexecutors: {ray: {address: 'ray://head:10001'}}",
    "model: a\nexecutors: {ray: {addres: auto}}",
    "model: a\ntune: {objective: {metric: auc}, executor: rai}",
    "model: a\nretrain: {schedule: daily}",
    "model: a\ntrain: ''",
    "[a]",
]


def _accepts(text: str) -> tuple[bool, bool]:
    """Whether our validator and the JSON Schema accept a text."""
    try:
        load_policy(text.encode())
        ours = True
    except ConfigError:
        ours = False
    value = read_yaml(text.encode(), file="x").value
    return ours, jsonschema.Draft202012Validator(json_schema()).is_valid(value)


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("text", [pytest.param(text, id=text) for text in GOOD])
def test_both_accept_what_is_good(text: str) -> None:
    assert _accepts(text) == (True, True)


@pytest.mark.parametrize("text", [pytest.param(text, id=text) for text in BAD])
def test_both_refuse_what_is_bad(text: str) -> None:
    assert _accepts(text) == (False, False)


def test_the_reference_names_every_key() -> None:
    text = reference_markdown()

    assert all(f"| `{name}` |" in text for name in SECTIONS)
    assert "## `gate.metrics.NAME`" in text
    assert "\n\n\n" not in text
