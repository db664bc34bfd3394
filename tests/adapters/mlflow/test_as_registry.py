"""The whole way with `registry: {kind: mlflow}`, as a user types it, against a real server."""

from __future__ import annotations

import io
import json
import os
import subprocess
from contextlib import redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any

import pytest

from branchline.adapters.mlflow import MlflowTracker
from branchline.cli.dispatch import dispatch

if TYPE_CHECKING:
    from pathlib import Path

    from tests.adapters.mlflow.conftest import Server

FILES = {
    "dvc.yaml": """\
stages:
  train:
    cmd: cp params.yaml model.pkl && cp params.yaml metrics.yaml
    params: [auc]
    outs: [model.pkl]
    metrics:
    - metrics.yaml: {cache: false}
""",
    ".gitignore": "model.pkl\nmetrics.yaml\n",
    "branchline.yaml": "model: whole\ngate: {metrics: {auc: {max_regression: 0.01}}}\n"
    "registry: {kind: mlflow, uri: '${env:SERVER_OF_THE_TEST}'}\n",
}


def git(root: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=root, check=True, capture_output=True)


def call(*words: str, code: int = 0) -> tuple[dict[str, Any], str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        ended = dispatch([*words, "--json"])
    assert ended == code, (out.getvalue(), err.getvalue())
    return dict(json.loads(out.getvalue())), err.getvalue()


def train(root: Path, auc: float, code: int = 0) -> dict[str, Any]:
    (root / "params.yaml").write_text(f"auc: {auc}\n")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", f"auc {auc}")
    call("run", code=code)
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", "trained")
    return call("run", code=code)[0]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_baseline_is_the_alias(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "ada@example.org")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("SERVER_OF_THE_TEST", server.uri)
    monkeypatch.chdir(tmp_path)
    git(tmp_path, "init", "-q", "-b", "main")
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    tracker = MlflowTracker(server.uri)

    train(tmp_path, 0.9)  # nobody to compare with: the verdict is passed or unknown, as it may be
    applied, _ = call("apply")
    call("promote", "whole", "v1.0.0", "production", "--override", "the first one")
    first = tracker.holder("whole", "production")
    better = train(tmp_path, 0.95)
    call("apply")
    call("promote", "whole", "v1.0.1", "production")
    # Somebody moves the alias in the server's own pages.
    client = tracker._client()
    client.set_registered_model_alias("whole", "production", "1")
    judged = train(tmp_path, 0.90)

    assert [effect["error"] for effect in applied["effects"]] == ["", ""]
    assert first is not None
    assert first.version == "v1.0.0"
    assert better["verdict"]["baseline"]["commit"] == first.commit
    assert judged["verdict"]["outcome"] == "passed"  # against 0.95 it would have failed
    assert judged["verdict"]["baseline"]["commit"] == first.commit
    shown, _ = call("registry", "mirror", "whole")
    assert shown["shown"] == 2
    again = tracker.holder("whole", "production")
    assert again is not None
    assert again.version == "v1.0.1"  # the truth stands in git
