"""Hooks of a box where all goes wrong: hostile names, killed hooks, foreign hooks, bare rooms."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.servers.conftest import SOURCE, make_scene

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.conftest import Scene

HOSTILE = (
    "a;id", "a$(id)", "a`id`", 'a"b', "a'b", "a|b", "a&b", "a<b", "a{b}", "a%0Ab", "a#b", "a!b",
    "a(b)", "a$IFS", "${{x}}", "train/$(touch${IFS}pwn)", "@", "refs/heads/main", "train/é",
    "x" * 201, "a/-x", "HEAD",
)  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_hostile_name_is_refused_and_never_run(near: Scene, name: str) -> None:
    before = {str(path) for path in near.box.rglob("*")}

    text = near.push(f"main:refs/heads/{name}", code=1)

    assert "refused, nothing was changed" in text
    assert "Traceback" not in text
    assert near.heads() == {}
    assert near.events() == []
    new = {str(path) for path in near.box.rglob("*")} - before
    assert not [path for path in new if "pwn" in path and "objects" not in path]


def test_names_that_the_box_allows_are_taken(near: Scene) -> None:
    near.branchline("remote", "add", "box", str(near.box), "--ref-characters", "é@")

    near.push("main:train/é@1")

    assert list(near.heads()) == ["train/é@1"]
    assert near.files.spool()[0].updates[0].ref == "refs/heads/train/é@1"


@pytest.mark.parametrize("characters", [";", "a b", "$", "\\"])
def test_a_setting_allows_nothing_that_a_shell_reads(near: Scene, characters: str) -> None:
    text = near.branchline(
        "remote", "add", "box", str(near.box), f"--ref-characters={characters}", code=2
    )

    assert "may never stand in a name" in text


def test_every_kind_of_record_is_taken_at_once(near: Scene) -> None:
    tree = near.git("rev-parse", "main:").strip()
    blob = near.git("rev-parse", "main:train.py").strip()
    blobs = ("results/ab/ab12/0011", "approvals/abc1234", "noise/ab12/7", "answers/ab12/1-abc1234")
    wanted = {f"refs/branchline/{name}": blob for name in blobs}
    wanted["refs/branchline/runs/abc1234"] = tree

    near.push(*(f"{held}:{ref}" for ref, held in wanted.items()))

    assert near.events() == []
    rows = [
        row.split("\t") for row in near.git("ls-remote", "box", "refs/branchline/*").splitlines()
    ]
    assert {ref: held for held, ref in rows} == wanted


def test_records_are_created_and_never_changed(near: Scene) -> None:
    tree = near.git("rev-parse", "main:").strip()
    ref = "refs/branchline/runs/abc1234"
    near.push(f"{tree}:{ref}")
    near.commit({"more.txt": "x"})
    other = near.git("rev-parse", "main:").strip()
    odd = near.push("main:refs/branchline/runs/odd", code=1)

    changed = near.push(f"+{other}:{ref}", code=1)
    deleted = near.push(f":{ref}", code=1)
    inner = near.push(f"{tree}:refs/branchline/jobs/1", code=1)

    assert "a record here is a tree, and this is none" in odd
    assert "never changed nor deleted" in changed
    assert "never changed nor deleted" in deleted
    assert "belongs to the box itself" in inner
    assert near.events() == []


def test_events_of_the_registry_are_created_and_never_moved(near: Scene) -> None:
    near.git("tag", "-a", "-m", "x", "demo@v1.0.0")
    near.git("tag", "-a", "-m", "x", "demo#production#1")
    near.push("main", "demo@v1.0.0", "demo#production#1")
    near.commit()
    near.git("tag", "-f", "-a", "-m", "x", "demo@v1.0.0")

    moved = near.push("--force", "demo@v1.0.0", code=1)
    deleted = near.push(":refs/tags/demo#production#1", code=1)

    assert "registry" in moved
    assert "registry" in deleted
    near.git("tag", "demo@v1.0.9")
    light = near.push("demo@v1.0.9", code=1)
    assert "is an annotated tag, and this is none" in light


def test_branches_in_packed_refs_are_seen(near: Scene) -> None:
    near.push("main", "main:models", "main:train/a")
    near.git("--git-dir", str(near.box), "pack-refs", "--all", "--prune")
    near.commit()

    assert "is not on `main`" in near.push("main:models", code=1)
    assert "is a file" in near.push("main:models/x", code=1)
    assert "is a folder" in near.push("main:train", code=1)
    near.push("main", "main:models", "main:train/b")
    assert len(set(near.heads().values())) == 2


def test_rules_are_those_of_the_default_branch(near: Scene) -> None:
    near.push("main")
    near.commit({"branchline.yaml": "model: m\nbranches: {'**': {do: train}}\n"}, "no rules")
    near.push("main:train/free")
    near.push("main~1:refs/heads/models")
    kept = near.push(":models", code=1)
    near.push("main")

    assert "cannot be deleted" in kept
    near.push(":models")
    assert "models" not in near.heads()
    assert "'models'" not in near.files.rules()


def test_rules_that_cannot_be_read_are_the_built_in_ones(near: Scene) -> None:
    near.commit({"branchline.yaml": "model: [\n"}, "broken")
    near.push("main")

    text = near.push("main:models")
    refused = near.push(":models", code=1)

    assert "cannot be used; built-in branch rules count" in text
    assert "cannot be deleted" in refused


def test_an_ordinary_push_starts_no_python(near: Scene) -> None:
    near.push("main", "main:models")
    settings = near.box / "branchline" / "box.json"
    hook = near.box / "hooks" / "pre-receive"
    # One that is there and says no to everything: that it is there is looked at in any case.
    hook.write_text(hook.read_text().replace(sys.executable, shutil.which("false") or ""))
    (near.box / "hooks" / "post-receive").write_text(
        (near.box / "hooks" / "post-receive").read_text().replace(sys.executable, "/nonexistent")
    )
    near.commit({"train.py": "print(2)\n"})

    near.push("main", "main:models", "main:train/x", "main:feature/y", ":refs/heads/nothing")
    near.push(":train/x")

    assert settings.exists()
    assert "train/x" not in near.heads()
    refused = near.push("main~1:refs/heads/a;b", code=1)
    assert "pre-receive hook declined" in refused


def test_nothing_of_the_pushers_environment_gets_through(near: Scene) -> None:
    spy = near.box.parent / "spy"
    spy.write_text(f"#!/bin/sh\nenv > {near.box.parent}/seen\n")
    spy.chmod(0o755)
    for name in ("pre-receive", "post-receive"):
        hook = near.box / "hooks" / name
        hook.write_text(hook.read_text().replace(sys.executable, str(spy)))

    near.git("push", "box", "main", GIT_AUTHOR_NAME="x", SECRET="y", PYTHONHOME="/z")

    seen = dict(
        line.split("=", 1)
        for line in (near.box.parent / "seen").read_text().splitlines()
        if "=" in line
    )
    assert not [name for name in seen if name.startswith("GIT_")]
    assert set(seen) <= {
        "PATH",
        "HOME",
        "LANG",
        "TMPDIR",
        "PYTHONPATH",
        "PWD",
        "SHLVL",
        "_",
        "OLDPWD",
    }
    assert seen.get("PYTHONPATH", SOURCE) == SOURCE


def test_a_hook_that_was_there_goes_on(near: Scene, tmp_path: Path) -> None:
    local = near.box / "hooks" / "pre-receive.local"
    local.write_text(
        "#!/bin/sh\nwhile read -r o n r; do case $r in */no) echo mine; exit 1;; esac; done\n"
    )
    local.chmod(0o755)
    after = near.box / "hooks" / "post-receive.local"
    after.write_text(f"#!/bin/sh\ncat > {tmp_path}/seen\n")
    after.chmod(0o755)

    refused = near.push("main:x/no", code=1)
    near.push("main")

    assert "mine" in refused
    assert "refs/heads/main" in (tmp_path / "seen").read_text()
    assert list(near.heads()) == ["main"]


def test_a_worker_is_woken_only_when_none_lives(near: Scene) -> None:
    spy = near.box.parent / "spy"
    spy.write_text(f'#!/bin/sh\necho "$4" >> {near.box.parent}/started\n')
    spy.chmod(0o755)
    hook = near.box / "hooks" / "post-receive"
    hook.write_text(hook.read_text().replace(sys.executable, str(spy)))

    near.push("main")
    assert not (near.box.parent / "started").exists()
    (near.box / "branchline" / "worker.pid").write_text(f"{os.getpid()} 1\n")
    near.push("main:again")

    started = near.box.parent / "started"
    until = time.monotonic() + 20
    while not started.exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert started.read_text() == f"{near.box}\n"


def test_a_worker_that_starts_does_not_hold_the_push(near: Scene) -> None:
    spy = near.box.parent / "spy"
    spy.write_text("#!/bin/sh\nexec sleep 30\n")
    spy.chmod(0o755)
    hook = near.box / "hooks" / "post-receive"
    hook.write_text(hook.read_text().replace(sys.executable, str(spy)))
    near.files.clear_worker(os.getpid())

    began = time.monotonic()
    near.push("main")

    assert time.monotonic() - began < 20
    for folder in os.listdir("/proc"):
        if folder.isdigit():
            try:
                with open(f"/proc/{folder}/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
                if words[:2] == [b"sleep", b"30"] and _in_box(int(folder), near.box):
                    os.kill(int(folder), signal.SIGTERM)
            except OSError:
                continue


def _in_box(pid: int, box: Path) -> bool:
    return os.readlink(f"/proc/{pid}/cwd") == str(box)


@pytest.mark.parametrize(("command", "moves"), [("date", False), ("mv", True)])
def test_a_hook_that_is_killed_leaves_nothing_half(
    near: Scene, tmp_path: Path, command: str, moves: bool
) -> None:
    # The program kills the hook that called it: before git moves anything, and after that.
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / command).write_text("#!/bin/sh\nkill -9 $PPID\nsleep 1\n")
    (folder / command).chmod(0o755)
    path = f"{folder}:{near.environment['PATH']}"
    commit = near.git("rev-parse", "HEAD").strip()

    near.git("push", "-o", "train=force", "-o", "wait=no", "box", "main", code=None, PATH=path)

    # What was killed after git moved the branch is known by what stood there before it did.
    assert near.heads() == ({"main": commit} if moves else {})
    assert near.files.spool() == []
    assert [(push.event.updates[0].new, push.is_going_on) for push in near.files.begun()] == (
        [(commit, False)] if moves else []
    )
    assert all(push.event.options[0] == "train=force" for push in near.files.begun())
    near.push("main:train/x")
    assert [update.ref for event in near.files.spool() for update in event.updates] == [
        "refs/heads/train/x"
    ]


def test_pushes_that_are_killed_at_any_moment_leave_nothing_half(near: Scene) -> None:
    near.push("main")
    chance = random.Random(7)
    before = len(near.files.spool())
    for number in range(30):
        process = subprocess.Popen(
            [
                "git",
                "push",
                "-q",
                "-o",
                "wait=no",
                "box",
                f"main:train/{number}",
                f"main:m-{number}",
            ],
            cwd=near.clone,
            env=near.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        # Client, receive-pack and hooks are one process group of this machine.
        time.sleep(chance.uniform(0.0, 0.4))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for lock in (near.box / "refs").rglob("*.lock"):  # what git itself leaves when it is killed
        lock.unlink()

    events, heads = near.files.spool(), near.heads()
    told = [update for event in events for update in event.updates]
    assert near.files.facts().bad == 0
    assert len(told) == len({(update.ref, update.new) for update in told})
    assert all(heads[update.ref.removeprefix("refs/heads/")] == update.new for update in told)
    assert before < len(events) < 31 or len(heads) < 61
    # Each branch that git made stands in one file or the other.
    begun = [update for push in near.files.begun() for update in push.event.updates]
    noted = {update.ref.removeprefix("refs/heads/") for update in (*told, *begun)}
    assert set(heads) <= noted
    assert not any(push.is_going_on for push in near.files.begun())
    near.push("main:train/after")
    assert near.files.spool()[-1].updates[0].ref == "refs/heads/train/after"


def test_a_push_that_is_too_large_is_refused(near: Scene) -> None:
    near.branchline("remote", "add", "box", str(near.box), "--most-bytes", "5000")
    near.commit({"large": "".join(random.Random(1).choices("abcdefghijklmnop", k=50_000))})

    text = near.push("main", code=1)

    assert "maximum allowed size" in text
    assert near.heads() == {}


def test_pushes_at_the_same_time_are_all_there(near: Scene) -> None:
    near.push("main")
    pushes = [
        subprocess.Popen(
            ["git", "push", "-q", "-o", "wait=no", "box", f"main:train/{number}"],
            cwd=near.clone,
            env=near.environment,
            stderr=subprocess.PIPE,
        )
        for number in range(24)
    ]
    codes = [process.wait(120) for process in pushes]
    for process in pushes:
        assert process.stderr is not None
        process.stderr.close()

    events = near.files.spool()
    assert codes == [0] * 24
    assert len({event.event for event in events}) == 25
    assert sorted(u.ref for e in events for u in e.updates if "train" in u.ref) == sorted(
        f"refs/heads/train/{number}" for number in range(24)
    )


def test_a_path_with_everything_in_it(tmp_path: Path, servers: dict[str, Any]) -> None:
    folder = tmp_path / 'it\'s $(touch pwn) "a" `b` & c'
    folder.mkdir()

    scene = make_scene(folder, "path", servers)
    scene.push("main")

    assert len(scene.events()) == 1
    assert "is not known" in scene.git("push", "-o", "x", "box", "main:y", code=1)
    assert not list(tmp_path.rglob("pwn"))
