"""GitHub's webhooks: who signed them, and what each says. The examples are GitHub's own."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from tests.rig.judges import rig_folder

from branchline.adapters.github_hooks import GithubHooks
from branchline.core.trigger.hook import HookKind
from branchline.errors import HookError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from branchline.core.trigger.hook import Hook

SECRET = b"a secret of some length"
HOOKS = GithubHooks(SECRET)
PUSH = {
    "ref": "refs/heads/train/x",
    "before": "a" * 40,
    "after": "b" * 40,
    "deleted": False,
    "repository": {"full_name": "octo/models"},
    "sender": {"login": "octocat"},
}


def headers(event: str, body: bytes, **more: str) -> dict[str, str]:
    signature = hmac.new(SECRET, body, hashlib.sha256).hexdigest()
    return {
        "x-github-event": event,
        "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        "x-hub-signature-256": f"sha256={signature}",
        "content-type": "application/json",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }


def read(event: str, payload: object) -> Hook:
    body = json.dumps(payload).encode()
    return HOOKS.read(headers(event, body), body)


def examples() -> Iterator[tuple[str, dict[str, Any]]]:
    folder = rig_folder() / "node/node_modules/@octokit/webhooks-examples"
    for file in sorted(folder.glob("*/index.json")):
        for event in json.loads(file.read_text()):
            for payload in event["examples"]:
                yield event["name"], payload


def test_every_example_that_github_publishes_is_read_or_ignored_with_a_reason() -> None:
    seen: dict[tuple[str, HookKind], int] = {}

    for event, payload in examples():
        hook = read(event, payload)
        seen[event, hook.kind] = seen.get((event, hook.kind), 0) + 1
        assert hook.reason or hook.kind is not HookKind.NOTHING
        if hook.kind is not HookKind.NOTHING:
            assert hook.repository.count("/") == 1
            assert hook.by

    assert sum(seen.values()) > 329
    for event, kind in (
        ("push", HookKind.MOVED),
        ("push", HookKind.NOTHING),
        ("pull_request", HookKind.PULL),
        ("check_run", HookKind.AGAIN),
        ("check_suite", HookKind.AGAIN),
        ("ping", HookKind.NOTHING),
    ):
        assert seen[event, kind], (event, kind)


def test_signatures_follow_githubs_own_example() -> None:
    # https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    hooks = GithubHooks(b"It's a Secret to Everybody")
    made = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

    assert hooks.is_signed({"x-hub-signature-256": f"sha256={made}"}, b"Hello, World!")


@pytest.mark.parametrize(
    "given",
    [
        pytest.param("", id="none"),
        pytest.param("sha256=", id="empty"),
        pytest.param("sha256=" + "0" * 64, id="another"),
        pytest.param("sha1=" + "0" * 40, id="the-old-hash"),
        pytest.param("sha256=\udce9é", id="no-ascii"),
    ],
)
def test_a_body_that_nobody_with_the_secret_signed_is_refused(given: str) -> None:
    body = json.dumps(PUSH).encode()

    assert HOOKS.is_signed(headers("push", body), body)
    assert not HOOKS.is_signed(headers("push", body), body + b" ")
    assert not HOOKS.is_signed({"x-hub-signature-256": given}, body)


def test_a_hook_without_a_secret_is_none() -> None:
    with pytest.raises(ValueError, match="secret"):
        GithubHooks(b"")


def test_a_push_says_what_moved() -> None:
    hook = read("push", PUSH)

    assert (hook.kind, hook.branch, hook.by) == (HookKind.MOVED, "train/x", "octocat")
    assert (hook.before, hook.is_deleted, hook.repository) == ("a" * 40, False, "octo/models")


def test_a_new_branch_and_a_deleted_one_have_no_commit_before_and_after() -> None:
    new = read("push", {**PUSH, "before": "0" * 40})
    gone = read("push", {**PUSH, "after": "0" * 40, "deleted": True})

    assert new.before == ""
    assert gone.is_deleted


def test_a_form_holds_the_same_as_json() -> None:
    body = urlencode({"payload": json.dumps(PUSH)}).encode()

    hook = HOOKS.read(headers("push", body, content_type="application/x-www-form-urlencoded"), body)

    assert hook.branch == "train/x"


@pytest.mark.parametrize(
    ("event", "body"),
    [
        pytest.param("push", b"", id="nothing"),
        pytest.param("push", b"{", id="no-json"),
        pytest.param("push", b"[]", id="no-object"),
        pytest.param("push", b"[" * 100_000, id="deep"),
        pytest.param("push", b"\xff\xfe", id="no-text"),
        pytest.param("push", b"{}", id="no-push"),
        pytest.param("push", json.dumps({**PUSH, "ref": 7}).encode(), id="a-number-for-a-name"),
        pytest.param("push", json.dumps({**PUSH, "before": "x; id"}).encode(), id="no-commit"),
        pytest.param("push", json.dumps({**PUSH, "ref": "r" * 9999}).encode(), id="a-long-name"),
        pytest.param("pull_request", b'{"action": "opened", "pull_request": []}', id="no-pull"),
        pytest.param("check_run", b'{"action": "rerequested"}', id="no-check"),
        pytest.param("pu\nsh", json.dumps(PUSH).encode(), id="no-event"),
    ],
)
def test_what_is_no_message_of_github_is_an_error_that_repeats_nothing(
    event: str, body: bytes
) -> None:
    with pytest.raises(HookError) as caught:
        HOOKS.read(headers(event, body), body)

    assert "x; id" not in caught.value.message
    assert len(caught.value.message) < 120


def test_a_fork_is_told_from_a_branch_of_the_same_name() -> None:
    side = {"ref": "main", "sha": "b" * 40}
    base = {**side, "repo": {"id": 1, "full_name": "o/r"}}
    pull = {
        "number": 7, "state": "open", "title": "t", "body": None, "base": base,
        "head": {**side, "repo": {"id": 2, "full_name": "eve/r"}},
    }  # fmt: skip
    payload = {**PUSH, "action": "opened", "pull_request": pull}
    fork = read("pull_request", payload)
    own = read("pull_request", {**payload, "pull_request": {**pull, "head": base}})

    assert (fork.fork, fork.head_here) == ("eve/r", "forks/7")
    assert (own.fork, own.head_here, own.number) == ("", "main", 7)
    for repository in (None, {"id": 2}, {"id": 2, "full_name": "eve/r\n`x`"}):
        odd = {**pull, "head": {**side, "repo": repository}}
        found = read("pull_request", {**payload, "pull_request": odd})
        assert (found.fork, found.head_here) == ("?", "forks/7"), "never one of ours"


def test_a_name_that_is_none_of_githubs_is_not_taken_for_one() -> None:
    assert read("push", {**PUSH, "sender": {"login": "a\nb"}}).by == ""
