"""Claims jobs for a worker while the machine has room, and starts their runners."""

from __future__ import annotations

import os
import socket
import time
from functools import partial
from typing import TYPE_CHECKING

from branchline.core.run import Capacity
from branchline.core.run.devices import assign_devices, device_names
from branchline.core.run.jobs import JobState
from branchline.core.run.queueing import next_job
from branchline.core.trigger.rules import rule_for
from branchline.flows.law import law_policy
from branchline.ports.queue import Ending
from branchline.server.heart import LEASE_S
from branchline.server.surroundings import runner_environment
from branchline.wiring import jobs as wired

if TYPE_CHECKING:
    from branchline.core.run.jobs import NewJob, QueuedJob
    from branchline.flows.box import Box
    from branchline.flows.job_settings import JobSettings
    from branchline.server.runners import Runners


class Claimer:
    """Takes jobs of one box.

    Args:
        box: The box. runners: Where they are started.
        limits: What box.json says.
    """

    def __init__(self, box: Box, runners: Runners, limits: JobSettings) -> None:
        self._box, self._runners, self._limits = box, runners, limits
        self._name = f"{socket.gethostname()}:{os.getpid()}.{wired.started_ticks(os.getpid())}"
        self._count = 0
        machine = wired.machine_capacity()
        self._capacity = Capacity(
            jobs=limits.jobs or machine.jobs,
            cpus=limits.cpus or machine.cpus,
            gpus=machine.gpus if limits.gpus is None else limits.gpus,
            memory_bytes=limits.memory_bytes or machine.memory_bytes,
        )
        self._devices = device_names(os.environ.get("CUDA_VISIBLE_DEVICES"), self._capacity.gpus)

    def claim(self) -> int:
        """Take what fits now; returns how many runners were started."""
        ordered = (self._box.repo.default_branch(),)
        choose = partial(next_job, capacity=self._capacity, ordered_branches=ordered)
        started = 0
        while True:
            # A name of its own for each claim: a runner that lost its job holds nothing any more.
            self._count += 1
            job = self._box.queue.claim(
                f"{self._name}.{self._count}", choose, lease_s=LEASE_S, at=time.time()
            )
            if job is None:
                return started
            self._start(job)
            started += 1

    def _start(self, job: QueuedJob) -> None:
        gpus = job.asked.need.gpus if job.asked.need else 0
        devices = assign_devices(
            min(gpus, len(self._devices)), self._devices, set(self._runners.devices)
        )
        environ = runner_environment(
            os.environ,
            self._limits,
            is_protected=self._is_protected(job.asked),
            declared=self._declared(job.asked),
            mark=f"{self._runners.mark(job.job)}{job.worker}",
        )
        try:
            self._runners.start(job, environ, devices=devices)
        except OSError as error:
            ending = Ending(state=JobState.FAILED, detail=f"its runner did not start: {error}")
            self._box.queue.end(job.job, job.worker, ending, at=time.time())

    def _is_protected(self, asked: NewJob) -> bool:
        """Whether a branch is one that not everybody may push to: such jobs get the secrets."""
        if asked.pull_request is not None:
            return False
        if asked.branch == self._box.repo.default_branch():
            return True
        policy = law_policy(self._box.repo, asked.model)
        rule = rule_for(asked.branch, policy.branches) if policy else None
        return rule is not None and rule.fast_forward_only

    def _declared(self, asked: NewJob) -> tuple[str, ...]:
        policy = law_policy(self._box.repo, asked.model)
        return policy.environment.variables if policy else ()
