"""The account that works for a box: root gives itself up, everybody else stays who they are."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from branchline import wiring
from branchline.adapters.box import LocalBox
from branchline.adapters.box.accounts import become, give
from branchline.errors import BoxError, UnknownNameError
from branchline.flows.remotes import BoxOptions

if TYPE_CHECKING:
    from pathlib import Path

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
OWN = pwd.getpwuid(os.geteuid()).pw_name


def run(code: str) -> str:
    """Run Python in a process of its own, which may give up what it is."""
    words = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_no_account_and_ones_own_change_nothing() -> None:
    before = dict(os.environ)

    become("")
    become(OWN)

    assert dict(os.environ) == before


@pytest.mark.parametrize("name", ["nobody-of-this-name", "a\0b", "root\n"])
def test_an_unknown_account_says_what_to_type(name: str) -> None:
    with pytest.raises(UnknownNameError, match="no account") as caught:
        become(name)

    assert caught.value.todo is not None
    assert "useradd" in caught.value.todo


@as_root
def test_root_becomes_the_account_for_good() -> None:
    said = run(
        """
        import os, pwd
        from branchline.adapters.box.accounts import become
        os.setgroups([0, 42])
        become("nobody")
        entry = pwd.getpwnam("nobody")
        assert os.getresuid() == (entry.pw_uid,) * 3
        assert os.getresgid() == (entry.pw_gid,) * 3
        assert 0 not in os.getgroups() and 42 not in os.getgroups()
        try:
            os.setresuid(0, 0, 0)
        except PermissionError:
            print(os.environ["USER"], os.environ["LOGNAME"], os.environ["HOME"])
        """
    )

    assert said.split() == ["nobody", "nobody", pwd.getpwnam("nobody").pw_dir]


@as_root
def test_another_account_is_refused_with_the_command_that_works() -> None:
    said = run(
        """
        import os, pwd
        from branchline.adapters.box.accounts import become
        from branchline.errors import BranchlineError
        import encodings.idna
        os.setuid(pwd.getpwnam("daemon").pw_uid)
        try:
            become("nobody")
        except BranchlineError as error:
            print(error.message, "/", error.todo)
        """
    )

    assert "`nobody` works for this box, and this process belongs to `daemon`" in said
    assert "sudo -u nobody branchline -C BOX serve" in said


@as_root
def test_an_interpreter_that_the_account_cannot_start_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "python").symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(closed / "python"))

    with pytest.raises(BoxError, match="`nobody` cannot start"):
        wiring.make_box(str(tmp_path / "box.git"), BoxOptions(user="nobody"))

    assert not (tmp_path / "box.git").exists()


@as_root
def test_a_box_is_given_whole_and_nothing_outside_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/true")  # anybody can start that
    outside = tmp_path / "outside"
    outside.write_text("x")
    path = str(tmp_path / "box.git")

    wiring.make_box(path, BoxOptions(user="nobody"))
    (tmp_path / "box.git" / "link").symlink_to(outside)
    give(path, "nobody")

    owner = pwd.getpwnam("nobody").pw_uid
    everything = [tmp_path / "box.git", *(tmp_path / "box.git").rglob("*")]
    assert {path.lstat().st_uid for path in everything} == {owner}
    assert outside.stat().st_uid == 0
    settings = LocalBox(path).settings()
    assert (settings.user, settings.environment["HOME"]) == (
        "nobody",
        pwd.getpwnam("nobody").pw_dir,
    )


def test_nobody_but_root_gives_a_box_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000)

    with pytest.raises(BoxError, match="only root can give"):
        wiring.make_box(str(tmp_path / "box.git"), BoxOptions(user=OWN))

    assert not (tmp_path / "box.git").exists()
