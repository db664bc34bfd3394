"""Killed with -9 at any moment, files are whole: the old ones or the new ones."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import branchline
from branchline.adapters.dvc.lock_files import DvcLockFiles
from branchline.testing.locks import entry_made, stage_named

SOURCES = str(Path(branchline.__file__).parents[1])

WRITE_LOCKS = """
import sys
from branchline.adapters.dvc.lock_files import DvcLockFiles
from branchline.testing.locks import entry_made, stage_named
files = DvcLockFiles(sys.argv[1])
print("ready", flush=True)
for number in range(10**9):
    files.write([(stage_named(f"s{number % 7}"), entry_made(lr=float(number)))])
"""

STORE_OBJECTS = """
import os, sys
from branchline.adapters.dvc.cache_database import CacheDatabase
from branchline.adapters.dvc.store import DvcStore
from branchline.adapters.dvc.workspace import DvcWorkspace
root = sys.argv[1]
workspace = DvcWorkspace(root, CacheDatabase(root + "/.branchline/cache.db"))
store = DvcStore(workspace)
os.makedirs(root + "/d", exist_ok=True)
print("ready", flush=True)
for number in range(10**9):
    for name in ("small", "large"):
        with open(f"{root}/d/{name}", "wb") as file:
            file.write(os.urandom(100 if name == "small" else 1 << 20) + str(number).encode())
    content = store.save("d")
    store.restore("e", content)
    workspace.index.save()
"""


def killed_at_random(program: str, root: Path, seed: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", program, str(root)],
        env={**os.environ, "PYTHONPATH": SOURCES},
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        time.sleep(random.Random(seed).uniform(0, 0.12))
        child.send_signal(signal.SIGKILL)


@pytest.mark.slow
def test_a_lock_file_is_valid_after_thirty_kills(tmp_path: Path) -> None:
    stages = [stage_named(f"s{number}") for number in range(7)]
    DvcLockFiles(str(tmp_path)).write([(stages[0], entry_made())])

    for seed in range(30):
        killed_at_random(WRITE_LOCKS, tmp_path, seed)

        found = DvcLockFiles(str(tmp_path)).read(stages)
        assert "s0" in found
        assert sorted(path.name for path in tmp_path.iterdir()) == [".branchline", "dvc.lock"]


@pytest.mark.slow
def test_objects_are_whole_after_thirty_kills(tmp_path: Path) -> None:
    for seed in range(30):
        killed_at_random(STORE_OBJECTS, tmp_path, seed)

    assert sorted(path.name for path in tmp_path.iterdir()) == [".branchline", "d", "e"]
    assert set(os.listdir(tmp_path / "e")) <= {"small", "large"}
    objects = 0
    for folder, _, names in os.walk(tmp_path / ".branchline/store/files/md5"):
        for name in names:
            data = (Path(folder) / name).read_bytes()
            md5 = hashlib.md5(data).hexdigest()
            assert os.path.basename(folder) + name.removesuffix(".dir") == md5
            objects += 1
    assert objects > 30
