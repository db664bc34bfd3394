"""What a box refuses, with the command that would work."""

from __future__ import annotations

import re
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.config.branchline_yaml import default_config
from branchline.core.policy import BranchRule, Do
from branchline.core.trigger.protect import Ground, judge_push
from branchline.core.trigger.rules import RefUpdate

# One line of history, oldest first, and a commit beside it.
LINE = tuple(digit * 40 for digit in "1234")
ASIDE = "9" * 40
RULES = default_config("m").of().policy.branches


def is_ancestor(older: str, newer: str) -> bool | None:
    if ASIDE in (older, newer):
        return older == newer or (newer == ASIDE and older == LINE[0])
    return LINE.index(older) <= LINE.index(newer)


def kind_of_object(name: str) -> str:
    return {"b": "blob", "e": "tree", "f": "tag"}.get(name[0], "commit")


def ground(
    heads: dict[str, str], *, rules: tuple[tuple[BranchRule, ...], ...] = (RULES,)
) -> Ground:
    return Ground(
        heads=heads,
        rules=rules,
        default_branch="main",
        is_ancestor=is_ancestor,
        object_kind=kind_of_object,
    )


def moved(branch: str, old: str = "", new: str = "") -> RefUpdate:
    return RefUpdate(ref=f"refs/heads/{branch}", old=old, new=new)


@pytest.mark.parametrize(
    ("updates", "heads"),
    [
        pytest.param([moved("main", "", LINE[0])], {}, id="first-push"),
        pytest.param([moved("models", "", LINE[1])], {"main": LINE[2]}, id="models-from-main"),
        pytest.param(
            [moved("models", LINE[0], LINE[2])],
            {"main": LINE[2], "models": LINE[0]},
            id="models-goes-forward",
        ),
        pytest.param(
            [moved("models", LINE[0], LINE[3]), moved("main", LINE[2], LINE[3])],
            {"main": LINE[2], "models": LINE[0]},
            id="both-in-one-push-in-any-order",
        ),
        pytest.param([moved("models", "", ASIDE)], {}, id="without-a-source-anything-goes"),
        pytest.param(
            [moved("train/x", LINE[3], ASIDE)], {"train/x": LINE[3]}, id="others-may-be-rewound"
        ),
        pytest.param([moved("train/x", LINE[3], "")], {"train/x": LINE[3]}, id="and-deleted"),
        pytest.param(
            [moved("train", LINE[3], ""), moved("train/x", "", LINE[3])],
            {"train": LINE[3]},
            id="what-is-deleted-stands-in-nobodys-way",
        ),
    ],
)
def test_taken(updates: list[RefUpdate], heads: dict[str, str]) -> None:
    assert judge_push(updates, ground(heads)) == ()


@pytest.mark.parametrize(
    ("update", "heads", "words", "todo"),
    [
        pytest.param(
            moved("models", LINE[2], LINE[1]),
            {"main": LINE[2], "models": LINE[2]},
            "would drop",
            "git pull --rebase box models",
            id="rewind",
        ),
        pytest.param(
            moved("models", LINE[2], ""),
            {"main": LINE[2], "models": LINE[2]},
            "cannot be deleted",
            "branchline.yaml",
            id="deletion",
        ),
        pytest.param(
            moved("models", LINE[1], LINE[3]),
            {"main": LINE[2], "models": LINE[1]},
            "not on `main`",
            f"git push box {'4' * 10}:refs/heads/main {'4' * 10}:refs/heads/models",
            id="ahead-of-its-source",
        ),
        pytest.param(
            moved("models/ann", "", ASIDE),
            {"main": LINE[2]},
            "not on `main`",
            "git push box main main:models/ann",
            id="beside-its-source",
        ),
        pytest.param(
            moved("models/x", "", LINE[0]),
            {"models": LINE[0]},
            "`models` is a file",
            "refs/heads/models-x",
            id="below-a-branch",
        ),
        pytest.param(
            moved("models", "", LINE[0]),
            {"models/x": LINE[0]},
            "`models` is a folder",
            "refs/heads/models/main",
            id="above-a-branch",
        ),
        pytest.param(moved("a;id", "", LINE[0]), {}, "holds `;`", "refs/heads/a-id", id="hostile"),
        pytest.param(
            RefUpdate(ref="refs/branchline/runs/a", old=LINE[0], new=LINE[1]),
            {},
            "never changed",
            "records push",
            id="record-changed",
        ),
        pytest.param(
            RefUpdate(ref="refs/branchline/results/a", old=LINE[0]),
            {},
            "never changed",
            "records push",
            id="record-deleted",
        ),
        pytest.param(
            RefUpdate(ref="refs/tags/m@v1.0.0", old=LINE[0], new=LINE[1]),
            {},
            "registry",
            "branchline promote",
            id="registry-tag-moved",
        ),
    ],
)
def test_refused(update: RefUpdate, heads: dict[str, str], words: str, todo: str) -> None:
    (refusal,) = judge_push([update], ground(heads))

    assert refusal.ref == update.ref
    assert words in refusal.sentence
    assert todo in refusal.todo


def test_a_source_of_its_own() -> None:
    rule = BranchRule(pattern="prod", do=Do.TRAIN, fast_forward_only=True, source="staging")
    heads = {"main": LINE[3], "staging": LINE[1]}

    refused = judge_push([moved("prod", "", LINE[3])], ground(heads, rules=((rule,),)))

    assert "`staging`" in refused[0].sentence
    assert judge_push([moved("prod", "", LINE[1])], ground(heads, rules=((rule,),))) == ()


def test_one_model_that_protects_is_enough() -> None:
    free = (BranchRule(pattern="**", do=Do.TRAIN),)
    heads = {"main": LINE[2], "models": LINE[2]}

    refused = judge_push([moved("models", LINE[2], "")], ground(heads, rules=(free, RULES)))

    assert len(refused) == 1


def test_what_history_cannot_tell_is_refused() -> None:
    unknown = Ground(
        heads={"main": LINE[2], "models": LINE[0]},
        rules=(RULES,),
        default_branch="main",
        is_ancestor=lambda older, newer: None,
        object_kind=kind_of_object,
    )

    assert judge_push([moved("models", LINE[0], LINE[1])], unknown)


def test_deleting_the_source_in_the_same_push_does_not_open_the_branch() -> None:
    heads = {"main": LINE[1], "models": LINE[0]}
    updates = [moved("main", LINE[1], ""), moved("models", LINE[0], LINE[3])]

    (refusal,) = judge_push(updates, ground(heads))

    assert refusal.ref == "refs/heads/models"


def test_two_new_branches_of_one_push_stand_in_each_others_way() -> None:
    updates = [moved("models", "", LINE[0]), moved("models/x", "", LINE[0])]

    (refusal,) = judge_push(updates, ground({}))

    assert refusal.ref == "refs/heads/models/x"


@pytest.mark.parametrize(
    ("ref", "kind", "words"),
    [
        pytest.param("refs/tags/m@v1.0.1", "1", "is an annotated tag", id="version-lightweight"),
        pytest.param("refs/tags/m@v1.0.1", "f", "", id="version"),
        pytest.param("refs/tags/m#production#3", "1", "is an annotated tag", id="stage"),
        pytest.param("refs/tags/v1", "1", "", id="a-tag-of-ones-own"),
        pytest.param("refs/branchline/runs/abc", "1", "is a tree", id="run-that-is-a-commit"),
        pytest.param("refs/branchline/runs/abc", "e", "", id="run"),
        pytest.param("refs/branchline/results/ab/k/0", "e", "is a blob", id="result-is-no-tree"),
        pytest.param("refs/branchline/results/ab/k/0", "b", "", id="result"),
        pytest.param("refs/branchline/noise/ab/7", "e", "is a blob", id="noise-is-no-tree"),
        pytest.param("refs/branchline/answers/ab/t-1", "b", "", id="answer"),
    ],
)
def test_what_the_box_reads_by_name_has_to_be_it(ref: str, kind: str, words: str) -> None:
    refused = judge_push([RefUpdate(ref=ref, old="", new=kind * 40)], ground({}))

    assert len(refused) == bool(words)
    assert not words or words in refused[0].sentence


def suggested(todo: str) -> RefUpdate:
    """What the command of a hint pushes."""
    found = re.search(r"git push box ([0-9a-f]{10}):(refs/\S+)$", todo)
    assert found is not None, todo
    return RefUpdate(ref=found[2], new=found[1][0] * 40)


@pytest.mark.parametrize(
    ("ref", "heads", "name"),
    [
        pytest.param("refs/heads/train/é", ["main", "train/x"], "train/e", id="an-accent-goes"),
        pytest.param(
            "refs/heads/train/日本", ["train/x"], "train/work", id="a-part-is-never-empty"
        ),
        pytest.param("refs/heads/refs/branchline/x", [], "branchline/x", id="a-full-reference"),
        pytest.param("refs/heads/refs/refs/x", [], "x", id="twice-a-full-reference"),
        pytest.param("refs/heads/HEAD", [], "head", id="head"),
        pytest.param("refs/heads/é", ["e"], "e-2", id="a-name-that-is-there"),
        pytest.param("refs/heads/é", ["e", "e-2"], "e-3", id="and-the-next-one"),
        pytest.param("refs/heads/train;", ["train/x"], "train-2", id="a-folder-is-there"),
        pytest.param("refs/heads/a/é", ["a"], "a-e", id="a-file-is-there"),
        pytest.param("refs/heads/models", ["models/main"], "models-main", id="above-main-as-well"),
        pytest.param("refs/heads/models/x", ["models", "models-x"], "models-x-2", id="dashed-too"),
        pytest.param("refs/heads/" + "é" * 150, [], "e" * 100, id="a-long-one"),
        pytest.param("refs/tags/é", ["e"], "e", id="a-tag-stands-beside-branches"),
    ],
)
def test_what_is_suggested_works(ref: str, heads: list[str], name: str) -> None:
    there = ground(dict.fromkeys(heads, LINE[0]))

    (refusal,) = judge_push([RefUpdate(ref=ref, new=LINE[0])], there)

    again = suggested(refusal.todo)
    assert again.ref.split("/", 2)[2] == name
    assert judge_push([again], there) == ()


def test_a_protected_name_is_not_suggested_for_what_its_rule_refuses() -> None:
    there = ground({"main": LINE[1]})

    (refusal,) = judge_push([moved("models/é", "", ASIDE)], there)

    assert refusal.todo == "Merge it into `main`, then: git push box main main:models/e"


def test_two_names_of_one_push_get_two_suggestions() -> None:
    refused = judge_push([moved("é", "", LINE[0]), moved("è", "", LINE[0])], ground({}))

    assert [suggested(each.todo).branch for each in refused] == ["e", "e-2"]


def test_a_tag_that_is_there_is_not_suggested() -> None:
    there = Ground(
        heads={},
        rules=(RULES,),
        default_branch="main",
        is_ancestor=is_ancestor,
        object_kind=kind_of_object,
        has_tag=lambda name: name == "e",
    )

    (refusal,) = judge_push([RefUpdate(ref="refs/tags/é", new=LINE[0])], there)

    assert suggested(refusal.todo).ref == "refs/tags/e-2"


@given(st.text(alphabet="aé./;-@{…lock日", min_size=1, max_size=12))
def test_what_is_suggested_is_a_name_of_git(name: str) -> None:
    (refusal,) = judge_push([moved(f"{name};", "", LINE[0])], ground({"a": LINE[0]}))

    again = suggested(refusal.todo)
    assert judge_push([again], ground({"a": LINE[0]})) == ()
    git = subprocess.run(["git", "check-ref-format", again.ref], check=False)
    assert git.returncode == 0
