"""`branchline new`: real folders, real git, and what stands in its way."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from tests import ready_branchline

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ADA = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    **{f"GIT_{who}_NAME": "Ada" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "ada@example.org" for who in ("AUTHOR", "COMMITTER")},
}
COMMAND = [sys.executable, "-m", "branchline", "new"]


def environment(**more: str) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, **ADA, "NO_COLOR": "1", **more}


def new(
    folder: Path, *words: str, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return ready_branchline.call(["new", *words], cwd=folder, env=env or environment())


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", *words], cwd=folder, env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_all_that_is_made_is_committed_on_main(tmp_path: Path) -> None:
    done = new(tmp_path, "churn")

    assert done.returncode == 0, done.stderr
    assert os.listdir(tmp_path) == ["churn"]
    assert git(tmp_path / "churn", "status", "--short", "--ignored") == ""
    assert git(tmp_path / "churn", "log", "--format=%an %s %D") == "Ada Start churn HEAD -> main"
    assert "cd churn\n" in done.stdout
    assert "branchline run" in done.stdout


def test_the_workflows_are_those_that_the_settings_ask_for(tmp_path: Path) -> None:
    new(tmp_path, "churn")

    done = ready_branchline.call(["workflows", "check"], cwd=tmp_path / "churn", env=environment())

    assert done.returncode == 0, done.stdout + done.stderr


def test_json_says_what_was_made(tmp_path: Path) -> None:
    said = json.loads(new(tmp_path, "2nd-try", "--json").stdout)

    assert said["name"] == "2nd-try"
    assert said["package"] == "model_2nd_try"
    assert said["folder"] == str(tmp_path / "2nd-try")
    assert sorted(said["files"]) == sorted(git(tmp_path / "2nd-try", "ls-files").splitlines())
    assert git(tmp_path / "2nd-try", "rev-parse", "HEAD").startswith(said["commit"])


def test_without_a_name_in_git_all_is_staged_and_nothing_committed(tmp_path: Path) -> None:
    nobody = {name: text for name, text in environment().items() if name not in ADA}
    nobody |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}

    done = new(tmp_path, "churn", env=nobody)

    assert done.returncode == 0, done.stderr
    assert "there is no commit yet: git does not know your name" in done.stderr
    assert "git config --global user.name NAME" in done.stdout
    assert git(tmp_path / "churn", "diff", "--cached", "--name-only") == git(
        tmp_path / "churn", "ls-files"
    )


def test_what_the_user_ignores_everywhere_is_committed_all_the_same(tmp_path: Path) -> None:
    ignored = tmp_path / "ignored"
    ignored.write_text("data/\n*.md\n.github/\n")
    settings = tmp_path / "gitconfig"
    settings.write_text(f"[core]\n\texcludesFile = {ignored}\n")

    new(tmp_path, "churn", env=environment(GIT_CONFIG_GLOBAL=str(settings)))

    tracked = git(tmp_path / "churn", "ls-files").splitlines()
    assert {"README.md", "data/schema.yaml", ".github/workflows/branchline.yml"} <= set(tracked)


def test_what_is_prepared_for_a_store_is_all_that_workflows_need(tmp_path: Path) -> None:
    new(tmp_path, "churn")
    settings = tmp_path / "churn/branchline.yaml"
    command = [sys.executable, "-m", "branchline", "workflows", "write"]

    def written() -> str:
        done = subprocess.run(
            command, cwd=tmp_path / "churn", env=environment(), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stderr

    before = written()
    text = settings.read_text()
    settings.write_text(text.replace("# store:", "store:").replace("# github:", "github:"))
    after = written()

    assert "no version of it is registered; write e.g. `store: s3://bucket/prefix`" in before
    assert "store" not in after


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "churn").mkdir()

    assert new(tmp_path, "churn").returncode == 0
    assert (tmp_path / "churn" / "README.md").exists()


@pytest.mark.parametrize(
    ("path", "code", "said"),
    [
        pytest.param("full", 2, "is there already, and not empty", id="a-folder-with-a-file"),
        pytest.param("file", 2, "is there already", id="a-file"),
        pytest.param("link", 2, "is there already", id="a-link-to-an-empty-folder"),
        pytest.param("dangling", 2, "is there already", id="a-link-to-nothing"),
        pytest.param("no/such", 1, "there is no folder", id="no-folder-above"),
        pytest.param("repo/inner", 1, "is inside the git repository", id="inside-a-repository"),
        pytest.param(".", 2, "names no new folder", id="here"),
        pytest.param("..", 2, "names no new folder", id="above"),
        pytest.param("", 2, "names no new folder", id="nothing"),
        pytest.param("/", 2, "names no new folder", id="the-root"),
        pytest.param("../new-here", 2, "is the folder that you are in", id="the-present-folder"),
        pytest.param("a b", 2, "cannot be the name", id="a-blank"),
        pytest.param("$(touch x)", 2, "cannot be the name", id="words-of-a-shell"),
        pytest.param("x\x1b[31m", 2, "cannot be the name", id="an-escape-sequence"),
        pytest.param("x" * 300, 2, "cannot be the name", id="too-long"),
    ],
)
def test_it_refuses_and_makes_nothing(tmp_path: Path, path: str, code: int, said: str) -> None:
    here = tmp_path / "new-here"
    for name in ("full", "empty", "repo", "new-here"):
        (tmp_path / name).mkdir()
    (tmp_path / "full" / "notes").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to("empty")
    (tmp_path / "dangling").symlink_to("nowhere")
    git(tmp_path / "repo", "init", "-q")
    before = sorted(tmp_path.rglob("*"))

    done = new(here if path == "../new-here" else tmp_path, path)

    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_a_place_that_cannot_be_written_is_an_error_of_ours(tmp_path: Path) -> None:
    if not os.path.isdir("/proc/self"):
        pytest.skip("no /proc, in which nobody may make folders")

    done = new(tmp_path, "/proc/churn")

    assert done.returncode == 1
    assert "/proc/churn cannot be made: " in done.stderr


@pytest.mark.parametrize("answer", ["n", "y", ""])
def test_at_a_terminal_it_asks(tmp_path: Path, answer: str) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "churn"], cwd=tmp_path, env=environment(), stdin=theirs, stdout=theirs,
        stderr=theirs,
    ) as process:  # fmt: skip
        os.close(theirs)
        seen = b""
        while b"[Y/n]" not in seen:
            seen += os.read(ours, 1000)
        assert not (tmp_path / "churn").exists()
        os.write(ours, answer.encode() + b"\n")
        while process.poll() is None:
            try:
                seen += os.read(ours, 1000)
            except OSError:  # the other end is closed
                break
    os.close(ours)

    assert b"  tests/" in seen
    assert process.returncode == 0
    assert (tmp_path / "churn").exists() == (answer != "n")


@pytest.mark.slow
def test_killed_at_any_moment_there_is_all_or_nothing(tmp_path: Path) -> None:
    started = time.monotonic()
    # Started as those that are killed: a forked one takes a part of the time.
    whole = subprocess.run(
        [*COMMAND, "whole", "--json"], cwd=tmp_path, env=environment(), capture_output=True,
        check=True,
    )  # fmt: skip
    took_s = time.monotonic() - started
    complete = set(json.loads(whole.stdout)["files"])
    drafts = 0
    for part in range(1, 16):
        process = subprocess.Popen(
            [*COMMAND, "churn"], cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        time.sleep(took_s * part / 16)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        drafts += any(name.startswith(".churn.") for name in os.listdir(tmp_path))
        if (tmp_path / "churn").exists():
            tracked = git(tmp_path / "churn", "ls-files").splitlines()
            assert {path.replace("/churn/", "/whole/") for path in tracked} == complete
            assert git(tmp_path / "churn", "status", "--short") == ""
            shutil.rmtree(tmp_path / "churn")

    assert new(tmp_path, "churn").returncode == 0
    assert drafts > 0  # else no kill came in the middle, and this test says nothing
    assert sorted(os.listdir(tmp_path)) == ["churn", "whole"]
