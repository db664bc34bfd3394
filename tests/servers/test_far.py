"""A machine behind a real SSH: the port's suite, and commands of a box that run there."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Any

import pytest
from tests.servers.conftest import make_scene

from branchline import wiring
from branchline.adapters.ssh import SshFar
from branchline.errors import MissingToolError
from branchline.testing.remotes import FarContract

if TYPE_CHECKING:
    from pathlib import Path

    from branchline.ports.far import Far


class TestSshFar(FarContract):
    @pytest.fixture
    def far(self, servers: dict[str, Any]) -> Far:
        server = servers["get"]("ssh")
        user, _, port = server.prefix.removeprefix("ssh://").rpartition(":")
        return SshFar(shlex.split(server.environment["GIT_SSH_COMMAND"]), user, port)


def test_without_a_client_it_is_said_what_to_install() -> None:
    far = SshFar(["/nonexistent/ssh"], "host")

    with pytest.raises(MissingToolError):
        far.ask(["true"])
    with pytest.raises(MissingToolError):
        far.stream(["true"])


def test_commands_of_a_box_run_on_its_machine(
    tmp_path: Path,
    servers: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    scene = make_scene(tmp_path, "ssh", servers)
    monkeypatch.setenv("GIT_SSH_COMMAND", scene.environment["GIT_SSH_COMMAND"])

    address = wiring.find_box(str(scene.clone))
    code = wiring.over_ssh(address, ["remote", "init", "--box=.", "--check"], str(scene.clone))

    assert (address.path, address.name) == (str(scene.box), "box")
    assert code == 0
    assert "ours and current" in capfd.readouterr().out


def test_a_box_is_found_from_inside_itself(tmp_path: Path, servers: dict[str, Any]) -> None:
    scene = make_scene(tmp_path, "path", servers)

    assert wiring.find_box(str(scene.box)).path == str(scene.box)
    assert wiring.find_box(str(scene.box)).host == ""
    assert wiring.find_box(str(scene.clone)).path == str(scene.box)
    assert os.path.isabs(wiring.find_box(str(scene.clone)).python)


def test_a_box_opens_with_all_its_ports(tmp_path: Path, servers: dict[str, Any]) -> None:
    scene = make_scene(tmp_path, "path", servers)
    scene.push("main")

    with wiring.open_box(str(scene.box)) as box:
        assert box.repo.default_branch() == "main"
        assert box.branches.heads() == scene.heads()
        assert box.queue.heads() == {}
        assert box.forge.pulls() == []
        assert box.registry.models() == []
        assert box.records.run_ids() == []
        assert len(box.box.spool()) == 1
