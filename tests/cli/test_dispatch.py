"""Global options, unknown names, errors and crashes of the command line."""

from __future__ import annotations

import errno
import io
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from branchline.cli.console import Console
from branchline.cli.crash import redact, report_crash, told_by_system
from branchline.cli.dispatch import dispatch

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        pytest.param(["plam"], "unknown command plam", "branchline plan", id="command"),
        pytest.param(["init", "--forse"], "unknown option --forse", "--force", id="option"),
        pytest.param(["init", "x"], "unexpected word x", "--help", id="word-too-many"),
        pytest.param(["--colr"], "unknown option --colr", "--help", id="before-a-command"),
        pytest.param(["-C"], "-C needs a value", "--help", id="value-missing"),
        pytest.param(["-C", "/no/such"], "No such file", "existing", id="folder-missing"),
        pytest.param(["ci"], "ci: a verb is missing", "one of: plan, run, apply.", id="ci-what"),
        pytest.param(["pr"], "pr: a verb is missing", "list, show, create", id="pr-what"),
        pytest.param(["gate"], "gate: a verb is missing", "one of: selftest.", id="gate-what"),
        pytest.param(["--color", "red", "init"], "red is none of", "auto", id="colour"),
    ],
)
def test_a_command_line_that_does_not_fit(
    words: list[str], message: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = dispatch(words)

    printed = capsys.readouterr()
    assert code == 2
    assert message in printed.err
    assert hint in printed.err
    assert printed.out == ""


def test_help_of_a_command_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert dispatch(["init", "--help"]) == 0
    assert dispatch(["help", "init"]) == 0
    assert capsys.readouterr().out.count("usage: branchline init") == 2


def test_an_error_with_json_is_a_json_object_too(capsys: pytest.CaptureFixture[str]) -> None:
    dispatch(["init", "--json", "--forse"])

    error = json.loads(capsys.readouterr().out)["error"]
    assert error["slug"] == "usage"
    assert error["exit_code"] == 2


def test_c_changes_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a" / "b").mkdir(parents=True)

    dispatch(["-C", "a", "-C", "b", "--help"])

    assert os.getcwd() == str(tmp_path / "a" / "b")


def test_secrets_are_blanked_out() -> None:
    environment = {"HF_TOKEN": "hf_abcdef", "AWS_SECRET_ACCESS_KEY": "s3cr3tvalue", "HOME": "/home"}

    text = redact("hf_abcdef /home s3cr3tvalue https://a:b@c/d", environment)

    assert text == "*** /home *** https://***@c/d"


def test_a_crash_is_one_line_and_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MY_TOKEN", "abcdefgh")
    (tmp_path / ".git").mkdir()
    err = io.StringIO()
    with pytest.raises(ZeroDivisionError) as caught:
        raise ZeroDivisionError("with abcdefgh\nand more")

    report_crash(caught.value, ["plan"], Console(io.StringIO(), err))

    (file,) = (tmp_path / ".branchline" / "crash").iterdir()
    assert err.getvalue() == (
        "branchline: internal error: ZeroDivisionError: with ***; "
        f"the details are in .branchline/crash/{file.name}; please report it\n"
    )
    assert "abcdefgh" not in file.read_text()
    assert "Traceback" in file.read_text()
    assert (tmp_path / ".branchline" / ".gitignore").read_text() == "*\n"


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    command = f"{sys.executable} -m branchline init --help | true; exit ${{PIPESTATUS[0]}}"

    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.stderr == ""
    assert done.returncode in (0, 141)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a system without /dev/full")
@pytest.mark.parametrize(
    "words",
    [
        pytest.param("--version", id="answered-at-once"),
        pytest.param("--help", id="help"),
        pytest.param("schema", id="a-long-answer"),
        pytest.param("runs --json", id="json"),
        pytest.param("show nosuch --json", id="an-error-as-json"),
        pytest.param("", id="status"),
    ],
)
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_an_output_that_takes_nothing_is_one_error(
    tmp_path: Path, words: str, unbuffered: str
) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    command = f"{sys.executable} -m branchline {words} > /dev/full"

    done = subprocess.run(
        ["bash", "-c", command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr.count("error: ") == 1
    assert done.stderr.count("\n") <= 2
    assert "Traceback" not in done.stderr
    assert done.returncode == (2 if "nosuch" in words else 1)
    if "nosuch" not in words:
        assert "standard output: No space left on device" in done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    ("words", "code"), [("--version", 0), ("runs", 0), ("show nosuch", 2)], ids=str
)
def test_what_a_shell_has_closed_leads_nowhere(
    tmp_path: Path, closed: str, words: str, code: int
) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)

    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m branchline {words} {closed}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_a_full_disk_is_told_as_such_and_not_as_our_fault() -> None:
    told = told_by_system(OSError(errno.ENOSPC, "No space left on device", "/x/o"))

    assert told is not None
    assert told.message == "/x/o: No space left on device"
    assert "branchline doctor" in told.todo
    limit = told_by_system(OSError(errno.EMFILE, "Too many open files"))
    assert limit is not None
    assert "`ulimit -n 1024`" in limit.todo
    assert told_by_system(OSError(errno.ENOENT, "No such file")) is None
    assert told_by_system(ValueError("x")) is None
