"""The engine is killed with -9 at a hundred moments of a run; nothing may be lost or doubled.

Whatever the moment: dvc.lock is absent or valid and holds only finished stages, the next run keeps
them, ends as a run that nobody disturbed, records each result once, and leaves no process behind.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
import yaml

import branchline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.e2e.conftest import Project

pytestmark = pytest.mark.slow

MARKER = "BRANCHLINE_CRASH_TEST"
LINKS = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"], "e": [], "f": ["d", "e"]}
MOMENTS = 90
# BRANCHLINE_KILLS=50 kills at each of them; otherwise at every third.
TRIED = range(0, MOMENTS, 1 if int(os.environ.get("BRANCHLINE_KILLS", "4")) >= 50 else 3)


def pipeline() -> str:
    """Six stages, a diamond among them; each sleeps a little, and for a minute if `slow` names it.

    A stage takes the file `slow-<name>` away before it sleeps, so only its first attempt is slow.
    """
    text = "stages:\n"
    for name, needs in LINKS.items():
        deps = ["source", *(f"out-{need}" for need in needs)]
        text += f"  {name}:\n    cmd:\n"
        text += f"    - rm slow-{name} 2>/dev/null && sleep 60 || sleep 0.03\n"
        text += f"    - cat {' '.join(deps)} > out-{name} && echo {name} >> out-{name}\n"
        text += f"    - echo {name} >> ran.log\n"
        text += "    deps:\n" + "".join(f"    - {dep}\n" for dep in deps)
        text += f"    outs:\n    - out-{name}\n"
    return text


UNNOTED = """\
import os, signal, sys, time
from branchline.__main__ import enter
from branchline.adapters.local_process import LocalExecutor
start = LocalExecutor.start
def killed(self, task):
    start(self, task)
    while os.path.exists("slow-a"):
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)
LocalExecutor.start = killed
sys.argv[1:] = ["run", "a"]
enter()
"""
FILES = {"dvc.yaml": pipeline(), "source": "x\n", ".gitignore": "ran.log\nslow-*\n"}


def locked(project: Project) -> dict[str, Any]:
    """Entries of dvc.lock; it must be whole."""
    text = project.read("dvc.lock")
    if not text:
        return {}
    content = yaml.safe_load(text)
    assert content["schema"] == "2.0"
    return dict(content["stages"])


def state(project: Project) -> dict[str, str]:
    """Every output."""
    return {name: project.read(f"out-{name}") for name in LINKS}


def recorded(project: Project) -> list[str]:
    """Refs of recorded results."""
    return project.git("for-each-ref", "--format=%(refname)", "refs/branchline/results").split()


def marked() -> list[int]:
    """Processes, this one left out, that carry the marker in their environment."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            with open(f"/proc/{entry}/environ", "rb") as stream:
                if f"{MARKER}={os.getpid()}".encode() in stream.read().split(b"\0"):
                    found.append(int(entry))
        except OSError:
            continue  # it ended while we looked, or is not ours
    return found


def start(project: Project, environment: dict[str, str], jobs: int) -> subprocess.Popen[bytes]:
    """The engine as a process that can be killed alone."""
    return subprocess.Popen(
        [sys.executable, "-m", "branchline", "run", "--jobs", str(jobs)],
        cwd=project.root,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def kill(engine: subprocess.Popen[bytes]) -> None:
    """-9 to the engine alone, not to its children."""
    engine.send_signal(signal.SIGKILL)
    engine.wait(timeout=30)
    # Quick children end by themselves and note it before the next run counts.
    # One that is about to become its command has no environment for a moment: look again.
    until, looks = time.monotonic() + 2, 0
    while looks < 5 and time.monotonic() < until:
        looks = 0 if marked() else looks + 1
        time.sleep(0.02)


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """What every engine here gets: the marker says whose children they are."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "PYTHONPATH": os.path.dirname(os.path.dirname(branchline.__file__)),
        MARKER: str(os.getpid()),
    }


@pytest.fixture(scope="module")
def undisturbed(
    make_project_in: Callable[[Path, dict[str, str]], Project],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Project, float]:
    """A run that nobody disturbed, and its wall time in seconds."""
    project = make_project_in(tmp_path_factory.mktemp("undisturbed"), FILES)
    began = time.monotonic()
    done = project.branchline("run", "--jobs", "2")
    took_s = time.monotonic() - began
    assert done.code == 0, done.text
    return project, took_s


@pytest.fixture
def nothing_left_behind() -> Iterator[None]:
    """After the test: no process with our marker."""
    yield
    deadline = time.monotonic() + 2
    while marked() and time.monotonic() < deadline:
        time.sleep(0.02)
    left = marked()
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == []


def goes_on(project: Project, undisturbed: Project, kept: dict[str, Any]) -> None:
    """The next run ends like the undisturbed one and keeps what was finished."""
    done = project.branchline("run", "--jobs", "2")

    assert done.code == 0, done.text
    assert state(project) == state(undisturbed)
    assert locked(project) == locked(undisturbed)
    again = project.executed()
    assert [name for name in again if again.count(name) > 1] == []
    assert set(again).isdisjoint(kept)
    assert len(recorded(project)) == len(recorded(undisturbed)) == len(LINKS)
    assert project.pending() == {}
    assert project.git("fsck", "--no-dangling") == ""


@pytest.mark.usefixtures("nothing_left_behind")
@pytest.mark.parametrize("moment", TRIED, ids=lambda moment: f"moment-{moment}-of-90")
def test_killed_at_a_moment(
    make_project: Callable[[dict[str, str]], Project],
    undisturbed: tuple[Project, float],
    environment: dict[str, str],
    moment: int,
) -> None:
    calm, took_s = undisturbed
    project = make_project(FILES)

    engine = start(project, environment, jobs=2)
    time.sleep(took_s * moment / MOMENTS)
    kill(engine)
    kept = locked(project)
    for name, entry in kept.items():
        assert entry == locked(calm)[name]
    project.executed()

    goes_on(project, calm, kept)


@pytest.mark.usefixtures("nothing_left_behind")
@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("slow", ["a", "b", "d", "e", "f"])
def test_killed_in_the_middle_of_a_stage(
    make_project: Callable[[dict[str, str]], Project],
    undisturbed: tuple[Project, float],
    environment: dict[str, str],
    slow: str,
    jobs: int,
) -> None:
    """The stage would go on for a minute: the next run must end it before it starts it again."""
    calm, _ = undisturbed
    project = make_project(FILES)
    project.write(f"slow-{slow}", "")

    engine = start(project, environment, jobs)
    deadline = time.monotonic() + 30
    while (project.root / f"slow-{slow}").exists():
        assert time.monotonic() < deadline, "the slow stage never began"
        time.sleep(0.01)
    time.sleep(0.05)
    kill(engine)
    kept = locked(project)
    project.executed()

    assert slow not in kept
    goes_on(project, calm, kept)
    assert marked() == []


@pytest.mark.usefixtures("nothing_left_behind")
def test_killed_before_it_noted_which_process_it_started(
    make_project: Callable[[dict[str, str]], Project],
    undisturbed: tuple[Project, float],
    environment: dict[str, str],
) -> None:
    calm, _ = undisturbed
    project = make_project(FILES)
    project.write("slow-a", "")

    engine = subprocess.Popen([sys.executable, "-c", UNNOTED], cwd=project.root, env=environment)
    code = engine.wait(timeout=60)
    left = marked()

    assert code == -signal.SIGKILL
    assert left
    goes_on(project, calm, {})
    assert marked() == []


@pytest.mark.usefixtures("nothing_left_behind")
@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_asked_to_stop_it_stops_its_children(
    make_project: Callable[[dict[str, str]], Project],
    undisturbed: tuple[Project, float],
    environment: dict[str, str],
    which: signal.Signals,
) -> None:
    calm, _ = undisturbed
    project = make_project(FILES)
    project.write("slow-d", "")

    engine = start(project, environment, jobs=2)
    deadline = time.monotonic() + 30
    while (project.root / "slow-d").exists():
        assert time.monotonic() < deadline, "the slow stage never began"
        time.sleep(0.01)
    time.sleep(0.1)
    engine.send_signal(which)
    code = engine.wait(timeout=20)

    assert code == 130
    assert marked() == []
    kept = locked(project)
    project.executed()
    goes_on(project, calm, kept)
