"""Ports of this machine: where stages run, what it is, how logs are followed. Imported late."""

from __future__ import annotations

import os


def executor(*, forks: bool = False) -> object:
    """Port `executor`; `forks` says whether stages are forked, as those of a search are."""
    from branchline.adapters.local_process import LocalExecutor

    return LocalExecutor(forks=forks)


def steps() -> object:
    """Port `steps`."""
    from branchline.adapters.local_steps import LocalSteps

    return LocalSteps()


def machine(root: str, state_dir: str) -> object:
    """Port `machine`; what is known of the interpreters of `root` stands in `state_dir`."""
    from branchline.adapters.local_machine import LocalMachine

    return LocalMachine(os.environ, root=root, memory=os.path.join(state_dir, "python"))


def tables() -> object:
    """What reads predictions."""
    from branchline.adapters.tables import FileTables

    return FileTables()


def metric_functions() -> object:
    """What calls metrics of the project's own code."""
    from branchline.adapters.metric_function import ProcessFunctions

    return ProcessFunctions(os.environ)
