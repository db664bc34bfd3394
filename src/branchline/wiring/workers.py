"""Trials side by side, on this machine or on a cluster: a process and a working tree for each."""

from __future__ import annotations

import os
import secrets
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from branchline.config.units import seconds_of
from branchline.core.run.devices import device_names
from branchline.errors import ConfigError
from branchline.flows.trial_needs import needs_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from branchline.adapters.git import Git
    from branchline.adapters.trial_workers import Crew
    from branchline.core.trigger import Trigger
    from branchline.core.values import JsonValue
    from branchline.flows.trial_walk import TrialWalk
    from branchline.ports.trials import TrialRunner
    from branchline.wiring.projects import Shared

# Without -P a module of the user's would stand in for one of Python's.
_COMMAND = (sys.executable, "-P", "-m", "branchline.wiring.trial_worker")


def workers_of(
    repository: str, folder: str, shared: Shared, *, model: str | None
) -> Callable[[TrialWalk, int], TrialRunner]:
    """What makes trials side by side.

    Args:
        repository: Absolute path of the clone or the box that has the commit.
        folder: Absolute path of a folder of their own; whoever made it removes it.
        shared: What the search's own working tree shares with the clone or the box.
        model: Which model, where branchline.yaml declares several.
    """

    def make(walk: TrialWalk, slots: int) -> TrialRunner:
        from branchline.adapters.git.plumbing import Git, find_places
        from branchline.adapters.trial_workers import WorkerTrials

        trees = _Trees(Git(find_places(repository)), folder, shared, model, walk.trigger)
        if walk.asked.executor == "ray":
            crew = _on_ray(trees, walk, slots)
        else:
            crew = _here(trees, walk, slots)

        def show(stage: str, path: str) -> None:
            walk.show.follow(stage, path)
            walk.show.finish(stage)

        return WorkerTrials(crew, say=walk.say, show=show, is_stopped=walk.is_stopped)

    return make


@dataclass(frozen=True, slots=True)
class _Trees:
    """Working trees of a commit, one for each process."""

    git: Git
    folder: str
    shared: Shared
    model: str | None
    trigger: Trigger

    def opening(self, name: str, *, jobs: int, scratch: str = "") -> dict[str, JsonValue]:
        """Make a tree in a folder of that name; what a process there works on."""
        from branchline.adapters.git.worktrees import add_tree
        from branchline.wiring.trial_worker import opening_of

        own = os.path.join(self.folder, name)
        tree = os.path.join(own, "tree")
        add_tree(self.git, tree, self.shared.commit, environ=os.environ)
        return opening_of(
            tree,
            replace(self.shared, state_dir=os.path.join(own, "state")),
            model=self.model,
            trigger=self.trigger,
            jobs=jobs,
            scratch=scratch,
        )


def _here(trees: _Trees, walk: TrialWalk, slots: int) -> Crew:
    """Processes on this machine; its GPUs are dealt out to them."""
    from branchline.adapters.trial_workers import ProcessCrew, WorkerSpec

    machine = walk.project.machine
    devices = device_names(machine.variable("CUDA_VISIBLE_DEVICES"), machine.gpus())
    specs = []
    for place in range(slots):
        name = f"worker-{place + 1}"
        seen = devices[place::slots]
        specs.append(
            WorkerSpec(
                command=_COMMAND,
                folder=os.path.join(trees.folder, name),
                opening=trees.opening(name, jobs=max(1, machine.cpus() // slots)),
                environ={"CUDA_VISIBLE_DEVICES": ",".join(seen)} if seen else {},
            )
        )
    return ProcessCrew(specs)


def _on_ray(trees: _Trees, walk: TrialWalk, slots: int) -> Crew:
    """Processes on the nodes of a Ray cluster.

    Raises:
        MissingExtraError, ConfigError: It cannot be used.
    """
    from branchline.adapters.git.worktrees import safe_environment
    from branchline.adapters.trial_workers import WorkerSpec
    from branchline.adapters.trial_workers.ray_cluster import RayNeeds
    from branchline.adapters.trial_workers.ray_crew import RayCrew, RaySettings
    from branchline.wiring.trial_worker import APART

    executors: Any = walk.project.policy.sections.get("executors") or {}
    written = executors.get("ray") or {}
    needs = needs_of(walk.project, walk.asked)
    mark = secrets.token_hex(8)

    def spec_of(place: int, life: int) -> WorkerSpec:
        name = f"worker-{place + 1}" + (f"-again-{life}" if life else "")
        opening = trees.opening(
            name, jobs=max(1, int(needs.cpus)), scratch=f"branchline-{mark}-{name}"
        )
        return WorkerSpec(
            command=(*_COMMAND, APART),
            folder=os.path.join(trees.folder, name),
            opening=opening,
            # What a commit holds runs in no git process, there as here.
            environ=safe_environment(),
        )

    settings = RaySettings(
        address=_address(str(written.get("address", "auto"))),
        needs=RayNeeds(cpus=needs.cpus, gpus=needs.gpus, memory_bytes=needs.memory_bytes),
        wait_s=seconds_of(written.get("wait", "10m")) or 0.0,
        folder=trees.folder,
    )
    return RayCrew(settings, spec_of, slots, say=walk.say)


def _address(written: str) -> str:
    """An address, looked up where it is a variable.

    Raises:
        ConfigError: The variable is not set.
    """
    if not written.startswith("${env:"):
        return written
    name = written.removeprefix("${env:").removesuffix("}")
    value = os.environ.get(name, "")
    if not value:
        raise ConfigError(
            f"executors.ray.address is the variable {name}, which is not set here",
            todo=f"Set {name} to HOST:PORT of the head of the Ray cluster.",
        )
    return value
