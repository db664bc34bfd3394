"""Port `commands` with real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.local_process.commands import LocalCommands
from branchline.errors import EffectError
from branchline.ports.commands import CommandEnd, Order

if TYPE_CHECKING:
    from pathlib import Path

ENVIRON = {"PATH": os.environ["PATH"], "SHELL": "/bin/sh"}


def run(folder: Path, *lines: str, **more: object) -> tuple[CommandEnd, list[str]]:
    """Run lines in a folder; how it ended, and what was shown."""
    shown: list[str] = []
    given = {"name": "m.staging", "folder": str(folder), "lines": lines, **more}
    environ = ENVIRON | {"OTHERS": "theirs", "OWN": "mine"}
    ended = LocalCommands(str(folder / "now"), environ).run(Order(**given), shown.append)  # type: ignore[arg-type]
    return ended, shown


def test_lines_run_one_after_the_other_and_the_first_failure_ends_them(tmp_path: Path) -> None:
    ended, shown = run(tmp_path, "cd / && echo a", "pwd", "exit 3", "echo never")

    assert (ended.exit_code, ended.is_well, ended.detail) == (3, False, "exit code 3")
    assert shown == ["$ cd / && echo a", "a", "$ pwd", str(tmp_path), "$ exit 3"]


def test_both_streams_are_shown_and_kept_without_secrets_and_escapes(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "x.log"

    ended, shown = run(
        tmp_path,
        "printf 'key is s3cret-value\\n\\033[31mred\\033[0m' >&2; printf ' BEGIN\\nline two of it'",
        masked=("s3cret-value", "BEGIN\nline two of it", "re"),
        log=str(log),
    )

    assert ended.is_well
    assert shown[1:] == ["key is ***", "red ***", "***"]
    assert log.read_text().splitlines() == shown
    assert "s3cret" not in log.read_text()
    # What was not masked yet stands nowhere any more.
    assert list((tmp_path / "now").iterdir()) == []


def test_a_secret_is_masked_whatever_colours_it_has(tmp_path: Path) -> None:
    _, shown = run(tmp_path, "printf 's3cret\\033[1m-value\\033[0m\\n'", masked=("s3cret-value",))

    assert shown[1:] == ["***"]


def test_what_others_get_is_not_there(tmp_path: Path) -> None:
    _, shown = run(
        tmp_path, 'echo "${OTHERS:-none} $OWN $GIVEN"', without=frozenset({"OTHERS"}),
        environ={"GIVEN": "told"},
    )  # fmt: skip

    assert shown[-1] == "none mine told"


def test_time_ends_it_with_all_that_it_started(tmp_path: Path) -> None:
    began = time.monotonic()

    ended, _ = run(tmp_path, "sleep 60 & sleep 60", timeout_s=0.3)

    assert (ended.exit_code, ended.detail) == (None, "ended after 0.3 s (timeout)")
    assert time.monotonic() - began < 20


def test_what_it_leaves_running_goes_on(tmp_path: Path) -> None:
    ended, _ = run(tmp_path, "nohup sh -c 'sleep 0.4; touch there' > /dev/null 2>&1 &")

    assert ended.is_well
    until = time.monotonic() + 10
    while not (tmp_path / "there").exists():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    commands = LocalCommands(str(tmp_path / "now"), ENVIRON)

    with pytest.raises(EffectError, match="does not exist"):
        commands.run(Order(name="m", lines=("true",), folder="/nowhere"), print)


def test_one_at_a_time(tmp_path: Path) -> None:
    one, other = (LocalCommands(str(tmp_path), ENVIRON) for _ in range(2))

    with (
        one.hold("m.staging"),
        pytest.raises(EffectError, match=r"deploys to m\.staging"),
        other.hold("m.staging"),
    ):
        pass
    with one.hold("m.staging"), other.hold("m.production"):
        pass
    with other.hold("m.staging"):
        pass


def test_what_a_killed_process_left_is_ended_before_the_next_begins(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from branchline.adapters.local_process.commands import LocalCommands\n"
        "from branchline.ports.commands import Order\n"
        "commands = LocalCommands(sys.argv[1], {'PATH': '/usr/bin:/bin'})\n"
        "with commands.hold('m'):\n"
        "    commands.run(Order(name='m', lines=('echo up; sleep 60',), folder='/'), print)\n"
    )
    killed = subprocess.Popen(
        [sys.executable, "-u", "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert killed.stdout is not None
    while killed.stdout.readline() != "up\n":
        pass
    command = json.loads((tmp_path / "m.json").read_text())["pgid"]
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    killed.stdout.close()
    os.kill(command, 0)  # it goes on

    with LocalCommands(str(tmp_path), ENVIRON).hold("m"):
        until = time.monotonic() + 10
        while os.path.exists(f"/proc/{command}") and _state(command) != "Z":
            assert time.monotonic() < until
            time.sleep(0.02)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.lock"]


def _state(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "Z"
