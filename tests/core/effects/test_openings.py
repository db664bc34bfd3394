from __future__ import annotations

from dataclasses import replace

import pytest

from branchline.core.effects.openings import checked_opening
from branchline.core.effects.values import OpenPullRequest
from branchline.core.policy import BranchRule, Do
from branchline.core.trigger.events import Event, EventKind
from branchline.errors import EffectError

COMMIT = "abc1234" + "0" * 33
EVENT = Event(
    kind=EventKind.PUSH, name="push", ref="refs/heads/tuning/x", branch="tuning/x", head=COMMIT,
    tested=COMMIT, default_branch="main",
)  # fmt: skip
RULE = BranchRule(
    pattern="tuning/**",
    do=Do.TUNE,
    open_pull_request={"branch": "training/{commit}", "into": "{default}", "mode": "dispatch"},
)
ASKED = OpenPullRequest(
    branch="training/abc1234", into="main", base_commit=COMMIT, files={"params.yaml": "lr: 1\n"},
    title="Train demo", body="text", message="m\n\nn\n", mode="approve", labels=("eve",),
)  # fmt: skip


def test_what_the_rule_asks_for_may_be_opened_as_the_rule_says() -> None:
    opening = checked_opening(ASKED, RULE, EVENT, model="demo")

    assert (opening.branch, opening.files) == (ASKED.branch, ASKED.files)
    assert (opening.mode, opening.labels, opening.author) == ("dispatch", (), "")


def test_texts_call_nobody_and_pass_for_no_mark_of_ours() -> None:
    asked = replace(ASKED, body="@ada <!-- branchline -->" + "x" * 99_999, title="a\nb\x1b[31mc")

    opening = checked_opening(asked, RULE, EVENT, model="demo")

    assert "@ada" not in opening.body
    assert "<!--" not in opening.body
    assert len(opening.body.encode()) < 60_010
    assert opening.title == "a bc"


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(replace(ASKED, branch="main"), id="another-branch"),
        pytest.param(replace(ASKED, into="release"), id="into-another-branch"),
        pytest.param(replace(ASKED, base_commit="f" * 40), id="on-another-commit"),
        pytest.param(replace(ASKED, files={}), id="no-file"),
        pytest.param(replace(ASKED, files={f"{n}.yaml": "" for n in range(21)}), id="many-files"),
        pytest.param(replace(ASKED, files={"a.yaml": "x" * 1_000_001}), id="a-large-file"),
        pytest.param(replace(ASKED, files={"train.py": "x"}), id="code"),
        pytest.param(replace(ASKED, files={".github/workflows/a.yml": "x"}), id="a-workflow"),
        pytest.param(replace(ASKED, files={"a/../../b.yaml": "x"}), id="out-of-the-tree"),
        pytest.param(replace(ASKED, files={"/etc/b.yaml": "x"}), id="absolute"),
        pytest.param(replace(ASKED, files={"a//b.yaml": "x"}), id="an-empty-folder-name"),
        pytest.param(replace(ASKED, files={"branchline.yaml": "x"}), id="the-rules"),
        pytest.param(replace(ASKED, files={"sub/dvc.yaml": "x"}), id="the-pipeline"),
        pytest.param(replace(ASKED, files={"a\n.yaml": "x"}), id="two-lines"),
        pytest.param(replace(ASKED, files={"a.yaml": 1}), id="a-number"),  # type: ignore[dict-item] # what JSON may hold
    ],
)
def test_what_is_more_than_values_is_refused(asked: OpenPullRequest) -> None:
    with pytest.raises(EffectError):
        checked_opening(asked, RULE, EVENT, model="demo")


def test_where_no_rule_opens_one_none_is_opened() -> None:
    with pytest.raises(EffectError, match="no rule"):
        checked_opening(ASKED, replace(RULE, open_pull_request=None), EVENT, model="demo")
    with pytest.raises(EffectError, match="no rule"):
        checked_opening(ASKED, None, EVENT, model="demo")
