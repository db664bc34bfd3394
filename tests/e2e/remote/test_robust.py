"""What a box withstands: kills at any point, secrets, cancelled processes, two environments."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from tests.adapters.environments.test_local import wheel
from tests.e2e.remote.shop import SETTINGS, Shop, environment

from branchline import wiring

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.slow]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A clone and an empty box."""
    made = Shop.create(tmp_path)
    yield made
    made.stop()


def test_a_killed_runner_is_taken_up_again(shop: Shop) -> None:
    shop.hold.touch()
    shop.push("main:train/x", wait=False)
    shop.until_trainings(1)
    os.kill(shop.runner(1), signal.SIGKILL)
    shop.until_trainings(2)
    shop.hold.unlink()

    job = shop.until(1)
    assert (job.state.value, job.attempt) == ("succeeded", 2), shop.log(1)
    shop.until_gone()


def test_who_dies_each_time_is_lost_in_the_end(shop: Shop) -> None:
    shop.settings(max_attempts=2)
    shop.write("train.py", "import os, signal\nos.kill(os.getppid(), 0)\nimport helper\n" + KILLS)
    shop.commit("kills its runner")
    shop.push("HEAD:train/x", wait=False)

    job = shop.until(1)
    assert (job.state.value, job.attempt) == ("lost", 2), shop.log(1)
    assert not (shop.box / "branchline" / "jobs" / "1" / "tree").exists()


KILLS = """\
os.kill(int(open("../runner").read().split()[0]), signal.SIGKILL)
"""


def test_a_killed_worker_loses_nothing_and_its_runner_goes_on(shop: Shop) -> None:
    shop.hold.touch()
    shop.push("main:train/x", wait=False)
    shop.until_trainings(1)
    worker = shop.worker()
    assert worker is not None
    os.kill(worker, signal.SIGKILL)
    shop.push("main:train/y", wait=False)  # its hook starts another worker
    shop.hold.unlink()

    assert shop.until(1).attempt == 1
    assert shop.until(2).state.value == "succeeded", shop.log(2)
    assert shop.trainings() == 1


def test_a_push_whose_hook_was_killed_is_found(shop: Shop) -> None:
    shop.push("main")  # a worker lives
    hook = shop.box / "hooks" / "post-receive"
    text = hook.read_text()
    hook.write_text("#!/bin/sh\nkill -9 $$\n")
    shop.push("main:train/untold")
    hook.write_text(text)

    job = shop.until(2)
    assert (job.state.value, job.asked.branch) == ("succeeded", "train/untold"), shop.log(2)
    time.sleep(3)
    assert len(shop.jobs()) == 2


def test_a_push_that_git_refused_counts_for_nothing(shop: Shop) -> None:
    shop.push("main", "main:models")
    shop.write("params.yaml", "lr: 0.2\n")
    shop.commit("second")
    lock = shop.box / "refs" / "heads" / "train" / "x.lock"
    lock.parent.mkdir()
    lock.touch()

    shop.push("-o", "train=force", "HEAD:train/x", wait=False, refused=True)
    lock.unlink()
    shop.push("HEAD:train/x")
    time.sleep(4)  # the note of the first is judged

    jobs = [job for job in shop.jobs() if job.asked.branch == "train/x"]
    assert [job.asked.force for job in jobs] == [False]
    assert not list((shop.box / "branchline" / "spool").glob("*.pre"))


def test_a_commit_with_submodules_is_refused_unless_the_box_takes_it(shop: Shop) -> None:
    head = shop.git("rev-parse", "HEAD")
    shop.git("update-index", "--add", "--cacheinfo", f"160000,{head},lib")
    shop.git("commit", "-q", "-m", "with a submodule")

    refused = shop.push("HEAD:train/x")
    shop.settings(submodules="empty")
    os.kill(shop.worker() or 0, signal.SIGKILL)
    shop.push("HEAD:train/y")  # on a busy machine nobody has taken it up yet
    job = shop.until(2)

    assert "a box fetches no submodules: `lib` would be empty here" in refused
    assert '"submodules": "empty" in box.json' in refused
    assert "note: a box fetches no submodules: `lib` would be empty here" in shop.log(2)
    assert job.state.value == "succeeded", shop.log(2)


def test_a_stage_that_commits_changes_nothing_of_what_is_recorded(shop: Shop) -> None:
    text = (shop.root / "train.py").read_text()
    more = (
        "import subprocess\n"
        "subprocess.run(['git', 'add', '-f', 'metrics.json'], check=True)\n"
        "subprocess.run(['git', '-c', 'user.name=s', '-c', 'user.email=s@e', 'commit', '-qm', 'm'],"
        " check=True)\n"
    )
    shop.write("train.py", text + more)
    commit = shop.commit("commits")

    said = shop.push("HEAD:main")

    shop.until_tag("toy@v1.0.0")
    assert f"recorded as run {commit[:7]}" in said
    assert shop.git("rev-parse", "toy@v1.0.0^{commit}", cwd=shop.box) == commit


def test_a_runner_that_cannot_start_says_so_to_its_pusher(shop: Shop) -> None:
    shop.push("main")
    jobs = shop.box / "branchline" / "jobs"
    (jobs / "2").write_text("in the way")

    said = shop.push("HEAD:train/x")

    assert "job 2 failed: its runner did not start" in said
    assert "its runner did not start" in shop.branchline("logs", "--job", "2")


LOCAL = "hooks/post-receive.local"


def with_a_hook_of_its_own(shop: Shop, text: str) -> Path:
    """Let a program of the repository's owners run before our post-receive writes anything."""
    hook = shop.box / LOCAL
    hook.write_text(f"#!/bin/sh\n{text}\n")
    hook.chmod(0o755)
    return hook


def test_a_push_of_a_tag_whose_hook_was_killed_is_found_with_its_options(shop: Shop) -> None:
    shop.push("main")
    shop.git("tag", "-am", "one", "train-1")
    shop.commit("second")
    hook = with_a_hook_of_its_own(shop, "kill -9 $PPID")

    shop.push("-o", "train=force", "train-1", wait=False)
    shop.push("-o", "train=force", "HEAD:train/x", wait=False)
    hook.unlink()

    shop.until(3)
    asked = {job.asked.branch: job.asked for job in shop.jobs()[1:]}
    assert set(asked) == {"refs/tags/train-1", "train/x"}
    assert asked["train/x"].force
    assert not list((shop.box / "branchline" / "spool").glob("*.pre"))
    assert shop.trainings() == 3


def test_every_commit_of_main_is_decided_although_hooks_were_killed(shop: Shop) -> None:
    shop.push("main")
    hook = with_a_hook_of_its_own(shop, "kill -9 $PPID")
    shop.hold.touch()
    commits = []
    for number in range(3):
        shop.write("params.yaml", f"lr: 0.2{number}\n")
        commits.append(shop.commit(f"number {number}"))
        shop.push("main", wait=False)
    hook.unlink()
    shop.hold.unlink()

    shop.until(4)
    assert [job.asked.commit for job in shop.jobs()[1:]] == commits
    assert {job.state.value for job in shop.jobs()} == {"succeeded"}


def test_a_hook_that_takes_long_loses_no_option(shop: Shop) -> None:
    shop.push("main")
    with_a_hook_of_its_own(shop, "sleep 4")

    shop.push("-o", "train=force", "main:train/x", wait=False)

    job = shop.until(2)
    assert (job.asked.force, job.asked.pusher) == (True, shop.job(1).asked.pusher)
    assert len(shop.jobs()) == 2
    assert shop.trainings() == 2


def test_the_commit_of_a_job_that_gave_way_is_not_pending_for_ever(shop: Shop) -> None:
    shop.settings(jobs=1)
    shop.hold.touch()
    shop.push("main", wait=False)
    shop.until_trainings(1)
    given_way = shop.commit("one")
    shop.push("HEAD:train/x", wait=False)
    shop.write("params.yaml", "lr: 0.2\n")
    shop.commit("two")
    shop.push("HEAD:train/x", wait=False)
    shop.hold.unlink()

    assert shop.until(3).state.value == "succeeded", shop.log(3)
    assert shop.job(2).state.value == "superseded"
    until = time.monotonic() + 20
    with wiring.open_box(str(shop.box)) as box:
        while (said := [c.state.value for c in box.forge.checks(given_way)]) != ["unknown"]:
            assert time.monotonic() < until, said
            time.sleep(0.1)


def test_an_idle_worker_leaves_and_the_next_push_finds_another(shop: Shop) -> None:
    text = (shop.box / "branchline" / "box.json").read_text()
    assert '"environment"' in text
    settings = wiring_environment(shop)
    shop.settings(environment={**settings, "BRANCHLINE_IDLE_S": "1"})
    shop.push("main")
    first = shop.worker()
    until = time.monotonic() + 30
    while shop.worker() is not None and time.monotonic() < until:
        time.sleep(0.1)
    assert shop.worker() is None
    shop.push("main:train/x")

    assert shop.job(2).state.value == "succeeded"
    assert shop.worker() != first


def test_a_worker_leaves_when_its_box_was_removed(shop: Shop) -> None:
    shop.push("main")
    worker = shop.worker()
    assert worker is not None
    shutil.rmtree(shop.box)

    until = time.monotonic() + 30
    while is_running(worker) and time.monotonic() < until:
        time.sleep(0.1)
    assert not is_running(worker)
    assert not shop.box.exists()


def is_running(pid: int) -> bool:
    """Whether a process has not ended."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wiring_environment(shop: Shop) -> dict[str, str]:
    """The environment that the box gives to what its hooks start."""
    with wiring.open_box(str(shop.box)) as box:
        return dict(box.settings.environment)


def test_secrets_reach_protected_branches_only(shop: Shop) -> None:
    shop.settings(
        secrets=["TOKEN"], environment={**wiring_environment(shop), "TOKEN": "s3cret", "OTHER": "o"}
    )
    shop.write("helper.py", (shop.root / "helper.py").read_text() + SAYS)
    shop.commit("say what is there")
    on_main = shop.push("main")
    shop.edit("helper.py", "TOKEN=", "token=")
    shop.commit("again")
    on_branch = shop.push("HEAD:train/x")

    assert "TOKEN=s3cret OTHER=None GIT_DIR=None PYTHONPATH" in on_main
    assert "token=None OTHER=None GIT_DIR=None PYTHONPATH" in on_branch
    assert "s3cret" not in on_branch


SAYS = """
import os
e = os.environ.get
print(f"TOKEN={e('TOKEN')} OTHER={e('OTHER')} GIT_DIR={e('GIT_DIR')} PYTHONPATH", flush=True)
"""


def test_a_commit_runs_nothing_while_it_is_checked_out(shop: Shop) -> None:
    mark = shop.root.parent / "ran"
    shop.write(".gitattributes", "*.bin filter=evil\n")
    shop.write("a.bin", "x\n")
    shop.write(".gitmodules", '[submodule "s"]\n\tpath = s\n\turl = ../evil\n')
    shop.git("config", "--file", str(shop.box / "config"), "filter.lfs.smudge", f"touch {mark}")
    shop.write("b.lfs", "version https://git-lfs.github.com/spec/v1\n")
    shop.write(".gitattributes", "*.lfs filter=lfs\n")
    (shop.box / "hooks" / "post-checkout").write_text(f"#!/bin/sh\ntouch {mark}\n")
    (shop.box / "hooks" / "post-checkout").chmod(0o755)
    shop.commit("attributes")

    assert "passed" in shop.push("main")
    assert not mark.exists()


def test_a_cancelled_run_leaves_no_process(shop: Shop) -> None:
    shop.write(
        "train.py",
        "import subprocess, sys\n"
        "child = [sys.executable, '-c', 'import time, signal;"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)']\n"
        "subprocess.Popen(child, start_new_session=True)\n" + (shop.root / "train.py").read_text(),
    )
    shop.commit("a stubborn child")
    shop.hold.touch()
    shop.push("HEAD:train/x", wait=False)
    shop.until_trainings(1)
    with wiring.open_box(str(shop.box)) as box:
        box.queue.cancel(1, reason="enough", at=time.time())
    asked_at = time.monotonic()

    job = shop.until(1)
    assert (job.state.value, job.detail) == ("cancelled", "enough")
    shop.until_gone()
    assert time.monotonic() - asked_at < 30


def test_two_commits_with_other_requirements_both_run(tmp_path: Path) -> None:
    files = {
        "branchline.yaml": SETTINGS,
        "helper.py": (
            "import tiny\ndef score(lr):\n    print('tiny', tiny.VERSION)\n    return 0.8\n"
        ),
    }
    shop = Shop.create(tmp_path, files)
    try:
        for version in ("1.0", "2.0"):
            name = wheel(shop.root, version)
            shop.write("requirements.txt", f"./{name}\n")
            shop.commit(version)
            said = shop.push(f"HEAD:train/v{version}")
            assert "making the environment of requirements.txt" in said, said + shop.complaints()
            assert f"train | tiny {version}" in said, said
        shop.write("README.md", "docs\n")
        shop.commit("docs")
        assert "making" not in shop.push("HEAD:train/v3")
        shop.write("requirements.txt", "no-such-package-at-all==1\n")
        shop.commit("absent")
        said = shop.push("HEAD:train/v4")
        assert "the packages of requirements.txt cannot be installed" in said
    finally:
        shop.stop()


def test_who_follows_a_silent_run_ends_when_its_reader_is_gone(shop: Shop) -> None:
    shop.hold.touch()
    shop.push("main:train/x", wait=False)
    shop.until_trainings(1)
    with wiring.open_box(str(shop.box)) as box:
        box.queue.enqueue([shop.job(1).asked], event="another", at=time.time())
    words = [sys.executable, "-m", "branchline.server.follow", str(shop.box), "another"]
    follower = subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE)
    assert follower.stdout is not None
    assert b"Ctrl-C detaches" in follower.stdout.readline()
    follower.stdout.close()

    assert follower.wait(20) == 0
