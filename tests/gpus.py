"""How many NVIDIA GPUs the driver reports; tests that need one are skipped without."""

from __future__ import annotations

import shutil
import subprocess

import pytest


def _count() -> int:
    if shutil.which("nvidia-smi") is None:
        return 0
    done = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False)
    return done.stdout.count("GPU ")


GPUS = _count()
# A piece of hardware, not a service that CI could install.
NEEDS_GPU = [pytest.mark.slow, pytest.mark.skipif(not GPUS, reason="no NVIDIA GPU here")]
