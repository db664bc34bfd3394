"""`branchline remote` with real repositories, here and over a real SSH."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.servers.conftest import Scene, clean_environment, make_scene

from branchline import wiring
from branchline.core.run.jobs import NewJob

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def clone(tmp_path: Path) -> Scene:
    """A clone without a box."""
    home = tmp_path / "home"
    home.mkdir()
    scene = Scene(tmp_path / "clone", tmp_path / "box.git", "path", clean_environment(home))
    scene.clone.mkdir()
    scene.git("init", "-q", "-b", "main")
    scene.commit({"train.py": "print(1)\n"}, "first")
    return scene


@pytest.fixture
def far(tmp_path: Path, servers: dict[str, Any]) -> Scene:
    """A clone and a box behind SSH."""
    return make_scene(tmp_path, "ssh", servers)


def test_add_makes_a_box_and_a_remote(clone: Scene) -> None:
    text = clone.branchline("remote", "add", "gpu", "../box.git")

    assert text.startswith(f"Made {clone.box}")
    assert "next: git push gpu main" in text
    assert clone.git("remote", "get-url", "gpu").strip() == str(clone.box)
    assert clone.git("config", "remote.gpu.branchline").strip() == "true"
    assert clone.git("config", "remote.gpu.branchline-python").strip() == sys.executable
    assert clone.files.settings().name == "gpu"


def test_add_again_brings_it_up_to_date(clone: Scene) -> None:
    clone.branchline("remote", "add", "gpu", str(clone.box), "--most-bytes", "1000000")
    (clone.box / "hooks" / "pre-receive").unlink()

    text = clone.branchline("remote", "add", "gpu", str(clone.box))

    assert text.startswith("Brought up to date")
    assert "pre-receive" in clone.files.hooks()
    assert clone.files.settings().most_bytes == 1_000_000


@pytest.mark.parametrize("branch", ["master", "trunk"])
def test_a_new_box_goes_by_the_default_branch_of_the_clone(clone: Scene, branch: str) -> None:
    clone.git("branch", "-m", branch)
    if branch == "master":  # also when the clone is on another
        clone.git("switch", "-q", "-c", "feature")

    text = clone.branchline("remote", "add", "gpu", str(clone.box))

    assert f"next: git push gpu {branch}" in text
    assert clone.files.settings().default_branch == branch


def test_add_says_what_a_clone_without_main_needs(clone: Scene) -> None:
    clone.branchline("remote", "add", "gpu", str(clone.box))
    clone.git("branch", "-m", "trunk")

    text = clone.branchline("remote", "add", "gpu", str(clone.box))
    clone.branchline("remote", "add", "gpu", str(clone.box), "--default-branch", "trunk")
    again = clone.branchline("remote", "add", "gpu", str(clone.box))

    assert "this clone has no branch `main`" in text
    assert f"branchline remote add gpu {clone.box} --default-branch trunk" in text
    assert "has no branch" not in again


def test_add_says_what_a_shallow_clone_needs(clone: Scene) -> None:
    clone.commit({"train.py": "print(2)\n"}, "second")
    shallow = replace(clone, clone=clone.clone.parent / "shallow")
    clone.git("clone", "-q", "--depth", "1", f"file://{clone.clone}", str(shallow.clone))

    text = shallow.branchline("remote", "add", "gpu", str(clone.box))

    assert "next: git fetch --unshallow && git push gpu main" in text
    assert "this clone is shallow" in text
    shallow.git("push", "-o", "wait=no", "gpu", "main", code=1)
    shallow.git("fetch", "-q", "--unshallow")
    shallow.git("push", "-o", "wait=no", "gpu", "main")


def test_add_names_a_push_that_a_clone_of_one_branch_can_make(clone: Scene) -> None:
    clone.git("clone", "-q", str(clone.clone), str(clone.clone.parent / "other"))
    other = replace(clone, clone=clone.clone.parent / "other")
    other.git("switch", "-q", "--detach")
    other.git("branch", "-q", "-D", "main")

    text = other.branchline("remote", "add", "gpu", str(clone.box))

    (command,) = [line for line in text.splitlines() if line.startswith("next: git push ")]
    other.git("push", "-o", "wait=no", *command.split()[3:])
    assert "main" in clone.heads()


def test_add_says_what_it_did_as_json(clone: Scene) -> None:
    told = json.loads(clone.branchline("remote", "add", "gpu", str(clone.box), "--json"))

    assert told["is_new"] is True
    assert told["path"] == str(clone.box)


def test_a_repository_that_is_there_keeps_its_head(clone: Scene) -> None:
    clone.git("init", "-q", "--bare", "-b", "trunk", str(clone.box))

    text = clone.branchline("remote", "add", "gpu", str(clone.box))

    assert "this clone has no branch `trunk`, the default branch of the box" in text
    assert "next: git push gpu main" in text
    assert clone.files.settings().default_branch == "trunk"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        pytest.param(["-x", "p"], 2, "remote add", id="name-like-an-option"),
        pytest.param(["a b", "p"], 2, "cannot be the name", id="name-with-a-blank"),
        pytest.param(["a", ""], 2, "cannot be the place", id="no-place"),
        pytest.param(["a", "p\nq"], 2, "cannot be the place", id="newline-in-a-path"),
        pytest.param(["a", "https://host/x"], 2, "served over HTTP", id="over-http"),
        pytest.param(["a", "-oProxyCommand=x:p"], 2, "remote add", id="host-like-an-option"),
        pytest.param(["a", "ssh://-x/p"], 2, "names no path", id="url-host-like-an-option"),
        pytest.param(["a", "p", "--ledger", "mysql://x"], 2, "no URL of a database", id="ledger"),
        pytest.param(["a", "p", "--default-branch", "a;b"], 2, "holds `;`", id="default-branch"),
        pytest.param(["a", "p", "--default-branch", "a..b"], 2, "git takes no", id="no-branch"),
        pytest.param(["a", "p", "--python", "/other"], 2, "/other -m branchline", id="python"),
        pytest.param(["a", "p", "--most-bytes", "-1"], 2, "below 0", id="most-bytes"),
        pytest.param(["a", "."], 1, "working tree", id="the-clone-itself"),
        pytest.param(["origin", "p"], 2, "leads to", id="a-remote-that-is-taken"),
    ],
)
def test_what_cannot_be_is_refused(clone: Scene, words: list[str], code: int, said: str) -> None:
    clone.git("remote", "add", "origin", "https://example.org/x.git")

    text = clone.branchline("remote", "add", *words, code=code)

    assert said in text
    assert "Traceback" not in text
    assert not (clone.clone / "p").exists()


def test_a_ledger_that_nothing_here_can_talk_to_is_refused(clone: Scene) -> None:
    without = clone.box.parent / "without" / "psycopg"
    without.mkdir(parents=True)
    (without / "__init__.py").write_text("raise ImportError('not installed')\n")
    words = ["remote", "add", "gpu", str(clone.box), "--ledger", "postgresql://ann@db/app"]

    clone.environment["PYTHONPATH"] = str(without.parent)

    text = clone.branchline(*words, code=1)

    assert "pip install 'branchline[postgres]'" in text
    assert not clone.box.exists()
    assert "gpu" not in clone.git("remote")


def test_list_shows_boxes_alone(clone: Scene) -> None:
    clone.git("remote", "add", "origin", "https://example.org/x.git")

    assert "No remote of this clone is a box" in clone.branchline("remote", "list")
    clone.branchline("remote", "add", "gpu", str(clone.box))
    assert clone.branchline("remote", "list").split() == ["gpu", str(clone.box)]
    (told,) = json.loads(clone.branchline("remote", "list", "--json"))["remotes"]
    assert told == {"name": "gpu", "url": str(clone.box), "python": sys.executable}


def test_check_passes_for_a_box_that_works(clone: Scene) -> None:
    clone.branchline("remote", "add", "gpu", str(clone.box))
    clone.files.set_worker(os.getpid())
    clone.git("push", "-q", "-o", "wait=no", "gpu", "main")

    told = json.loads(clone.branchline("remote", "check", "gpu", "--json"))

    assert told["is_fine"]
    assert {check["name"]: check["health"] for check in told["checks"]} | {"disk": ""} == {
        "git": "pass",
        "hooks": "pass",
        "interpreter": "pass",
        "repository": "pass",
        "disk": "",
        "files": "pass",
        "jobs": "pass",
        "effects": "pass",
        "ledger": "pass",
        "worker": "pass",
    }


def break_hook(clone: Scene) -> None:
    (clone.box / "hooks" / "post-receive").chmod(0o644)


def edit_hook(clone: Scene) -> None:
    with (clone.box / "hooks" / "pre-receive").open("a") as file:
        file.write("# mine\n")


def break_python(clone: Scene) -> None:
    file = clone.box / "branchline" / "box.json"
    file.write_text(file.read_text().replace(sys.executable, "/nonexistent/python"))


def move_head(clone: Scene) -> None:
    clone.git("--git-dir", str(clone.box), "symbolic-ref", "HEAD", "refs/heads/other")


def lead_hooks_away(clone: Scene) -> None:
    with (clone.box / "config").open("a") as file:
        file.write("[core]\n\thooksPath = /elsewhere\n")


def break_ledger(clone: Scene) -> None:
    (clone.box / "branchline" / "ledger.db").write_text("no database\n" * 1000)


def remove_box(clone: Scene) -> None:
    shutil.rmtree(clone.box)


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        pytest.param(break_hook, "post-receive: not there, or not executable", id="hook-mode"),
        pytest.param(edit_hook, "pre-receive: not as this Branchline writes it", id="hook-edited"),
        pytest.param(break_python, "nonexistent", id="interpreter"),
        pytest.param(move_head, "HEAD is other", id="head"),
        pytest.param(lead_hooks_away, "core.hooksPath leads away", id="hooks-path"),
        pytest.param(break_ledger, "ledger", id="ledger"),
        pytest.param(remove_box, "is no box", id="gone"),
    ],
)
def test_check_finds_what_is_broken(clone: Scene, break_it: Any, said: str) -> None:
    clone.branchline("remote", "add", "gpu", str(clone.box))
    break_it(clone)

    text = clone.branchline("remote", "check", "gpu", code=1)

    assert said in text
    assert "Traceback" not in text


def test_a_box_that_was_moved_refuses_until_it_is_told(clone: Scene) -> None:
    clone.branchline("remote", "add", "gpu", str(clone.box))
    moved = clone.box.with_name("moved.git")
    clone.box.rename(moved)
    clone.git("remote", "set-url", "gpu", f"../{moved.name}")

    refused = clone.git("push", "gpu", "HEAD:refs/heads/a;b", code=1)
    clone.branchline("remote", "add", "gpu", str(moved))
    named = clone.git("push", "gpu", "HEAD:refs/heads/a;b", code=1)
    checked = clone.branchline("remote", "check", "gpu")
    taken = clone.git("push", "-o", "wait=no", "gpu", "HEAD:refs/heads/ab")

    assert f"branchline remote init --box '{moved}'" in refused
    assert "holds `;`" in named
    assert checked
    assert "new branch" in taken


def test_hooks_of_a_commit_are_none_of_the_boxs(clone: Scene) -> None:
    clone.branchline("remote", "add", "gpu", str(clone.box))
    tree = clone.box.parent / "tree"
    clone.git("push", "-q", "-o", "wait=no", "gpu", "HEAD:refs/heads/work")

    clone.git("--git-dir", str(clone.box), "worktree", "add", "-q", str(tree), "work")

    found = clone.git("-C", str(tree), "config", "core.hooksPath").strip()
    assert found == f"{clone.box}/hooks"


def test_a_box_whose_interpreter_is_gone_says_so(clone: Scene) -> None:
    clone.branchline("remote", "add", "gpu", str(clone.box))
    hook = clone.box / "hooks" / "pre-receive"
    hook.write_text(hook.read_text().replace(f"python='{sys.executable}'", "python='/gone/python'"))

    said = clone.git("push", "gpu", "HEAD:refs/heads/work", code=1)

    assert "interpreter of this box is not there, or closed" in said
    assert "/gone/python" in said


def test_remove_forgets_the_remote_and_keeps_the_box(clone: Scene) -> None:
    clone.branchline("remote", "add", "gpu", str(clone.box))

    text = clone.branchline("remote", "remove", "gpu")

    assert "still there" in text
    assert clone.box.exists()
    assert clone.git("remote").strip() == ""


def test_remove_with_delete_removes_the_box(clone: Scene) -> None:
    clone.branchline("remote", "add", "gpu", str(clone.box))
    with sleeper() as idle:  # a worker that has nothing to do
        clone.files.set_worker(idle.pid)
        with wiring.open_box(str(clone.box)) as box:
            job = NewJob(kind="train", trigger="push", branch="x", commit="1" * 40)
            (number,) = box.queue.enqueue([job], event="e", at=1.0)

            said = clone.branchline("remote", "remove", "gpu", "--delete", code=1)
            box.queue.cancel(number, reason="over", at=2.0)
        assert f"have not ended: {number}" in said
        assert idle.poll() is None
        clone.branchline("remote", "remove", "gpu", "--delete")
        assert idle.wait(5) < 0

    assert not clone.box.exists()
    assert [path.name for path in clone.box.parent.iterdir() if "box" in path.name] == []


@contextmanager
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends at SIGTERM, and is reaped as soon as it has."""
    with subprocess.Popen(["sleep", "60"]) as process:
        reaper = threading.Thread(target=process.wait)
        reaper.start()
        try:
            yield process
        finally:
            process.kill()
            reaper.join()


def test_remove_with_delete_forgets_a_box_that_is_gone(clone: Scene) -> None:
    clone.branchline("remote", "add", "gpu", str(clone.box))
    shutil.rmtree(clone.box)

    text = clone.branchline("remote", "remove", "gpu", "--delete")

    assert "There was nothing at" in text
    assert clone.git("remote").strip() == ""


def test_records_go_to_the_only_remote_there_is(clone: Scene) -> None:
    clone.branchline("remote", "add", "gpu", str(clone.box))

    assert "no records to gpu" in clone.branchline("records", "push")
    clone.git("remote", "add", "other", str(clone.box))
    assert "no records from gpu" in clone.branchline("records", "fetch")
    clone.git("remote", "remove", "gpu")
    clone.git("remote", "add", "third", str(clone.box))
    assert "other, third" in clone.branchline("records", "fetch", code=2)


def test_check_names_what_keeps_a_box_from_working(clone: Scene) -> None:
    clone.branchline("remote", "add", "gpu", str(clone.box))
    state = clone.box / "branchline"
    settings = json.loads((state / "box.json").read_text())

    (state / "spool" / "bad").rmdir()
    (state / "spool").rmdir()
    missing = clone.branchline("remote", "check", "gpu", code=1)
    (state / "spool").mkdir()
    (state / "box.json").write_text(json.dumps({**settings, "jobs": "many"}))
    wrong = clone.branchline("remote", "check", "gpu", code=1)
    (state / "box.json").write_text(json.dumps({**settings, "job": 3}))
    odd = clone.branchline("remote", "check", "gpu")
    with wiring.open_box(str(clone.box)) as box:
        box.queue.add_effects([("register:m:c", "{}")], job=None, at=1.0)
        for number in range(3):
            (effect,) = box.queue.due_effects(at=1e12)
            box.queue.effect_failed(effect.effect, error="no space", next_at=float(number))
    stuck = clone.branchline("remote", "check", "gpu", code=1)

    assert "branchline/spool: not there" in missing
    assert "jobs is 'many'" in wrong
    assert "nobody reads job" in odd
    assert "register:m:c failed 3 times: no space" in stuck


def test_of_two_boxes_models_asks_which(clone: Scene) -> None:
    for name in ("one", "two"):
        clone.branchline("remote", "add", name, str(clone.box.parent / f"{name}.git"))

    asked = clone.branchline("models", code=2)
    clone.branchline("models", "--remote", "two")

    assert "several boxes: one, two" in asked
    assert "--remote NAME" in asked


def test_nothing_but_a_box_is_deleted(clone: Scene) -> None:
    clone.git("init", "-q", "--bare", str(clone.box))
    clone.git("remote", "add", "gpu", str(clone.box))
    clone.git("config", "remote.gpu.branchline", "true")

    assert "is no box" in clone.branchline("remote", "remove", "gpu", "--delete", code=1)
    assert clone.box.exists()


def test_an_unknown_box_names_those_there_are(clone: Scene) -> None:
    clone.branchline("remote", "add", "gpu", str(clone.box))

    assert "There is: gpu" in clone.branchline("remote", "check", "gpux", code=2)


def test_a_remote_that_is_no_box_is_removed_by_git(clone: Scene) -> None:
    clone.git("remote", "add", "origin", "https://example.org/x.git")

    assert "git remote remove origin" in clone.branchline("remote", "remove", "origin", code=2)
    assert "origin" in clone.git("remote")


def test_over_ssh(far: Scene) -> None:
    assert far.files.settings().name == "box"
    told = json.loads(far.branchline("remote", "check", "box", "--json"))
    again = far.branchline(
        "remote",
        "add",
        "box",
        far.git("remote", "get-url", "box").strip(),
        "--python",
        far.git("config", "remote.box.branchline-python").strip(),
    )
    (far.box / "hooks" / "pre-receive").unlink()
    broken = far.branchline("remote", "check", code=1)

    assert told["is_fine"]
    assert again.startswith("Brought up to date")
    assert "pre-receive: not there" in broken
    far.files.clear_worker(os.getpid())
    far.branchline("remote", "remove", "box", "--delete")
    assert not far.box.exists()


@pytest.mark.parametrize(
    ("python", "said"),
    [
        pytest.param("/nonexistent/python3", "there is no /nonexistent/python3", id="no-python"),
        pytest.param("/usr/bin/python3", "has no Branchline", id="no-branchline"),
        pytest.param("false", "ended with exit code 1", id="something-else"),
        pytest.param("a; touch pwn;", "there is no a; touch pwn;", id="a-hostile-name"),
    ],
)
def test_over_ssh_it_is_said_what_is_missing(far: Scene, python: str, said: str) -> None:
    url = far.git("remote", "get-url", "box").strip()
    if (
        python == "/usr/bin/python3"
        and subprocess.run([python, "-c", "import branchline"]).returncode == 0
    ):
        pytest.skip("the system's own Python has Branchline")

    text = far.branchline("remote", "add", "other", f"{url}2", "--python", python, code=1)

    assert said in text
    assert "Traceback" not in text
    assert far.git("remote").split() == ["box"]
    assert not list(far.clone.parent.rglob("pwn"))


def test_over_ssh_a_host_that_does_not_answer_is_told(clone: Scene) -> None:
    clone.environment["GIT_SSH_COMMAND"] = "ssh -F /dev/null -o BatchMode=yes -o ConnectTimeout=5"

    text = clone.branchline("remote", "add", "gpu", "ssh://127.0.0.1:1/box.git", code=1)

    assert "SSH does not get to 127.0.0.1" in text
    assert "ssh 127.0.0.1 true" in text
