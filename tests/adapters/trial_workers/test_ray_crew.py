"""What becomes of nodes that are not ours, or are lost; a real cluster is in `tests/cli`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from branchline.adapters.trial_workers import WorkerSpec
from branchline.adapters.trial_workers.ray_cluster import RayNeeds
from branchline.adapters.trial_workers.ray_crew import RayCrew, RaySettings
from branchline.errors import BranchlineError, ConfigError, StageFailedError
from branchline.version import __version__

if TYPE_CHECKING:
    from pathlib import Path


class LostError(Exception):
    """Stands for Ray's own errors."""


class Ray:
    """As much of Ray as a crew uses; what its actors answer is given by the test."""

    exceptions = SimpleNamespace(RayError=LostError)

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.killed = 0
        self.wanted: dict[str, Any] = {}

    def remote(self, _kind: type) -> Any:
        return SimpleNamespace(options=self._options)

    def _options(self, **wanted: Any) -> Any:
        self.wanted = wanted
        asked = SimpleNamespace(remote=lambda *_: object())
        actor = SimpleNamespace(hello=asked, heard=asked, tell=asked, end=asked)
        return SimpleNamespace(remote=lambda _spec: actor)

    def wait(self, refs: list[Any], **_: Any) -> tuple[list[Any], list[Any]]:
        return (refs[:1], refs[1:]) if self.answers else ([], refs)

    def get(self, _ref: object) -> Any:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def kill(self, _actor: object) -> None:
        self.killed += 1

    def nodes(self) -> list[dict[str, Any]]:
        return [{"Alive": True}, {"Alive": False}]

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": 4.0}

    def available_resources(self) -> dict[str, float]:
        return {"CPU": 1.0}

    def shutdown(self) -> None:
        self.killed += 100


def crew_of(ray: Ray, folder: Path, lives: list[int] | None = None, wait_s: float = 60) -> RayCrew:
    def spec_of(_place: int, life: int) -> WorkerSpec:
        (lives if lives is not None else []).append(life)
        return WorkerSpec(command=("python",), folder=str(folder), opening={})

    needs = RayNeeds(cpus=2, gpus=1, memory_bytes=2**30)
    settings = RaySettings(address="auto", needs=needs, wait_s=wait_s, folder=str(folder))
    return RayCrew(settings, spec_of, 1, say=lambda _text: None, connect=lambda _address: ray)


def hello(folder: Path, **other: str) -> dict[str, str]:
    text = (folder / "marker").read_text()
    return {"node": "n1", "version": __version__, "python": "/opt/python", "marker": text} | other


def test_an_actor_gets_what_a_trial_needs_and_is_ready_once_it_answered(tmp_path: Path) -> None:
    ray = Ray()
    crew = crew_of(ray, tmp_path)
    crew.heard(0)
    assert not crew.peers[0].is_ready()

    ray.answers = [hello(tmp_path)]
    crew.heard(0)

    assert crew.peers[0].is_ready()
    assert (ray.wanted["num_cpus"], ray.wanted["num_gpus"], ray.wanted["memory"]) == (2, 1, 2**30)
    assert ray.wanted["max_restarts"] == 0


@pytest.mark.parametrize(
    ("text", "how"),
    [
        pytest.param("The actor died because its node has died.", "node n1 is gone", id="node"),
        pytest.param("The process exited.\nmore", "its actor on n1 is gone", id="actor"),
    ],
)
def test_what_is_lost_is_told_and_replaced_with_another_tree(
    tmp_path: Path, text: str, how: str
) -> None:
    ray, lives = Ray(), list[int]()
    crew = crew_of(ray, tmp_path, lives)
    ray.answers = [hello(tmp_path), LostError(text)]
    crew.heard(0)

    said = crew.heard(0)
    ready = crew.peers[0].is_ready()
    crew.heard(0)

    assert [message for _, message in said] == [{"gone": how}]
    assert not ready
    assert lives == [0, 1]


@pytest.mark.parametrize(
    ("answers", "error", "words"),
    [
        pytest.param(
            [{"version": "0.0.9"}], ConfigError, "node n1 of the Ray cluster has branchline 0.0.9",
            id="another-version",
        ),
        pytest.param([{"marker": ""}], ConfigError, "does not see", id="no-shared-folder"),
        pytest.param(
            [LostError("died\nModuleNotFoundError: No module named 'branchline'")], ConfigError,
            "a node of the Ray cluster has no branchline", id="not-installed",
        ),
        pytest.param(
            [LostError("out of memory\nand so on")] * 3, StageFailedError,
            "starts no process for trials: out of memory", id="three-failures",
        ),
    ],
)  # fmt: skip
def test_a_node_that_cannot_make_our_trials_is_refused(
    tmp_path: Path, answers: list[Any], error: type[BranchlineError], words: str
) -> None:
    ray = Ray()
    crew = crew_of(ray, tmp_path)
    ray.answers = [hello(tmp_path, **a) if isinstance(a, dict) else a for a in answers]

    for _ in answers[1:]:
        crew.heard(0)
    with pytest.raises(error, match=words):
        crew.heard(0)


def test_no_room_for_long_is_given_up_with_what_there_is(tmp_path: Path) -> None:
    crew = crew_of(Ray(), tmp_path, wait_s=-1)

    with pytest.raises(StageFailedError) as caught:
        crew.heard(0)

    assert "a trial needs 2 CPU, 1 GPU, 1 GB of memory, and 1 of 4 CPU" in caught.value.message
    assert "are free on 1 nodes" in caught.value.message


def test_close_ends_actors_and_lets_go(tmp_path: Path) -> None:
    ray = Ray()
    crew = crew_of(ray, tmp_path)
    ray.answers = [hello(tmp_path)]
    crew.heard(0)

    crew.end()
    crew.close()

    assert ray.killed == 101
