"""The same files as the real DVC: lock, run cache, cache, ignores, locks, both ways."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.dvc.cache_database import CacheDatabase
from branchline.adapters.dvc.lock_files import DvcLockFiles
from branchline.adapters.dvc.run_cache import DvcRunCache
from branchline.adapters.dvc.store import DvcStore
from branchline.adapters.dvc.workspace import DvcWorkspace
from branchline.adapters.dvc.workspace_lock import DvcWorkspaceLock
from branchline.core.pipeline import Dep, Out, ParamsDep, Stage
from branchline.core.plan.entries import entry_of, is_run_cacheable
from branchline.errors import BusyError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from branchline.core.pipeline import LockEntry
    from branchline.core.values import JsonValue

pytestmark = [pytest.mark.peers, pytest.mark.slow]

PIPELINE = """\
stages:
  prepare:
    cmd:
    - cp -r data out && cp run.sh copy.sh && echo ran >> log.txt && echo a rather long command line
    - echo '{"auc":1}' > m.json
    deps: [data, run.sh]
    params: [lr, name, nul, rows, text, other.yaml: [x]]
    outs: [out, copy.sh]
    metrics: [m.json: {cache: false}]
  train:
    cmd: cp m.json model && echo ran >> log.txt
    deps: [m.json, out]
    outs: [model]
"""
PARAMS = """\
lr: 1e-5
name: 'a: b # c'
nul:
rows: [1, [2.5, yes], {a: true, b: ~}, "yes", "1e3"]
text: "{long} and ü, and a\\nbreak"
"""
VALUES: dict[str, JsonValue] = {
    "lr": 1e-5,
    "name": "a: b # c",
    "nul": None,
    "rows": [1, [2.5, "yes"], {"a": True, "b": None}, "yes", "1e3"],
    "text": "word " * 40 + " and ü, and a\nbreak",
}


def prepare(root: Path) -> None:
    for name, text in {
        "dvc.yaml": PIPELINE,
        "params.yaml": PARAMS.replace("{long}", "word " * 40),
        "other.yaml": "x: {y: 1}\n",
        ".dvcignore": "*.tmp\ndata/skip/\n!data/skip/keep\n/data/*.bak\n",
        "data/a.txt": "a",
        "data/x.tmp": "no",
        "data/b.bak": "no",
        "data/sub/b.bak": "yes",
        "data/sub/ü n.txt": "b\r\n",
        "data/skip/keep": "no",
        "data/repo/.dvc/config": "",
        "data/repo/inner": "no",
        "data/.git/x": "no",
        "run.sh": "echo hi\n",
    }.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, newline="")
    (root / "run.sh").chmod(0o755)
    (root / "data" / "link").symlink_to("a.txt")


def stages() -> list[Stage]:
    def named(name: str, cmd: tuple[str, ...], deps: list[str], outs: list[str]) -> Stage:
        return Stage(
            name=name,
            address=name,
            cmd=cmd,
            cmd_is_list=len(cmd) > 1,
            wdir=".",
            deps=tuple(Dep(path=path, spelled=path) for path in deps),
            outs=tuple(Out(path=path, spelled=path) for path in outs),
            params=(
                ParamsDep(path="other.yaml", spelled="other.yaml", keys=("x",)),
                ParamsDep(path="params.yaml", spelled="params.yaml", keys=tuple(VALUES)),
            )
            if name == "prepare"
            else (),
            file="dvc.yaml",
            line=1,
        )

    first = (
        "cp -r data out && cp run.sh copy.sh && echo ran >> log.txt"
        " && echo a rather long command line",
        """echo '{"auc":1}' > m.json""",
    )
    return [
        named("prepare", first, ["run.sh", "data"], ["out", "m.json", "copy.sh"]),
        named("train", ("cp m.json model && echo ran >> log.txt",), ["out", "m.json"], ["model"]),
    ]


def workspace_of(root: Path) -> DvcWorkspace:
    return DvcWorkspace(str(root), CacheDatabase(str(root / ".branchline/cache.db")))


def entries_of(root: Path) -> list[tuple[Stage, LockEntry]]:
    """Our own entries, from the files as they are now."""
    workspace = workspace_of(root)
    found = []
    for stage in stages():
        paths = [*(dep.path for dep in stage.deps), *(out.path for out in stage.outs)]
        contents = {
            path: content for path in paths if (content := workspace.content(path)) is not None
        }
        params: dict[str, dict[str, JsonValue]] = {
            "params.yaml": VALUES,
            "other.yaml": {"x": {"y": 1}},
        }
        found.append((stage, entry_of(stage, deps=contents, params=params, outs=contents)))
    return found


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_lock_run_cache_and_objects_are_those_of_dvc(
    git_root: Path, dvc: Callable[..., str]
) -> None:
    prepare(git_root)
    dvc("repro")
    lock = (git_root / "dvc.lock").read_bytes()
    objects = files_below(git_root / ".dvc/cache/files")
    runs = files_below(git_root / ".dvc/cache/runs")
    entries = entries_of(git_root)
    found = [DvcRunCache(str(git_root / ".dvc/cache")).find(entry) for _, entry in entries]
    shutil.rmtree(git_root / ".dvc/cache")
    (git_root / "dvc.lock").unlink()

    store = DvcStore(workspace_of(git_root))
    run_cache = DvcRunCache(str(git_root / ".dvc/cache"))
    for stage, entry in entries:
        DvcLockFiles(str(git_root)).write([(stage, entry)])
        run_cache.save(entry)
        for out in stage.outs:
            store.save(out.path)

    assert (git_root / "dvc.lock").read_bytes() == lock
    assert files_below(git_root / ".dvc/cache/runs") == runs
    assert files_below(git_root / ".dvc/cache/files") == objects
    assert found == [entry for _, entry in entries]
    assert all(is_run_cacheable(stage, entry) for stage, entry in entries)
    assert "up to date" in dvc("status")


def test_dvc_restores_what_we_recorded(git_root: Path, dvc: Callable[..., str]) -> None:
    prepare(git_root)
    subprocess.run(
        ["sh", "-ec", "\n".join("\n".join(stage.cmd) for stage in stages())],
        cwd=git_root,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    store = DvcStore(workspace_of(git_root))
    run_cache = DvcRunCache(store.settings.cache_dir)
    for stage, entry in entries_of(git_root):
        run_cache.save(entry)
        for out in stage.outs:
            store.save(out.path)
    shutil.rmtree(git_root / "out")
    for name in ("copy.sh", "m.json", "model", "log.txt"):
        (git_root / name).unlink()

    dvc("repro")

    assert not (git_root / "log.txt").exists()
    assert os.access(git_root / "copy.sh", os.X_OK)
    assert "up to date" in dvc("status")


def test_we_restore_what_dvc_stored(git_root: Path, dvc: Callable[..., str]) -> None:
    prepare(git_root)
    dvc("repro")
    before = workspace_of(git_root).content("out")
    shutil.rmtree(git_root / "out")
    store = DvcStore(workspace_of(git_root))

    for entry in DvcLockFiles(str(git_root)).read(stages()).values():
        for item in entry.outs:
            store.restore(item.spelled, item.content)

    assert workspace_of(git_root).content("out") == before
    assert "up to date" in dvc("status")


def test_a_lock_that_dvc_rewrites_stays_the_same(git_root: Path, dvc: Callable[..., str]) -> None:
    prepare(git_root)
    dvc("repro")
    DvcLockFiles(str(git_root)).write(entries_of(git_root))
    before = (git_root / "dvc.lock").read_bytes()

    dvc("commit", "-f")

    assert (git_root / "dvc.lock").read_bytes() == before


def test_dvc_and_we_keep_each_other_out(git_root: Path, dvc: Callable[..., str]) -> None:
    prepare(git_root)

    with DvcWorkspaceLock(str(git_root), command="branchline run").hold(wait_s=0):
        refused = dvc("repro", fails=True)

    assert f"(PID {os.getpid()}): branchline run" in refused
    assert json.loads((git_root / ".dvc/tmp/rwlock").read_text()) == {}
    stage = "cmd: touch started && sleep 3\n    deps: [run.sh]\n    outs: [started]\n"
    (git_root / "dvc.yaml").write_text(f"stages:\n  a:\n    {stage}")
    runner = threading.Thread(target=dvc, args=("repro",))
    runner.start()
    try:
        while not (git_root / "started").exists():
            time.sleep(0.02)
        with (
            pytest.raises(BusyError, match=r"DVC .pid \d+: .*repro"),
            DvcWorkspaceLock(str(git_root)).hold(wait_s=0),
        ):
            pass
    finally:
        runner.join()
    with DvcWorkspaceLock(str(git_root)).hold(wait_s=5):
        pass


def test_gitignore_lines_are_those_of_dvc(git_root: Path, dvc: Callable[..., str]) -> None:
    prepare(git_root)
    dvc("repro")
    theirs = (git_root / ".gitignore").read_text()
    (git_root / ".gitignore").unlink()

    for stage in stages():
        workspace_of(git_root).ignore(sorted(o.path for o in stage.outs if o.path != "m.json"))

    assert sorted((git_root / ".gitignore").read_text().split()) == sorted(theirs.split())


def test_dvc_collects_garbage_around_our_files(git_root: Path, dvc: Callable[..., str]) -> None:
    prepare(git_root)
    dvc("repro")
    store = DvcStore(workspace_of(git_root))
    identity = store.identity()
    store.objects.temporary()

    dvc("gc", "-w", "-f")

    assert DvcStore(workspace_of(git_root)).identity() == identity
    assert "up to date" in dvc("status")


def test_a_remote_folder_is_shared_with_dvc(
    git_root: Path, dvc: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    prepare(git_root)
    box = tmp_path_factory.mktemp("box")
    dvc("remote", "add", "-d", "box", str(box))
    dvc("repro")
    store = DvcStore(workspace_of(git_root))
    (remote,) = store.remotes.near
    entries = DvcLockFiles(str(git_root)).read(stages())

    remote.send(item.content for entry in entries.values() for item in entry.outs)
    remote.push_runs()
    shutil.rmtree(git_root / ".dvc/cache")
    shutil.rmtree(git_root / "out")
    dvc("pull", "--run-cache")

    assert "up to date" in dvc("status")
    assert files_below(git_root / ".dvc/cache/runs") == files_below(box / "runs")
