"""GitHub's own examples of payloads, and what strangers could write instead."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.adapters.actions.payloads import event_from_payload, pull_of_ref
from branchline.core.trigger.events import EventKind

if str(HOUSE := Path(__file__).parents[3]) not in sys.path:
    sys.path.append(str(HOUSE))
from tests.rig.judges import rig_folder

SHA, HEAD, BASE = "1" * 40, "2" * 40, "3" * 40
REPOSITORY = {"full_name": "o/r", "default_branch": "main"}
PULL: dict[str, Any] = {
    "action": "synchronize",
    "number": 7,
    "repository": REPOSITORY,
    "pull_request": {
        "number": 7,
        "state": "open",
        "head": {"ref": "work", "sha": HEAD, "repo": {"full_name": "o/r"}},
        "base": {"ref": "main", "sha": BASE, "repo": {"full_name": "o/r"}},
    },
}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["ref", "after", "pull_request", "head", "base", "sha", "repo", "number", "inputs",
             "repository", "full_name", "default_branch", "merge_group", "head_ref", "sender"]
        ),
        inner,
        max_size=5,
    ),
    max_leaves=12,
)  # fmt: skip


def examples() -> list[tuple[str, dict[str, Any]]]:
    """Event name and payload of each example that GitHub publishes."""
    folder = rig_folder() / "node/node_modules/@octokit/webhooks-examples/api.github.com"
    events = json.loads((folder / "index.json").read_text())
    return [(event["name"], payload) for event in events for payload in event["examples"]]


def test_every_published_example_is_read() -> None:
    found = [(name, event_from_payload(name, payload, commit=SHA)) for name, payload in examples()]

    assert len(found) >= 329
    told = {name for name, event in found if event.kind is not EventKind.OTHER}
    assert told == {
        "push", "pull_request", "merge_group", "workflow_dispatch", "repository_dispatch"
    }  # fmt: skip
    for name, event in found:
        if event.kind is EventKind.PULL_REQUEST:
            assert event.pull_request, name
            assert len(event.head) == 40
            assert event.branch
            assert event.base_branch
        if event.kind is EventKind.PUSH:
            assert event.is_deleted or len(event.head) == 40
            assert event.ref.startswith("refs/")
        if event.kind is not EventKind.OTHER:
            assert event.repository
            assert event.default_branch


@given(st.sampled_from(["push", "pull_request", "merge_group", "schedule", "x"]), VALUES)
def test_whatever_a_payload_holds_an_event_comes_of_it(name: str, payload: Any) -> None:
    event = event_from_payload(
        name, payload if isinstance(payload, dict) else {"pull_request": payload}
    )

    assert all(char.isprintable() for char in event.actor + event.reason + event.says)
    assert not any(char in "\n\r\0 " for char in event.branch + event.default_branch + event.ref)
    assert event.head == "" or len(event.head) in (40, 64)


def test_a_pull_request_is_of_its_head_and_tested_as_its_merge() -> None:
    event = event_from_payload("pull_request", PULL, commit=SHA, ref="refs/pull/7/merge")

    assert (event.head, event.tested, event.base, event.fork) == (HEAD, SHA, BASE, "")


@pytest.mark.parametrize(
    ("repo", "fork"),
    [
        pytest.param({"full_name": "eve/r"}, "eve/r", id="another-repository"),
        pytest.param(None, "?", id="one-that-was-deleted"),
        pytest.param({"full_name": "not a name"}, "?", id="one-whose-name-is-none"),
    ],
)
def test_what_is_not_surely_ours_is_a_fork(repo: object, fork: str) -> None:
    pull = {**PULL["pull_request"], "head": {**PULL["pull_request"]["head"], "repo": repo}}

    event = event_from_payload("pull_request", {**PULL, "pull_request": pull}, commit=SHA)

    assert event.fork == fork


def test_a_deleted_branch_is_not_the_commit_of_the_default_branch() -> None:
    payload = {"ref": "refs/heads/x", "deleted": True, "after": "0" * 40, "repository": REPOSITORY}

    event = event_from_payload("push", payload, commit=SHA, ref="refs/heads/main")

    assert (event.is_deleted, event.branch, event.head, event.tested) == (True, "x", "", "")


def test_an_annotated_tag_is_about_its_commit() -> None:
    payload = {"ref": "refs/tags/v1", "after": HEAD, "repository": REPOSITORY}

    event = event_from_payload("push", payload, commit=SHA, ref="refs/tags/v1")

    assert (event.head, event.branch) == (SHA, "")


def test_inputs_are_texts_of_one_line() -> None:
    inputs = {"force": "true", "reason": "more\n::error::data\x1b[31m", "pr": "7", "model": "m"}
    payload = {"ref": "refs/heads/x", "inputs": inputs, "repository": REPOSITORY}

    event = event_from_payload("workflow_dispatch", payload, commit=SHA)

    assert (event.force, event.reason) == (True, "more ::error::data")
    assert (event.pull_request, event.model) == (7, "m")


@pytest.mark.parametrize("number", ["7; rm -rf /", "-1", "0", "٣", "1e3", "", None, 1.5, True])
def test_a_number_of_a_pull_request_is_a_number(number: object) -> None:
    payload = {"inputs": {"pr": number}, "repository": REPOSITORY}

    assert event_from_payload("workflow_dispatch", payload).pull_request is None


def test_pull_request_target_starts_nothing() -> None:
    assert event_from_payload("pull_request_target", PULL, commit=SHA).kind is EventKind.OTHER


def test_a_schedule_stands_on_the_default_branch() -> None:
    event = event_from_payload(
        "schedule", {"schedule": "17 2 * * 1"}, commit=SHA, ref="refs/heads/trunk"
    )

    assert event.is_on_default_branch
    assert event.says == "17 2 * * 1"


def test_the_number_in_a_reference() -> None:
    assert pull_of_ref("refs/pull/12/merge") == 12
    assert pull_of_ref("refs/heads/refs/pull/12/merge") is None
