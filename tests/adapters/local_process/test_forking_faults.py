"""Where nothing is forked, and what becomes of forks when somebody dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.adapters.local_process.places import FOLDER, Place, is_alive, settled, vanish

from branchline.adapters.local_process import spares, zygotes
from branchline.adapters.local_process.processes import all_processes
from branchline.core.run import Failure


@pytest.mark.parametrize(
    ("library", "script", "words"),
    [
        pytest.param(
            "import threading, time\n"
            "threading.Thread(target=time.sleep, args=(99,), daemon=True).start()",
            "import lib",
            "`lib` starts threads when it is imported",
            id="threads",
        ),
        pytest.param("file = open('/etc/passwd')", "import lib", "/etc/passwd open", id="files"),
        pytest.param(
            "import subprocess\nchild = subprocess.Popen(['sleep', '3'])",
            "import lib",
            "starts processes",
            id="processes",
        ),
        pytest.param(
            "import mmap\nshared = mmap.mmap(-1, 4096)", "import lib", "shares memory", id="memory"
        ),
        pytest.param(
            "open('made.txt', 'w').close()", "import lib", "writes `made.txt`", id="writes"
        ),
        pytest.param("import own", "import lib", "`own` is imported before", id="project-module"),
        pytest.param("raise ValueError(3)", "import lib", "cannot be imported ahead", id="error"),
        pytest.param("", "import jax", "`jax` starts threads", id="known-module"),
        pytest.param(
            "import tokenize", "import lib", "`tokenize.py` has the name", id="hidden-module"
        ),
        pytest.param("", "import lib\nx = = 3", "imports cannot be read", id="no-python"),
    ],
)
def test_what_cannot_be_forked_is_started_and_says_why_once(
    place: Place, tmp_path: Path, library: str, script: str, words: str
) -> None:
    site = tmp_path / "site-packages"
    site.mkdir()
    (site / "lib.py").write_text(library + "\n")
    (site / "jax.py").write_text("")
    (place.folder / "src").mkdir()
    (place.folder / "src" / "own.py").write_text("")
    if "tokenize" in library:
        place.write({"tokenize.py": "VALUE = 1"})
    place.env["PYTHONPATH"] = f"{site}:{place.folder}/src"
    place.write({"train.py": script + "\nprint('ran')"})

    made = [place.run("train.py") for _ in range(4)]

    assert [is_fork for _, _, is_fork in made] == [False] * 4
    assert len({ended.exit_code for ended, _, _ in made}) == 1
    assert all(("ran" in log) == ("Error" not in log) for _, log, _ in made)
    (remark,) = place.remarks
    assert words in remark
    assert place.zygotes == set()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        pytest.param("-O train.py", "`python -O` is more than a script", id="options"),
        pytest.param("train.py > out.txt", "needs a shell", id="shell"),
        pytest.param("-c pass", "more than a script", id="command"),
    ],
)
def test_what_is_no_plain_script_says_so(place: Place, command: str, words: str) -> None:
    place.write({"train.py": "import json"})

    made = [place.run(command)[2] for _ in range(3)]

    assert made == [False] * 3
    assert [words in remark for remark in place.remarks] == [True]


def test_a_timeout_ends_the_group_and_what_left_it(place: Place) -> None:
    place.write(
        {
            "train.py": """
            import os, signal, sys, time
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            for leaves in (False, True):
                if not os.fork():
                    if leaves:
                        os.setsid()
                        if os.fork():
                            os._exit(0)
                    time.sleep(60)
            with open("pids", "a") as file:
                file.write(f"{os.getpid()}\\n")
            time.sleep(60 if len(sys.argv) > 1 else 0)
            """
        }
    )
    place.run("train.py", timeout_s=5)

    for _ in range(5):
        task = place.task("train.py hang", timeout_s=1)
        is_fork = place.start(task)
        time.sleep(0.5)
        leader = place.executor._running["train"].pid
        found = {p.pid for p in all_processes() if leader in (p.pid, p.session)}
        mark = place.executor._running["train"].mark
        marked = {p.pid for p in all_processes() if _has_mark(p.pid, mark)}
        zygotes = place.zygotes
        ended, _ = place.end(task)
        if is_fork:
            break

    assert is_fork
    assert len(found) == 2, "itself and the child that stayed"
    assert len(marked) == 3, "and the one that left"
    assert ended.failure is Failure.TIMEOUT
    assert vanish(found | marked)
    assert zygotes
    assert place.zygotes == zygotes
    assert all(map(is_alive, zygotes))
    assert place.run_forked("train.py")[0].failure is None


def _has_mark(pid: int, mark: str) -> bool:
    try:
        return mark.encode() in Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False


def test_a_zygote_that_is_killed_loses_nothing(place: Place) -> None:
    place.write({"train.py": "import json, time\ntime.sleep(0.5)\nprint('done')"})
    place.run_forked("train.py")

    task = place.task("train.py")
    is_fork = place.start(task)
    for pid in place.zygotes:
        os.kill(pid, signal.SIGKILL)
    ended, log = place.end(task)
    following = [place.run("train.py") for _ in range(2)]

    assert is_fork
    assert ended.failure is None
    assert log.split()[-1] == "done"
    assert [is_fork for _, _, is_fork in following] == [False, True]
    assert [log.count("done") for _, log, _ in following] == [1, 1]


def test_a_zygote_that_hangs_is_left_alone(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spares, "ANSWER_S", 0.3)
    place.write({"train.py": "import json\nprint('done')"})
    place.run_forked("train.py")
    kept = place.zygotes
    for pid in kept:
        os.kill(pid, signal.SIGSTOP)

    made = [place.run("train.py") for _ in range(2)]  # the first may have been made ahead

    assert not all(is_fork for _, _, is_fork in made)
    assert [ended.failure for ended, _, _ in made] == [None] * 2
    assert [log.count("done") for _, log, _ in made] == [1, 1]
    assert vanish(kept)


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL], ids=["hangs", "is-killed"])
def test_a_fork_that_waits_and_does_not_answer_runs_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(spares, "ANSWER_S", 0.5)
    place.write({"train.py": "import json\nopen('ran', 'a').write('x')\nprint('done')"})
    place.run_forked("train.py")
    waiting = settled(place)
    os.kill(waiting, number)

    ended, log, is_fork = place.run("train.py")
    following, _ = place.run_forked("train.py")

    assert is_fork, "another one was made"
    assert [ended.failure, following.failure] == [None, None]
    assert log.splitlines() == ["$ python train.py", "done"]
    assert (place.folder / "ran").read_text() == "xxx"
    assert vanish({waiting})


def test_a_fork_that_cannot_become_what_is_asked_runs_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plain start that follows has a log of its own start alone."""
    place.write({"train.py": "import json\nopen('ran', 'a').write('x')\nprint('done')"})
    place.run_forked("train.py")
    settled(place)
    monkeypatch.setattr(zygotes, "_ROOM", "none")

    ended, log, is_fork = place.run("train.py")

    assert not is_fork
    assert ended.failure is None
    assert log.splitlines() == ["$ python train.py", "done"]
    assert (place.folder / "ran").read_text() == "xx"


def test_stopping_ends_a_fork_and_the_zygote(place: Place) -> None:
    place.write({"train.py": "import json, sys, time\ntime.sleep(float(sys.argv[1]))"})
    place.run_forked("train.py 0")
    task = place.task("train.py 60")
    is_fork = place.start(task)
    kept = place.zygotes

    place.executor.stop(grace_s=2)
    ended, _ = place.end(task)

    assert is_fork
    assert ended.detail == "stopped"
    assert vanish(kept)


def test_killing_the_engine_leaves_no_zygote(place: Place) -> None:
    place.write(
        {
            "train.py": "import json, sys, time\ntime.sleep(float(sys.argv[1]))",
            "engine.py": f"""
            import sys
            from pathlib import Path
            from branchline.adapters.local_process import LocalExecutor
            from branchline.ports.executor import Task
            executor = LocalExecutor(shell="/bin/sh", forks=True)
            for number, seconds in enumerate((0, 0, 0, 60)):
                executor.start(Task(
                    stage="train", cmd=(f"python train.py {{seconds}}",), cwd={str(place.folder)!r},
                    log={str(place.folder)!r} + f"/{{number}}.log",
                    env={{"PATH": {FOLDER!r}}},
                ))
                if seconds:
                    print(executor._running["train"].pid, *executor._forks.pids, flush=True)
                executor.wait(60)
            """,
        }
    )
    engine = subprocess.Popen(
        [sys.executable, "engine.py"], cwd=place.folder, stdout=subprocess.PIPE, text=True
    )
    assert engine.stdout is not None
    child, *zygotes = map(int, engine.stdout.readline().split())

    engine.kill()
    engine.wait()
    engine.stdout.close()

    assert zygotes
    assert vanish(set(zygotes))
    os.kill(child, signal.SIGKILL)  # as `kill_leftover` does for each stage of a dead engine
