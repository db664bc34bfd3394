"""The short form of a workflow: short, clean, and held to the rules of the long one."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.generate.workflows.combinations import asked_of
from tests.generate.workflows.test_on_this_host import (
    FAILURE,
    SKIPPED,
    SUCCESS,
    TRAIN,
    TUNE,
    commit_files,
    git,
    pull,
    push,
)
from tests.rig.host import Host, results

from branchline.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rig.judges import Judge

PLAIN = "model: tumours\nenvironment: {lock: requirements.txt}\ngithub: {style: minimal}\n"
# Each adds top-level lines, and keys below `github:`.
MORE = {
    "checks": (
        "checks: [{name: 'lint: all', run: \"ruff check .\\nmypy\"}, {name: tests, run: pytest -q,"
        " timeout: 10m, when: beside}]",
        "",
    ),
    "bars": ("gate: {metrics: {auc: {min: 0.9}}}", ""),
    "store": ("store: 's3://bucket'", "secrets: [AWS_ACCESS_KEY_ID, KEY], variables: [AWS_REGION]"),
    "tracker": ("registry: {kind: mlflow, uri: '${env:URI}'}", "variables: [URI]"),
    "schedule": ("retrain: {schedule: '17 2 * * 1'}", ""),
    "no pull requests": ("pull_requests: {do: nothing}", ""),
    "forks": ("pull_requests: {forks: train}", ""),
    "search": ("tune: {objective: {metric: auc}, space: {lr: [1, 2]}}", ""),
    "watch": ("monitor: {metrics: {auc: {min: 0.9}}, metrics_from: live.json}", ""),
    "names": ("models: {a/b: {}, c: {}}", "default_branch: it's/main"),
    "quiet": ("branches: {main: {do: train}}", ""),
    "packages": ("", 'requirements: "ci/my pin.txt", install: "pip install -e .\\npip list"'),
    "environments": (
        "",
        "secrets: [KEY], environments: {train: a b, pull_requests: pulls, register: live}",
    ),
    "disk": ("", "free_disk: true, runs_on: [ubuntu-22.04]"),
    "numbers": ("environment: {make: always, lock: a.txt}", "python: '3.13', retention_days: 90"),
}
NOT_TOGETHER = [{"forks", "store"}, {"forks", "environments"}, {"store", "environments"},
                {"store", "tracker"}, {"forks", "no pull requests"}]  # fmt: skip


def settings(*names: str) -> str:
    top = [MORE[name][0] for name in names if MORE[name][0]]
    below = ", ".join(["style: minimal", *(MORE[name][1] for name in names if MORE[name][1])])
    model = [] if "names" in names else ["model: tumours"]
    return "\n".join([*model, *top, f"github: {{{below}}}"]) + "\n"


def pairwise() -> Iterator[tuple[str, ...]]:
    """Few sets of options in which every pair that may stand together stands."""
    missing = [set(p) for p in itertools.combinations(MORE, 2) if set(p) not in NOT_TOGETHER]
    while missing:
        chosen = list(missing[0])
        for name in MORE:
            if name not in chosen and not any({name, one} in NOT_TOGETHER for one in chosen):
                chosen.append(name)
        missing = [pair for pair in missing if not pair <= set(chosen)]
        yield tuple(name for name in MORE if name in chosen)


CHOICES = [(), *((name,) for name in MORE), *pairwise()]
ASKED = {" and ".join(names) or "nothing": asked_of(settings(*names)) for names in CHOICES}


def short_forms() -> dict[str, dict[Any, Any]]:
    return {
        f"{name}: {path}": yaml.safe_load(text)
        for name, asked in ASKED.items()
        for path, text in asked.files.items()
        if path.endswith(".yml") and "-tune" not in path and "-monitor" not in path
    }


JOBS = [(where, job, body) for where, w in short_forms().items() for job, body in w["jobs"].items()]


def test_all_judges_are_content(judge: Judge) -> None:
    files = {
        f"choice-{number}/{path}": text
        for number, asked in enumerate(ASKED.values())
        for path, text in asked.files.items()
    }

    findings = judge(files, secrets=["KEY", "AWS_ACCESS_KEY_ID"], variables=["URI", "AWS_REGION"])

    assert findings == []


@pytest.mark.parametrize(
    "more",
    [
        pytest.param("", id="trained-evaluated-told-registered"),
        pytest.param("checks: [{name: lint, run: ruff check .}]\n", id="with-a-check"),
        pytest.param("store: s3://bucket\ngate: {metrics: {auc: {min: 0.9}}}\n", id="with-a-store"),
        pytest.param("retrain: {schedule: '17 2 * * 1'}\n", id="with-a-schedule"),
    ],
)
def test_it_is_one_file_of_under_sixty_lines(more: str) -> None:
    files = asked_of(PLAIN + more).files

    assert list(files) == [TRAIN]
    assert len(files[TRAIN].splitlines()) < 60
    assert set(yaml.safe_load(files[TRAIN])["jobs"]) == {"gate", "report", "register"}


def test_a_search_keeps_its_own_file_and_what_that_reads() -> None:
    files = asked_of(settings("search")).files

    assert list(files) == [TRAIN, TUNE, ".github/branchline/requirements.txt"]
    watched = asked_of(settings("watch")).files
    assert [path.rpartition("/")[2] for path in watched] == [
        "branchline.yml", "branchline-monitor.yml", "requirements.txt",
    ]  # fmt: skip


def test_every_job_has_a_name_a_limit_and_rights_of_its_own() -> None:
    workflows = short_forms().values()

    assert all(w["permissions"] == {} and "paths" not in str(w[True]) for w in workflows)
    for where, _, body in JOBS:
        assert body["name"], where
        assert 1 <= body["timeout-minutes"] <= 360, where
        assert "permissions" in body, where


def test_what_runs_code_may_not_write_and_what_writes_checks_out_the_default_branch() -> None:
    for where, job, body in JOBS:
        writes = "write" in body["permissions"].values()
        (checkout,) = [s for s in body["steps"] if "actions/checkout" in s.get("uses", "")]
        assert writes is (job != "gate"), where
        assert checkout["with"]["persist-credentials"] is False, where
        assert checkout["with"].get("ref") == (
            None if job == "gate" else "it's/main" if "names" in where else "main"
        ), where


def test_no_script_holds_an_expression_and_no_python_reads_the_folder() -> None:
    scripts = [step.get("run", "") for _, _, body in JOBS for step in body["steps"]]

    assert [script for script in scripts if "${{" in script] == []
    assert [script for script in scripts if "python -m" in script] == []


def test_secrets_are_only_in_jobs_with_an_environment_and_in_the_step_that_needs_them() -> None:
    for where, job, body in JOBS:
        if "secrets." in str(body):
            assert "environment" in body, where
        if job == "gate":
            holding = [step for step in body["steps"] if "secrets." in str(step)]
            assert all(step.get("id") == "train" for step in holding), where
        if job == "report":
            assert "secrets." not in str(body), where


def test_actions_are_githubs_at_a_commit() -> None:
    used = {step["uses"] for _, _, body in JOBS for step in body["steps"] if "uses" in step}

    assert all(use.startswith("actions/") and len(use.partition("@")[2]) == 40 for use in used)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        pytest.param("github: {style: minimal, server: enterprise}\n", "github.server", id="ghes"),
        pytest.param(
            "github: {style: minimal, runs_on: [self-hosted, gpu]}\n",
            "[self-hosted, gpu] may be yours (github.runs_on)",
            id="own-small-jobs",
        ),
        pytest.param(
            "github: {style: minimal}\nresources: {train: {runs_on: [gpu-box]}}\n",
            "[gpu-box] may be yours (resources)", id="own-machine",
        ),
        pytest.param(
            "github: {style: minimal}\nresources: {train: {runs_on: [ubuntu-22.04]}}\n",
            "one machine, and 2 are named (resources)", id="two-machines",
        ),
        pytest.param(
            "github: {style: minimal}\n"
            "checks: [{name: t, run: pytest, matrix: {python: ['3.11', '3.12']}}]\n",
            "check `t` has a matrix", id="matrix",
        ),
        pytest.param(
            "github: {style: minimal, aws: {role: 'arn:aws:iam::123456789012:role/t',"
            " region: eu-central-1}}\n",
            "github.aws", id="role",
        ),
        pytest.param(
            "github: {style: minimal}\ndeploy: {production: {run: ./deploy.sh}}\n",
            "by a job of its own (deploy)", id="deploy",
        ),
    ],
)  # fmt: skip
def test_what_needs_more_jobs_is_refused(more: str, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        asked_of("model: m\n" + more)

    assert "github.style: is `minimal`" in refused.value.message
    assert told in refused.value.message
    assert "style: full" in refused.value.todo


BRANCHLINE = """\
#!/bin/sh
echo "$* $GITHUB_TOKEN" >> {folder}/calls
place="$RUNNER_TEMP/branchline-results"
case "$2" in
  run)
    echo "should-train=${{SHOULD_TRAIN:-true}}" >> "$GITHUB_OUTPUT"
    [ "${{SHOULD_TRAIN:-true}}" = true ] || exit "${{DECIDE_CODE:-0}}"
    mkdir -p "$place" && echo '{{}}' > "$place/results.json"
    exit "${{TRAIN_CODE:-0}}" ;;
  apply) test -f "$place/results.json" || case "$*" in
      *--absent-fails*"--only report"*) ;;
      *) exit 9 ;;
    esac ;;
esac
"""
CHECKED = (
    "model: m\nchecks: [{name: lint, run: 'test \"$FAILS\" != lint'}]\n"
    "retrain: {schedule: '17 2 * * 1'}\ngithub: {style: minimal}\n"
)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    root, folder = tmp_path_factory.mktemp("repository"), tmp_path_factory.mktemp("host")
    commit_files(root, asked_of(CHECKED).files)
    for branch in ("training/y", "gh-readonly-queue/main/pr-3"):
        git(root, "branch", branch)
    host = Host(root, folder)
    host.install("branchline", BRANCHLINE.format(folder=folder))
    return host


def ended(gate: str, report: str, register: str) -> dict[str, str]:
    return {"gate": gate, "report": report, "register": register}


@pytest.mark.parametrize(
    ("event", "variables", "expected"),
    [
        pytest.param("main", {}, ended(SUCCESS, SUCCESS, SUCCESS), id="push-to-main"),
        pytest.param("training/y", {}, ended(SUCCESS, SUCCESS, SKIPPED), id="push-to-training"),
        pytest.param("feature", {}, {}, id="branch-without-a-rule"),
        pytest.param("pull", {}, ended(SUCCESS, SUCCESS, SKIPPED), id="pull-request"),
        pytest.param("merge_group", {}, ended(SUCCESS, SUCCESS, SKIPPED), id="merge-queue"),
        pytest.param("schedule", {}, ended(SUCCESS, SUCCESS, SUCCESS), id="schedule"),
        pytest.param("workflow_dispatch", {}, ended(SUCCESS, SUCCESS, SUCCESS), id="by-hand"),
        pytest.param(
            "main", {"SHOULD_TRAIN": "false"}, ended(SUCCESS, SKIPPED, SKIPPED),
            id="nothing-to-train",
        ),
        pytest.param(
            "main", {"TRAIN_CODE": "3"}, ended(FAILURE, SUCCESS, SKIPPED), id="verdict-failed"
        ),
        pytest.param(
            "pull", {"FAILS": "lint"}, ended(FAILURE, SUCCESS, SKIPPED),
            id="a-check-that-fails-is-told",
        ),
        pytest.param(
            "fork", {"SHOULD_TRAIN": "false", "DECIDE_CODE": "1"}, ended(FAILURE, SKIPPED, SKIPPED),
            id="fork-with-something-to-train",
        ),
        pytest.param(
            "fork", {"SHOULD_TRAIN": "false"}, ended(SUCCESS, SKIPPED, SKIPPED), id="fork-of-docs"
        ),
        pytest.param("fork", {}, ended(SUCCESS, SKIPPED, SKIPPED), id="nothing-of-a-fork-is-told"),
    ],
)  # fmt: skip
def test_jobs(host: Host, event: str, variables: dict[str, str], expected: dict[str, str]) -> None:
    payload, name = push(host, f"refs/heads/{event}"), "push"
    queue = ("--ref", "refs/heads/gh-readonly-queue/main/pr-3")
    asked: dict[str, dict[str, Any]] = {
        "merge_group": {"action": "checks_requested"},
        "schedule": {"schedule": "17 2 * * 1"},
        "workflow_dispatch": {"ref": "refs/heads/main", "inputs": {"pr": "$(id)"}},
    }
    if event in ("pull", "fork"):
        whose = {"head_repository": "eve/tumours"} if event == "fork" else {}
        payload, name = pull(host, **whose), "pull_request"
    elif event in asked:
        payload, name = asked[event], event
    words = queue if event == "merge_group" else ()

    report = host.run(TRAIN, name, payload, *words, **variables)

    assert results(report) == expected, report.get("why", report)


def test_each_job_has_the_rights_that_it_declares(host: Host) -> None:
    (host.folder / "calls").unlink(missing_ok=True)

    host.run(TRAIN, "push", push(host, "refs/heads/main"))

    calls = [line.split() for line in (host.folder / "calls").read_text().splitlines()]
    rights = {
        f"{call[1]} {call[-2]}" if "--only" in call else call[1]: set(call[-1].split("+")[2:])
        for call in calls
    }
    assert rights == {
        "run": {"contents:read"},
        "apply report": {"contents:write", "pull-requests:write", "statuses:write"},
        "apply register": {"contents:write", "statuses:write"},
    }
