"""Pushes to a box with real git: by path, over SSH, over HTTP with and without a password."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.servers.conftest import Scene

pytestmark = pytest.mark.slow

ZERO = "0" * 40


def test_a_push_is_one_event(scene: Scene) -> None:
    commit = scene.git("rev-parse", "HEAD").strip()

    scene.push("main")

    (event,) = scene.events()
    (read,) = scene.files.spool()
    people = {"http": None, "http-password": "ann"}
    pusher = people.get(scene.transport, getpass.getuser())
    assert event["updates"] == [{"ref": "refs/heads/main", "old": "", "new": commit}]
    assert event["transport"] == scene.transport.partition("-")[0]
    assert event["options"] == ["wait=no"]
    assert pusher is None or event["pusher"] == pusher
    assert read.event == event["event"]
    assert scene.heads() == {"main": commit}


def test_three_references_of_one_push_are_one_event(scene: Scene) -> None:
    first = scene.git("rev-parse", "HEAD").strip()
    scene.push("main", "main:old")
    second = scene.commit({"train.py": "print(2)\n"})

    scene.push("main", "main:train/x", ":old")

    updates = {u["ref"]: (u["old"], u["new"]) for u in scene.events()[1]["updates"]}
    assert updates == {
        "refs/heads/main": (first, second),
        "refs/heads/train/x": ("", second),
        "refs/heads/old": (first, ""),
    }


def test_options_arrive(scene: Scene) -> None:
    scene.git(
        "push", "-o", "train=force", "-o", "reason=more data: 5 %", "-o", "wait=no", "box", "main"
    )

    assert scene.events()[0]["options"] == ["train=force", "reason=more data: 5 %", "wait=no"]


@pytest.mark.parametrize(
    ("option", "words"),
    [
        pytest.param("train=frce", "Did you mean `-o train=force`?", id="misspelled"),
        pytest.param('reason="', "plain words", id="a-quote"),
        pytest.param("ci.skip", "There are: `-o train=force`", id="of-another-tool"),
    ],
)
def test_an_unknown_option_is_refused(scene: Scene, option: str, words: str) -> None:
    text = scene.git("push", "-o", option, "box", "main", code=1)

    assert words in text
    assert scene.events() == []
    assert scene.heads() == {}


def test_a_hostile_name_is_refused_and_the_command_that_it_names_works(scene: Scene) -> None:
    text = scene.push("main:refs/heads/train/$(touch${IFS}pwn)", code=1)

    assert "refused, nothing was changed" in text
    assert scene.heads() == {}
    (command,) = [line for line in text.splitlines() if "git push box" in line]
    scene.push(command.rpartition("git push box ")[2].strip())
    assert list(scene.heads()) == ["train/touch-IFS-pwn"]
    assert not list(scene.box.rglob("*pwn)*"))
    assert not list(scene.clone.rglob("pwn"))


def test_fast_forward_only(scene: Scene) -> None:
    first = scene.git("rev-parse", "HEAD").strip()
    scene.push("main", "main:models")
    second = scene.commit({"train.py": "print(2)\n"})

    ahead = scene.push("main:models", code=1)
    scene.push("main", "main:models")
    rewound = scene.push(f"+{first}:models", code=1)
    deleted = scene.push(":models", code=1)

    assert "is not on `main`" in ahead
    assert f"would drop {second[:10]}" in rewound
    assert "cannot be deleted" in deleted
    assert "Traceback" not in ahead + rewound + deleted
    assert scene.heads() == {"main": second, "models": second}
    assert len(scene.events()) == 2


def test_what_is_refused_tells_the_command_that_works(scene: Scene) -> None:
    scene.push("main", "main:models")
    scene.commit({"train.py": "print(2)\n"})

    text = scene.push("main:models", code=1)

    (command,) = [line for line in text.splitlines() if "git push box" in line]
    scene.push(*command.rpartition("git push box ")[2].split())
    assert len(set(scene.heads().values())) == 1


@pytest.mark.parametrize(("there", "wanted"), [("models", "models/ann"), ("models/ann", "models")])
def test_branches_that_cannot_stand_side_by_side(scene: Scene, there: str, wanted: str) -> None:
    scene.push("main", f"main:{there}")

    text = scene.push(f"main:{wanted}", code=1)

    assert "git keeps branches as files" in text
    assert "cannot lock ref" not in text
    (command,) = [line for line in text.splitlines() if "git push box" in line]
    scene.push(command.rpartition("git push box ")[2].strip())
    assert len(scene.heads()) == 3
