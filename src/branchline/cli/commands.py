"""The table of commands, and the answers to `--help` and `--version`.

Those two are asked for most often, so this module imports nothing but `sys`: no argparse, no
dataclasses, no typing (9, 12 and 8 ms of processor time where a bare Python takes 9). A command's
own file is imported only when the command is called.
"""

from __future__ import annotations

import sys

# What typing.TYPE_CHECKING says, without importing typing; checkers know the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["COMMANDS", "Command", "answer_at_once", "find", "help_text"]

_HELP = (["--help"], ["-h"], ["help"])
_VERSION = (["--version"], ["-V"], ["version"])


class Command:
    """One row of the table.

    A plain class: a dataclass would double the time that `--help` takes.

    Attributes:
        name: What the user types.
        group: Heading under which `--help` lists it.
        summary: One line, at most 64 characters, no full stop.
        module: Dotted name of the file that holds `configure(parser)` and
            `execute(options, console) -> int`; in `cli`, unless it serves.
    """

    __slots__ = ("group", "module", "name", "summary")

    def __init__(self, name: str, group: str, summary: str, module: str = "") -> None:
        self.name = name
        self.group = group
        self.summary = summary
        self.module = module or f"branchline.cli.{name}"


COMMANDS = (
    Command("new", "Start", "a project from nothing that passes its own checks and gate"),
    Command("init", "Start", "look at the repository and write branchline.yaml"),
    Command("doctor", "Start", "check this machine and say what to type"),
    Command("env", "Start", "the environment that stages run in; make an old one run again"),
    Command("data", "Train", "propose a schema for data, check data, look at them"),
    Command("plan", "Train", "what would run, what is reused, and why; changes nothing"),
    Command("why", "Train", "the inputs of one stage and what changed since which run"),
    Command("run", "Train", "run what must run, judge the result, record it in git"),
    Command("tune", "Train", "search for the best parameters, and write them down"),
    Command("noise", "Train", "how much each metric moves when nothing changed"),
    Command("runs", "Look", "the recorded runs, newest first"),
    Command("show", "Look", "one run: stages, metrics, verdict"),
    Command("logs", "Look", "what a stage printed; -f follows it"),
    Command("compare", "Look", "two runs side by side: metrics, parameters, inputs"),
    Command("reproduce", "Look", "make a run again from its commit, in a place of its own"),
    Command("replay", "Look", "what the pushes so far would have trained, by several policies"),
    Command("cost", "Look", "hours and money spent and avoided, by branch, model or month"),
    Command("report", "Look", "a run as Markdown, for a pull request"),
    Command("gate", "Look", "selftest: proof that the gate can fail, and that nothing leaks"),
    Command("models", "Register", "registered versions, and who holds which stage"),
    Command("promote", "Register", "give a stage to a version, if its verdict allows"),
    Command("deploy", "Register", "bring a version out by your own command, smoke-tested"),
    Command("rollback", "Register", "give a stage back to the version before"),
    Command("registry", "Register", "check a version's files; show all in MLflow"),
    Command("monitor", "Register", "look at the model in production; tell when its state changes"),
    Command("approve", "Register", "let a run pass whose verdict chance leaves open"),
    Command("apply", "Register", "apply the effects of a run; --dry-run prints them"),
    Command("records", "Share", "push records to a remote, fetch them from it"),
    Command("store", "Share", "send outputs to where others can have them, and bring them"),
    Command("schema", "Share", "the JSON Schema of branchline.yaml, for editors"),
    Command("ci", "GitHub", "plan, run, apply: the walk inside a job of GitHub Actions"),
    Command("workflows", "GitHub", "write the workflows of GitHub Actions, check that they stand"),
    Command("remote", "Box", "git remotes that train what is pushed to them"),
    Command("queue", "Box", "the jobs of a box that wait and run; --all: ended ones"),
    Command("cancel", "Box", "stop a job of a box, or all of a branch"),
    Command("retry", "Box", "queue a job of a box again that has ended"),
    Command("pr", "Box", "pull requests: open (also on GitHub), show, approve, merge"),
    Command(
        "serve",
        "Box",
        "the pages of a box in the browser, and its worker",
        "branchline.server.command",
    ),
    Command("comment", "Forge", "a report of your own on the pull request (as `cml comment`)"),
    Command("check", "Forge", "a check of the commit, with a report (as `cml check`)"),
    Command("asset", "Forge", "keep an image in the repository for comments (`cml asset`)"),
)


def find(name: str) -> Command | None:
    """The command of that name; None when there is none."""
    for command in COMMANDS:
        if command.name == name:
            return command
    return None


def help_text() -> str:
    """What `branchline --help` prints, without a newline at the end."""
    width = max(len(command.name) for command in COMMANDS) + 2
    lines = [
        "Usage: branchline [-C DIR] [--color WHEN] COMMAND [OPTION]...",
        "",
        "Git-native CI/CD for machine learning: push a branch, train a model.",
    ]
    group = ""
    for command in COMMANDS:
        if command.group != group:
            group = command.group
            lines += ["", f"{group}:"]
        lines.append(f"  {command.name.ljust(width)}{command.summary}")
    lines += [
        "",
        "Options:",
        "  -C DIR          work in this folder",
        "  --color WHEN    auto (default), always or never; NO_COLOR is honoured",
        "  -h, --help      this text; `branchline COMMAND --help` for one command",
        "  -V, --version   the version",
        "",
        "Exit codes: 0 fine, 1 error, 2 usage, 3 verdict failed, 4 verdict unknown.",
        "Without a command: where this project stands, and what to type next.",
    ]
    return "\n".join(lines)


def answer_at_once(arguments: Sequence[str]) -> int | None:
    """Answer `--help` and `--version`.

    Args:
        arguments: The command line without the program's name.

    Returns:
        The exit code, or None when it is another command line.
    """
    given = list(arguments)
    if given in _HELP:
        return _print(help_text())
    if given in _VERSION:
        from branchline.version import __version__

        return _print(f"branchline {__version__}")
    return None


def _print(text: str) -> int:
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:  # `branchline --help | head -1`
        import os

        # What is left in the buffer goes nowhere, or Python complains when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return 0
