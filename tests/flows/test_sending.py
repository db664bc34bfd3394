"""Outputs are sent beside the stages; what cannot be sent is said and fails nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from branchline.core.effects.values import Mirror, Register
from branchline.errors import StoreError
from branchline.flows.obtainable import withheld
from branchline.flows.sending import Sender, push
from branchline.testing.store import FakeStore
from branchline.testing.workspace import FakeWorkspace

if TYPE_CHECKING:
    from branchline.core.pipeline import Content
    from branchline.core.plan.values import Result
    from branchline.flows.project import Project


class Scene:
    """A project with one stage that leaves a model, and scratch that stays."""

    def __init__(self) -> None:
        self.workspace = FakeWorkspace()
        self.store = FakeStore(self.workspace)
        self.in_git: set[str] = set()
        outs = [SimpleNamespace(path="model", push=True), SimpleNamespace(path="log", push=False)]
        self.project = cast(
            "Project",
            SimpleNamespace(
                store=self.store,
                pipeline=SimpleNamespace(stages=[SimpleNamespace(outs=outs)]),
                repo=SimpleNamespace(show=lambda _c, path: b"1" if path in self.in_git else None),
            ),
        )

    def result(self) -> Result:
        made = []
        for path in ("model", "log"):
            self.workspace.files[path] = path.encode()
            made.append(SimpleNamespace(path=path, content=self.store.save(path)))
        return cast("Result", SimpleNamespace(outs=made))


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_what_was_offered_is_there_at_the_end(scene: Scene) -> None:
    sender, result = Sender(scene.project, is_stopped=lambda: False), scene.result()

    sender.offer(result)
    end = sender.finish([result])

    assert (end.sent.objects, end.problem, end.to) == (1, None, "the remote in memory")
    assert scene.store.remote.keys() == {result.outs[0].content.md5}, "push: false stays"
    assert end.said == "sent 1 object (0.0 MB) to the remote in memory"


def test_what_was_reused_is_sent_too(scene: Scene) -> None:
    end = Sender(scene.project, is_stopped=lambda: False).finish([scene.result()])

    assert end.sent.objects == 1


def test_what_cannot_be_sent_is_said(scene: Scene) -> None:
    result = scene.result()
    scene.store.objects.clear()
    sender = Sender(scene.project, is_stopped=lambda: False)

    sender.offer(result)
    end = sender.finish([result])

    assert end.problem is not None
    assert end.said.startswith("outputs were not sent, and stand on this machine alone: object ")
    with pytest.raises(StoreError, match="neither here nor there"):
        push(scene.project, [result])


def test_one_who_is_stopped_sends_nothing(scene: Scene) -> None:
    sender, result = Sender(scene.project, is_stopped=lambda: True), scene.result()

    sender.offer(result)

    assert sender.finish([result]).sent.objects == 0
    assert scene.store.remote == {}


def registration(content: Content) -> Register:
    return Register(
        model="m", commit="c" * 40, run="abc", digest="d", paths={"model": content.md5 or ""}
    )


@pytest.mark.parametrize(
    ("is_sent", "in_git", "stays", "follows"),
    [
        pytest.param(True, False, False, True, id="in-the-remote"),
        pytest.param(False, True, False, True, id="in-the-commit"),
        pytest.param(False, False, True, True, id="on-a-machine-that-stays"),
        pytest.param(False, False, False, False, id="nowhere-else"),
    ],
)
def test_a_version_is_registered_when_others_can_have_it(
    scene: Scene, is_sent: bool, in_git: bool, stays: bool, follows: bool
) -> None:
    content = scene.result().outs[0].content
    if is_sent:
        scene.store.send([content])
    scene.in_git = {"model"} if in_git else set()
    mirror = Mirror(kind="mlflow", uri="u", run="abc", body={})

    kept, said = withheld(scene.project, [registration(content), mirror], stays=stays)

    assert len(kept) == 2 * follows
    assert len(said) == (not follows)
    assert all("the remote in memory does not have `model`" in one for one in said)
