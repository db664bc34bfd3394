"""`branchline ci apply`: what a job tells the forge of results that strangers may have written."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

if str(HOUSE := Path(__file__).parents[2]) not in sys.path:
    sys.path.append(str(HOUSE))
from tests.cli.ci_scene import STORED_FILES as FILES
from tests.cli.ci_scene import YAML, CiScene, Ended, pulled, pushed

from branchline.testing.forge import FakeForge


@pytest.fixture
def scene(tmp_path: Path) -> CiScene:
    """A forge with a project on its default branch."""
    scene = CiScene(tmp_path)
    scene.commit(FILES, message="first")
    return scene


class Walked:
    """A pull request, or a push to the default branch, whose training left a folder."""

    def __init__(self, scene: CiScene, *, is_pull: bool) -> None:
        self.scene = scene
        if is_pull:
            head = scene.commit({"params.yaml": "lr: 0.2\n"}, branch="work")
            scene.merged(7, head)
            self.event, self.ref = pulled(head), "refs/pull/7/merge"
        else:
            head = scene.git(scene.bare, "rev-parse", "main")
            self.event, self.ref = pushed("refs/heads/main", head), "refs/heads/main"
        self.head = head
        self.run = scene.job("run", self.event, "--no-push", ref=self.ref)
        assert self.run.code == 0, self.run.err
        self.folder = self.run.folder

    def told(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "results.json").read_text()))

    def rewrite(self, **more: Any) -> None:
        """Change what the folder says of its only model, or of the whole."""
        told = self.told()
        whole = {key: more.pop(key) for key in ("head", "tested") if key in more}
        told["models"][0].update(more)
        (self.folder / "results.json").write_text(json.dumps({**told, **whole}))

    def rebundle(self, files: dict[str, dict[str, Any]], *, extra: str = "") -> None:
        """Change files of the run's record, as code of the branch could; or add a record."""
        scene, eve = self.scene, self.scene.home / "eve"
        eve.mkdir()
        scene.git(eve, "init", "-q", "--bare")
        bundle = str(self.folder / "records.bundle")
        scene.git(eve, "fetch", "-q", bundle, "+refs/*:refs/*")
        run = self.told()["models"][0]["run"]
        tree = {
            name: scene.git(eve, "show", f"refs/branchline/runs/{run}:{name}")
            for name in ("run.json", "plan.json", "evidence.json", "verdict.json")
        }
        for name, change in files.items():
            tree[name] = json.dumps({**json.loads(tree[name]), **change})
        rows = []
        for name, text in tree.items():
            (eve / "text").write_text(text)
            held = scene.git(eve, "hash-object", "-w", "text")
            rows.append(f"100644 blob {held}\t{name}")
        (eve / "rows").write_text("\n".join(rows) + "\n")
        with (eve / "rows").open() as given:
            made = subprocess.run(
                ["git", "mktree"], cwd=eve, stdin=given, capture_output=True, check=True, text=True
            )
        scene.git(eve, "update-ref", f"refs/branchline/runs/{run}", made.stdout.strip())
        if extra:
            scene.git(eve, "update-ref", extra, made.stdout.strip())
        scene.git(eve, "bundle", "create", "--quiet", bundle, "--glob=refs/branchline/*")

    def apply(self, *words: str, ref: str = "refs/heads/main", **more: Any) -> Ended:
        """A dry run in a checkout of the default branch, whatever the event is about."""
        sha = self.told()["tested"] if "GITHUB_SHA" not in more else more.pop("GITHUB_SHA")
        return self.scene.job(
            "apply", self.event, "--dry-run", *words, ref=ref, results=self.folder.parent,
            GITHUB_SHA=sha, GITHUB_REF=self.ref, **more,
        )  # fmt: skip


def test_a_pull_request_gets_its_comment_and_its_head_a_status(scene: CiScene) -> None:
    walked = Walked(scene, is_pull=True)

    done = walked.apply()

    assert done.code == 0, done.err
    lines = [line for line in done.out.splitlines() if line.startswith("would")]
    assert lines == [
        f"would set check branchline/demo of commit {walked.head[:7]} to passed",
        f"would put the report of run {walked.head[:7]} on pull request 7",
    ]
    assert scene.records() == []


def test_only_what_was_asked_for_is_done(scene: CiScene) -> None:
    walked = Walked(scene, is_pull=False)

    report, register = walked.apply("--only", "report"), walked.apply("--only", "register")

    assert "would set check" in report.out
    assert "would register" not in report.out
    assert "would register demo" in register.out
    assert "would set check" not in register.out


def test_each_word_of_then_is_carried_out_or_said(scene: CiScene) -> None:
    rules = (
        'branches:\n  "main": {do: train, then: [register, promote, deploy, tag, notify]}\n'
        "deploy: {staging: {strategy: canary, steps: [10, 100]}}\n"
    )
    scene.commit({"branchline.yaml": FILES["branchline.yaml"] + rules})
    walked = Walked(scene, is_pull=False)

    done = walked.apply()

    assert done.code == 0, done.err
    run = walked.told()["models"][0]["run"]
    assert "then give it `staging`" in done.out
    assert f"would tag commit {walked.head[:7]} `passed/{run}`" in done.out
    assert "`then: notify` is not carried out yet" in done.err
    assert "`then: deploy` gives the version `staging`, and deploys nowhere" in done.err


@pytest.mark.parametrize(
    ("is_pull", "change", "words"),
    [
        pytest.param(True, {"head": "f" * 40}, "are of commit ffffffffff", id="of-another-commit"),
        pytest.param(True, {"model": "other"}, "no model of this event", id="of-another-model"),
        pytest.param(True, {"run": "0000000"}, "names no run", id="of-a-run-that-is-not-there"),
        pytest.param(True, {"state": "passed"}, "is unusable", id="of-a-state-that-is-none"),
    ],
)
def test_results_that_name_something_else_are_refused(
    scene: CiScene, change: dict[str, str], words: str, *, is_pull: bool
) -> None:
    walked = Walked(scene, is_pull=is_pull)
    sha = walked.told()["tested"]
    walked.rewrite(**change)

    done = walked.apply(GITHUB_SHA=sha)

    assert done.code in (1, 2)
    assert words in done.err
    assert "would" not in done.out


def test_a_forged_verdict_fails_the_check_and_registers_nothing(scene: CiScene) -> None:
    commit = scene.commit({"train.py": FILES["train.py"].replace("0.9", "0.4")})
    walked = object.__new__(Walked)
    walked.scene, walked.head, walked.ref = scene, commit, "refs/heads/main"
    walked.event = pushed("refs/heads/main", commit)
    walked.run = scene.job("run", walked.event, "--no-push", ref=walked.ref)
    walked.folder = walked.run.folder
    assert walked.run.code == 3
    walked.rebundle({"verdict.json": {"outcome": "passed", "summary": "Passed: @all <b>good</b>"}})

    done = walked.apply()

    assert done.code == 1, done.out
    assert "to failed" in done.out
    assert "would register" not in done.out
    assert "does not fit the gate" in done.err


COMPARING = {
    "branchline.yaml": FILES["branchline.yaml"].replace(
        "{min: 0.5}", "{min: 0.5, max_regression: 0.01}"
    )
}


def champion_of(scene: CiScene) -> str:
    """Train the default branch, and let the forge have the record; the run."""
    scene.commit(COMPARING)
    trained = Walked(scene, is_pull=False)
    told = scene.job("run", trained.event, ref=trained.ref)
    assert told.code == 0, told.err
    return str(trained.told()["models"][0]["run"])


def worse_pull(scene: CiScene) -> Walked:
    """A pull request whose model is much worse than the champion, as its training says."""
    worse = FILES["train.py"].replace("0.9", "0.6")
    head = scene.commit({"train.py": worse, "params.yaml": "lr: 0.3\n"}, branch="work")
    scene.merged(7, head)
    walked = object.__new__(Walked)
    walked.scene, walked.head, walked.ref = scene, head, "refs/pull/7/merge"
    walked.event = pulled(head)
    walked.run = scene.job("run", walked.event, "--no-push", ref=walked.ref)
    assert walked.run.code == 3, walked.run.err
    walked.folder = walked.run.folder
    return walked


def test_a_comparison_is_believed_where_it_is_that_with_the_champion(scene: CiScene) -> None:
    champion_of(scene)
    walked = Walked(scene, is_pull=True)

    done = walked.apply()

    assert (done.code, "to passed" in done.out) == (0, True), done.err


@pytest.mark.parametrize(
    ("baseline", "finding", "words"),
    [
        pytest.param(
            {"run": "", "commit": None, "via": "none"}, {},
            "measured against nothing, and the champion is run", id="as-if-there-were-no-champion",
        ),
        pytest.param({}, {}, "fell by 0.3 from 0.9", id="against-it-and-passed-all-the-same"),
        pytest.param({}, {"bound": 0.5}, "0.5 was judged by", id="by-a-bar-of-its-own"),
        pytest.param({}, {"rule": "max"}, "says anything of the bar", id="by-no-such-bar"),
    ],
)  # fmt: skip
def test_a_branch_writes_no_verdict_on_itself(
    scene: CiScene, baseline: dict[str, Any], finding: dict[str, Any], words: str
) -> None:
    champion_of(scene)
    walked = worse_pull(scene)
    run = walked.told()["models"][0]["run"]
    eve = scene.home / "look"
    eve.mkdir()
    scene.git(eve, "init", "-q", "--bare")
    scene.git(eve, "fetch", "-q", str(walked.folder / "records.bundle"), "+refs/*:refs/*")
    told = json.loads(scene.git(eve, "show", f"refs/branchline/runs/{run}:verdict.json"))
    findings = [{**f, "outcome": "passed"} for f in told["findings"]]
    findings[-1] |= finding
    walked.rebundle(
        {
            "verdict.json": {
                "outcome": "passed", "summary": "Passed.", "findings": findings,
                "baseline": {**told["baseline"], **baseline},
            }
        }
    )  # fmt: skip

    done = walked.apply()

    assert done.code == 1, done.out
    assert "to failed" in done.out
    assert words in done.err + done.out, done.err


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"branch": "main"}, id="of-another-branch"),
        pytest.param({"commit": "f" * 40}, id="of-another-commit"),
        pytest.param({"model": "other"}, id="of-another-model"),
    ],
)
def test_a_record_that_passes_for_another_is_refused(
    scene: CiScene, change: dict[str, str]
) -> None:
    walked = Walked(scene, is_pull=True)
    walked.rebundle({"run.json": change})

    done = walked.apply()

    assert done.code == 1
    assert "is not of model `demo` at commit" in done.err


def test_a_commit_that_another_branch_trained_is_told_and_registered(scene: CiScene) -> None:
    head = scene.commit({"params.yaml": "lr: 0.2\n"}, branch="train/x")
    ref, tree = "refs/heads/train/x", scene.checkout("refs/heads/train/x")
    first = scene.job("run", pushed(ref, head), ref=ref, folder=tree)
    scene.git(scene.author, "push", "-q", str(scene.bare), f"{head}:refs/heads/main")
    walked = object.__new__(Walked)
    walked.scene, walked.head, walked.ref = scene, head, "refs/heads/main"
    walked.event = pushed(walked.ref, head)
    # The same machine, which has the model already.
    walked.run = scene.job("run", walked.event, ref=walked.ref, folder=tree)
    walked.folder = walked.run.folder

    done = walked.apply()

    assert first.code == 0, first.err
    assert "Recorded before as run" in walked.run.out
    assert done.code == 0, done.err
    assert f"would set check branchline/demo of commit {head[:7]} to passed" in done.out
    assert "would register demo" in done.out


def test_a_run_that_nobody_named_is_refused(scene: CiScene) -> None:
    walked = Walked(scene, is_pull=True)
    walked.rebundle({}, extra="refs/branchline/runs/fffffff")

    done = walked.apply()

    assert done.code == 1
    assert "a run came along that the results do not name" in done.err


def test_the_first_pull_request_of_a_project_gets_its_report(tmp_path: Path) -> None:
    scene = CiScene(tmp_path)
    scene.commit({"README.md": "x"}, message="before Branchline")
    head = scene.commit(FILES, branch="work")
    scene.merged(7, head)
    walked = object.__new__(Walked)
    walked.scene, walked.head, walked.ref = scene, head, "refs/pull/7/merge"
    walked.event = pulled(head)
    walked.run = scene.job("run", walked.event, "--no-push", "--model", "demo", ref=walked.ref)
    walked.folder = walked.run.folder

    done = walked.apply("--model", "demo")

    assert (walked.run.code, done.code) == (0, 0), walked.run.err + done.err
    assert "would set check branchline/demo" in done.out
    assert "would register" not in done.out


def test_without_results_it_is_said_what_is_missing(scene: CiScene) -> None:
    walked = Walked(scene, is_pull=True)
    sha = walked.told()["tested"]
    shutil.rmtree(walked.folder)

    done = walked.apply(GITHUB_SHA=sha)

    assert done.code == 1
    assert "there are no results in" in done.err
    assert "Traceback" not in done.err


def test_nothing_of_a_fork_is_recorded_whatever_the_token_may(
    scene: CiScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    from branchline.cli.ci_apply import _followed
    from branchline.cli.ci_setting import open_setting
    from branchline.wiring import ci

    rule = "pull_requests: {into: [main], do: train, forks: train}\n"
    scene.commit({"branchline.yaml": FILES["branchline.yaml"] + rule})
    head = scene.commit({"params.yaml": "lr: 0.2\n"}, branch="theirs")
    tested = scene.merged(7, head)
    # Its branch has the name of ours: a record of it would be one of the default branch.
    event = pulled(head, branch="main", repo={"full_name": "eve/r"})
    ran = scene.job("run", event, ref="refs/pull/7/merge")
    assert ran.code == 0, ran.err
    (scene.home / "event.json").write_text(json.dumps(event[1]))
    environ = {
        **scene.environ, "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": event[0],
        "GITHUB_EVENT_PATH": str(scene.home / "event.json"), "GITHUB_SHA": tested,
        "GITHUB_REF": "refs/pull/7/merge",
    }  # fmt: skip
    for name, value in scene.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(scene.checkout("refs/heads/main"))
    options = Namespace(folder="", model=None, dry_run=False, only=None, absent_fails=False)

    setting = open_setting(options, ci.open_job(environ, io.StringIO()), environ, is_trusted=True)
    found = _followed(setting, ci.open_results(str(ran.folder), environ), options)

    assert json.loads((ran.folder / "results.json").read_text())["models"][0]["state"] == "walked"
    assert found.effects == []
    assert scene.records() == []


def test_the_forge_is_told_once_and_the_model_is_registered(
    scene: CiScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    from branchline.cli.ci_apply import _followed, applied
    from branchline.cli.ci_setting import open_setting
    from branchline.wiring import ci

    walked = Walked(scene, is_pull=False)
    tree = scene.checkout("refs/heads/main")
    event = scene.home / "event.json"
    event.write_text(json.dumps(walked.event[1]))
    for name, value in scene.environ.items():
        monkeypatch.setenv(name, value)
    environ = {
        **scene.environ, "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push",
        "GITHUB_EVENT_PATH": str(event), "GITHUB_SHA": walked.head, "GITHUB_REF": walked.ref,
    }  # fmt: skip
    monkeypatch.chdir(tree)
    options = Namespace(folder="", model=None, dry_run=False, only=None, absent_fails=False)
    forge = FakeForge()

    said = []
    for _ in range(2):
        job = ci.open_job(environ, io.StringIO())
        setting = open_setting(options, job, environ, is_trusted=True)
        folder = ci.open_results(str(walked.folder), environ)
        found = _followed(setting, folder, options)
        said.append(applied(found.effects, ci.appliers(setting, forge, environ)))

    assert not any(error for rows in said for *_, error in rows), said
    assert [check.state.value for check in forge.checks(walked.head)] == ["passed"]
    tags = scene.git(scene.bare, "tag").splitlines()
    assert tags == ["demo#staging#1", "demo@v1.0.0"]
    assert {name.split("/")[2] for name in scene.records()} == {"results", "runs"}
    assert os.path.isdir(tree)


def test_a_model_that_nobody_else_can_have_is_not_registered(scene: CiScene) -> None:
    """The report goes out; the registration is withheld, with what to set."""
    scene.commit({"branchline.yaml": YAML})
    walked = Walked(scene, is_pull=False)

    report, register = walked.apply("--only", "report"), walked.apply("--only", "register")

    assert report.code == 0, report.err
    assert register.code == 0, "the project has no such place, and is told so"
    assert "would register" not in register.out
    assert "`model.pkl` stands on the machine that trained it and nowhere else" in register.err
    assert "store: s3://bucket/prefix" in register.err


def test_what_a_training_could_not_send_is_not_registered(scene: CiScene) -> None:
    """The training ends well and says what it could not do."""
    (scene.home / "store").write_text("no folder")
    walked = Walked(scene, is_pull=False)

    register = walked.apply("--only", "register")

    assert walked.run.code == 0, walked.run.err
    assert "outputs were not sent" in walked.run.err
    assert register.code == 1
    assert "does not have `model.pkl`" in register.err
