"""Trials on the nodes of a real Ray cluster: the same search, whoever dies in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
from tests.cli.ray_cluster import Cluster, ray_environ, ray_python
from tests.cli.test_tune_parallel import is_gone, until
from tests.cli.test_tune_study import PIPELINE, Searching, points

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Longer than others: who waits for the cluster may wait for the tests of another process.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

# Ray's processes tell the processes that they start which node they belong to.
HEAD = """\
import os, time
takes = float(open({seconds!r}).read())
open({notes!r}, "a").write(f"{{os.getpid()}} {{os.environ.get('RAY_RAYLET_PID')}}\\n")
time.sleep(takes)
"""
# Takes all that the cluster has, until its input ends.
FULL = """\
import logging, ray, sys
from ray.util.placement_group import placement_group
ray.init(address=sys.argv[1], log_to_driver=False, logging_level=logging.ERROR)
ray.get(placement_group([{"CPU": 1}] * 3).ready())
print("full", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="session")
def shared_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One for all processes of pytest."""
    base = tmp_path_factory.getbasetemp()
    is_one_of_several = "PYTEST_XDIST_WORKER" in os.environ
    made = Cluster((base.parent if is_one_of_several else base) / "ray")
    made.join(1)
    yield made
    made.join(-1)


@pytest.fixture
def cluster(shared_cluster: Cluster) -> Iterator[Cluster]:
    """All nodes there, for one test at a time."""
    with shared_cluster.held():
        shared_cluster.make_whole()
        yield shared_cluster


class RaySearching(Searching):
    """A project whose trials go to a cluster; the search runs in Ray's environment."""

    program: list[str]
    notes: Path

    @classmethod
    def on(cls, cluster: Cluster, folder: Path, *lines: str, seconds: float = 0.0) -> RaySearching:
        """One whose training takes its time."""
        folder.mkdir(exist_ok=True)
        self = cls(folder / "work")
        self.folder.mkdir()
        self.write_training()
        (self.folder / "dvc.yaml").write_text(PIPELINE)
        (self.folder / "params.yaml").write_text("x: 0.9\ny: 5\nseed: 7\n")
        self.environ = {**self.environ, **cluster.environ}
        self.program = [cluster.python, "-m", "branchline"]
        self.notes = self.folder.parent / "notes"
        text = (self.folder / "train.py").read_text()
        head = HEAD.format(notes=str(self.notes), seconds=str(folder / "seconds"))
        self.take(seconds)
        (self.folder / "train.py").write_text(head + text)
        self.settings("sampler: random", "executor: ray", *lines)
        with (self.folder / "branchline.yaml").open("a") as file:
            file.write(f"executors: {{ray: {{address: '{cluster.address}'}}}}\n")
        self.git("init", "-q", "-b", "main")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "first")
        return self

    def take(self, seconds: float) -> None:
        """How long a training takes that begins from now on."""
        new = self.folder.parent / "seconds.new"
        new.write_text(str(seconds))
        new.rename(self.folder.parent / "seconds")

    def call(self, *words: str, code: int = 0, **more: str) -> str:
        """See `Project`, with what came as an error last."""
        done = subprocess.run(
            [*self.program, *words],
            cwd=self.folder,
            env=self.environ | more,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Begin a search."""
        return subprocess.Popen(
            [*self.program, "tune", "--dry-run", *words],
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def began(self) -> list[int]:
        """Trainings that began."""
        return [pid for pid, _ in self.rows()]

    def rows(self) -> list[tuple[int, int]]:
        """Process of a training, and of its node."""
        if not self.notes.exists():
            return []
        lines = [line.split() for line in self.notes.read_text().splitlines()]
        return [(int(pid), int(node)) for pid, node in lines if node != "None"]


def test_a_search_on_three_nodes_is_that_on_one_machine(cluster: Cluster, tmp_path: Path) -> None:
    alone = RaySearching.on(cluster, tmp_path / "a", "trials: 12", "parallel: 3")
    nodes = RaySearching.on(cluster, tmp_path / "b", "trials: 12", "parallel: 3")

    told = nodes.told()

    assert points(told) == points(alone.told("--executor", "local", "--parallel", "1"))
    assert len(nodes.trained()) == 13
    assert len({node for _, node in nodes.rows()}) > 1, "on more than one node"
    assert alone.rows() == []
    assert os.listdir(nodes.folder / ".branchline" / "again") == []
    assert points(nodes.told()) == points(told)
    assert len(nodes.trained()) == 13


def test_a_node_that_is_lost_has_its_trial_made_on_another(
    cluster: Cluster, tmp_path: Path
) -> None:
    project = RaySearching.on(cluster, tmp_path, "trials: 6", "parallel: 3", seconds=0.3)
    others = {cluster.raylet(node): node for node in cluster.nodes[1:]}
    with project.start() as search:
        assert until(lambda: len(project.rows()) == 1, 90)
        # Longer than a worker takes to see that its node is gone: else it might end its trial.
        project.take(20)
        assert until(lambda: any(node in others for _, node in project.rows()[1:]), 90)
        lost = next(node for _, node in project.rows()[1:] if node in others)
        project.take(0)
        cluster.kill(others[lost])
        said, _ = search.communicate(timeout=120)

    assert search.returncode == 0, said
    assert "its process was lost (" in said
    assert said.count("succeeded, score") == 7
    assert until(lambda: all(is_gone(pid) for pid in project.began()), 30)
    assert not any(word in said for word in ("raylet", "Traceback")), said
    told = project.told()
    assert sorted(t["number"] for t in told["trials"]) == list(range(7))


def test_killed_it_leaves_nothing_running_on_the_nodes_and_goes_on(
    cluster: Cluster, tmp_path: Path
) -> None:
    project = RaySearching.on(cluster, tmp_path, "trials: 4", "parallel: 2", seconds=0.5)
    with project.start() as search:
        assert until(lambda: len(project.began()) >= 1, 90)
        # So long that none of them ends by itself.
        project.take(60)
        assert until(lambda: len(project.began()) >= 3, 90)
        search.kill()
        search.communicate(timeout=60)

    assert until(lambda: all(is_gone(pid) for pid in project.began()), 30)
    project.take(0)
    told = project.told()
    assert sorted(t["number"] for t in told["trials"]) == list(range(5))
    assert len(project.trained()) == 5, "none is made twice"


def test_stopped_it_ends_its_trials_and_keeps_the_others(cluster: Cluster, tmp_path: Path) -> None:
    project = RaySearching.on(cluster, tmp_path, "trials: 4", "parallel: 2", seconds=0.5)
    with project.start() as search:
        assert until(lambda: len(project.began()) >= 1, 90)
        project.take(60)
        assert until(lambda: len(project.began()) >= 3, 90)
        search.send_signal(signal.SIGINT)
        said, _ = search.communicate(timeout=60)

    assert search.returncode == 130, said
    assert "Stopped; " in said
    assert all(is_gone(pid) for pid in project.began())


def test_the_log_of_a_training_that_fails_elsewhere_is_shown(
    cluster: Cluster, tmp_path: Path
) -> None:
    project = RaySearching.on(cluster, tmp_path, "trials: 6", "parallel: 2")
    text = (project.folder / "train.py").read_text()
    (project.folder / "train.py").write_text(text + "if y == 1: raise SystemExit('diverged')\n")

    said = project.call("tune", "--dry-run")

    assert "train | diverged" in said
    assert "failed, `train`: exit code 1" in said
    assert "The best, score" in said
    assert "ray" not in said.lower().replace("ray_", "")


def test_more_than_the_cluster_has_is_said_and_given_up_in_time(
    cluster: Cluster, tmp_path: Path
) -> None:
    project = RaySearching.on(cluster, tmp_path, "trials: 2")
    path = project.folder / "branchline.yaml"
    text = path.read_text().replace("'}}", "', wait: 2s}}")
    path.write_text(text + "resources: {train: {cpus: 8}}\n")

    said = project.call("tune", "--dry-run", code=1)

    assert "the Ray cluster had no room for 2 s: a trial needs 8 CPU, and" in said
    assert "of 3 CPU are free on 3 nodes" in said


def test_a_node_that_does_not_see_the_working_trees_is_refused(
    cluster: Cluster, tmp_path: Path
) -> None:
    project = RaySearching.on(cluster, tmp_path, "trials: 2", "parallel: 2")
    words = [cluster.python, "-c", FULL, cluster.address]
    with subprocess.Popen(
        words, env=cluster.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as full:
        assert full.stdout is not None
        assert b"full" in full.stdout.readline()
        with project.start() as search:
            again = project.folder / ".branchline" / "again" / str(search.pid)
            # As on a node that has another folder there: no actor has looked yet.
            assert until(lambda: (again / "marker").exists() and (again / "worker-2").exists())
            (again / "marker").unlink()
            full.communicate()
            said, _ = search.communicate(timeout=90)

    assert search.returncode == 1, said
    assert f"does not see {again}, where the working trees of the trials are" in said
    assert "a file system that all nodes share" in said


@pytest.mark.parametrize(
    ("address", "words"),
    [
        pytest.param("127.0.0.1:9", "no Ray cluster can be used at 127.0.0.1:9", id="silent"),
        pytest.param(
            "${env:NOT_SET_HERE}",
            "executors.ray.address is the variable NOT_SET_HERE, which is not set here",
            id="variable-not-set",
        ),
    ],
)
def test_a_cluster_that_is_not_there_is_said_at_once(
    tmp_path: Path, address: str, words: str
) -> None:
    project = Searching.create(tmp_path)
    project.settings("executor: ray")
    with (project.folder / "branchline.yaml").open("a") as file:
        file.write(f"executors: {{ray: {{address: '{address}'}}}}\n")
    python = ray_python()

    done = subprocess.run(
        [python, "-m", "branchline", "tune"],
        cwd=project.folder,
        env={**project.environ, **ray_environ(python)},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 1
    assert words in done.stderr


@pytest.mark.skipif(find_spec("ray") is not None, reason="Ray is installed here")
def test_without_ray_it_says_what_to_type(tmp_path: Path) -> None:
    project = Searching.create(tmp_path)
    project.settings("executor: ray")

    said = project.call("tune", code=1)

    assert "tune.executor is ray, and Ray is not installed" in said
    assert "pip install 'branchline[ray]'" in said
