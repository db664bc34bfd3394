from __future__ import annotations

import pytest

from branchline.core.effects.registering import stage_for
from branchline.core.effects.words_of_then import left_undone
from branchline.core.policy import Policy
from branchline.core.values import Outcome

PLAIN = Policy(model="m")
TARGETS = Policy(model="m", sections={"deploy": {"staging": {"strategy": "canary"}}})
RUNS = Policy(model="m", sections={"deploy": {"staging": {"run": "./deploy.sh"}}})
PROTECTED = Policy(model="m", sections={"registry": {"protected": ["staging", "production"]}})


@pytest.mark.parametrize(
    ("policy", "then", "words"),
    [
        pytest.param(PLAIN, ("register", "deploy", "tag"), [], id="what-is-carried-out"),
        pytest.param(PLAIN, ("register", "promote"), [], id="promote-gives-a-stage"),
        pytest.param(PLAIN, ("notify",), ["nobody is notified"], id="notify"),
        pytest.param(PLAIN, ("promote",), ["nothing without `register`"], id="promote-alone"),
        pytest.param(
            TARGETS, ("register", "deploy"), ["deploys nowhere"], id="what-cannot-be-deployed-to"
        ),
        pytest.param(RUNS, ("register", "deploy"), [], id="what-can-be-deployed-to"),
        pytest.param(
            RUNS, ("register", "promote", "deploy"), ["a deployment gives it"], id="promote-beside"
        ),
        pytest.param(
            PROTECTED, ("register", "promote"), ["each one is protected"], id="no-stage-to-give"
        ),
        pytest.param(
            TARGETS, ("notify", "notify", "deploy"), ["nobody", "without `register`"], id="several"
        ),
    ],
)  # fmt: skip
def test_what_nobody_does_is_said(policy: Policy, then: tuple[str, ...], words: list[str]) -> None:
    stage = stage_for(policy, then, Outcome.PASSED)

    found = left_undone(then, policy, stage=stage)

    assert len(found) == len(words)
    assert all(word in said for word, said in zip(words, found, strict=True)), found
