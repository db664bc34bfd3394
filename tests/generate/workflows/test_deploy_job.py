"""The jobs that deploy: where they stand, what they may, and what each of them is told."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from tests.generate.workflows.combinations import asked_of

from branchline.errors import ConfigError

FILE = ".github/workflows/branchline.yml"
TWO = """\
model: tumours
store: s3://bucket/prefix
environment: {lock: requirements.txt}
github: {secrets: [KEY, AWS_SECRET_ACCESS_KEY], environments: {register: registry}}
deploy:
  production:
    {needs: staging, run: ./deploy.sh, secrets: [LIVE_KEY], variables: [ZONE], timeout: 1h}
  staging:
    {run: ./go, smoke: pytest smoke, secrets: [STAGING_KEY], url: "https://s.example.org"}
"""


def jobs_of(text: str) -> dict[str, Any]:
    jobs: dict[str, Any] = yaml.safe_load(asked_of(text).files[FILE])["jobs"]
    return {name: job for name, job in jobs.items() if name.startswith("deploy")}


def test_each_environment_has_a_job_after_the_one_that_it_needs() -> None:
    jobs = jobs_of(TWO)

    assert list(jobs) == ["deploy-staging", "deploy-production"]
    assert jobs["deploy-staging"]["needs"] == ["gate", "register"]
    assert jobs["deploy-production"]["needs"] == ["gate", "deploy-staging"]
    for job in jobs.values():
        assert job["if"].startswith("!cancelled() && needs.gate.result == 'success'")
        assert job["if"].endswith("&& github.ref == 'refs/heads/main'")
    assert "needs.register.result == 'success'" in jobs["deploy-staging"]["if"]
    assert "needs.deploy-staging.result == 'success'" in jobs["deploy-production"]["if"]


def test_they_are_never_cancelled_and_stand_in_an_environment_of_their_own() -> None:
    jobs = jobs_of(TWO)

    assert [job["environment"] for job in jobs.values()] == [
        {"name": "staging", "url": "https://s.example.org"},
        {"name": "production"},
    ]
    groups = [job["concurrency"]["group"] for job in jobs.values()]
    assert len(set(groups)) == 2
    for job in jobs.values():
        assert job["concurrency"]["cancel-in-progress"] is False
        assert job["concurrency"]["queue"] == "max"
        assert job["permissions"] == {"contents": "write"}
    assert [job["timeout-minutes"] for job in jobs.values()] == [105, 195]


def test_the_secret_of_production_is_in_no_job_of_staging() -> None:
    staging, production = jobs_of(TWO).values()

    assert "STAGING_KEY" in str(staging)
    assert "LIVE_KEY" not in str(staging)
    assert "LIVE_KEY" in str(production)
    assert "STAGING_KEY" not in str(production)
    for job in (staging, production):
        given = job["steps"][-1]["env"]
        # What opens the store; not what stages get.
        assert given["AWS_SECRET_ACCESS_KEY"] == "${{ secrets.AWS_SECRET_ACCESS_KEY }}"
        assert "KEY" not in given


def test_no_cache_is_restored_and_the_tool_is_the_pinned_one() -> None:
    for job in jobs_of(TWO).values():
        used = [step.get("uses", "") for step in job["steps"]]
        assert not any("cache" in action or "artifact" in action for action in used)
        text = str(job["steps"])
        assert "branchline" in text
        assert "==" in text
        assert "pip install -r requirements.txt" in text
        (checkout,) = [step for step in job["steps"] if "checkout" in step.get("uses", "")]
        assert checkout["with"] == {"persist-credentials": False}


def test_who_runs_a_job_again_asks_for_what_did_not_hold() -> None:
    for job in jobs_of(TWO).values():
        script = job["steps"][-1]["run"]
        assert 'exec branchline deploy "$@"' in script
        assert '[ "$GITHUB_RUN_ATTEMPT" = 1 ] || set -- "$@" --retry' in script
        assert "${{" not in script


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("deploy: {staging: {run: x, strategy: ab}}", "splits traffic", id="strategy"),
        pytest.param("deploy: {staging: {steps: [100]}}", "deploy.staging.steps", id="steps"),
        pytest.param("deploy: {staging: {smoke: x}}", "has no `run`", id="no-run"),
        pytest.param(
            "deploy: {staging: {run: x}}\nbranches: {main: {do: train, then: [register]}}",
            "does not say `then: [register, deploy]`",
            id="the-rule-does-not-say-it",
        ),
    ],
)
def test_what_no_job_does_is_said(text: str, said: str) -> None:
    asked = asked_of(f"model: m\nstore: s3://b/p\n{text}\n")

    assert "deploy-" not in asked.files[FILE]
    (note,) = [one for one in asked.notes if "deploy" in one]
    assert said in note


def test_where_a_person_deploys_there_is_no_job() -> None:
    human = "production: {run: x, approval: human}"
    text = f"model: m\nstore: s3://b/p\ndeploy: {{staging: {{run: x}}, {human}}}\n"

    asked = asked_of(text)

    assert list(jobs_of(text)) == ["deploy-staging"]
    assert any("`branchline deploy production`" in note for note in asked.notes)


def test_the_environment_of_register_is_told_apart() -> None:
    asked = asked_of("model: m\nstore: s3://b/p\ndeploy: {production: {run: x}}\n")

    assert any("{environments: {register: registry}}" in note for note in asked.notes)
    assert not any("register: registry" in note for note in asked_of(TWO).notes)


@pytest.mark.parametrize(
    ("deploy", "said"),
    [
        pytest.param("{run: x, secrets: [GITHUB_TOKEN]}", "GITHUB_TOKEN", id="the-job's-token"),
        pytest.param("{run: x, variables: [MODEL]}", "`MODEL`", id="ours"),
        pytest.param("{run: x, secrets: [A], variables: [A]}", "as a secret and", id="both"),
    ],
)
def test_names_that_the_step_has_are_refused(deploy: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        asked_of(f"model: m\ndeploy: {{staging: {deploy}}}\n")
