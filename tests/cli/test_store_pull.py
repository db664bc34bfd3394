"""`branchline store pull`: what one clone made comes to its place in another."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Clone

FILES = {
    "branchline.yaml": (
        "model: toy\nstore: ../shared\n"
        "stages:\n"
        "  prepare: {cmd: 'mkdir -p parts/in && cp data.csv parts/a && echo b > parts/in/b',"
        " deps: [data.csv], outs: [parts]}\n"
        "  train: {cmd: 'cat parts/a parts/in/b > model; echo > trained; echo 1 > metrics.json',"
        " deps: [parts], outs: [model], metrics: [{metrics.json: {cache: false}}]}\n"
    ),
    "data.csv": "1\n",
    ".gitignore": "/trained\n/parts\n/model\n",
}


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    return tmp_path / "shared"


@pytest.fixture
def clone(make_clone: Callable[..., Clone], shared: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    """A clone that has the records of another, whose outputs stand in the shared folder."""
    one = make_clone(FILES)
    assert one.call("run").code == 0
    one.commit("trained")
    assert one.call("store", "push").code == 0, shared
    root = one.root.parent / "two"
    for words in (
        ("clone", "-q", str(one.root), str(root)),
        ("-C", str(root), "fetch", "-q", "origin", "refs/branchline/*:refs/branchline/*"),
    ):
        subprocess.run(["git", *words], check=True)
    monkeypatch.chdir(root)
    return type(one)(root)


def paths(clone: Clone) -> list[str]:
    places = ("parts", "model")
    return [
        os.path.relpath(path, clone.root)
        for place in places
        for path in sorted([clone.root / place, *(clone.root / place).rglob("*")])
        if path.is_file()
    ]


@pytest.mark.parametrize("run", [(), ("HEAD~1",), ("main",)], ids=["now", "commit", "branch"])
def test_all_outputs_come_to_their_place_and_nothing_runs(
    clone: Clone, run: tuple[str, ...]
) -> None:
    pulled = clone.call("store", "pull", *run)
    again = clone.call("store", "pull", *run)

    assert pulled.code == 0, pulled.err
    assert pulled.out.splitlines() == ["Fetched parts (0.0 MB).", "Fetched model (0.0 MB)."]
    assert paths(clone) == ["parts/a", "parts/in/b", "model"]
    assert (clone.root / "model").read_text() == "1\nb\n"
    assert again.out == "All outputs stand in their place already.\n"
    assert not (clone.root / "trained").exists()
    ran = clone.call("run")
    assert "Nothing to run" in ran.out


def test_one_output_comes_alone_and_what_is_here_is_not_fetched_again(clone: Clone) -> None:
    only = clone.call("store", "pull", "--only", "model", "--json")
    (clone.root / "model").unlink()
    again = clone.call("store", "pull", "--only", "model", "--json")

    (one,), (two,) = json.loads(only.out)["outputs"], json.loads(again.out)["outputs"]
    assert (one["path"], one["how"], one["size_bytes"]) == ("model", "fetched", 4)
    assert two["how"] == "restored"
    assert paths(clone) == ["model"]


def test_an_output_that_no_stage_left_is_named_with_those_that_are(clone: Clone) -> None:
    said = clone.call("store", "pull", "--only", "modle")

    assert said.code != 0
    assert "no stage left `modle` in the store" in said.err
    assert "`parts`, `model`" in said.err


def test_what_nobody_else_has_is_not_written_over_unasked(clone: Clone) -> None:
    (clone.root / "model").write_text("mine")

    said = clone.call("store", "pull")
    kept = (clone.root / "model").read_text(), (clone.root / "parts").exists()
    forced = clone.call("store", "pull", "--force")

    assert said.code == 2
    assert "model holds something that is kept nowhere else; nothing was changed" in said.err
    assert kept == ("mine", False)
    assert forced.code == 0
    assert (clone.root / "model").read_text() == "1\nb\n"


def objects(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and "md5" in path.parts)


def test_what_is_damaged_there_is_never_used_and_the_rest_goes_on_later(
    clone: Clone, shared: Path
) -> None:
    (b,) = [path for path in objects(shared) if path.read_text() == "b\n"]
    b.chmod(0o644)
    b.write_text("x\n")

    said = clone.call("store", "pull")
    b.write_text("b\n")
    again = clone.call("store", "pull")

    assert said.code == 1
    assert "is damaged: its bytes have another digest" in said.err
    assert "branchline store push" in said.err
    assert again.code == 0, again.err
    assert (clone.root / "parts/in/b").read_text() == "b\n"


def test_what_is_nowhere_is_said_before_anything_is_changed(clone: Clone, shared: Path) -> None:
    for path in objects(shared):
        if path.read_text() in ("1\n", "1\nb\n"):
            path.unlink()

    said = clone.call("store", "pull", "HEAD~1")

    assert said.code == 1
    assert "`parts` (md5 " in said.err
    assert "nor can `model`" in said.err
    assert f"the folder {shared}, does not have it" in said.err
    assert paths(clone) == []


@pytest.mark.parametrize(
    "place",
    [
        "../pwned",
        "/tmp/pwned",
        ".git/hooks/post-checkout",
        "link/pwned",
        "a/../.git/x",
        ".",
        "module/.git/hooks/post-checkout",
        ".GIT/config",
    ],
)
def test_a_record_names_no_place_outside(clone: Clone, place: str, tmp_path: Path) -> None:
    from dataclasses import replace

    from branchline import wiring
    from branchline.errors import StoreError
    from branchline.flows.apply_run import results_of_run
    from branchline.flows.fetching import pull
    from branchline.flows.history import History

    (clone.root / "link").symlink_to(tmp_path)
    with wiring.open_project() as project:
        results = results_of_run(project, History(project.records, project.repo).find(""))
        (out,) = [o for o in results[1].outs if o.path == "model"]
        bad = replace(results[1], outs=(replace(out, path=place),))

        with pytest.raises(StoreError, match="no place for outputs"):
            pull(project, [results[0], bad], is_forced=True)

    assert paths(clone) == []
    assert not (tmp_path / "pwned").exists()


def test_push_refuses_what_only_pull_takes(clone: Clone) -> None:
    said = clone.call("store", "push", "--force")

    assert said.code == 2
    assert "has no --force" in said.err


def test_without_a_run_that_fits_it_is_said_what_to_name(make_clone: Callable[..., Clone]) -> None:
    said = make_clone(FILES).call("store", "pull")

    assert said.code == 1
    assert "no stage is up to date here" in said.err
    assert "branchline store pull RUN" in said.err


def test_a_run_tells_what_to_do_about_a_damaged_object(clone: Clone) -> None:
    clone.call("store", "pull")
    held = [path for path in objects(clone.root / ".branchline") if path.read_text() == "1\nb\n"]
    for path in held:
        path.chmod(0o644)
        path.write_text("damaged")
    (clone.root / "model").unlink()

    ran = clone.call("run")

    assert ran.code == 1
    assert "is damaged: it has 7 bytes. Delete that file and run again" in ran.out + ran.err


SEVERAL = {
    "branchline.yaml": (
        "store: ../shared\nmodels:\n"
        "  churn: {train: {run: 'echo c > c; echo 1 > c.json', outs: [c], metrics: [c.json]}}\n"
        "  fraud: {train: {run: 'echo f > f; echo 1 > f.json', outs: [f], metrics: [f.json]}}\n"
    ),
    ".gitignore": "/c\n/f\n*.json\n",
}


@pytest.fixture
def several(make_clone: Callable[..., Clone]) -> Clone:
    """A clone with two models that ran at one commit; their outputs are gone from their places."""
    clone = make_clone(SEVERAL)
    assert clone.call("run").code == 0
    for name in "cf":
        (clone.root / name).unlink()
    return clone


def test_a_branch_means_the_run_of_the_model_that_is_asked_for(several: Clone) -> None:
    for model, brought in (("churn", "c"), ("fraud", "f")):
        done = several.call("store", "pull", "main", "--model", model)

        assert done.code == 0, done.err
        assert f" {brought} " in done.out
        assert (several.root / brought).read_text() == f"{brought}\n"
        (several.root / brought).unlink()
        assert not (several.root / "c").exists()
        assert not (several.root / "f").exists()


def test_a_run_knows_its_model(several: Clone) -> None:
    runs = json.loads(several.call("runs", "--json").out)["runs"]
    (run,) = [one["run"] for one in runs if one["model"] == "fraud"]

    done = several.call("store", "pull", run)
    wrong = several.call("store", "pull", run, "--model", "churn")

    assert done.code == 0, done.err
    assert (several.root / "f").exists()
    assert wrong.code == 2
    assert f"run {run} is of the model fraud, and not churn" in wrong.err
