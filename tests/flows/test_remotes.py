"""Where a box is, which one is meant, and what a machine that does not do as asked is told."""

from __future__ import annotations

import json
import os

import pytest

from branchline.errors import BoxError, UnknownNameError, UsageError
from branchline.flows.addresses import address_of, check_name, url_of
from branchline.flows.remotes import (
    BoxOptions,
    choose_box,
    choose_remote,
    first_push,
    make_over_ssh,
    refuse_taken_name,
)
from branchline.ports.far import Address, Said
from branchline.ports.remotes import Remote
from branchline.ports.repo import Head
from branchline.testing.remotes import FakeFar, FakeRemotes
from branchline.testing.repo import FakeRepo

THERE = Address(path="box.git", host="ann@gpu", python="python3", name="gpu")


@pytest.mark.parametrize(
    ("where", "address"),
    [
        pytest.param("/srv/a.git", Address(path="/srv/a.git"), id="a-path"),
        pytest.param("/srv/a:b.git", Address(path="/srv/a:b.git"), id="a-path-with-a-colon"),
        pytest.param("file:///srv/a%20b", Address(path="/srv/a b"), id="a-file-url"),
        pytest.param(
            "ann@gpu:box.git", Address(path="box.git", host="ann@gpu", python="python3"), id="scp"
        ),
        pytest.param("gpu:/srv/b", Address(path="/srv/b", host="gpu", python="python3"), id="host"),
        pytest.param(
            "ssh://ann@gpu:2222/srv/b",
            Address(path="/srv/b", host="ann@gpu", port="2222", python="python3"),
            id="url",
        ),
        pytest.param(
            "ssh://gpu/~/b", Address(path="~/b", host="gpu", python="python3"), id="url-of-a-home"
        ),
    ],
)
def test_addresses(where: str, address: Address) -> None:
    assert address_of(where) == address


def test_a_path_of_this_machine_is_made_absolute() -> None:
    address = address_of("./box.git")

    assert address.path.startswith("/")
    assert url_of("./box.git", address) == address.path
    assert url_of("gpu:box.git", address_of("gpu:box.git")) == "gpu:box.git"


@pytest.mark.parametrize(
    "where",
    ["", "a\nb", "-oProxyCommand=x:p", "ssh://-oProxyCommand=x/p", "ssh://h:x/p", "h:", "h:-x",
     "a b:p", "https://h/p", "git://h/p", "ssh://h"],
)  # fmt: skip
def test_what_is_no_address(where: str) -> None:
    with pytest.raises(UsageError):
        address_of(where)


@pytest.mark.parametrize("name", ["", "-x", "a b", "a/b", "a..b", "a.", "a.lock", ".a", "é"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(UsageError):
        check_name(name)


def box(name: str, url: str = "/srv/x") -> Remote:
    return Remote(name=name, url=url, is_box=True)


@pytest.mark.parametrize(
    ("there", "name", "chosen"),
    [
        pytest.param([box("gpu")], None, "gpu", id="the-only-one"),
        pytest.param([box("box"), box("gpu")], None, "box", id="the-one-called-box"),
        pytest.param([box("box"), box("gpu")], "gpu", "gpu", id="the-one-that-was-named"),
        pytest.param([Remote(name="a", url="u"), box("gpu")], None, "gpu", id="boxes-alone-count"),
    ],
)
def test_which_box_is_meant(there: list[Remote], name: str | None, chosen: str) -> None:
    assert choose_box(FakeRemotes(there), name).name == chosen


@pytest.mark.parametrize(
    ("there", "name", "words"),
    [
        pytest.param([], None, "no remote of this clone is a box", id="none"),
        pytest.param([box("a"), box("b")], None, "several boxes: a, b", id="several"),
        pytest.param([box("a")], "b", "no box is called b", id="another"),
    ],
)
def test_which_box_cannot_be_said(there: list[Remote], name: str | None, words: str) -> None:
    with pytest.raises(UnknownNameError, match=words):
        choose_box(FakeRemotes(there), name)


def test_each_command_says_how_it_names_a_box() -> None:
    several = FakeRemotes([box("a"), box("b")])

    with pytest.raises(UnknownNameError) as by_option:
        choose_box(several)
    with pytest.raises(UnknownNameError) as by_place:
        choose_box(several, say="branchline remote check {name}")
    with pytest.raises(UnknownNameError) as of_records:
        choose_remote(several)

    assert by_option.value.todo == "Say which, e.g. --remote a"
    assert by_place.value.todo == "Say which, e.g. branchline remote check a"
    assert of_records.value.todo == "Say which, e.g. branchline records fetch a"


def test_a_name_that_leads_elsewhere_is_kept() -> None:
    remotes = FakeRemotes([Remote(name="a", url="/x")])

    refuse_taken_name(remotes, "a", "/x")
    with pytest.raises(UsageError, match="/x"):
        refuse_taken_name(remotes, "a", "/y")


def test_the_same_place_may_be_spelled_otherwise() -> None:
    remotes = FakeRemotes([Remote(name="a", url="../x.git"), Remote(name="b", url="h:x.git")])

    refuse_taken_name(remotes, "a", os.path.abspath("../x.git"))
    with pytest.raises(UsageError, match=r"h:x\.git"):
        refuse_taken_name(remotes, "b", os.path.abspath("x.git"))


@pytest.mark.parametrize(
    ("head", "there", "command"),
    [
        pytest.param(
            ("a", "main"), ["refs/heads/main"], "git push box main", id="on-the-default-branch"
        ),
        pytest.param(("a", "x"), ["refs/heads/main"], "git push box main", id="on-another"),
        pytest.param(
            ("a", None),
            ["refs/remotes/origin/main"],
            "git push box origin/main:refs/heads/main",
            id="known-from-origin-alone",
        ),
        pytest.param(("a", "trunk"), [], "git push box trunk", id="there-is-no-default-branch"),
        pytest.param(("a", None), [], "git push box HEAD:refs/heads/main", id="on-no-branch"),
        pytest.param(
            (None, "main"), [], "commit something, then: git push box main", id="nothing-committed"
        ),
    ],
)
def test_the_first_push(
    head: tuple[str | None, str | None], there: list[str], command: str
) -> None:
    at = Head(commit=head[0], branch=head[1])
    repo = FakeRepo(head=at, branches=dict.fromkeys(there, "b"))

    assert first_push(repo, "box", "main") == command


def test_a_box_is_made_by_the_branchline_over_there() -> None:
    made = {"path": "/home/ann/box.git", "is_new": True, "default_branch": "main", "python": "/p"}
    far = FakeFar(Said(code=0, out=json.dumps(made), err=""))

    answer = make_over_ssh(far, THERE, BoxOptions(name="gpu", most_bytes=5))

    assert answer.path == "/home/ann/box.git"
    assert far.asked == [
        ("python3", "-m", "branchline", "remote", "init", "--box=box.git", "--name=gpu",
         "--most-bytes=5", "--json")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("branch", "words"),
    [
        pytest.param("main", [], id="which-an-older-branchline-takes-by-itself"),
        pytest.param("trunk", ["--branch-if-new=trunk"], id="another-has-to-be-said"),
    ],
)
def test_the_branch_of_a_new_box(branch: str, words: list[str]) -> None:
    assert BoxOptions(branch_if_new=branch).words() == words


def test_the_password_of_a_ledger_is_no_word_of_a_command() -> None:
    made = {"path": "/b", "is_new": True, "default_branch": "main", "python": "/p"}
    far = FakeFar(Said(code=0, out=json.dumps(made), err=""))

    make_over_ssh(far, THERE, BoxOptions(ledger="postgresql://ann:secret@db/app"))

    assert "--ledger=-" in far.asked[0]
    assert "secret" not in " ".join(far.asked[0])
    assert far.told == ["postgresql://ann:secret@db/app"]


@pytest.mark.parametrize(
    ("said", "words", "todo"),
    [
        pytest.param(
            Said(code=255, out="", err="refused"), "does not get to", "ssh ann@gpu", id="ssh"
        ),
        pytest.param(
            Said(code=1, out="", err="/p: No module named branchline"),
            "has no Branchline",
            "pip install branchline",
            id="not-installed",
        ),
        pytest.param(
            Said(code=127, out="", err="sh: python3: not found"),
            "there is no python3",
            "--python",
            id="no-python",
        ),
        pytest.param(Said(code=0, out="hello", err=""), "no answer", "--version", id="no-json"),
        pytest.param(Said(code=2, out="", err="usage"), "exit code 2", "--version", id="older"),
        pytest.param(
            Said(code=1, out='{"error": {"message": "full", "todo": "make room"}}', err=""),
            "ann@gpu: full",
            "make room",
            id="its-own-error",
        ),
    ],
)
def test_what_does_not_work_there_is_told(said: Said, words: str, todo: str) -> None:
    with pytest.raises(BoxError, match=words) as caught:
        make_over_ssh(FakeFar(said), THERE, BoxOptions())

    assert todo in caught.value.todo
