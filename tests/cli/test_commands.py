"""The table of commands and the answers that need no argparse."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module

import pytest

from branchline.cli.commands import COMMANDS, Command, answer_at_once, find, help_text

# What `python -c pass` does not load and `--help` may. It is a list so that it is read in reviews.
ALLOWED_FOR_HELP = {
    "__future__",
    "branchline",
    "branchline.__main__",
    "branchline.cli",
    "branchline.cli.commands",
    "branchline.version",
}


def modules_after(code: str) -> set[str]:
    """Names of the modules that a fresh Python has loaded after running some code."""
    script = f"import sys\n{code}\nsys.stderr.write(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ
    )
    return set(done.stderr.split())


@pytest.mark.parametrize("word", ["--help", "-h", "help", "--version", "-V", "version"])
def test_asking_for_help_or_version_loads_only_what_is_listed(word: str) -> None:
    bare = modules_after("pass")

    loaded = modules_after(
        f"sys.argv = ['branchline', {word!r}]\nfrom branchline.__main__ import main\nmain()"
    )

    assert loaded - bare <= ALLOWED_FOR_HELP


def test_help_names_every_command_and_fits_80_columns() -> None:
    text = help_text()

    assert all(f"\n  {command.name} " in text for command in COMMANDS)
    assert max(len(line) for line in text.splitlines()) <= 80


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_has_its_file_with_the_two_functions(command: Command) -> None:
    module = import_module(command.module)

    assert callable(module.configure)
    assert callable(module.execute)
    assert module.__doc__ is not None
    assert f"`branchline {command.name}" in module.__doc__


def test_every_name_is_found_and_no_other() -> None:
    assert [find(command.name) for command in COMMANDS] == list(COMMANDS)
    assert find("plam") is None


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], id="nothing"),
        pytest.param(["plan"], id="a-command"),
        pytest.param(["plan", "--help"], id="help-of-a-command"),
        pytest.param(["-C", "x", "--help"], id="help-after-another-option"),
    ],
)
def test_other_command_lines_are_left_to_the_dispatcher(arguments: list[str]) -> None:
    assert answer_at_once(arguments) is None


def test_help_has_each_heading_once() -> None:
    headings = [line for line in help_text().splitlines() if line.endswith(":") and line[0] != " "]

    assert headings == [*dict.fromkeys(f"{command.group}:" for command in COMMANDS), "Options:"]


def test_help_into_a_closed_pipe_is_quiet() -> None:
    command = f"{sys.executable} -m branchline --help | true"

    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)

    assert done.stderr == ""
