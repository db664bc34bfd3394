"""Several models in one workflow, by our own program: legs, artifacts, comments, one gate."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if str(HOUSE := Path(__file__).parents[2]) not in sys.path:
    sys.path.append(str(HOUSE))
from tests.adapters.github.conftest import Site
from tests.cli.ci_scene import SOURCE
from tests.generate.workflows.combinations import asked_of
from tests.generate.workflows.test_on_this_host import TRAIN, git
from tests.rig.host import Host, repository, results

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.rig.forge import JudgedForge

EXAMPLE = HOUSE / "examples" / "two-models"
SETTINGS = """\
models:
  tumours:
    train: {run: PYTHONPATH=. python tumours/train.py, outs: [tumours/out/model.joblib],
            metrics: [tumours/out/metrics.json]}
    gate: {metrics: {accuracy: {min: 0.9}}}
  wine:
    train: {run: PYTHONPATH=. python wine/train.py, outs: [wine/out/model.joblib],
            metrics: [wine/out/metrics.json]}
    gate: {metrics: {accuracy: {min: 0.9}}}
checks: [{name: compiles, run: python3 -m compileall -q shared}]
store: ~/store
"""
SUCCESS, SKIPPED, FAILURE = "success", "skipped", "failure"
ALL = dict.fromkeys(("decide", "check-1", "train", "report", "gate", "register"), SUCCESS)
NOTHING = ALL | dict.fromkeys(("train", "report", "register"), SKIPPED)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


class Scene:
    """The example in a repository on the judged forge, and a machine for its jobs.

    Args:
        folder: For both. forge: That judges what is said to it.
    """

    def __init__(self, folder: Path, forge: JudgedForge) -> None:
        self.root, place = folder / "repository", folder / "host"
        place.mkdir()
        shutil.copytree(EXAMPLE, self.root, ignore=shutil.ignore_patterns(".*", "out", "*.lock"))
        git(self.root, "init", "-q", "-b", "main")
        self.forge = forge
        self.site = Site(forge, forge.new_repository())
        self.host = Host(self.root, place)
        self.host.install(
            "branchline",
            f'#!/bin/sh\nPYTHONPATH="{SOURCE}" exec "{sys.executable}" -m branchline "$@"\n',
        )
        self.write({**asked_of(SETTINGS).files, "branchline.yaml": SETTINGS})
        forge.problems.clear()

    def write(self, files: Mapping[str, str]) -> str:
        """Commit files on the branch that is checked out."""
        for path, text in files.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(text)
        git(self.root, "add", "-A")
        git(self.root, "commit", "-qm", "more")
        return git(self.root, "rev-parse", "HEAD")

    def add(self, path: str, text: str) -> str:
        """Commit a file with lines added."""
        return self.write({path: (self.root / path).read_text() + text})

    def run(self, event: str, payload: Mapping[str, Any], commit: str) -> dict[str, Any]:
        """The workflow for an event."""
        self.forge.gaps.commits.add(commit)
        words = ("--token-base", "tok-bot", "--api", self.forge.url)
        home = repository(self.site.name)
        return self.host.run(TRAIN, event, {"repository": home, **payload}, *words)

    def push(self) -> dict[str, Any]:
        """The workflow for a push of `main`."""
        commit = git(self.root, "rev-parse", "main")
        payload = {"ref": "refs/heads/main", "before": "0" * 40, "after": commit, "deleted": False}
        return self.run("push", payload, commit)

    def checks(self, commit: str) -> dict[str, str]:
        """Name -> state of each check of a commit."""
        return {check.name: check.state.value for check in self.site.forge().checks(commit)}


@pytest.fixture
def scene(tmp_path: Path, judged_forge: JudgedForge) -> Iterator[Scene]:
    """Whatever was said to the forge must be what GitHub takes."""
    pytest.importorskip("sklearn")
    made = Scene(tmp_path, judged_forge)
    yield made
    for client in made.site.opened:
        client.close()
    assert judged_forge.problems == []


def legs(report: Mapping[str, Any]) -> dict[str, str]:
    """Model -> how its leg ended."""
    (train,) = [job for job in report["jobs"] if job["id"] == "train"]
    return {run["matrix"]["model"]: run["result"] for run in train.get("runs", ())}


def test_a_change_trains_the_models_that_import_it_and_no_other(scene: Scene) -> None:
    first = scene.push()
    assert results(first) == ALL, first
    assert legs(first) == {"tumours": SUCCESS, "wine": SUCCESS}
    scene.add("README.md", "\nMore.\n")
    document = scene.push()
    assert (results(document), legs(document)) == (NOTHING, {}), document
    scene.add("wine/train.py", "\nADDED = 1\n")
    one = scene.push()
    assert (results(one), legs(one)) == (ALL, {"wine": SUCCESS}), one
    scene.add("shared/training.py", "\nADDED = 1\n")
    both = scene.push()

    assert (results(both), legs(both)) == (ALL, {"tumours": SUCCESS, "wine": SUCCESS}), both
    versions = {tag.partition("@")[0] for tag in git(scene.root, "tag").splitlines() if "@" in tag}
    assert versions == {"tumours", "wine"}
    commit = git(scene.root, "rev-parse", "main")
    assert scene.checks(commit) == {"branchline/tumours": "passed", "branchline/wine": "passed"}


def test_a_model_that_fails_does_not_keep_the_other_back(scene: Scene) -> None:
    commit = scene.write({"wine/train.py": "raise SystemExit('out of memory')\n"})

    report = scene.push()

    assert results(report) == ALL | {"train": FAILURE, "gate": FAILURE}, report
    assert legs(report) == {"tumours": SUCCESS, "wine": FAILURE}
    assert scene.checks(commit) == {"branchline/tumours": "passed", "branchline/wine": "failed"}
    tags = git(scene.root, "tag").splitlines()
    assert "tumours@v1.0.0" in tags
    assert not any(tag.startswith("wine") for tag in tags)


def test_a_pull_request_has_a_comment_of_each_model_and_keeps_it(scene: Scene) -> None:
    site = scene.site
    site.stand("work", site.commit("work"))
    body = {"title": "Work", "head": "work", "base": "main"}
    number = int(site.as_ada("POST", "/pulls", body)["number"])
    git(scene.root, "checkout", "-qb", "work")

    def pulled(path: str, text: str) -> dict[str, Any]:
        base = git(scene.root, "rev-parse", "main")
        head = scene.add(path, text)
        git(scene.root, "checkout", "-q", "--detach", "main")
        git(scene.root, "merge", "-q", "--no-ff", "-m", "Merge", "work")
        merge = git(scene.root, "rev-parse", "HEAD")
        git(scene.root, "update-ref", f"refs/pull/{number}/merge", merge)
        git(scene.root, "checkout", "-q", "work")
        home = repository(site.name)
        payload = {
            "action": "synchronize", "number": number,
            "pull_request": {
                "number": number, "merge_commit_sha": merge, "state": "open",
                "head": {"ref": "work", "sha": head, "repo": home},
                "base": {"ref": "main", "sha": base, "repo": home},
            },
        }  # fmt: skip
        return scene.run("pull_request", payload, head)

    first = pulled("shared/training.py", "\nADDED = 1\n")
    before = [comment["body"] for comment in site.ask("GET", f"/issues/{number}/comments")]
    second = pulled("wine/train.py", "\nADDED = 1\n")
    after = [comment["body"] for comment in site.ask("GET", f"/issues/{number}/comments")]

    assert results(first) == results(second) == ALL | {"register": SKIPPED}, (first, second)
    assert (set(legs(first)), set(legs(second))) == ({"tumours", "wine"}, {"wine"})
    assert len(before) == len(after) == 2
    changed = [old != new for old, new in zip(before, after, strict=True)]
    assert sorted(changed) == [False, True]
    assert "tumours" in before[changed.index(False)]
