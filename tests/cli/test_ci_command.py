"""Jobs of GitHub Actions on real repositories: shallow, detached, beside others, of strangers."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

if str(HOUSE := Path(__file__).parents[2]) not in sys.path:
    sys.path.append(str(HOUSE))
from tests.cli.ci_scene import FILES, REPOSITORY, STORED, YAML, CiScene, pulled, pushed
from tests.package_index import package_index

from branchline.adapters.environments.uv import find_uv


@pytest.fixture
def scene(tmp_path: Path) -> CiScene:
    """A forge with a project on its default branch."""
    scene = CiScene(tmp_path)
    scene.commit(FILES, message="first")
    return scene


def head_of(scene: CiScene, branch: str = "main") -> str:
    return scene.git(scene.bare, "rev-parse", f"refs/heads/{branch}")


def main_push(scene: CiScene) -> tuple[str, dict[str, object]]:
    return pushed("refs/heads/main", head_of(scene))


def test_a_push_is_planned_trained_and_shared(scene: CiScene) -> None:
    event = main_push(scene)

    plan = scene.job("plan", event, ref="refs/heads/main")
    run = scene.job("run", event, ref="refs/heads/main")
    again = scene.job("plan", event, ref="refs/heads/main")

    assert (plan.code, run.code, again.code) == (0, 0, 0), plan.err + run.err + again.err
    assert plan.outputs["should-train"] == plan.outputs["training-changed"] == "true"
    assert json.loads(plan.outputs["matrix"]) == {
        "include": [
            {"model": "demo", "kind": "train", "runs-on": ["self-hosted", "gpu"],
             "timeout-minutes": 45}
        ]
    }  # fmt: skip
    assert json.loads(plan.outputs["labels"]) == ["self-hosted", "gpu"]
    assert "| **run** | `train` | no result yet |" in plan.summary
    assert "::notice title=train runs,file=branchline.yaml,line=3::no result yet" in plan.out
    assert "Verdict: passed" in run.summary
    assert {name.split("/")[2] for name in scene.records()} == {"results", "runs"}
    # On the default branch the verdict is wanted although nothing trains: it registers.
    assert (again.outputs["should-train"], again.outputs["training-changed"]) == ("true", "false")
    assert again.outputs["data-changed"] == "false"


def test_a_stage_gets_neither_token_nor_the_files_of_the_runner(scene: CiScene) -> None:
    done = scene.job("run", main_push(scene), ref="refs/heads/main")

    logs = list(scene.home.glob("job*/.branchline/logs/**/*"))
    text = "".join(path.read_text() for path in logs if path.is_file())
    assert "seen: []" in text
    whole = done.out + done.err + done.summary
    assert "secret-of-the-job" not in whole + text
    # A stage's own output is printed, if at all, where it is no command.
    first, last = done.out.find("::stop-commands::"), done.out.rfind("::branchline-")
    assert 0 <= first < last
    assert "::set-output" not in done.out[:first] + done.out[last:]


def test_a_model_that_goes_with_its_machine_is_said(scene: CiScene) -> None:
    event, ref = main_push(scene), "refs/heads/main"

    own = scene.job("run", event, ref=ref, RUNNER_ENVIRONMENT="self-hosted")
    hosted = scene.job("run", event, ref=ref, RUNNER_ENVIRONMENT="github-hosted")

    assert "nowhere else" not in own.err
    assert "note: `model.pkl` was made on a machine that GitHub takes away" in hosted.err
    assert "nowhere else" in hosted.summary
    notes = json.loads((hosted.folder / "results.json").read_text())["notes"]
    assert any("model.pkl" in note for note in notes)


def test_a_comment_only_change_trains_nothing(scene: CiScene) -> None:
    scene.job("run", main_push(scene), ref="refs/heads/main")
    head = scene.commit({"train.py": "# why\n" + FILES["train.py"]}, branch="work")
    merge = scene.merged(7, head)

    done = scene.job("plan", pulled(head), ref="refs/pull/7/merge")

    assert done.code == 0, done.err
    assert done.outputs["should-train"] == "false", done.out
    assert "nothing to train" in done.outputs["reason"]
    assert head[:7] in done.summary
    assert merge[:7] in done.summary


def test_results_whose_verdict_failed_do_not_pass_for_judged(scene: CiScene) -> None:
    scene.commit({"branchline.yaml": YAML.replace("min: 0.5", "min: 0.95")})
    head = scene.commit({"params.yaml": "lr: 0.2\n"}, branch="work")
    scene.merged(7, head)
    failed = scene.job("run", pulled(head), ref="refs/pull/7/merge")
    # Nothing that matters to the model changed since.
    scene.git(scene.author, "checkout", "-q", "work")
    again = scene.commit({"README.md": "x\n"}, branch="work")
    scene.merged(7, again)

    planned = scene.job("plan", pulled(again), ref="refs/pull/7/merge")
    judged = scene.job("run", pulled(again), ref="refs/pull/7/merge")

    assert failed.code == 3, failed.err
    said = {name: planned.outputs[name] for name in ("should-train", "training-changed")}
    assert said == {"should-train": "true", "training-changed": "false"}
    assert "what is reused is judged again" in planned.outputs["reason"]
    assert judged.code == 3, judged.err


FOLDER = {
    "branchline.yaml": YAML.replace(
        "stages:\n",
        "stages:\n  prepare: {cmd: python3 prepare.py, deps: [data.csv], outs: [made]}\n",
    ).replace("deps: [train.py, data.csv]", "deps: [train.py, made/a.csv]"),
    "prepare.py": "import os\nos.makedirs('made')\nopen('made/a.csv', 'w').write('1')\n",
    ".gitignore": FILES[".gitignore"] + "/made\n",
}


@pytest.mark.parametrize(
    ("forgets", "changed"),
    [
        pytest.param(False, "false", id="a-run-tells-what-it-read"),
        # A search leaves results and no run.
        pytest.param(True, "true", id="not-known-means-run"),
    ],
)
def test_a_file_in_a_folder_that_another_machine_keeps(
    scene: CiScene, forgets: bool, changed: str
) -> None:
    scene.commit(FOLDER)
    ran = scene.job("run", main_push(scene), ref="refs/heads/main")
    if forgets:
        for name in scene.records():
            if name.startswith("refs/branchline/runs/"):
                scene.git(scene.bare, "update-ref", "-d", name)
    head = scene.commit({"train.py": "# why\n" + FILES["train.py"]}, branch="work")
    scene.merged(7, head)

    planned = scene.job("plan", pulled(head), ref="refs/pull/7/merge")

    assert ran.code == 0, ran.err
    assert planned.code == 0, planned.out + planned.err
    assert planned.outputs["training-changed"] == changed, planned.out
    assert planned.outputs["should-train"] == changed, planned.out


def test_a_pull_request_is_recorded_with_head_and_merge(scene: CiScene) -> None:
    head = scene.commit({"params.yaml": "lr: 0.2\n"}, branch="work")
    base = head_of(scene)
    merge = scene.merged(7, head)

    done = scene.job("run", pulled(head), ref="refs/pull/7/merge")

    assert done.code == 0, done.err
    told = json.loads((done.folder / "results.json").read_text())
    assert (told["head"], told["tested"]) == (head, merge)
    run = told["models"][0]["run"]
    record = json.loads(scene.git(scene.bare, "show", f"refs/branchline/runs/{run}:run.json"))
    assert (record["commit"], record["branch"]) == (merge, "work")
    assert record["trigger"]["pull_request"] == 7
    # The payload's base is older than the merge: what was merged into counts.
    assert (record["trigger"]["head"], record["trigger"]["base"]) == (head, base)


def test_rules_and_machines_come_from_the_default_branch(scene: CiScene) -> None:
    own = YAML.replace("min: 0.5", "min: 0.0").replace("gpu]", "secrets]")
    head = scene.commit(
        {"branchline.yaml": own, "train.py": FILES["train.py"].replace("0.9", "0.4")},
        branch="work",
    )
    scene.merged(7, head)

    plan = scene.job("plan", pulled(head), ref="refs/pull/7/merge")
    run = scene.job("run", pulled(head), ref="refs/pull/7/merge")

    assert json.loads(plan.outputs["labels"]) == ["self-hosted", "gpu"]
    assert run.code == 3, run.err
    assert "::error title=auc%3A failed::" in run.out


@pytest.mark.parametrize("verb", ["plan", "run"])
def test_rules_that_cannot_be_read_judge_nothing(scene: CiScene, verb: str) -> None:
    scene.commit({"branchline.yaml": YAML.replace("gate:", "gatee:")})
    head = scene.commit({"branchline.yaml": YAML.replace("min: 0.5", "min: 0.0")}, branch="work")
    scene.merged(7, head)

    done = scene.job(verb, pulled(head), ref="refs/pull/7/merge")

    assert done.code == 1, done.out + done.err
    assert "the settings of the default branch" in done.out + done.err
    assert "gatee: unknown key" in done.out + done.err
    assert scene.records() == []


def test_the_tests_of_the_model_are_part_of_the_walk(scene: CiScene) -> None:
    tests = "tests:\n  - {name: smoke, run: \"python3 -c 'raise SystemExit(1)'\"}\n"
    commit = scene.commit({"branchline.yaml": YAML + tests})
    event, ref = pushed("refs/heads/main", commit), "refs/heads/main"

    planned = scene.job("plan", event, ref=ref)
    ran = scene.job("run", event, ref=ref)

    assert "tests@smoke" in planned.out
    assert (ran.code, "smoke" in ran.summary) == (3, True), ran.err


def test_a_fork_is_planned_and_not_trained(scene: CiScene) -> None:
    head = scene.commit({"params.yaml": "lr: 0.2\n"}, branch="work")
    scene.merged(7, head)
    event = pulled(head, repo={"full_name": "eve/r"})

    plan = scene.job("plan", event, ref="refs/pull/7/merge")
    run = scene.job("run", event, ref="refs/pull/7/merge")

    assert (plan.code, run.code) == (0, 0), plan.err + run.err
    assert (plan.outputs["should-train"], plan.outputs["withheld"]) == ("false", "true")
    assert "training is withheld" in plan.summary
    assert "| **run** | `train` |" in plan.summary
    assert "nothing is trained" in run.out
    assert scene.records() == []


@pytest.mark.parametrize(
    "branch", ["train/$(touch${IFS}pwn)", "train/a;id`id`", "train/${{github.token}}", 'train/"x"']
)
def test_a_hostile_branch_changes_nothing_but_a_sentence(scene: CiScene, branch: str) -> None:
    commit = scene.commit({"params.yaml": "lr: 0.3\n"}, branch=branch)

    done = scene.job("plan", pushed(f"refs/heads/{branch}", commit), ref=f"refs/heads/{branch}")

    assert done.code == 0, done.err
    assert done.outputs.keys() == {
        "should-train", "training-changed", "data-changed", "withheld", "kind", "matrix", "labels",
        "reason",
    }  # fmt: skip
    assert done.outputs["should-train"] == "true"
    assert not list(scene.home.rglob("pwn"))


def test_what_is_printed_last_holds_no_command(scene: CiScene) -> None:
    asked = {"ref": "refs/heads/main", "inputs": {"model": "##[add-mask]main"}}
    event = ("workflow_dispatch", {**asked, "repository": REPOSITORY, "sender": {"login": "eve"}})

    done = scene.job("plan", event, ref="refs/heads/main")

    assert done.code != 0
    assert "add-mask]main" in done.err
    assert "##[" not in done.err


def test_a_deleted_branch_asks_for_nothing(scene: CiScene) -> None:
    event = pushed("refs/heads/gone", "0" * 40, deleted=True)

    plan = scene.job("plan", event, ref="refs/heads/main")
    run = scene.job("run", event, ref="refs/heads/main")

    assert (plan.code, run.code) == (0, 0), plan.err + run.err
    assert plan.outputs["should-train"] == "false"
    assert plan.outputs["reason"] == "branch `gone` was deleted"
    assert json.loads(plan.outputs["matrix"]) == {"include": []}


def test_an_empty_commit_trains_in_a_checkout_of_one_commit(scene: CiScene) -> None:
    scene.job("run", main_push(scene), ref="refs/heads/main")
    commit = scene.commit({}, branch="train/again", message="once more")
    nothing = {"id": commit, "added": [], "removed": [], "modified": []}
    event = pushed("refs/heads/train/again", commit, head_commit=nothing)

    done = scene.job("plan", event, ref="refs/heads/train/again")

    assert done.outputs["should-train"] == "true", done.out + done.err
    assert "empty commit" in done.outputs["reason"]


def test_the_wrong_checkout_is_said(scene: CiScene) -> None:
    old = head_of(scene)
    new = scene.commit({"params.yaml": "lr: 0.2\n"})

    tree = scene.checkout("refs/heads/main")
    done = scene.job(
        "plan", pushed("refs/heads/main", new), ref="refs/heads/main", folder=tree, GITHUB_SHA=old
    )
    event = pushed("refs/heads/main", old)
    wrong = scene.job("plan", event, ref="refs/heads/main", folder=tree, GITHUB_SHA=old)

    assert done.code == 0
    assert wrong.code == 1
    assert f"the checkout holds commit {new[:10]}" in wrong.err
    assert "::error title=Branchline::the checkout holds" in wrong.out


def test_without_permission_to_write_everything_works_and_the_loss_is_said(scene: CiScene) -> None:
    scene.commit({"branchline.yaml": STORED})
    hook = scene.bare / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'no permission to write' >&2\nexit 1\n")
    hook.chmod(0o755)

    done = scene.job("run", main_push(scene), ref="refs/heads/main")

    assert done.code == 0, done.err
    assert scene.records() == []
    assert "the records were not pushed" in done.err
    assert "contents: write" in done.summary
    hook.unlink()
    applied = scene.job(
        "apply", main_push(scene), "--dry-run", ref="refs/heads/main", results=done.folder.parent
    )
    assert applied.code == 0, applied.err
    assert "would set check branchline/demo of commit" in applied.out
    assert "would register demo from commit" in applied.out


def test_two_jobs_at_once_both_keep_their_run(scene: CiScene) -> None:
    (scene.author / "train.py").write_text(FILES["train.py"] + "import time\ntime.sleep(0.5)\n")
    scene.commit({})
    event = main_push(scene)

    jobs = [scene.start("run", event, "--force", ref="refs/heads/main") for _ in range(2)]
    ended = [scene.ended(job) for job in jobs]

    assert [job.code for job in ended] == [0, 0], ended[0].err + ended[1].err
    runs = [
        json.loads((job.folder / "results.json").read_text())["models"][0]["run"] for job in ended
    ]
    kept = {name.rpartition("/")[2] for name in scene.records() if "/runs/" in name}
    assert set(runs) <= kept
    assert len(kept) == 2


def test_an_interrupted_job_ends_in_time_and_says_so(scene: CiScene) -> None:
    text = FILES["train.py"] + "import signal, time\nsignal.signal(2, signal.SIG_IGN)\n"
    scene.commit({"train.py": text + "open('../began', 'w')\ntime.sleep(60)\n"})
    job = scene.start("run", main_push(scene), ref="refs/heads/main")
    until = time.monotonic() + 30
    while not (scene.home / "began").exists() and time.monotonic() < until:
        time.sleep(0.05)

    sent = time.monotonic()
    job.send_signal(signal.SIGINT)
    ended = scene.ended(job)

    assert time.monotonic() - sent < 7.5
    assert ended.code == 130, ended.err
    told = json.loads((ended.folder / "results.json").read_text())
    assert told["models"][0]["state"] == "cancelled"


def test_settings_that_cannot_be_used_are_annotated_at_their_lines(scene: CiScene) -> None:
    scene.commit({"branchline.yaml": YAML + "gates: 1\n"})

    done = scene.job("plan", main_push(scene), ref="refs/heads/main")

    assert done.code == 1
    assert "::error title=Branchline,file=branchline.yaml,line=14::" in done.out
    assert "gates" in done.summary


def test_a_schedule_and_a_person_walk_the_default_branch(scene: CiScene) -> None:
    cron = ("schedule", {"schedule": "17 2 * * 1", "repository": REPOSITORY})
    inputs = {"force": "true", "reason": "new\n::error::labels", "model": "demo"}
    person = (
        "workflow_dispatch",
        {"ref": "refs/heads/main", "inputs": inputs, "repository": REPOSITORY},
    )

    planned = scene.job("plan", cron, ref="refs/heads/main")
    scene.job("run", main_push(scene), ref="refs/heads/main")
    forced = scene.job("plan", person, ref="refs/heads/main")

    assert "the schedule `17 2 * * 1`" in planned.outputs["reason"]
    assert forced.outputs["training-changed"] == "true"
    assert "\n" not in forced.outputs["reason"]


def test_a_plan_in_a_job_builds_no_package_that_a_commit_asks_for(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    scene = CiScene(tmp_path)
    uv = str(Path(find_uv(os.environ)).parent)
    with package_index() as index:
        index.source("tool", "2.0", "2020-02-01", code=f"open({str(ran)!r}, 'w').write('ran')\n")
        rules = "environment: {make: always}\n"
        scene.commit(FILES | {"branchline.yaml": YAML + rules, "requirements.txt": "tool\n"})
        more: dict[str, Any] = {
            "UV_DEFAULT_INDEX": index.url,
            "PATH": f"{uv}:{os.environ['PATH']}",
            "UV_CACHE_DIR": str(tmp_path / "uv"),
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "PIP_FIND_LINKS": "",
        }

        plan = scene.job("plan", main_push(scene), ref="refs/heads/main", **more)

    assert plan.code == 0, plan.err
    assert plan.outputs["should-train"] == "true"
    assert "not known before it runs" in plan.summary
    assert not ran.exists()
