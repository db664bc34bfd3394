"""Commands that start without their shell behave as if it had been there."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchline.adapters.local_process import LocalExecutor
from branchline.adapters.local_process.shortcuts import _becoming_words, shortcut_of
from branchline.core.policy import Trace
from branchline.core.run import Failure
from branchline.ports.executor import Task

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from branchline.core.run import Ended

SH = ("/bin/sh",)


def task_of(folder: Path, command: str, **values: object) -> Task:
    fields = {"stage": "s", "cmd": (command,), "cwd": str(folder), "log": str(folder / "s.log")}
    return Task(**(fields | values))  # type: ignore[arg-type] # the test knows the fields


def found(
    folder: Path,
    command: str,
    *,
    shell: tuple[str, ...] = SH,
    environment: Mapping[str, str] | None = None,
) -> tuple[str, tuple[str, ...]] | None:
    variables = {"PATH": "/usr/bin:/bin", **(environment or {})}
    return shortcut_of(task_of(folder, command), [(command, command)], shell, variables)


def ran(task: Task, *, shell: str = "/bin/sh") -> Ended:
    executor = LocalExecutor(shell=shell)
    executor.start(task)
    for _ in range(10):
        for ended in executor.wait(10):
            return ended
    raise AssertionError("it did not end")


@pytest.mark.parametrize("shell", [("/bin/sh",), ("/usr/bin/dash",), ("/bin/bash", "--norc")])
def test_plain_words_need_no_shell(tmp_path: Path, shell: tuple[str, ...]) -> None:
    direct = found(tmp_path, "cp  -p a/b c=d", shell=shell)
    assert direct is not None
    assert os.path.basename(direct[0]) == "cp"
    assert direct[1] == ("cp", "-p", "a/b", "c=d")


@pytest.mark.parametrize(
    "command",
    ["cp a* b", "cp $A b", "cp a b; ls", "cp a ~", "A=1 cp a b", "cp 'a' b", "./run.sh", "cp a\nls",
     "echo a", "exit 3", "test -f a", "cp a b &", "cp a b > c", "cp a b #", "no-such-program-x", "",
     " cp a b", "cp a {b,c}", "cp a b\t", "time cp a b", "cp a !b"],
)  # fmt: skip
def test_everything_else_gets_its_shell(tmp_path: Path, command: str) -> None:
    assert found(tmp_path, command) is None


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
@pytest.mark.parametrize("command", ["./run.sh a", "bin/run.sh a", "{folder}/run.sh a"])
def test_a_program_that_is_named_by_its_path_needs_no_shell(
    tmp_path: Path, command: str, shell: str
) -> None:
    (tmp_path / "bin").symlink_to(".")
    (tmp_path / "run.sh").write_text('#!/bin/sh\necho "$0" "$@" "$PWD"\n')
    (tmp_path / "run.sh").chmod(0o755)
    line = command.format(folder=tmp_path)

    assert found(tmp_path, line) is not None
    for number, text in enumerate((line, f"true; {line}")):  # the second has its shell
        ran(task_of(tmp_path, text, log=str(tmp_path / f"{number}.log")), shell=shell)
    logs = [(tmp_path / f"{number}.log").read_text().splitlines()[1:] for number in (0, 1)]
    assert logs[0] == logs[1]
    assert logs[0]


@pytest.mark.parametrize("variable", ["BASH_ENV", "BASH_FUNC_cp%%", "no.name", "1st"])
def test_what_changes_a_shell_needs_the_shell(tmp_path: Path, variable: str) -> None:
    assert found(tmp_path, "cp a b", environment={variable: "x"}) is None


@pytest.mark.parametrize("path", ["bin:/usr/bin", ":/usr/bin", "/nowhere::/usr/bin", ""])
def test_a_path_that_is_relative_is_the_shells_business(tmp_path: Path, path: str) -> None:
    assert found(tmp_path, "cp a b", environment={"PATH": path}) is None


def test_other_shells_and_strace_keep_theirs(tmp_path: Path) -> None:
    assert found(tmp_path, "cp a b", shell=("/usr/bin/fish", "--no-config")) is None
    task = task_of(tmp_path, "cp a b", trace=Trace.STRACE)
    environment = {"PATH": "/usr/bin:/bin"}
    assert shortcut_of(task, [("cp a b", "cp a b")], SH, environment) is None


def test_the_process_sees_what_its_shell_would_have_shown_it(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    task = task_of(tmp_path / "inner", "env", env={"PWD": "/elsewhere"})
    ended = ran(task)
    assert (ended.exit_code, ended.failure) == (0, None)
    lines = (tmp_path / "inner/s.log").read_text().splitlines()
    assert lines[0] == "$ env"
    assert f"PWD={tmp_path}/inner" in lines


def test_what_bash_does_by_itself_is_left_to_it(tmp_path: Path) -> None:
    said = subprocess.run(
        ["/bin/bash", "--norc", "-c", "compgen -b; compgen -k"], capture_output=True, check=True
    )
    own = said.stdout.decode().split()
    folder = tmp_path / "bin"
    folder.mkdir()
    for word in own:  # a program of the same name, which bash would not start
        if "/" not in word and word not in (".", "["):
            (folder / word).write_text("#!/bin/sh\n")
            (folder / word).chmod(0o755)

    taken = [w for w in own if found(tmp_path, f"{w} x", environment={"PATH": str(folder)})]

    assert len(own) > 50
    assert taken == []


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
@settings(max_examples=60)
@given(
    rest=st.lists(
        st.text("ab1._/,:@%+=-~*?$'\"\\\\{}[]()<>|&;#!^`\t\né", min_size=1, max_size=6), max_size=4
    ),
    plain=st.lists(st.text("aB1._/,:@%+=-", min_size=1, max_size=6), max_size=3),
)
def test_words_are_those_that_the_shell_would_give(
    shell: str, rest: list[str], plain: list[str]
) -> None:
    for words in (plain, rest):
        command = " ".join(["show", *words])
        direct = _becoming_words((shell,), command, {"PATH": "/bin"})
        if direct is None:
            continue
        show = 'show() { for word; do printf "%s\\0" "$word"; done; }; '
        said = subprocess.run([shell, "-c", show + command], capture_output=True, check=True)
        assert said.stdout.decode().split("\0")[:-1] == list(direct[1:])


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
@pytest.mark.parametrize("inherited", ["", "link", "inner", "elsewhere"])
def test_a_folder_behind_a_link_has_the_name_that_a_shell_gives_it(
    tmp_path: Path, inherited: str, shell: str
) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "link").symlink_to("inner")
    said = []
    for command in ("env", "env; true"):
        variables = {"PWD": str(tmp_path / inherited)} if inherited else {"PWD": ""}
        task = task_of(tmp_path / "link", command, env=variables, log=str(tmp_path / "log"))
        assert ran(task, shell=shell).exit_code == 0
        lines = (tmp_path / "log").read_text().splitlines()
        said.append([line for line in lines if line.startswith("PWD=")])
        (tmp_path / "log").unlink()

    assert said[0] == said[1] != []


def test_a_program_that_a_stage_puts_first_on_the_path_is_found(tmp_path: Path) -> None:
    early, late = tmp_path / "early", tmp_path / "late"
    for folder in (early, late):
        folder.mkdir()
    (late / "tool").write_text("#!/bin/sh\necho late\n")
    (late / "tool").chmod(0o755)
    executor = LocalExecutor(shell="/bin/sh")
    task = task_of(tmp_path, "tool word", env={"PATH": f"{early}:{late}:{os.environ['PATH']}"})
    for word in ("late", "early"):
        executor.start(task)
        while not executor.wait(10):
            pass
        (early / "tool").write_text("#!/bin/sh\necho early\n")
        (early / "tool").chmod(0o755)

        assert (tmp_path / "s.log").read_text().splitlines()[-1] == word


@pytest.mark.parametrize("first_line", ["#!/bin/sh\n", ""])
def test_a_script_runs_with_and_without_its_first_line(tmp_path: Path, first_line: str) -> None:
    script = tmp_path / "bin/tool"
    script.parent.mkdir()
    script.write_text(f'{first_line}echo "got $1"; exit 3\n')
    script.chmod(0o755)
    path = f"{script.parent}:{os.environ['PATH']}"
    ended = ran(task_of(tmp_path, "tool word", env={"PATH": path}))
    assert (ended.exit_code, ended.failure) == (3, Failure.EXIT_CODE)
    assert (tmp_path / "s.log").read_text() == "$ tool word\ngot word\n"


def test_a_program_that_is_missing_is_reported_by_the_shell(tmp_path: Path) -> None:
    ended = ran(task_of(tmp_path, "no-such-program-x y"))
    assert ended.exit_code == 127
    assert "command not found" in ended.detail
    assert "not found" in (tmp_path / "s.log").read_text()
