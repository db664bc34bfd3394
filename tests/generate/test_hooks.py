"""The hooks as text: every shell parses them, nothing of a path or a setting is run."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from branchline.generate.hooks import NAMES, box_hooks, is_ours, quoted
from branchline.ports.box import BoxSettings

if TYPE_CHECKING:
    from pathlib import Path

SHELLS = [name for name in ("sh", "dash", "bash") if shutil.which(name)]
EVIL = 'it\'s $(touch ran) `touch ran` "x" \\ *'


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("name", NAMES)
def test_a_shell_parses_it(shell: str, name: str, tmp_path: Path) -> None:
    text = box_hooks("/srv/" + EVIL, BoxSettings(python="/usr/bin/" + EVIL))[name]
    (tmp_path / "hook").write_text(text)

    done = subprocess.run([shell, "-n", "hook"], cwd=tmp_path, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")
    assert is_ours(text)


def test_nothing_of_a_path_or_a_setting_is_run(tmp_path: Path) -> None:
    settings = BoxSettings(python=f"/x/{EVIL}", environment={"PATH": f"/bin:{EVIL}", "A": EVIL})
    text = box_hooks(f"{tmp_path}/{EVIL}", settings)["post-receive"]

    done = subprocess.run(
        ["sh"],
        input=text,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin"},
    )

    assert done.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_a_text_is_one_word() -> None:
    done = subprocess.run(
        ["sh", "-c", f"printf %s {quoted(EVIL)}"], capture_output=True, text=True, check=True
    )

    assert done.stdout == EVIL


def test_a_hook_of_somebody_else_is_not_ours() -> None:
    assert not is_ours("#!/bin/sh\necho hello\n")
