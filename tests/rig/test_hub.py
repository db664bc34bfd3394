"""The GitHub of this machine refuses what GitHub would refuse."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if str(HOUSE := Path(__file__).parents[2]) not in sys.path:
    sys.path.append(str(HOUSE))
from tests.rig.hub import Hub

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rig.forge import JudgedForge


@pytest.fixture
def hub(tmp_path: Path, judged_forge: JudgedForge) -> Iterator[Hub]:
    hub = Hub(judged_forge, tmp_path)
    hub.commit("main", {"x": "1"})
    yield hub
    hub.close()


@pytest.mark.parametrize(
    ("token", "fetches", "pushes"),
    [
        pytest.param("tok-bot+rig:none+contents:read", True, False, id="may-read"),
        pytest.param("tok-bot+rig:none+contents:write", True, True, id="may-write"),
        pytest.param("tok-bot+rig:none+actions:write", False, False, id="neither"),
        pytest.param("tok-eve", False, False, id="a-stranger"),
        pytest.param("", False, False, id="nobody"),
    ],
)
def test_a_token_may_what_its_job_declares(
    hub: Hub, token: str, fetches: bool, pushes: bool
) -> None:
    def git(*words: str) -> bool:
        url = f"http://x-access-token:{token}@{hub.server.url.partition('://')[2]}/{hub.name}"
        done = subprocess.run(
            ["git", *words[:1], "-q", url, *words[1:]],
            cwd=hub.author,
            capture_output=True,
            env={"PATH": "/usr/bin:/bin", "GIT_TERMINAL_PROMPT": "0", "HOME": str(hub.folder)},
            check=False,
        )
        return done.returncode == 0

    assert (git("fetch", "main"), git("push", "HEAD:refs/heads/new")) == (fetches, pushes)
    assert hub.head("new") == (hub.head("main") if pushes else "")


def test_the_api_knows_what_stands_in_git(hub: Hub) -> None:
    head = hub.commit("work", {"x": "2"})

    number = hub.open_pull("work", "Work")

    (pull,) = hub.site.forge().pulls(head="work")
    assert (pull.number, pull.commit) == (number, head)
    assert hub.merge(number) == hub.head("main") != head
