"""What workflows need from a repository's settings."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.generate.workflows.combinations import asked_of

from branchline.flows.workflow_needs import needs_of

if TYPE_CHECKING:
    from pathlib import Path

WORKFLOW = b"""\
on: {push: , workflow_dispatch: {inputs: {force: {type: boolean}}}}
env: {TOKEN: "${{ secrets.GITHUB_TOKEN }}", OUTER: "${{ secrets.OUTER }}"}
jobs:
  train:
    runs-on: [self-hosted, gpu]
    environment: {name: training}
    steps:
      - env:
          A: ${{ secrets.AWS_KEY || secrets['OTHER_KEY'] }}
          B: ${{ vars.REGION }}
          C: the text secrets.NOT_READ is none
  gate: {name: branchline gate tumour, runs-on: ubuntu-24.04}
  report:
    runs-on: ubuntu-24.04
    permissions: {actions: write}
    steps: []
  matrix:
    runs-on: ${{ matrix.os }}
    environment: ${{ inputs.environment }}
  nothing: null
"""


def test_it_is_read_out_of_the_jobs() -> None:
    needs = needs_of("a.yml", WORKFLOW)

    assert needs.problem == ""
    assert list(needs.secrets) == [
        ("", "OUTER"),
        ("training", "AWS_KEY"),
        ("training", "OTHER_KEY"),
    ]
    assert list(needs.variables) == ["REGION"]
    assert list(needs.environments) == ["training"]
    assert list(needs.labels) == [("self-hosted", "gpu"), ("ubuntu-24.04",)]
    assert needs.can_be_dispatched
    assert needs.dispatches
    assert list(needs.gates) == ["branchline gate tumour"]


def test_secrets_are_of_each_environment_that_a_job_may_have() -> None:
    asked = asked_of(
        "model: m\ngithub: {secrets: [KEY], environments: {train: gpu, pull_requests: weak}}\n"
    )

    needs = needs_of("a.yml", asked.files[".github/workflows/branchline.yml"].encode())

    assert list(needs.secrets) == [("gpu", "KEY"), ("weak", "KEY")]
    assert list(needs.environments) == ["gpu", "production", "weak"]


def test_a_secret_of_an_environment_that_an_input_names_is_not_one_of_the_repository() -> None:
    needs = needs_of(
        "a.yml",
        b"on: push\njobs: {j: {runs-on: x, environment: '${{ inputs.to }}',"
        b" env: {A: '${{ secrets.KEY }}'}}}",
    )

    assert list(needs.secrets) == [("${{ inputs.to }}", "KEY")]
    assert list(needs.environments) == []


@pytest.mark.parametrize("on", ["workflow_dispatch", "[push, workflow_dispatch]"])
def test_each_way_to_write_events_is_understood(on: str) -> None:
    assert needs_of("a.yml", f"on: {on}\njobs: {{}}".encode()).can_be_dispatched


def test_the_hash_is_gits(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(WORKFLOW)

    done = subprocess.run(
        ["git", "hash-object", "a"], cwd=tmp_path, capture_output=True, check=True, text=True
    )

    assert needs_of("a", WORKFLOW).blob == done.stdout.strip()


@pytest.mark.parametrize(
    "content",
    [b"", b"jobs: [", b"[]", b"\xff\xfe\x00", b"jobs: 3", b"a: &a [*a]", b"- " * 3000 + b"x"],
)
def test_what_is_no_workflow_is_said(content: bytes) -> None:
    assert needs_of("a.yml", content).problem


def test_aliases_of_aliases_end() -> None:
    lines = ["x0: &x0 ['${{ secrets.A }}']"]
    lines += [f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]" for n in range(1, 40)]

    needs = needs_of("a.yml", "\n".join([*lines, "jobs: {a: {steps: *x39}}"]).encode())

    assert list(needs.secrets) == [("", "A")]
