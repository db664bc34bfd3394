"""What `doctor --github` says of a repository."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.generate.workflows.combinations import asked_of

from branchline.flows.doctor import Health
from branchline.flows.doctor_github import examine_github
from branchline.flows.workflow_needs import WorkflowNeeds, needs_of
from branchline.ports.forge_checkup import ForgeEnvironment, ForgeFacts, ForgeRunner

NOW_S = 2_000_000_000.0
DAY_S = 86_400
PAGE = "https://github.com/o/r"
PATH = ".github/workflows/branchline.yml"
TRAINING = ForgeEnvironment(name="training", branches=["main"], reviewers=1, secrets=["KEY"])
FACTS = ForgeFacts(
    repository="o/r",
    page=PAGE,
    has_token=True,
    login="ada",
    default_branch="main",
    is_private=True,
    may_push=True,
    are_jobs_enabled=True,
    may_jobs_open_pulls=True,
    jobs_permissions="read",
    secrets=[],
    variables=["REGION"],
    environments=[TRAINING],
    runners=[ForgeRunner(name="box", labels=["self-hosted", "Linux", "gpu"], is_online=True)],
    workflows={PATH: "b1"},
    required_checks=["branchline gate", "lint"],
)
NEEDS = WorkflowNeeds(
    path=PATH,
    blob="b1",
    secrets=[("training", "KEY")],
    variables=["REGION"],
    environments=["training"],
    labels=[("self-hosted", "linux", "gpu"), ("ubuntu-24.04",)],
    can_be_dispatched=True,
    dispatches=True,
    gates=["branchline gate"],
)


@pytest.mark.parametrize(
    ("stores", "health", "said"),
    [
        pytest.param(["s3://b", ""], Health.WARN, "store: s3://bucket/prefix", id="one-has-none"),
        pytest.param(["s3://b", "s3://b"], Health.PASS, "kept in s3://b", id="all-have-one"),
    ],
)
def test_models_that_go_with_their_machine_are_named(
    stores: list[str], health: Health, said: str
) -> None:
    checks = examine_github(
        FACTS, [NEEDS], modes=[], token_from="GH_TOKEN", now_s=NOW_S, stores=stores
    )

    (check,) = [check for check in checks if check.name == "store"]
    assert check.health is health
    assert said in f"{check.sentence} {check.todo}"


def found(
    name: str, *, modes: list[str] | None = None, needs: dict[str, Any] | None = None, **facts: Any
) -> list[tuple[Health, str]]:
    checks = examine_github(
        replace(FACTS, **facts),
        [replace(NEEDS, **(needs or {}))],
        modes=["dispatch"] if modes is None else modes,
        token_from="GH_TOKEN",
        now_s=NOW_S,
    )
    return [
        (check.health, f"{check.sentence} -> {check.todo}")
        for check in checks
        if check.name == name
    ]


def test_all_is_well_where_all_is_set() -> None:
    checks = examine_github(FACTS, [NEEDS], modes=["dispatch"], token_from="GH_TOKEN", now_s=NOW_S)

    assert [check for check in checks if check.health is not Health.PASS] == []


FINDINGS: list[tuple[str, dict[str, Any], Health, str]] = [
    ("repository", {"is_archived": True}, Health.FAIL, "it is archived"),
    ("token", {"has_token": False}, Health.WARN, "export GH_TOKEN=$(gh auth token)"),
    ("actions", {"are_jobs_enabled": False}, Health.FAIL, f"{PAGE}/settings/actions"),
    ("actions", {"are_jobs_enabled": None}, Health.WARN, "could not be told"),
    ("workflows", {"workflows": {}}, Health.FAIL, f"main lacks {PATH}"),
    ("workflows", {"workflows": {PATH: "b2"}}, Health.WARN, f"another version of {PATH}"),
    ("workflows", {"workflows": None}, Health.WARN, "could not be told"),
    ("workflows", {"disabled": [PATH]}, Health.FAIL, "gh workflow enable branchline.yml"),
    ("workflows", {"needs": {"problem": "no jobs"}}, Health.FAIL, f"{PATH} cannot be read"),
    ("permissions", {"jobs_permissions": "write"}, Health.WARN, "may write everything"),
    ("environments", {"environments": []}, Health.FAIL, "there is no training: GitHub would make"),
    ("environments", {"environments": None}, Health.WARN, "whether these exist: training"),
    (
        "environments",
        {"environments": [replace(TRAINING, branches=None)]},
        Health.WARN,
        "every branch may use training",
    ),
    (
        "environments",
        {"environments": [replace(TRAINING, branches=None, secrets=[])]},
        Health.WARN,
        "roles that trust it",
    ),
    ("repository", {"is_private": None}, Health.PASS, "not told"),
    (
        "secrets",
        {"environments": [replace(TRAINING, secrets=[])]},
        Health.FAIL,
        "there is no KEY (training): jobs would read it as empty"
        " -> Type: gh secret set KEY --env 'training'",
    ),
    (
        "secrets",
        {"environments": [replace(TRAINING, secrets=None)]},
        Health.WARN,
        "whether these exist: KEY (training)",
    ),
    ("secrets", {"secrets": None}, Health.WARN, "could not be told"),
    ("secrets", {"secrets": ["KEY"]}, Health.WARN, "read by every job of every branch"),
    ("variables", {"variables": []}, Health.WARN, "gh variable set REGION"),
    ("runners", {"runners": []}, Health.FAIL, "labels self-hosted, linux, gpu: a job waits for 24"),
    ("runners", {"runners": None}, Health.WARN, "could not be told"),
    (
        "runners",
        {"runners": [ForgeRunner(name="box", labels=NEEDS.labels[0], is_online=False)]},
        Health.WARN,
        "box with self-hosted, linux, gpu is offline",
    ),
    ("runners", {"is_private": False}, Health.WARN, "public and has jobs on machines of your own"),
    ("required checks", {"required_checks": []}, Health.WARN, "main requires none"),
    (
        "required checks",
        {"required_checks": ["lint"]},
        Health.WARN,
        "main requires lint, but not branchline gate",
    ),
    (
        "required checks",
        {"needs": {"filtered": [("docs", 9), ("lint", 9)]}},
        Health.FAIL,
        f"{PATH}:9: a pull request that touches none of these paths never gets `lint`",
    ),
    (
        "schedules",
        {"is_private": False, "pushed_at_s": NOW_S - 45 * DAY_S, "needs": {"is_scheduled": True}},
        Health.WARN,
        "after 60 quiet days; the last push was 45 days ago -> Push a commit in time, or type:"
        " gh workflow enable branchline.yml",
    ),
    (
        "schedules",
        {"is_private": False, "pushed_at_s": NOW_S - DAY_S, "needs": {"is_scheduled": True}},
        Health.PASS,
        "the last push was 1 day ago",
    ),
    (
        "schedules",
        {"is_private": False, "needs": {"is_scheduled": True}},
        Health.WARN,
        "could not be told",
    ),
    (
        "issues",
        {"has_issues": False, "needs": {"opens_issues": True}},
        Health.FAIL,
        f"this repository has none -> Switch on `Issues`: {PAGE}/settings",
    ),
    ("issues", {"needs": {"opens_issues": True}}, Health.WARN, "could not be told"),
    (
        "secrets",
        {"needs": {"secrets": [("training", "KEY"), ("training", "OTHER")]}},
        Health.FAIL,
        "there is no OTHER (training): jobs would read it as empty; there: KEY (training)",
    ),
    ("not told", {"untold": {"secrets": "no"}}, Health.WARN, "was not told: secrets"),
]


@pytest.mark.parametrize(("name", "change", "health", "said"), FINDINGS)
def test_a_finding_says_what_to_do(
    name: str, change: dict[str, Any], health: Health, said: str
) -> None:
    findings = found(name, **change)

    assert any(each is health and said in text for each, text in findings), findings


@pytest.mark.parametrize(
    ("modes", "change", "health", "said"),
    [
        ([], {}, Health.PASS, "none is opened"),
        (["approve"], {}, Health.PASS, "until somebody who may write presses"),
        (["approve"], {"is_enterprise": True}, Health.FAIL, "never starts"),
        (["dispatch"], {}, Health.PASS, "the job that opened it starts the training"),
        (["app"], {"may_jobs_open_pulls": False}, Health.PASS, "starts by itself"),
        (
            ["dispatch"],
            {"may_jobs_open_pulls": False},
            Health.FAIL,
            "GitHub would refuse to open it",
        ),
        (["approve"], {"may_jobs_open_pulls": None}, Health.WARN, "could not be told"),
        (
            ["dispatch"],
            {"needs": {"can_be_dispatched": False}},
            Health.FAIL,
            "no workflow has `workflow_dispatch:`",
        ),
        (["dispatch"], {"needs": {"dispatches": False}}, Health.FAIL, "`actions: write`"),
    ],
)
def test_the_mode_in_force_is_named_with_what_would_happen(
    modes: list[str], change: dict[str, Any], health: Health, said: str
) -> None:
    ((got, text),) = found("training pull request", modes=modes, **change)

    assert got is health
    assert said in text


def test_settings_that_cannot_be_read_are_said() -> None:
    checks = examine_github(FACTS, [], modes=None, token_from="GH_TOKEN", now_s=NOW_S)

    sentences = {check.name: check.sentence for check in checks}
    assert sentences["training pull request"] == "branchline.yaml cannot be read"
    assert sentences["workflows"] == "there is none in .github/workflows"


def test_issues_are_asked_for_only_by_what_opens_them() -> None:
    watch = asked_of("model: m\nmonitor: {metrics: {a: {min: 1}}, metrics_from: m.json}\n")
    files = {path: needs_of(path, text.encode()) for path, text in watch.files.items()}
    opens = [path for path, needs in files.items() if needs.opens_issues]

    assert opens == [".github/workflows/branchline-monitor.yml"]
    assert found("issues", has_issues=False) == []
    assert found("issues", has_issues=True, needs={"opens_issues": True}) == []


def test_schedules_of_a_private_repository_are_not_switched_off() -> None:
    assert found("schedules", pushed_at_s=0.0, needs={"is_scheduled": True}) == []


def test_a_filter_of_what_is_not_required_is_none_of_our_business() -> None:
    ((health, said),) = found("required checks", needs={"filtered": [("docs", 9)]})

    assert (health, "docs" in said) == (Health.PASS, False)
