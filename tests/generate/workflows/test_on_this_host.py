"""The workflows for each event: which jobs run, and with which rights.

GitHub's own parser and expressions decide; Branchline is a stand-in that notes how it was called.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from tests.generate.workflows.combinations import asked_of
from tests.rig.host import REPOSITORY, Host, repository, results

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SETTINGS = (
    "model: m\ntrain: python train.py\n"
    "checks: [{name: lint, run: 'true', matrix: {python: ['3.11', '3.12']}}]\n"
    "tune: {objective: {metric: auc}, space: {lr: [1, 2]}}\n"
    "retrain: {schedule: '17 2 * * 1'}\n"
)
BRANCHLINE = """\
#!/bin/sh
echo "$* $GITHUB_TOKEN" >> {folder}/calls
case "$2" in
  plan)
    {{
      echo "should-train=${{SHOULD_TRAIN:-true}}"
      echo "withheld=${{WITHHELD:-false}}"
      echo "reason=because"
    }} >> "$GITHUB_OUTPUT" ;;
  run) mkdir -p "$RUNNER_TEMP/branchline-results"
    echo '{{}}' > "$RUNNER_TEMP/branchline-results/results.json"
    exit "${{TRAIN_CODE:-0}}" ;;
  apply) case "$*" in
      *--absent-fails*) ;;
      *) test -f "$RUNNER_TEMP/branchline-results/results.json" ;;
    esac ;;
esac
"""
TRAIN = ".github/workflows/branchline.yml"
TUNE = ".github/workflows/branchline-tune.yml"
SUCCESS, SKIPPED, FAILURE = "success", "skipped", "failure"


def git(folder: object, *words: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    done = subprocess.run(
        ["git", *identity, *words], cwd=str(folder), check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def commit_files(root: Path, files: Mapping[str, str]) -> None:
    """A repository whose first commit, on `main`, holds these files."""
    root.mkdir(exist_ok=True)
    git(root, "init", "-q", "-b", "main")
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    git(root, "add", "-A")
    git(root, "commit", "-qm", "first")


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    """A repository with the workflows, on `main` and `tuning/x`, and a machine for its jobs."""
    root, folder = tmp_path_factory.mktemp("repository"), tmp_path_factory.mktemp("host")
    commit_files(root, {**asked_of(SETTINGS).files, "branchline.yaml": SETTINGS})
    for branch in ("tuning/x", "training/y", "gh-readonly-queue/main/pr-3"):
        git(root, "branch", branch)
    host = Host(root, folder)
    host.install("branchline", BRANCHLINE.format(folder=folder))
    return host


def push(host: Host, ref: str) -> dict[str, Any]:
    return {"ref": ref, "before": "0" * 40, "after": git(host.root, "rev-parse", "main")}


def pull(host: Host, *, head_repository: str = REPOSITORY) -> dict[str, Any]:
    commit = git(host.root, "rev-parse", "main")
    head = {"ref": "x'; touch pwned; '", "sha": commit, "repo": repository(head_repository)}
    base = {"ref": "main", "sha": commit, "repo": repository()}
    return {
        "action": "opened",
        "number": 3,
        "pull_request": {"number": 3, "head": head, "base": base, "merge_commit_sha": commit},
    }


def ended(**changed: str) -> dict[str, str]:
    every = ("decide", "check-1", "train", "report", "gate", "register")
    return dict.fromkeys(every, SUCCESS) | {k.replace("_", "-"): v for k, v in changed.items()}


@pytest.mark.parametrize(
    ("event", "ref", "variables", "expected"),
    [
        pytest.param("push", "refs/heads/main", {}, ended(), id="push-to-main"),
        pytest.param(
            "push", "refs/heads/training/y", {}, ended(register=SKIPPED), id="push-to-training"
        ),
        pytest.param("push", "refs/heads/tuning/x", {}, {}, id="tuning-has-its-own-workflow"),
        pytest.param("push", "refs/heads/feature", {}, {}, id="branch-without-a-rule"),
        pytest.param("push", "refs/tags/m@v1.2.3", {}, {}, id="tag-of-the-registry"),
        pytest.param(
            "push", "refs/heads/main", {"SHOULD_TRAIN": "false"},
            ended(train=SKIPPED, report=SKIPPED, register=SKIPPED), id="nothing-to-train",
        ),
        pytest.param(
            "push", "refs/heads/main", {"TRAIN_CODE": "3"},
            ended(train=FAILURE, gate=FAILURE, register=SKIPPED), id="verdict-failed",
        ),
        pytest.param("pull", "", {}, ended(register=SKIPPED), id="pull-request"),
        pytest.param(
            "fork", "", {"SHOULD_TRAIN": "false", "WITHHELD": "true"},
            ended(train=SKIPPED, report=SKIPPED, register=SKIPPED, gate=FAILURE),
            id="fork-with-something-to-train",
        ),
        pytest.param(
            "fork", "", {"SHOULD_TRAIN": "true"},
            ended(train=SKIPPED, report=SKIPPED, register=SKIPPED, gate=FAILURE),
            id="fork-is-not-trained-whatever-the-plan-says",
        ),
        pytest.param(
            "fork", "", {"SHOULD_TRAIN": "false"},
            ended(train=SKIPPED, report=SKIPPED, register=SKIPPED), id="fork-of-docs",
        ),
        pytest.param("merge_group", "", {}, ended(register=SKIPPED), id="merge-queue"),
        pytest.param("schedule", "", {}, ended(), id="schedule"),
        pytest.param("workflow_dispatch", "", {}, ended(), id="by-hand"),
    ],
)  # fmt: skip
def test_jobs(
    host: Host, event: str, ref: str, variables: dict[str, str], expected: dict[str, str]
) -> None:
    payloads: Mapping[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
        "push": ("push", push(host, ref), ()),
        "pull": ("pull_request", pull(host), ()),
        "fork": ("pull_request", pull(host, head_repository="eve/tumours"), ()),
        "merge_group": (
            "merge_group",
            {"action": "checks_requested"},
            ("--ref", "refs/heads/gh-readonly-queue/main/pr-3"),
        ),
        "schedule": ("schedule", {"schedule": "17 2 * * 1"}, ()),
        "workflow_dispatch": (
            "workflow_dispatch",
            {"ref": "refs/heads/main", "inputs": {"force": "true", "reason": "$(touch pwned)"}},
            (),
        ),
    }
    name, payload, words = payloads[event]

    report = host.run(TRAIN, name, payload, *words, **variables)

    assert results(report) == expected, report.get("why", report)


OWN_RUNNERS = (
    "model: m\ntrain: python train.py\n"
    "checks: [{name: lint, run: 'true', runs_on: [self-hosted, small]}]\n"
)


@pytest.mark.parametrize(
    ("more", "ended"),
    [
        pytest.param("", {"decide": SUCCESS}, id="checks-on-own-machines"),
        pytest.param(
            "github: {runs_on: [self-hosted, small]}\n",
            {"decide": SKIPPED},
            id="all-on-own-machines",
        ),
    ],
)
def test_code_of_a_fork_reaches_no_own_machine(
    tmp_path: Path, host: Host, more: str, ended: dict[str, str]
) -> None:
    root = tmp_path / "repository"
    commit_files(root, asked_of(OWN_RUNNERS + more).files)
    own = Host(root, host.folder)

    fork = own.run(TRAIN, "pull_request", pull(own, head_repository="eve/tumours"))
    same = own.run(TRAIN, "pull_request", pull(own))

    skipped = dict.fromkeys(("check-1", "train", "report", "register"), SKIPPED)
    assert results(fork) == {**skipped, **ended, "gate": FAILURE}
    assert results(same)["gate"] == SUCCESS


CHECKED = (
    "model: m\ntrain: python train.py\nchecks:\n"
    "  - {name: lint, run: 'test \"$FAILS\" != lint'}\n"
    "  - {name: integration, run: 'test \"$FAILS\" != integration', when: beside}\n"
)


@pytest.mark.parametrize(
    ("fails", "should_train", "expected"),
    [
        pytest.param("none", "true", {}, id="both-pass"),
        pytest.param(
            "lint", "true",
            {"check-1": FAILURE, "train": SKIPPED, "gate": FAILURE},
            id="a-check-that-fails-stops-the-training-and-is-told",
        ),
        pytest.param(
            "integration", "true", {"check-2": FAILURE, "gate": FAILURE},
            id="a-check-beside-the-training-stops-what-comes-after-it",
        ),
        pytest.param(
            "none", "false", {"train": SKIPPED, "report": SKIPPED},
            id="both-run-where-nothing-trains",
        ),
        pytest.param(
            "integration", "false",
            {"check-2": FAILURE, "train": SKIPPED, "report": SKIPPED, "gate": FAILURE},
            id="and-count-there",
        ),
    ],
)  # fmt: skip
def test_checks_stand_before_the_training_or_beside_it(
    tmp_path: Path, host: Host, fails: str, should_train: str, expected: dict[str, str]
) -> None:
    root = tmp_path / "repository"
    commit_files(root, asked_of(CHECKED).files)
    own = Host(root, host.folder)

    report = own.run(
        TRAIN, "push", push(own, "refs/heads/main"), FAILS=fails, SHOULD_TRAIN=should_train
    )

    is_fine = not expected.get("gate") and "train" not in expected
    every = dict.fromkeys(("decide", "check-1", "check-2", "train", "report", "gate"), SUCCESS) | {
        "register": SUCCESS if is_fine else SKIPPED
    }
    assert results(report) == every | expected, report


SEVERAL = (
    "model: m\nstages:\n"
    "  prepare: {cmd: x, outs: [f]}\n  train: {cmd: x, deps: [f], outs: [m]}\n"
    "  evaluate: {cmd: x, deps: [m]}\n"
    "resources:\n  prepare: {runs_on: [ubuntu-24.04]}\n"
    "  train: {runs_on: [self-hosted, gpu]}\n  evaluate: {runs_on: [ubuntu-24.04]}\n"
)
PARTED = """\
#!/bin/sh
echo "$*" >> {folder}/calls
case "$*" in
  *"ci plan"*)
    {{
      echo "should-train=true"; echo "withheld=false"; echo "reason=because"
    }} >> "$GITHUB_OUTPUT" ;;
  *"ci run"*)
    case "$*" in
      *--earlier*) test -f "$RUNNER_TEMP/branchline-earlier/results.json" || exit 9 ;;
    esac
    mkdir -p "$RUNNER_TEMP/branchline-results"
    echo "$*" > "$RUNNER_TEMP/branchline-results/results.json"
    case "$*" in *"--stages $FAILS") exit 1 ;; esac ;;
  *"ci apply"*) cat "$RUNNER_TEMP/branchline-results/results.json" > {folder}/told ;;
esac
"""


@pytest.mark.parametrize(
    ("fails", "expected", "told"),
    [
        pytest.param(
            "none",
            dict.fromkeys(
                ("decide", "train-1", "train-2", "train", "report", "gate", "register"), SUCCESS
            ),
            "--earlier",
            id="all-parts-one-after-the-other",
        ),
        pytest.param(
            "train",
            dict.fromkeys(("decide", "train-1", "report"), SUCCESS)
            | {"train-2": FAILURE, "train": SKIPPED, "gate": FAILURE, "register": SKIPPED},
            "--stages train",
            id="a-part-that-fails-is-reported-and-stops-the-rest",
        ),
    ],
)
def test_stages_that_need_several_machines_train_in_parts(
    tmp_path: Path, fails: str, expected: dict[str, str], told: str
) -> None:
    root = tmp_path / "repository"
    commit_files(root, asked_of(SEVERAL).files)
    host = Host(root, tmp_path / "host")
    host.folder.mkdir()
    host.install("branchline", PARTED.format(folder=host.folder))

    report = host.run(TRAIN, "push", push(host, "refs/heads/main"), FAILS=fails)

    assert results(report) == expected, report
    calls = (host.folder / "calls").read_text().splitlines()
    runs = [call for call in calls if "ci run" in call]
    assert all("--no-push" in run for run in runs)
    assert runs[0].endswith("--no-push --stages prepare")
    assert runs[1].endswith("--stages train")
    assert ["--earlier" in run for run in runs[:2]] == [False, True]
    assert told in (host.folder / "told").read_text()


ALIKE = (
    "checks: [{name: lint, run: 'test \"$FAILS\" != lint'}]\nmodels:\n"
    "  churn: {train: python train.py}\n  fraud: {train: python train.py}\n"
)
LEGS = """\
#!/bin/sh
case "$*" in
  *"ci plan"*)
    {{
      echo "should-train=true"; echo "withheld=false"; echo "reason=because"
      echo "matrix=$MATRIX"
    }} >> "$GITHUB_OUTPUT" ;;
  *"ci run"*) mkdir -p "$RUNNER_TEMP/branchline-results"
    echo "$MODEL" > "$RUNNER_TEMP/branchline-results/results.json" ;;
  *"ci apply"*)
    {{
      echo "$*"; cd "$RUNNER_TEMP/branchline-results" && find . -name results.json | sort
    }} > {folder}/told-$GITHUB_JOB ;;
esac
"""


@pytest.mark.parametrize(
    ("models", "fails", "left", "expected"),
    [
        pytest.param(
            ["churn", "fraud"], "none",
            ["./results-churn-1/results.json", "./results-fraud-1/results.json"], {}, id="two",
        ),
        pytest.param(
            ["fraud"], "none", ["./results.json"], {},
            id="a-single-leg-leaves-its-results-in-the-folder-itself",
        ),
        pytest.param(
            ["fraud"], "lint", [],
            {"check-1": FAILURE, "train": SKIPPED, "gate": FAILURE, "register": SKIPPED},
            id="a-check-that-fails-is-told-of-those-that-had-to-train",
        ),
    ],
)  # fmt: skip
def test_models_alike_train_in_legs(
    tmp_path: Path, models: list[str], fails: str, left: list[str], expected: dict[str, str]
) -> None:
    root = tmp_path / "repository"
    commit_files(root, asked_of(ALIKE).files)
    host = Host(root, tmp_path / "host")
    host.folder.mkdir()
    host.install("branchline", LEGS.format(folder=host.folder))
    matrix = json.dumps({"include": [{"model": name} for name in models]}, separators=(",", ":"))

    report = host.run(TRAIN, "push", push(host, "refs/heads/main"), FAILS=fails, MATRIX=matrix)

    assert {name.partition(" ")[0] for name in results(report)} >= {"report", "gate"}
    every = {k: v for k, v in results(report).items() if not k.startswith("train")}
    assert every == {k: v for k, v in (ended() | expected).items() if k != "train"}, report
    said, *found = (host.folder / "told-report").read_text().splitlines()
    assert f"--models churn,fraud --matrix {matrix}" in said
    assert "--absent-fails" in said
    assert found == left


def test_each_job_has_the_rights_that_it_declares(host: Host) -> None:
    (host.folder / "calls").unlink(missing_ok=True)

    host.run(TRAIN, "push", push(host, "refs/heads/main"))

    calls = [line.split() for line in (host.folder / "calls").read_text().splitlines()]
    rights = {
        f"{call[1]} {call[call.index('--only') + 1]}" if "--only" in call else call[1]: set(
            call[-1].split("+")[2:]
        )
        for call in calls
    }
    assert rights == {
        "plan": {"contents:read"},
        "run": {"contents:read"},
        "apply report": {"contents:write", "pull-requests:write", "statuses:write"},
        "apply register": {"contents:write", "statuses:write"},
    }


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("0", {"search": SUCCESS, "go-on": SKIPPED, "open": SUCCESS}, id="done"),
        pytest.param("75", {"search": SUCCESS, "go-on": SUCCESS, "open": SKIPPED}, id="goes-on"),
        pytest.param("1", {"search": FAILURE, "go-on": SKIPPED, "open": SKIPPED}, id="failed"),
    ],
)
def test_a_search(host: Host, code: str, expected: dict[str, str]) -> None:
    gh = host.folder / "bin/gh"
    gh.parent.mkdir(exist_ok=True)
    gh.write_text(f'#!/bin/sh\necho "$* $GH_TOKEN" > {host.folder}/gh\n')
    gh.chmod(0o755)

    report = host.run(TUNE, "push", push(host, "refs/heads/tuning/x"), TRAIN_CODE=code)

    checks = {"check-1": SUCCESS}
    assert results(report) == {**checks, **expected}, report
    if code == "75":
        # The branch goes as one word, the right as one right.
        said = (host.folder / "gh").read_text().split()
        assert said[:5] == ["workflow", "run", "branchline-tune.yml", "--ref", "tuning/x"]
        assert said[-1].endswith("+actions:write")


@pytest.mark.parametrize(
    ("whose", "expected"),
    [
        pytest.param(REPOSITORY, ended(register=SKIPPED), id="own-branch"),
        pytest.param(
            "eve/tumours",
            {**dict.fromkeys(ended(), SKIPPED), "gate": FAILURE},
            id="nothing-of-a-fork-runs",
        ),
    ],
)
def test_small_jobs_on_a_machine_of_the_team(
    host: Host, whose: str, expected: dict[str, str]
) -> None:
    settings = f"{SETTINGS}github: {{runs_on: [our-box]}}\n"
    text = asked_of(settings).files[TRAIN]
    git(host.root, "checkout", "-q", "-B", "own", "main")
    (host.root / TRAIN).write_text(text)
    git(host.root, "commit", "-qam", "own")
    payload = pull(host, head_repository=whose)

    try:
        report = host.run(TRAIN, "pull_request", payload)
    finally:
        git(host.root, "checkout", "-q", "main")

    assert results(report) == expected, report.get("why", report)


SEARCHED = (
    "model: m\ntrain: python train.py\n"
    "checks:\n"
    "  - {name: lint, run: 'test \"$FAILS\" != lint'}\n"
    "  - {name: integration, run: 'test \"$FAILS\" != integration', when: beside}\n"
    "tune: {objective: {metric: auc}, space: {lr: [1, 2]}}\n"
)


@pytest.mark.parametrize(
    ("fails", "expected"),
    [
        pytest.param("lint", {"check-1": FAILURE, "search": SKIPPED, "open": SKIPPED}, id="before"),
        pytest.param("integration", {"check-2": FAILURE}, id="beside"),
        pytest.param("none", {}, id="none-fails"),
    ],
)
def test_checks_run_on_tuning_branches_and_a_slip_costs_no_search(
    tmp_path: Path, host: Host, fails: str, expected: dict[str, str]
) -> None:
    root = tmp_path / "repository"
    commit_files(root, asked_of(SEARCHED).files)
    git(root, "branch", "tuning/x")
    own = Host(root, host.folder)

    report = own.run(TUNE, "push", push(own, "refs/heads/tuning/x"), FAILS=fails)

    every = dict.fromkeys(("check-1", "check-2", "search", "open"), SUCCESS)
    assert results(report) == {**every, "go-on": SKIPPED, **expected}, report
