"""What a push or a pull request asks for: the acceptance cases A that rules alone decide."""

from __future__ import annotations

from dataclasses import replace

import pytest

from branchline.config.branchline_yaml import default_config
from branchline.core.policy import BranchRule, Do, PullRequestRules, with_default_branch
from branchline.core.trigger import TriggerKind
from branchline.core.trigger.options import PushOptions
from branchline.core.trigger.rules import RefUpdate, decide_pull_request, decide_push

A, B = "a" * 40, "b" * 40
POLICY = with_default_branch(default_config("m").of().policy, "main")
RULES, PULL_REQUESTS = POLICY.branches, POLICY.pull_requests
FORCE = PushOptions(force=True)


def pushed(branch: str, *, old: str = A, new: str = B, is_empty: bool = False) -> RefUpdate:
    return RefUpdate(ref=f"refs/heads/{branch}", old=old, new=new, is_empty=is_empty)


@pytest.mark.parametrize(
    ("branch", "do", "pattern"),
    [
        pytest.param("main", Do.TRAIN, "main", id="main-trains"),
        pytest.param("tuning/x", Do.TUNE, "tuning/**", id="tuning-tunes"),
        pytest.param("tuning/a/b", Do.TUNE, "tuning/**", id="tuning-at-any-depth"),
        pytest.param("training/1a2b", Do.TRAIN, "training/**", id="training-trains"),
        pytest.param("train/x", Do.TRAIN, "train/**", id="so-does-train"),
        pytest.param("models", Do.TRAIN, "models", id="models"),
        pytest.param("models/ann", Do.TRAIN, "models/**", id="a-persons-models"),
        pytest.param("models-ann", Do.TRAIN, "models-*", id="beside-models"),
        pytest.param("docs", Do.NOTHING, "", id="no-rule"),
        pytest.param("tuning", Do.NOTHING, "", id="the-folder-itself-has-no-rule"),
        pytest.param("0" * 40, Do.NOTHING, "", id="a-branch-that-looks-like-a-commit"),
    ],
)
def test_the_first_rule_that_matches_decides(branch: str, do: Do, pattern: str) -> None:
    decision = decide_push(pushed(branch), RULES)

    assert (decision.do, decision.pattern) == (do, pattern)
    assert decision.kind is TriggerKind.PUSH
    assert branch in decision.reason
    assert not decision.force


def test_an_earlier_rule_wins() -> None:
    rules = (BranchRule(pattern="models/old", do=Do.NOTHING), *RULES)

    decision = decide_push(pushed("models/old"), rules)

    assert decision.do is Do.NOTHING
    assert decision.pattern == "models/old"


def test_a_new_branch_is_decided_like_any() -> None:
    assert decide_push(pushed("train/x", old=""), RULES).do is Do.TRAIN


def test_a_deleted_branch_asks_for_nothing() -> None:
    decision = decide_push(pushed("train/x", new=""), RULES, options=FORCE)

    assert decision.do is Do.NOTHING
    assert "was deleted" in decision.reason


@pytest.mark.parametrize(
    ("branch", "do", "force", "words"),
    [
        pytest.param("train/x", Do.TRAIN, True, "requested by an empty commit", id="trains"),
        pytest.param("main", Do.TRAIN, True, "requested by an empty commit", id="on-main-too"),
        pytest.param("tuning/x", Do.NOTHING, False, "nothing new", id="not-where-it-tunes"),
        pytest.param("docs", Do.NOTHING, False, "no rule", id="not-elsewhere"),
    ],
)
def test_an_empty_commit_asks_on_train_branches(
    branch: str, do: Do, force: bool, words: str
) -> None:
    decision = decide_push(pushed(branch, is_empty=True), RULES)

    assert (decision.do, decision.force) == (do, force)
    assert words in decision.reason


@pytest.mark.parametrize(
    ("branch", "rules", "do", "force"),
    [
        pytest.param("train/x", RULES, Do.TRAIN, True, id="where-it-trains"),
        pytest.param("tuning/x", RULES, Do.TUNE, True, id="where-it-tunes"),
        pytest.param("docs", RULES, Do.TRAIN, True, id="where-no-rule-says-otherwise"),
        pytest.param(
            "docs",
            (BranchRule(pattern="docs", do=Do.NOTHING),),
            Do.NOTHING,
            False,
            id="but-no-rule",
        ),
    ],
)
def test_force(branch: str, rules: tuple[BranchRule, ...], do: Do, force: bool) -> None:
    decision = decide_push(pushed(branch), rules, options=FORCE)

    assert (decision.do, decision.force) == (do, force)
    assert "force" in decision.reason


def test_force_on_a_tuning_branch_holds_for_an_empty_commit() -> None:
    decision = decide_push(pushed("tuning/x", is_empty=True), RULES, options=FORCE)

    assert (decision.do, decision.force) == (Do.TUNE, True)


@pytest.mark.parametrize(
    ("ref", "tags", "do", "words"),
    [
        pytest.param("refs/tags/v1", 1, Do.TRAIN, "result of its commit", id="a-tag-asks"),
        pytest.param("refs/tags/v1", 3, Do.TRAIN, "result of its commit", id="three-do"),
        pytest.param("refs/tags/v1", 4, Do.NOTHING, "4 tags", id="four-are-history"),
        pytest.param(
            "refs/tags/v1",
            4,
            Do.NOTHING,
            "git push box :refs/tags/v1 && git push box refs/tags/v1",
            id="the-box-has-it-so-it-goes-first",
        ),
        pytest.param("refs/tags/m@v1.0.0", 1, Do.NOTHING, "registry", id="the-registry-does-not"),
        pytest.param("refs/tags/m#prod#1", 1, Do.NOTHING, "registry", id="nor-its-stages"),
        pytest.param("refs/branchline/runs/1", 1, Do.NOTHING, "record", id="nor-a-record"),
        pytest.param("refs/notes/commits", 1, Do.NOTHING, "notes", id="nor-notes"),
    ],
)
def test_other_references(ref: str, tags: int, do: Do, words: str) -> None:
    decision = decide_push(RefUpdate(ref=ref, new=B), RULES, tags=tags)

    assert decision.do is do
    assert words in decision.reason


def test_a_deleted_tag_asks_for_nothing() -> None:
    assert decide_push(RefUpdate(ref="refs/tags/v1", old=A), RULES).do is Do.NOTHING


@pytest.mark.parametrize(
    ("base", "rules", "do", "words"),
    [
        pytest.param("main", PULL_REQUESTS, Do.TRAIN, "says train", id="into-main"),
        pytest.param("docs", PULL_REQUESTS, Do.NOTHING, "`main`", id="into-another"),
        pytest.param(
            "release/1",
            PullRequestRules(into=("release/**",)),
            Do.TRAIN,
            "says train",
            id="pattern",
        ),
        pytest.param(
            "release/old",
            PullRequestRules(into=("release/**", "!release/old")),
            Do.NOTHING,
            "start nothing",
            id="taken-out",
        ),
        pytest.param(
            "main",
            replace(PULL_REQUESTS, do=Do.NOTHING),
            Do.NOTHING,
            "says nothing",
            id="switched-off",
        ),
    ],
)
def test_a_pull_request(base: str, rules: PullRequestRules, do: Do, words: str) -> None:
    decision = decide_pull_request(base=base, head="feature/x", rules=rules)

    assert decision.do is do
    assert decision.kind is TriggerKind.PULL_REQUEST
    assert words in decision.reason


@pytest.mark.parametrize("branch", ["master", "trunk", "release[1]", "a+b", "c!"])
def test_the_built_in_rules_go_by_the_default_branch(branch: str) -> None:
    policy = with_default_branch(default_config("m").of().policy, branch)

    pushed = decide_push(
        RefUpdate(ref=f"refs/heads/{branch}", old="", new="1" * 40),
        policy.branches,
        options=PushOptions(),
    )
    pulled = decide_pull_request(base=branch, head="x", rules=policy.pull_requests)

    assert (pushed.do, pulled.do) == (Do.TRAIN, Do.TRAIN)
    assert pushed.rule is not None
    assert pushed.rule.then == ("register", "deploy")
