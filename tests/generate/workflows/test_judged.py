"""Every pair of options makes workflows that GitHub's own parser and the other judges take."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml
from tests.generate.workflows.combinations import (
    all_asked,
    all_jobs,
    all_workflows,
    asked_of,
    settings_of,
)

from branchline.config.kinds import Section
from branchline.config.sections.checks import CHECK
from branchline.config.sections.github import GITHUB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rig.judges import Judge

WRITE = {"contents", "pull-requests", "statuses", "actions"}


CALLER = """\
name: lungs
on:
  pull_request:
  merge_group:
  push: {branches: [main]}
permissions: {}
concurrency: {group: "lungs-${{ github.ref }}", cancel-in-progress: false}
jobs:
  lungs:
    name: lungs
    permissions: {contents: write, pull-requests: write, statuses: write} # as its jobs ask
    uses: $/.github/workflows/branchline.yml
    with:
      model: lungs
"""


def test_all_judges_are_content(judge: Judge) -> None:
    files = {
        f"choice-{number}/{path}": text
        for number, (_, asked) in enumerate(all_asked())
        for path, text in asked.files.items()
    }
    called = asked_of("model: tumours\nchecks: [{name: t, run: pytest}]\n").files
    files |= {f"called/{path}": text for path, text in called.items()}
    files["called/.github/workflows/lungs.yml"] = CALLER

    findings = judge(
        files,
        labels=["self-hosted", "linux", "gpu", "our-box"],
        secrets=[
            "STAGING_KEY",
            "LIVE_KEY",
            "KEY",
            "OTHER_KEY",
            "APP_KEY",
            "AWS_ACCESS_KEY_ID",
            "GOOGLE_APPLICATION_CREDENTIALS",
        ],
        variables=["REGION", "MLFLOW_URI", "APP_ID", "ZONE"],
    )

    assert findings == []


def keys_of(section: Section, prefix: str = "") -> Iterator[str]:
    for name, key in section.keys.items():
        yield f"{prefix}{name}"
        if isinstance(key.kind, Section):
            yield from keys_of(key.kind, f"{prefix}{name}.")


def keys_in(value: object, prefix: str = "") -> Iterator[str]:
    for name, held in value.items() if isinstance(value, dict) else ():
        yield f"{prefix}{name}"
        yield from keys_in(held, f"{prefix}{name}.")


def test_every_setting_of_workflows_is_tried() -> None:
    settings = [yaml.safe_load(settings_of(choice)) for choice, _ in all_asked()]

    tried = {key for each in settings for key in keys_in(each.get("github"))}
    of_checks = {key for each in settings for check in each.get("checks", ()) for key in check}

    # These two name people and places in what is suggested, and nothing in a workflow.
    assert set(keys_of(GITHUB)) - tried == {"owners", "repository"}
    assert set(CHECK.keys) == of_checks


def test_the_same_settings_make_the_same_text() -> None:
    again = [asked_of(settings_of(choice)).files for choice, _ in all_asked()]

    assert again == [asked.files for _, asked in all_asked()]


def test_every_job_has_a_name_a_limit_and_rights_of_its_own() -> None:
    bad = [
        (path, name)
        for path, name, job in all_jobs()
        if not (job["name"] and 1 <= job["timeout-minutes"] <= 7200 and "permissions" in job)
    ]

    assert bad == []
    assert {str(workflow["permissions"]) for workflow in all_workflows().values()} == {"{}"}


def test_what_runs_code_of_the_repository_may_write_nothing() -> None:
    runs_code = {"decide", "train", "search"}
    for path, name, job in all_jobs():
        if name in runs_code or name.startswith(("check-", "train-")):
            rights = {right for right, access in job["permissions"].items() if access == "write"}
            assert rights <= {"id-token"}, (path, name)


def test_what_may_write_checks_out_the_default_branch_and_restores_no_cache() -> None:
    for path, name, job in all_jobs():
        if "write" not in {v for k, v in job["permissions"].items() if k in WRITE}:
            continue
        for step in job["steps"]:
            uses = step.get("uses", "")
            assert not uses.startswith("actions/cache"), (path, name)
            if uses.startswith("actions/checkout") and name.startswith("deploy-"):
                # Its own commit, which is the default branch's: what was reviewed is what runs.
                assert "&& github.ref == 'refs/heads/" in job["if"], (path, name)
                assert "ref" not in step["with"], (path, name)
            elif uses.startswith("actions/checkout"):
                assert step["with"]["ref"] in ("main", "it's/main"), (path, name)


def test_pull_requests_are_written_by_one_job_of_a_workflow() -> None:
    for path, workflow in all_workflows().items():
        writers = [
            name
            for name, job in workflow["jobs"].items()
            if job["permissions"].get("pull-requests") == "write"
        ]
        assert len(writers) <= 1, path


def test_code_of_forks_never_reaches_a_machine_of_the_team() -> None:
    same = "github.event.pull_request.head.repo.full_name == github.repository"
    for path, name, job in all_jobs():
        runs_code = any(
            step.get("uses", "").startswith("actions/checkout") for step in job["steps"]
        )
        is_own = "self-hosted" in job["runs-on"]
        if is_own and runs_code and "pull_request" in all_workflows()[path][True]:
            is_of_branch = "github.ref == 'refs/heads/" in job["if"]
            assert same in job["if"] or is_of_branch, (path, name)


def test_a_registration_gets_what_its_tracker_and_its_store_need_and_no_more() -> None:
    stores = [dict(choice)["store"] for choice, _ in all_asked()]
    of_store = {"s3": "AWS_", "gs": "GOOGLE_"}
    for path, workflow in all_workflows().items():
        job = workflow["jobs"].get("register")
        if job:
            given = set(job["steps"][-1]["env"]) - {"GITHUB_TOKEN", "MODEL", "MODELS", "MATRIX"}
            has_tracker = "MLFLOW_URI" in str(workflow["jobs"]["train"]["steps"])
            start = of_store.get(stores[int(path.partition("/")[0])])
            rest = {name for name in given if start is None or not name.startswith(start)}
            assert rest == ({"MLFLOW_URI"} if has_tracker else set()), path


def test_no_checkout_keeps_the_token() -> None:
    kept = [
        (path, name)
        for path, name, job in all_jobs()
        for step in job["steps"]
        if step.get("uses", "").startswith("actions/checkout")
        and step["with"]["persist-credentials"] is not False
    ]

    assert kept == []


def test_no_script_holds_an_expression() -> None:
    held = [
        (path, name)
        for path, name, job in all_jobs()
        for step in job["steps"]
        if "${{" in step.get("run", "")
    ]

    assert held == []


def test_no_value_is_folded() -> None:
    # GitHub's own parser keeps the indentation of a folded value; conditions do not mind.
    folded = [
        line
        for _, asked in all_asked()
        for text in asked.files.values()
        for line in text.splitlines()
        if line.endswith(">-") and line.strip() != "if: >-"
    ]

    assert folded == []


def test_secrets_are_only_in_jobs_with_an_environment() -> None:
    bare = [
        (path, name)
        for path, name, job in all_jobs()
        if "secrets." in str(job["steps"]) and "environment" not in job
    ]

    assert bare == []


def test_only_actions_of_github_at_a_commit() -> None:
    used = {step["uses"] for _, _, job in all_jobs() for step in job["steps"] if "uses" in step}

    assert all(use.startswith("actions/") and len(use.partition("@")[2]) == 40 for use in used), (
        used
    )


def test_versions_stay_texts() -> None:
    matrices = [job["strategy"]["matrix"] for _, _, job in all_jobs() if "strategy" in job]

    assert {"python": ["3.10", "3.12"], "torch": ["2", "2.10", "true"]} in matrices


@pytest.mark.parametrize("event", ["pull_request_target", "workflow_run", "issue_comment"])
def test_dangerous_events_wake_nothing(event: str) -> None:
    # YAML 1.1 reads the key `on` as true.
    assert [path for path, workflow in all_workflows().items() if event in workflow[True]] == []


def test_no_paths_on_a_workflow_with_the_required_check() -> None:
    assert [p for p, workflow in all_workflows().items() if "paths" in str(workflow[True])] == []


def test_another_repository_calls_it_in_fifteen_lines() -> None:
    # That it is clean is said with all others.
    assert len(CALLER.splitlines()) <= 15


def test_code_of_forks_reaches_no_machine_of_the_team() -> None:
    # `gate` runs no code of the repository; the workflow of a search knows pushes only, and `look`
    # the schedule and whoever may start a workflow.
    own = [
        (path, name, job)
        for path, name, job in all_jobs()
        if "self-hosted" in job["runs-on"] and name not in ("gate", "look") and "-tune" not in path
    ]
    lets_in = [
        (path, name)
        for path, name, job in own
        if "head.repo.full_name == github.repository" not in job.get("if", "")
        and "github.ref == " not in job.get("if", "")
    ]

    assert {name for _, name, _ in own} >= {"decide", "check-1", "train"}
    assert lets_in == []


def test_no_python_reads_a_module_of_the_repository() -> None:
    # `python -m pip` looks for pip, and for all that it imports, in the current folder first.
    scripts = [step.get("run", "") for _, _, job in all_jobs() for step in job["steps"]]
    bare = [
        line
        for script in scripts
        for line in script.splitlines()
        if re.search(r"\bpython3? -(?!I )", line)
    ]

    assert bare == []


def test_what_stages_need_is_installed_although_packages_were_restored() -> None:
    # `pip install .` of another commit would else train this one with the code of that.
    steps = [step for _, _, job in all_jobs() for step in job["steps"]]
    installs = [step for step in steps if step["name"] == "install what stages need"]

    assert installs
    assert [step for step in installs if "if" in step] == []
