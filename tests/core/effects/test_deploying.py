from __future__ import annotations

from typing import Any

import pytest

from branchline.core.effects.deploying import (
    deployment_of,
    deploys_to,
    not_deployed,
    problems_of,
    targets_of,
)
from branchline.core.effects.registering import stage_for
from branchline.core.effects.values import Register
from branchline.core.policy import Policy
from branchline.core.values import Outcome

RUN = {"run": "./deploy.sh"}


def policy_of(deploy: dict[str, Any], **more: Any) -> Policy:
    return Policy(model="m", sections={"deploy": deploy, **more})


@pytest.mark.parametrize(
    ("deploy", "key", "words"),
    [
        pytest.param({"staging": {}}, "deploy.staging", "has no `run`", id="no-command"),
        pytest.param({"staging": None}, "deploy.staging", "has no `run`", id="nothing"),
        pytest.param({}, "", "", id="no-section-is-no-problem"),
        pytest.param({"service": "x"}, "deploy", "names no environment", id="no-environment"),
        pytest.param(
            {"engine": "envoy", "staging": RUN}, "deploy.engine", "splits no traffic", id="engine"
        ),
        pytest.param(
            {"staging": RUN | {"strategy": "canary"}},
            "deploy.staging.strategy",
            "splits traffic",
            id="canary",
        ),
        *(
            pytest.param({"staging": RUN | {key: []}}, f"deploy.staging.{key}", "shares", id=key)
            for key in ("steps", "guard", "bake", "keep_old", "max_step_time", "hooks", "shadow")
        ),
        pytest.param(
            {"staging": RUN | {"rolback": "x"}},
            "deploy.staging.rolback",
            "no key",
            id="a-key-that-is-none",
        ),
        pytest.param(
            {"staging": RUN | {"needs": "stagin"}}, "deploy.staging.needs", "no env", id="needs"
        ),
        pytest.param(
            {"staging": RUN | {"needs": "staging"}},
            "deploy.staging.needs",
            "itself",
            id="needs-itself",
        ),
        pytest.param(
            {"staging": RUN | {"url": "javascript:alert(1)"}},
            "deploy.staging.url",
            "no address of the web",
            id="script-as-url",
        ),
        pytest.param(
            {"staging": RUN | {"url": "https://a.example\n  x: 1"}},
            "deploy.staging.url",
            "no address of the web",
            id="lines-in-url",
        ),
        pytest.param({"test": RUN}, "deploy.test", "no stage of the registry", id="no-stage"),
        pytest.param(
            {"environments": {"staging": RUN}, "staging": RUN},
            "deploy.staging",
            "under `environments`, too",
            id="twice",
        ),
    ],
)
def test_what_cannot_be_carried_out_is_named(deploy: dict[str, Any], key: str, words: str) -> None:
    problems = problems_of(policy_of(deploy))

    assert [problem.key for problem in problems] == ([key] if key else [])
    assert all(words in problem.what and problem.todo for problem in problems)
    assert targets_of(policy_of(deploy)) == ()


def test_two_that_need_one_another_are_refused() -> None:
    problems = problems_of(
        policy_of(
            {"staging": RUN | {"needs": "production"}, "production": RUN | {"needs": "staging"}}
        )
    )

    assert [problem.key for problem in problems] == [
        "deploy.staging.needs", "deploy.production.needs",
    ]  # fmt: skip


def test_what_is_needed_comes_first_wherever_it_stands() -> None:
    deploy = {
        "production": RUN | {"needs": "staging", "secrets": ["A"], "strategy": "blue_green"},
        "environments": {"staging": RUN | {"smoke": "./look.sh"}},
    }

    staging, production = targets_of(policy_of(deploy))

    assert (staging.name, staging.smoke, staging.needs) == ("staging", "./look.sh", "")
    assert (production.needs, production.secrets) == ("staging", ("A",))
    assert production.strategy == "blue_green"


def test_a_stage_of_the_team_is_named_first() -> None:
    registry = {"aliases": ["test", "live"]}

    assert deploys_to(policy_of({"test": RUN}, registry=registry)) == {"test"}
    (problem,) = problems_of(policy_of({"staging": RUN}, registry=registry))
    assert "[test, live, staging]" in problem.todo


@pytest.mark.parametrize(
    ("deploy", "stage"),
    [
        pytest.param({}, "staging", id="as-ever"),
        pytest.param({"staging": RUN}, "", id="a-deployment-gives-it"),
        pytest.param({"production": RUN}, "staging", id="deployed-elsewhere"),
        pytest.param({"staging": {"strategy": "canary"}}, "staging", id="not-deployed-at-all"),
    ],
)
def test_registration_gives_no_stage_that_a_deployment_gives(
    deploy: dict[str, Any], stage: str
) -> None:
    found = stage_for(policy_of(deploy), ("register", "deploy"), Outcome.PASSED)

    assert found == stage


@pytest.mark.parametrize(
    ("then", "outcome", "environments"),
    [
        pytest.param(("register", "deploy"), Outcome.PASSED, ("staging",), id="passed"),
        pytest.param(("register",), Outcome.PASSED, None, id="the-rule-does-not-say-it"),
        pytest.param(("register", "deploy"), Outcome.UNKNOWN, None, id="open-or-not-judged"),
        pytest.param(("register", "deploy"), Outcome.FAILED, None, id="failed"),
    ],
)
def test_what_follows_a_registration(
    then: tuple[str, ...],
    outcome: Outcome,
    environments: tuple[str, ...] | None,
) -> None:
    policy = policy_of({"staging": RUN, "production": RUN | {"approval": "human"}})
    registration = Register(model="m", commit="c", run="r", digest="d", by="Ada <a@b>")

    found = deployment_of(policy, then, registration, outcome)

    said = not_deployed(policy, then, outcome)

    assert (found.environments if found else None) == environments
    assert bool(said) is ("deploy" in then and outcome is not Outcome.PASSED)
    if found:
        assert (found.model, found.commit, found.digest, found.by) == ("m", "c", "d", "Ada <a@b>")
