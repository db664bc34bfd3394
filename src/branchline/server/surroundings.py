"""The environment of a job's runner: a list of what is handed over, never what is left out.

Code of a branch that anybody may push to must not find the secrets of the box in its variables.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from branchline.flows.job_settings import JobSettings

JOB_MARK = "BRANCHLINE_JOB"
"""Variable in the environment of every process of a job; its value names one start of it."""

_ALWAYS = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR",
    "CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CONFIG_FILE",
    "PIP_FIND_LINKS", "PIP_CERT", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX",
    "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_CACHE_DIR", "UV_PYTHON_INSTALL_DIR",
    "UV_SYSTEM_CERTS", "UV_NATIVE_TLS", "XDG_CACHE_HOME", "XDG_DATA_HOME", "PYENV_ROOT",
)  # fmt: skip
_ALWAYS_PREFIXES = ("LC_", "OMP_")
_NEVER_PREFIXES = ("GIT_", "SSH_", "BRANCHLINE_")


def runner_environment(
    outer: Mapping[str, str],
    settings: JobSettings,
    *,
    is_protected: bool,
    declared: Collection[str] = (),
    mark: str,
) -> dict[str, str]:
    """What the runner of one job gets.

    Args:
        outer: The worker's environment.
        settings: Of the box.
        is_protected: Whether the branch is one that not everybody may push to.
        declared: Variables that the default branch's `environment.variables` names.
        mark: Names this start of this job.
    """
    wanted = {*_ALWAYS, *settings.variables, *declared}
    withheld = set() if is_protected else set(settings.secrets)
    if is_protected:
        wanted.update(settings.secrets)
    found = {
        name: value
        for name, value in outer.items()
        if (name in wanted or name.startswith(_ALWAYS_PREFIXES))
        and name not in withheld
        and not name.startswith(_NEVER_PREFIXES)
    }
    found.setdefault("PATH", os.defpath)
    found[JOB_MARK] = mark
    return found


def nursery_environment(outer: Mapping[str, str], settings: JobSettings) -> dict[str, str]:
    """What the process gets that forks the runners: what every job gets, and no mark.

    Args:
        outer: The worker's environment.
        settings: Of the box.
    """
    found = runner_environment(outer, settings, is_protected=False, mark="")
    del found[JOB_MARK]
    return found
