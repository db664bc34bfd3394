"""Policy from the default branch: what a pushed tree cannot give itself, and a bot's branch."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest
from tests.e2e.remote.shop import SETTINGS, Shop

from branchline import wiring
from branchline.flows.intake import Taker
from branchline.flows.pulls import Pulls

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.slow]

TUNE = """\
tune:
  stages: [train]
  objective: {metric: auc}
  space: {lr: [0.1, 0.3]}
"""
SAYS = """
import os
print("TOKEN", os.environ.get("TOKEN"), "OTHER", os.environ.get("OTHER"), flush=True)
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A box that has trained `main`, and holds a secret."""
    made = Shop.create(tmp_path)
    with wiring.open_box(str(made.box)) as box:
        given = dict(box.settings.environment)
    made.settings(secrets=["TOKEN"], environment={**given, "TOKEN": "s3cret", "OTHER": "0ther"})
    made.push("main")
    yield made
    made.stop()


class Trap:
    """A listener that counts who comes."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.uri = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.visits = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                one, _ = self._socket.accept()
            except OSError:
                return
            self.visits += 1
            one.close()

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()


@pytest.mark.parametrize(
    "name", [pytest.param("toy", id="its-own-model"), pytest.param("other", id="a-new-model")]
)
def test_a_pushed_tree_takes_no_liberties(shop: Shop, name: str) -> None:
    trap = Trap()
    sly = SETTINGS.replace("model: toy", f"model: {name}").replace("min: 0.5", "min: 0.1")
    sly += f"registry: {{kind: mlflow, uri: {trap.uri}}}\n"
    sly += "environment: {variables: [TOKEN, OTHER]}\n"
    sly += "branches: {'**': {do: train, then: [register, deploy]}}\n"
    shop.write("branchline.yaml", sly)
    shop.write("helper.py", (shop.root / "helper.py").read_text() + SAYS)
    shop.edit("params.yaml", "0.1", "0.9")
    shop.commit("a lower bar, another registry, secrets")

    said = shop.push("HEAD:train/sly")
    nothing = shop.push("HEAD:feature/sly")

    assert "TOKEN None OTHER None" in said
    assert "s3cret" not in said + shop.log(2)
    assert "no rule of `branches:` matches `feature/sly`" in nothing
    assert "takes effect after the merge" in said
    named = said.partition("branchline.yaml changes ")[2].partition(";")[0].split(", ")
    assert "registry" in named
    if name == "toy":
        assert named == ["branches", "gate", "registry"]
        assert "verdict  failed: `auc` is 0.3; at least 0.5" in said
    time.sleep(3)  # effects were tried
    with wiring.open_box(str(shop.box)) as box:
        assert not list(box.queue.due_effects(at=float("inf")))
    assert trap.visits == 0
    assert shop.git("tag", cwd=shop.box).split() == ["toy#staging#1", "toy@v1.0.0"]
    trap.close()


@pytest.mark.parametrize("mode", ["approve", "dispatch", "app"])
def test_a37_a38_a_bots_pull_request_trains_as_its_mode_says(tmp_path: Path, mode: str) -> None:
    rule = (
        "branches:\n"
        "  'tuning/**':\n"
        "    do: tune\n"
        f"    open_pull_request: {{branch: 'training/{{commit}}', mode: {mode},"
        " author: 'HP Bot, team 7 <hp-bot@example.org>'}\n"
        "  'training/**': {do: train}\n"
        "  main: {do: train, then: [register, deploy]}\n"
    )
    shop = Shop.create(tmp_path, {"branchline.yaml": SETTINGS + TUNE + rule})
    try:
        shop.push("main")
        shop.push("main:tuning/x")
        held = shop.until(3)
        count = shop.trainings()
        if mode == "approve":
            said = (held.state.value, held.detail)
            assert said == ("skipped", "pull request #1 waits for an approval")
            with wiring.open_box(str(shop.box)) as box:
                until = time.monotonic() + 20
                while not (checks := box.forge.checks(held.asked.commit)):
                    assert time.monotonic() < until, "no check says that it waits"
                    time.sleep(0.1)
                assert "passed" not in {check.state.value for check in checks}
                pulls = Pulls(box.forge, box.branches, Taker.of(box, time.time), time.time)
                pulls.approve(1, by="Bo <bo@example.org>")
                box.box.wake()
            held = shop.until(4)
        assert (held.state.value, held.outcome) == ("succeeded", "passed"), shop.log(held.job)
        assert held.asked.pull_request == 1
        who = shop.git("log", "-1", "--format=%an <%ae>", held.asked.commit, cwd=shop.box)
        assert who == "HP Bot, team 7 <hp-bot@example.org>"
        assert shop.trainings() == count, "the trial is the training"
    finally:
        shop.stop()


def test_a_version_without_a_gate_gets_no_stage(tmp_path: Path) -> None:
    settings = SETTINGS.replace("gate: {metrics: {auc: {min: 0.5}}}\n", "")
    shop = Shop.create(tmp_path, {"branchline.yaml": settings})
    try:
        said = shop.push("main")
        shop.until_tag("toy@v1.0.0")

        assert "registers toy" in said
        time.sleep(1)
        assert shop.git("tag", cwd=shop.box).split() == ["toy@v1.0.0"]
    finally:
        shop.stop()


def test_d11_a_rule_tags_what_passed(tmp_path: Path) -> None:
    rule = "branches: {'train/**': {do: train, then: [tag]}, main: {do: train, then: [notify]}}\n"
    shop = Shop.create(tmp_path, {"branchline.yaml": SETTINGS + rule})
    try:
        assert "`then: notify` is not carried out yet" in shop.push("main")
        shop.write("params.yaml", "lr: 0.2\n")
        good = shop.commit("better")
        shop.push("HEAD:train/good")
        shop.write("params.yaml", "lr: 0.9\n")
        shop.commit("worse")
        shop.push("HEAD:train/bad")

        shop.until_tag(f"passed/{good[:7]}")
        time.sleep(1)
        assert shop.git("tag", cwd=shop.box).split() == [f"passed/{good[:7]}"]
        assert shop.git("rev-parse", f"passed/{good[:7]}^{{commit}}", cwd=shop.box) == good
        message = shop.git("tag", "-l", "--format=%(contents:subject)", cwd=shop.box)
        assert message.startswith("Passed: 1 bar held")
    finally:
        shop.stop()
