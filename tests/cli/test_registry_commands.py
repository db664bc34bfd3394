"""`apply`, `models`, `promote`, `rollback`, `registry verify`, as a user types them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.cli.conftest import Clone, Said

    Make = Callable[[Mapping[str, str]], Clone]

FILES = {
    "dvc.yaml": """\
stages:
  train:
    cmd: cat params.yaml raw.csv > model.pkl
    deps: [raw.csv]
    params: [depth]
    outs: [model.pkl]
  evaluate:
    cmd: echo "{\\"auc\\":0.$(wc -c < model.pkl | tr -d ' ')}" > metrics.json
    deps: [model.pkl]
    metrics:
    - metrics.json: {cache: false}
""",
    "params.yaml": "depth: 3\n",
    "raw.csv": "x,y\n1,2\n",
    "branchline.yaml": "model: tumour\ngate: {metrics: {auc: {min: 0.1}}}\n",
    ".gitignore": "model.pkl\nmetrics.json\n",
}


def parsed(said: Said) -> dict[str, Any]:
    assert said.code == 0, said.err
    return dict(json.loads(said.out))


@pytest.fixture
def clone(make_clone: Make) -> Clone:
    """One run on main, not registered yet."""
    clone = make_clone(FILES)
    assert clone.call("run").code == 0
    clone.commit("trained")
    assert clone.call("run").code == 0
    return clone


def train_again(clone: Clone, depth: int) -> None:
    clone.write("params.yaml", f"depth: {depth}\n")
    clone.commit(f"depth {depth}")
    assert clone.call("run").code == 0
    assert clone.call("apply").code == 0


@pytest.mark.slow
def test_a_run_is_registered_promoted_and_rolled_back(clone: Clone) -> None:
    dry = clone.call("apply", "--dry-run")
    assert dry.out.startswith("would register tumour from commit "), dry
    assert "model.pkl" in dry.out
    assert "no model is registered" in clone.call("models").err

    assert clone.call("apply").out == "tumour@v1.0.0 is registered and has `staging`.\n"
    assert clone.call("apply").out.startswith("tumour@v1.0.0 holds these files already")
    train_again(clone, 44)
    assert clone.call("promote", "tumour", "v1.0.0", "production").code == 0
    moved = parsed(clone.call("promote", "tumour", "1.0.1", "production", "--json"))
    assert (moved["version"], moved["number"], moved["is_new"]) == ("v1.0.1", 4, True)
    again = clone.call("promote", "tumour", "v1.0.1", "production")
    assert "already" in again.out
    back = clone.call("rollback", "tumour", "--reason", "errors in Basel")
    assert back.out == "tumour@v1.0.0 has `production` again, instead of v1.0.1.\n"

    found = parsed(clone.call("models", "--json"))["versions"]
    assert [(v["version"], v["stages"]) for v in found] == [
        ("v1.0.1", ["staging"]), ("v1.0.0", ["production"]),
    ]  # fmt: skip
    assert {v["outcome"] for v in found} == {"passed"}
    table = clone.call("models", "tumour").out
    assert table.splitlines()[0].split() == [
        "model", "version", "stages", "commit", "when", "(UTC)", "verdict", "auc",
    ]  # fmt: skip
    nothing = clone.call("rollback", "tumour")
    assert nothing.code == 1
    assert "nothing to go back to" in nothing.err
    tags = clone.git("tag", "--list", "tumour*").splitlines()
    assert tags == [
        "tumour#production#3", "tumour#production#4", "tumour#production#5",
        "tumour#staging#1", "tumour#staging#2", "tumour@v1.0.0", "tumour@v1.0.1",
    ]  # fmt: skip


@pytest.mark.slow
def test_a_version_tells_how_it_was_made(clone: Clone) -> None:
    clone.call("apply")
    clone.call("promote", "tumour", "v1.0.0", "production", "--reason", "first")

    seen = parsed(clone.call("show", "tumour@v1.0.0", "--json"))

    assert seen["commit"] == clone.git("rev-parse", "HEAD")
    assert seen["command"] == "cat params.yaml raw.csv > model.pkl"
    assert seen["params"] == {"params.yaml:depth": "3"}
    assert set(seen["data"]) == {"raw.csv"}
    assert "python" in seen["environment"]
    (file,) = seen["files"]
    assert (file["path"], file["size_bytes"]) == ("model.pkl", 17)
    assert [event["reason"] for event in seen["history"]] == ["registered", "first"]
    for words in (("show", "tumour@production"), ("models", "tumour", "v1.0.0"),
                  ("models", "tumour@1.0.0")):  # fmt: skip
        said = clone.call(*words)
        assert said.code == 0, said.err
        assert "cat params.yaml raw.csv > model.pkl" in said.out
        assert file["digest"] in said.out


@pytest.mark.slow
def test_damage_is_named(clone: Clone) -> None:
    clone.call("apply")
    assert clone.call("registry", "verify", "tumour").out == "tumour@v1.0.0: whole\n"
    digest = parsed(clone.call("show", "tumour@v1.0.0", "--json"))["files"][0]["digest"]
    spoilt = clone.root / ".branchline/store/files/md5" / digest[:2] / digest[2:]
    spoilt.chmod(0o644)
    spoilt.write_bytes(spoilt.read_bytes().replace(b"1", b"2"))
    spoilt.chmod(0o444)

    said = clone.call("registry", "verify", "tumour", "v1.0.0")

    assert said.code == 1
    assert "tumour@v1.0.0: damaged\n  model.pkl: its bytes have another digest" in said.out


@pytest.mark.slow
def test_a_failed_model_reaches_production_only_with_a_reason(make_clone: Make) -> None:
    clone = make_clone(FILES | {"branchline.yaml": "model: tumour\n"})
    clone.call("run")
    clone.commit("trained")
    clone.call("run")
    assert clone.call("apply").code == 0

    refused = clone.call("promote", "tumour", "v1.0.0", "production")
    forced = clone.call("promote", "tumour", "v1.0.0", "production", "--override", "audited by QA")

    assert refused.code == 1
    assert "its verdict is unknown" in refused.err
    assert "--override" in refused.err
    assert forced.code == 0
    subject = clone.git("for-each-ref", "--format=%(contents:subject)", "refs/tags/tumour#*")
    assert subject == "Assign production to tumour v1.0.0: override: audited by QA"


@pytest.mark.slow
def test_a_branch_registers_nothing_before_it_is_merged(clone: Clone) -> None:
    clone.git("switch", "-qc", "training/x")
    clone.write("params.yaml", "depth: 55\n")
    clone.commit("deeper")
    clone.call("run")

    before = clone.call("apply")
    clone.git("switch", "-q", "main")
    clone.git("merge", "-q", "--no-ff", "-m", "merge", "training/x")
    run = clone.call("run")
    after = clone.call("apply")

    assert "not merged into `main`" in before.err
    assert before.out == ""
    assert run.code == 0
    assert after.out == "tumour@v1.0.0 is registered and has `staging`.\n", after
    assert parsed(clone.call("show", "tumour@v1.0.0", "--json"))["commit"] == clone.git(
        "rev-parse", "HEAD"
    )


@pytest.mark.slow
def test_the_only_box_is_asked_by_itself(clone: Clone, tmp_path: Path) -> None:
    box = tmp_path / "box.git"
    clone.git("init", "-q", "--bare", str(box))
    clone.git("remote", "add", "box", str(box))
    clone.git("config", "remote.box.branchline", "true")

    assert clone.call("apply").code == 0
    train_again(clone, 44)

    theirs = clone.git("ls-remote", "--tags", "box").split()
    assert "refs/tags/tumour@v1.0.0" in theirs
    assert "refs/tags/tumour@v1.0.1" in theirs
    clone.git("tag", "-d", "tumour@v1.0.1")
    assert len(parsed(clone.call("models", "--remote", ".", "--json"))["versions"]) == 1
    assert len(parsed(clone.call("models", "--json"))["versions"]) == 2


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        pytest.param(("models", "nothing"), 2, "no model `nothing` is registered", id="model"),
        pytest.param(("show", "tumour@v1.0.0"), 2, "no model `tumour`", id="show"),
        pytest.param(("promote", "m", "v1", "production"), 2, "no model `m`", id="promote"),
        pytest.param(("rollback", "m"), 2, "no model `m`", id="rollback"),
        pytest.param(("rollback", "m", "qa"), 2, "no model `m`", id="rollback-stage"),
        pytest.param(("registry", "mirror", "m"), 2, "git's alone", id="mirror-without-a-server"),
        pytest.param(("registry", "verify", "m"), 2, "no model `m`", id="verify"),
        pytest.param(("models", "a", "b", "c"), 2, "unexpected word c", id="too-many-words"),
        pytest.param(("apply",), 2, "no run is recorded", id="apply"),
        pytest.param(
            ("models", "--remote", "nowhere"), 1, "cannot be read", id="a-remote-that-is-none"
        ),
        pytest.param(
            ("promote", "m", "v1", "production", "--override", ""), 2, "needs a reason",
            id="an-override-without-a-reason",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said(
    make_clone: Make, words: tuple[str, ...], code: int, said: str
) -> None:
    clone = make_clone({"branchline.yaml": "model: tumour\n"})

    answer = clone.call(*words)

    assert (answer.code, answer.out) == (code, "")
    assert said in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.slow
def test_a_server_that_is_down_is_a_remark(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    clone.call("apply")
    settings = "registry: {kind: mlflow, uri: '${env:SERVER}'}\n"
    clone.write("branchline.yaml", FILES["branchline.yaml"] + settings)
    monkeypatch.delenv("SERVER", raising=False)

    promoted = clone.call("promote", "tumour", "v1.0.0", "production")
    dry = clone.call("apply", "--dry-run", "--json")

    assert promoted.code == 0
    assert promoted.out == "tumour@v1.0.0 has `production`.\n"
    assert "SERVER, which is not set here" in promoted.err
    assert [e["effect"]["effect"] for e in json.loads(dry.out)["effects"]] == ["register", "mirror"]
