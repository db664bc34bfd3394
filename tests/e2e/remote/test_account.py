"""A box with an account of its own: root starts its worker, which gives root up."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.remote.shop import SOURCE, environment

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can start it as somebody else"),
]

ACCOUNT = "nobody"
SITE = f"{SOURCE}:{sysconfig.get_paths()['purelib']}"
SETTINGS = """\
model: toy
stages:
  train:
    cmd: id -un > who.txt && echo "$HOME" >> who.txt && cp auc.json metrics.json
    deps: [auc.json]
    outs: [who.txt]
    metrics: [{metrics.json: {cache: false}}]
gate: {metrics: {auc: {min: 0.5}}}
"""


def run(words: list[str], *, cwd: Path, user: str | None = None) -> str:
    """Run a command; both streams."""
    done = subprocess.run(
        words,
        cwd=cwd,
        user=user,
        group=None if user is None else pwd.getpwnam(user).pw_gid,
        extra_groups=None if user is None else [],
        env=environment() | {"PYTHONPATH": SITE},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def python(place: Path) -> str:
    """An interpreter that the account can start, with what Branchline needs."""
    code = "import branchline.cli, yaml, ruamel.yaml, pathspec, rich"
    for candidate in (sys.executable, "/usr/bin/python3"):
        try:
            run([candidate, "-c", code], cwd=place, user=ACCOUNT)
        except (AssertionError, OSError):
            continue
        return candidate
    pytest.skip(f"`{ACCOUNT}` can read no Python here")


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everybody can enter: pytest's own is closed to other accounts."""
    folder = Path(tempfile.mkdtemp(prefix="branchline-account-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_stages_run_as_the_account_that_works_for_the_box(place: Path, python: str) -> None:
    clone, box = place / "clone", place / "box.git"
    clone.mkdir()
    (clone / "branchline.yaml").write_text(SETTINGS)
    (clone / "auc.json").write_text('{"auc": 0.9}\n')
    run(["git", "init", "-q", "-b", "main"], cwd=clone)
    run(["git", "add", "-A"], cwd=clone)
    run(["git", "commit", "-q", "-m", "first"], cwd=clone)
    init = ["-m", "branchline", "remote", "init", f"--box={box}", f"--user={ACCOUNT}"]
    run([python, *init], cwd=place)
    settings = box / "branchline" / "box.json"
    settings.write_text(json.dumps({**json.loads(settings.read_text()), "python_path": SITE}))
    run([python, *init], cwd=place)  # hooks with that path
    settings.write_text(json.dumps({**json.loads(settings.read_text()), "python_path": SITE}))
    shutil.chown(settings, ACCOUNT)
    run(["chown", "-R", ACCOUNT, str(clone)], cwd=place)

    words = [python, "-P", "-m", "branchline.server.worker", str(box)]
    with subprocess.Popen(words, env=environment() | {"PYTHONPATH": SITE}) as worker:
        try:
            until = time.monotonic() + 30
            while not (box / "branchline" / "worker.pid").exists():
                assert time.monotonic() < until
                time.sleep(0.05)
            said = run(["git", "push", str(box), "main"], cwd=clone, user=ACCOUNT)
            status = Path(f"/proc/{worker.pid}/status").read_text()
        finally:
            worker.terminate()

    owner = pwd.getpwnam(ACCOUNT)
    assert "passed: `auc` is 0.9" in said
    assert f"Uid:\t{owner.pw_uid}\t{owner.pw_uid}\t{owner.pw_uid}" in status
    stored = [path for path in (box / "branchline" / "store").rglob("*") if path.is_file()]
    assert f"{ACCOUNT}\n{owner.pw_dir}\n" in [path.read_text() for path in stored]
    assert {path.lstat().st_uid for path in box.rglob("*")} == {owner.pw_uid}
