from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from branchline.core.effects.registering import (
    ROLLBACK,
    RegistryRules,
    check_promotion,
    is_overtaken,
    next_version,
    rules_of,
    stage_for,
    version_before,
)
from branchline.core.policy import Policy
from branchline.core.values import Outcome
from branchline.core.verdict.registered import version_order
from branchline.errors import BranchlineError, RegistryError, UnknownNameError

if TYPE_CHECKING:
    from branchline.core.values import JsonValue

# A loaded machine is slow now and then; that is no finding.
CALM = settings(suppress_health_check=[HealthCheck.too_slow])

NUMBERS = st.integers(0, 30)
VERSIONS = st.builds("v{}.{}.{}".format, NUMBERS, NUMBERS, NUMBERS)


@dataclass(frozen=True)
class Event:
    version: str
    reason: str = ""


def events(text: str) -> list[Event]:
    """`1 2 <1`: given to 1, given to 2, rolled back to 1."""
    return [
        Event(f"v{word.lstrip('<')}.0.0", f"{ROLLBACK}v9.0.0" if word[0] == "<" else "")
        for word in text.split()
    ]


@pytest.mark.parametrize(
    ("taken", "bump", "version"),
    [
        pytest.param([], "major", "v1.0.0", id="the-first-is-1.0.0-whatever-is-bumped"),
        pytest.param(["v1.0.0"], "patch", "v1.0.1", id="patch"),
        pytest.param(["v1.2.3"], "minor", "v1.3.0", id="minor"),
        pytest.param(["v1.2.3"], "major", "v2.0.0", id="major"),
        pytest.param(["v1.9.0", "v1.10.0"], "patch", "v1.10.1", id="by-number-not-by-text"),
        pytest.param(["v0.0.1"], "patch", "v0.0.2", id="goes-on-from-gto"),
    ],
)
def test_next_version(taken: list[str], bump: str, version: str) -> None:
    assert next_version(taken, bump=bump) == version


@CALM
@given(st.lists(VERSIONS), st.sampled_from(["major", "minor", "patch"]))
def test_the_next_version_is_higher_than_all(taken: list[str], bump: str) -> None:
    made = next_version(taken, bump=bump)

    assert all(version_order(made) > version_order(version) for version in taken)


def test_an_unknown_bump_is_refused() -> None:
    with pytest.raises(ValueError, match="none of"):
        next_version([], bump="huge")


@pytest.mark.parametrize(
    ("stage", "outcome", "options", "error"),
    [
        pytest.param("production", "passed", {}, None, id="passed"),
        pytest.param("production", "failed", {}, RegistryError, id="failed"),
        pytest.param("production", "unknown", {}, RegistryError, id="unknown-is-no-yes"),
        pytest.param("production", "", {}, RegistryError, id="a-foreign-tag-says-nothing"),
        pytest.param("production", "failed", {"override": "known defect"}, None, id="override"),
        pytest.param("production", "failed", {"override": " "}, RegistryError, id="empty-reason"),
        pytest.param("production", "failed", {"has_held": True}, None, id="it-held-it-before"),
        pytest.param("staging", "failed", {}, None, id="staging-is-open"),
        pytest.param("shadow", "passed", {}, UnknownNameError, id="no-such-stage"),
        pytest.param(
            "production", "passed", {"is_retired": True, "override": "x"}, RegistryError,
            id="retired-whatever-is-said",
        ),
    ],
)  # fmt: skip
def test_who_may_get_a_stage(
    stage: str, outcome: str, options: dict[str, object], error: type[BranchlineError] | None
) -> None:
    def check() -> None:
        settings = {"is_retired": False, **options}
        check_promotion(stage, RegistryRules(), label="m@v1", outcome=outcome, **settings)  # type: ignore[arg-type] # options by name

    if error is None:
        check()
        return
    with pytest.raises(error) as caught:
        check()
    assert caught.value.message


@pytest.mark.parametrize(
    ("history", "version"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param("1", "", id="nobody-before"),
        pytest.param("1 2", "v1.0.0", id="the-one-before"),
        pytest.param("1 2 <1", "", id="a-second-rollback-does-not-go-forth-again"),
        pytest.param("1 2 3 <2", "v1.0.0", id="but-further-back"),
        pytest.param("1 2 3 <2 <1", "", id="to-the-end"),
        pytest.param("1 2 1", "v2.0.0", id="promoted-again-is-no-rollback"),
        pytest.param("1 2 <1 3", "v1.0.0", id="on-after-a-rollback"),
        pytest.param("1 1 1", "", id="given-again"),
    ],
)
def test_version_before(history: str, version: str) -> None:
    assert version_before(events(history)) == version


def test_a_retired_version_does_not_come_back() -> None:
    assert version_before(events("1 2 3"), retired=["v2.0.0"]) == "v1.0.0"


@CALM
@given(st.lists(st.sampled_from(["1", "2", "3", "<1", "<2"]), max_size=12))
def test_rolling_back_ends(words: list[str]) -> None:
    history = events(" ".join(words))

    for _ in range(len(words) + 1):
        version = version_before(history)
        if not version:
            return
        assert version != history[-1].version
        history.append(Event(version, f"{ROLLBACK}x"))
    pytest.fail("it goes in circles")


@pytest.mark.parametrize(
    ("history", "version", "overtaken"),
    [
        pytest.param("", "v1.0.0", False, id="nobody-holds-it"),
        pytest.param("1", "v2.0.0", False, id="an-older-one-holds-it"),
        pytest.param("2", "v1.0.0", True, id="a-newer-one-does"),
        pytest.param("1 2 <1", "v2.0.0", True, id="it-was-rolled-back"),
        pytest.param("1", "v1.0.0", True, id="it-has-it"),
    ],
)
def test_is_overtaken(history: str, version: str, overtaken: bool) -> None:
    assert is_overtaken(events(history), version) is overtaken


def test_rules_of_a_policy() -> None:
    section = {"kind": "mlflow", "uri": "${env:URI}", "aliases": ["qa"], "protected": "qa"}

    assert rules_of(Policy(model="m")) == RegistryRules()
    assert rules_of(Policy(model="m", sections={"registry": section})) == RegistryRules(
        kind="mlflow", uri="${env:URI}", stages=("qa",), protected=("qa",)
    )


@pytest.mark.parametrize(
    ("section", "then", "outcome", "stage"),
    [
        pytest.param({}, ("register", "deploy"), Outcome.PASSED, "staging", id="passed"),
        pytest.param({}, ("register",), Outcome.PASSED, "", id="the-rule-does-not-say-deploy"),
        pytest.param({}, ("register", "deploy"), Outcome.UNKNOWN, "", id="not-judged"),
        pytest.param({}, ("register", "deploy"), Outcome.FAILED, "", id="failed"),
        pytest.param(
            {"aliases": ["production", "canary"]},
            ("register", "deploy"),
            Outcome.PASSED,
            "canary",
            id="the-first-that-is-not-protected",
        ),
        pytest.param(
            {"aliases": ["production"]},
            ("register", "deploy"),
            Outcome.PASSED,
            "",
            id="a-protected-stage-is-never-given-by-itself",
        ),
    ],
)
def test_the_stage_that_a_version_gets_by_itself(
    section: dict[str, JsonValue], then: tuple[str, ...], outcome: Outcome, stage: str
) -> None:
    policy = Policy(model="m", sections={"registry": section})

    assert stage_for(policy, then, outcome) == stage
