"""What an actor does on its node, with a real process and without Ray."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.trial_workers import WorkerSpec
from branchline.adapters.trial_workers.ray_host import RayHost
from branchline.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from branchline.adapters.trial_workers import Message

# Answers every message but the first with what the test asks for.
ECHO = """\
import json, os, sys
for line in sys.stdin:
    message = json.loads(line)
    if "open" in message:
        continue
    if message["ask"] == "die":
        os.kill(os.getpid(), 9)
    print(json.dumps({"say": str(os.getpid())}), flush=True)
    print(json.dumps({"show": {"stage": "train", "path": message["ask"]}}), flush=True)
    print(json.dumps({"done": {}}), flush=True)
"""


@pytest.fixture
def host(tmp_path: Path) -> RayHost:
    command = ("not-there", "-P", "-c", ECHO)
    return RayHost(WorkerSpec(command=command, folder=str(tmp_path / "own"), opening={}))


def said(host: RayHost, last: str) -> list[Message]:
    """All that is said, up to a message of that kind."""
    found: list[Message] = []
    while not any(last in message for message in found):
        found.extend(host.heard())
    return found


def test_it_tells_what_the_node_sees(host: RayHost, tmp_path: Path) -> None:
    (tmp_path / "marker").write_text("abc")

    there = host.hello(str(tmp_path / "marker"))
    elsewhere = host.hello(str(tmp_path / "nowhere"))

    assert (there["marker"], elsewhere["marker"]) == ("abc", "")
    assert there["version"] == __version__
    assert there["node"]


def test_a_log_that_stands_there_comes_along_by_its_end(host: RayHost, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("begin\n" + "x" * (1 << 16) + "\nthe end\n")

    host.tell({"ask": str(log)})
    (show,) = [m["show"] for m in said(host, "done") if "show" in m]
    host.end()

    assert show["text"].endswith("\nthe end\n")
    assert "begin" not in show["text"]


def test_a_process_that_dies_in_a_trial_is_told_and_the_next_trial_has_another(
    host: RayHost,
) -> None:
    host.tell({"ask": "die"})
    (gone,) = said(host, "gone")
    host.tell({"ask": "/nowhere"})
    messages = said(host, "done")
    host.end()

    assert gone == {"gone": "signal 9"}
    assert "its log cannot be read" in messages[1]["show"]["text"]


def test_a_process_that_dies_between_trials_is_no_loss(host: RayHost) -> None:
    host.tell({"ask": "/nowhere"})
    pid = int(said(host, "done")[0]["say"])
    os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + 30
    while os.path.exists(f"/proc/{pid}") and time.monotonic() < end:
        time.sleep(0.01)

    host.tell({"ask": "/nowhere"})
    messages = said(host, "done")
    host.end()

    assert [next(iter(message)) for message in messages] == ["say", "show", "done"]


def test_after_the_end_no_trial_begins(host: RayHost) -> None:
    host.end()

    host.tell({"ask": "/nowhere"})

    assert host.heard() == [{"gone": "the end of the search"}]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("a file")
    host = RayHost(WorkerSpec(command=("x", "-c", ""), folder=str(tmp_path / "own"), opening={}))

    host.tell({"ask": "/nowhere"})

    (message,) = host.heard()
    assert "own" in message["gone"]
