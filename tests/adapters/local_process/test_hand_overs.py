"""Between engine, zygote and forks: somebody is slow, refused or gone, and nothing is left."""

from __future__ import annotations

import errno
import os
import signal
import socket
from typing import TYPE_CHECKING

import pytest
from tests.adapters.local_process.places import settled

from branchline.adapters.local_process import spares, zygotes
from branchline.adapters.local_process.forking import Forks
from branchline.adapters.local_process.processes import children_of_this_process, read_process

if TYPE_CHECKING:
    from tests.adapters.local_process.places import Place

SCRIPT = "import json, sys, time\nprint('did')\ntime.sleep(float(sys.argv[1]))"


def refused(number: int) -> object:
    def refuse(*_: object) -> object:
        raise OSError(number, os.strerror(number))

    return refuse


@pytest.fixture
def before() -> set[int]:
    """Children of this process that are not of the test."""
    return set(children_of_this_process())


def test_no_fork_that_waits_stays_as_a_zombie(place: Place, before: set[int]) -> None:
    place.write({"train.py": SCRIPT})
    place.run_forked("train.py 0")
    waiting = settled(place)

    place.executor.close()

    assert read_process(waiting) is None
    assert set(children_of_this_process()) <= before


@pytest.mark.parametrize("moment", ["while-it-runs", "when-it-has-ended"])
def test_nothing_of_a_zygote_that_is_killed_stays(
    place: Place, before: set[int], moment: str
) -> None:
    place.write({"train.py": SCRIPT})
    for _ in range(3):
        place.run_forked("train.py 0")
    task = place.task("train.py 0.3")
    place.start(task)
    (zygote,) = place.zygotes
    assert zygote > 1

    if moment == "while-it-runs":
        os.kill(zygote, signal.SIGKILL)
        ended, _ = place.end(task)
    else:
        ended, _ = place.end(task)
        os.kill(zygote, signal.SIGKILL)
    following, _, _ = place.run("train.py 0")
    place.executor.close()

    assert [ended.failure, following.failure] == [None, None]
    assert set(children_of_this_process()) <= before


@pytest.mark.parametrize("number", [None, errno.ENOSYS, errno.EPERM])
def test_without_descriptors_of_processes_ends_are_seen(
    place: Place, monkeypatch: pytest.MonkeyPatch, number: int | None
) -> None:
    if number is None:
        monkeypatch.delattr(os, "pidfd_open")
    else:
        monkeypatch.setattr(os, "pidfd_open", refused(number))
    place.write({"train.py": SCRIPT + "\nsys.exit(int(sys.argv[2]))"})

    codes = [place.run_forked(f"train.py 0.1 {code}")[0].exit_code for code in (0, 3, 0, 3)]

    assert codes == [0, 3, 0, 3]
    assert place.remarks == []


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EPERM])
def test_where_processors_may_not_be_chosen_forks_are_made_all_the_same(
    place: Place, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(os, "sched_setaffinity", refused(number))
    place.write({"train.py": SCRIPT})

    ended = [place.run_forked("train.py 0")[0].failure for _ in range(3)]

    assert ended == [None] * 3


def test_a_zygote_that_is_refused_by_the_system_is_said(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.write({"train.py": SCRIPT})
    monkeypatch.setattr(socket, "socketpair", refused(errno.EMFILE))

    place.executor.expect(place.task("train.py 0"))
    ended, log, is_fork = place.run("train.py 0")

    assert not is_fork
    assert (ended.failure, log.split()[-1]) == (None, "did")
    (remark,) = place.remarks
    assert remark.endswith("it cannot be started: Too many open files")


def test_a_system_without_forks_is_said_once(place: Place) -> None:
    place.write({"train.py": SCRIPT})
    forks = Forks(takes_over=False)
    task = place.task("train.py 0")
    direct = ("/usr/bin/python3", ("python", "train.py", "0"))

    forks.expect(task, direct, task.env)
    made = [forks.prepare(task, direct, task.env) for _ in range(2)]

    assert made == [None, None]
    assert forks.pids == set()
    (remark,) = forks.remarks()
    assert remark.startswith("`train`: each start is a new Python of its own")
    assert remark.endswith("no process may take over orphans here, as on Linux")


def test_a_zygote_that_imports_for_long_what_a_fork_told_of_is_waited_for(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.install({"slow.py": "import time\ntime.sleep(2)\n"})
    place.write({"train.py": "import json\ndef train():\n    import slow\ntrain()\nprint('did')"})
    place.run_forked("train.py")
    first = place.zygotes
    monkeypatch.setattr(zygotes, "_READY_S", 0.1)
    monkeypatch.setattr(spares, "ANSWER_S", 0.2)

    _, log, is_fork = place.run("train.py")
    place.run_forked("train.py")

    assert not is_fork, "it starts the plain way meanwhile"
    assert log.count("did") == 1
    assert place.zygotes == first
    assert place.remarks == []


def test_what_a_fork_told_of_and_cannot_be_forked_is_said(place: Place) -> None:
    place.install({"lib.py": "file = open('/etc/passwd')"})
    place.write({"train.py": "import json\ndef train():\n    import lib\ntrain()"})
    place.run_forked("train.py")

    made = [place.run("train.py")[2] for _ in range(2)]

    assert made == [False, False]
    (remark,) = place.remarks
    assert remark.endswith("a module leaves /etc/passwd open when it is imported")


@pytest.mark.parametrize("said", ["\\n@end x\\n", "\\n@end 1 2 3\\n", "\\xff\\n@", "@w"])
def test_what_a_script_writes_where_its_end_is_said_is_no_end(place: Place, said: str) -> None:
    place.write(
        {
            "train.py": f"""
            import json, os, time
            for name in os.listdir("/proc/self/fd"):
                try:
                    if os.readlink("/proc/self/fd/" + name).startswith("socket"):
                        os.write(int(name), b"{said}")
                except OSError:
                    pass
            time.sleep(0.2)
            print("did")
            """
        }
    )

    made = [place.run_forked("train.py") for _ in range(3)]

    assert [(ended.failure, log.split()[-1]) for ended, log in made] == [(None, "did")] * 3
