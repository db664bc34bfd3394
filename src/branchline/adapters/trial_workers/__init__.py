"""Adapter `trial_workers`: port `trials` by processes, each with a working tree of its own."""

from branchline.adapters.trial_workers.crew import Crew, Message, Peer
from branchline.adapters.trial_workers.here import ProcessCrew
from branchline.adapters.trial_workers.process import WorkerProcess, WorkerSpec
from branchline.adapters.trial_workers.runner import WorkerTrials

__all__ = [
    "Crew",
    "Message",
    "Peer",
    "ProcessCrew",
    "WorkerProcess",
    "WorkerSpec",
    "WorkerTrials",
]
