"""The program that runs the commands of a stage."""

from __future__ import annotations

import pytest

from branchline.adapters.local_process.shells import shell_words, stage_words


@pytest.mark.parametrize(
    ("shell", "words"),
    [
        pytest.param("/bin/bash", ("/bin/bash", "--noprofile", "--norc"), id="bash"),
        pytest.param("/usr/bin/zsh", ("/usr/bin/zsh", "--no-rcs"), id="zsh"),
        pytest.param("/bin/dash", ("/bin/dash",), id="dash"),
        pytest.param(None, ("/bin/sh",), id="not-set"),
        pytest.param("", ("/bin/sh",), id="empty"),
        pytest.param("/sbin/nologin", ("/bin/sh",), id="no-shell-for-commands"),
        pytest.param("/usr/bin/nu", ("/bin/sh",), id="unknown"),
    ],
)
def test_shell_words(shell: str | None, words: tuple[str, ...]) -> None:
    assert shell_words(shell) == words


def test_one_command_needs_no_shell_around_its_shell() -> None:
    assert stage_words(("/bin/sh",), [("a b", "a b")]) == ("/bin/sh", "-c", "a b")


def test_several_commands_are_arguments_and_never_part_of_a_script() -> None:
    words = stage_words(("/o p/bash", "--norc"), [("a", "a"), ("shown'\"$", "run'\"$")])

    assert words[0] == "/bin/sh"
    assert "'/o p/bash' --norc -c" in words[2]
    assert words[4:] == ("a", "a", "shown'\"$", "run'\"$")
