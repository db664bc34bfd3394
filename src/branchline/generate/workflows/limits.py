"""What GitHub takes, and how a setting that it would not take is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.plan.ci_machines import OWN
from branchline.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable


def wrong(policy_key: str, what: str, todo: str) -> ConfigError:
    """The error of one key: what is wrong with its value, and what to write instead."""
    return ConfigError(f"branchline.yaml: {policy_key}: {what}", todo=todo)


def labels_of(labels: Iterable[str], key: str) -> tuple[str, ...]:
    """Labels of a runner, checked.

    Raises:
        ConfigError: There is none, or every own runner would do.
    """
    names = tuple(labels)
    if names == (OWN,):
        raise wrong(
            key, "is only `self-hosted`: any own runner of the organisation would take the job",
            "Add a label of the machines that are meant, e.g. [self-hosted, linux, gpu].",
        )  # fmt: skip
    windows = [name for name in names if name.lower().startswith("windows")]
    if windows:
        raise wrong(
            key, f"is `{windows[0]}`, and Branchline runs on Linux and macOS",
            "Name another runner, e.g. [ubuntu-24.04].",
        )  # fmt: skip
    if not names:
        raise wrong(key, "is empty", "Name a runner, e.g. [ubuntu-24.04].")
    return names


def command_of(text: str, key: str) -> str:
    """A command as a script of a workflow may hold it.

    Raises:
        ConfigError: GitHub would fill something in, or no shell can read it.
    """
    if "${{" in text:
        raise wrong(
            key, "holds `${{`, which GitHub would fill in before the shell sees it",
            "Use a variable of the shell, e.g. $NAME, and name it under github.variables.",
        )  # fmt: skip
    if any(not char.isprintable() and char not in "\n\t" for char in text):
        raise wrong(key, "holds a control character", "Take it out.")
    return text.rstrip("\n")
