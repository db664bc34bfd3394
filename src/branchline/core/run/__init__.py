"""Station `run`: how did it go? States of stages, what starts next, how often, on which GPUs."""

from branchline.core.run.commands import command_lines
from branchline.core.run.devices import assign_devices, device_environment, device_names
from branchline.core.run.retries import is_worth_retrying, retry_delay_s
from branchline.core.run.schedule import Job, Schedule, Step, check_transition, priorities
from branchline.core.run.values import Capacity, Ended, Failure, Need, StageState

__all__ = [
    "Capacity",
    "Ended",
    "Failure",
    "Job",
    "Need",
    "Schedule",
    "StageState",
    "Step",
    "assign_devices",
    "check_transition",
    "command_lines",
    "device_environment",
    "device_names",
    "is_worth_retrying",
    "priorities",
    "retry_delay_s",
]
