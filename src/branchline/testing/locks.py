"""Port `locks`: fakes in memory, and what every implementation must do.

To check an implementation, inherit the contract in a test module and give it the fixture that its
tests ask for: `lock_files`, `run_cache` (both empty), or `workspace_lock`.
"""

# ruff: noqa: S101 - a contract suite is made of assertions

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from branchline.core.pipeline import Content, Dep, LockEntry, LockItem, Out, Stage
from branchline.core.plan.entries import exact_key
from branchline.errors import BusyError
from branchline.ports.locks import LockFiles, RunCache, WorkspaceLock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager


def stage_named(name: str, *, file: str = "dvc.yaml") -> Stage:
    """A small stage, for tests."""
    return Stage(
        name=name,
        address=name if file == "dvc.yaml" else f"{file}:{name}",
        cmd=("cp in out",),
        cmd_is_list=False,
        wdir=".",
        deps=(Dep(path="in", spelled="in"),),
        outs=(Out(path="out", spelled="out"),),
        file=file,
        line=1,
    )


def entry_made(*, out: str = "0" * 32, lr: float = 0.1) -> LockEntry:
    """A small lock entry, for tests; `out` is the digest of its only output."""
    return LockEntry(
        cmd="cp in out",
        deps=(LockItem(spelled="in", content=Content(md5="a" * 32, size_bytes=1)),),
        params={"params.yaml": {"lr": lr}},
        outs=(LockItem(spelled="out", content=Content(md5=out, size_bytes=1)),),
    )


class FakeLockFiles(LockFiles):
    """Lock entries in memory: (file, name) -> entry."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], LockEntry] = {}

    def read(self, stages: Sequence[Stage]) -> Mapping[str, LockEntry]:
        """See the port."""
        keys = {stage.address: (stage.file, stage.lock_name) for stage in stages}
        return {name: self.entries[key] for name, key in keys.items() if key in self.entries}

    def write(self, entries: Sequence[tuple[Stage, LockEntry]]) -> None:
        """See the port."""
        for stage, entry in entries:
            self.entries[stage.file, stage.lock_name] = entry

    def paths(self, stages: Sequence[Stage]) -> Sequence[str]:
        """See the port."""
        files = (stage.file.removesuffix(".yaml") + ".lock" for stage in stages)
        return tuple(dict.fromkeys(files))


class FakeRunCache(RunCache):
    """Results in memory, newest last."""

    def __init__(self) -> None:
        self.entries: dict[str, list[LockEntry]] = {}

    def find(self, entry: LockEntry) -> LockEntry | None:
        """See the port."""
        found = self.entries.get(exact_key(entry))
        return found[-1] if found else None

    def save(self, entry: LockEntry) -> None:
        """See the port."""
        known = self.entries.setdefault(exact_key(entry), [])
        if entry not in known:
            known.append(entry)


class FakeWorkspaceLock(WorkspaceLock):
    """A lock that only its own holder can meet; `holder` names somebody else who has it."""

    def __init__(self, *, holder: str = "") -> None:
        self.holder = holder

    def hold(self, *, wait_s: float) -> AbstractContextManager[None]:  # noqa: ARG002 # never waits
        """See the port."""
        return self._held()

    @contextlib.contextmanager
    def _held(self) -> Iterator[None]:
        if self.holder:
            raise BusyError(f"the workspace is in use by {self.holder}")
        self.holder = "us"
        try:
            yield
        finally:
            self.holder = ""


class LockFilesContract:
    """What every set of lock files must do."""

    def test_what_is_written_is_read(self, lock_files: LockFiles) -> None:
        """Several files, one call."""
        first, second = stage_named("a"), stage_named("a", file="sub/dvc.yaml")

        lock_files.write([(first, entry_made()), (second, entry_made(lr=0.2))])

        found = lock_files.read([first, second, stage_named("missing")])
        assert found == {"a": entry_made(), "sub/dvc.yaml:a": entry_made(lr=0.2)}

    def test_an_entry_is_replaced(self, lock_files: LockFiles) -> None:
        """The last one counts."""
        lock_files.write([(stage_named("a"), entry_made())])

        lock_files.write([(stage_named("a"), entry_made(lr=0.3))])

        assert lock_files.read([stage_named("a")]) == {"a": entry_made(lr=0.3)}

    def test_stages_of_two_models_in_one_file_may_have_the_same_name(
        self, lock_files: LockFiles
    ) -> None:
        """Each model's entry is its own."""
        first, second = (
            replace(stage_named("train", file="branchline.yaml"), lock_name=f"{model}/train")
            for model in ("churn", "fraud")
        )

        lock_files.write([(first, entry_made(lr=0.1))])
        lock_files.write([(second, entry_made(lr=0.2))])

        assert lock_files.read([first])[first.address] == entry_made(lr=0.1)
        assert lock_files.read([second])[second.address] == entry_made(lr=0.2)

    def test_paths_stand_beside_the_pipelines(self, lock_files: LockFiles) -> None:
        """Each file once."""
        stages = [stage_named("a"), stage_named("b"), stage_named("a", file="sub/dvc.yaml")]

        assert list(lock_files.paths(stages)) == ["dvc.lock", "sub/dvc.lock"]


class RunCacheContract:
    """What every run cache must do."""

    def test_a_saved_result_is_found_by_its_inputs(self, run_cache: RunCache) -> None:
        """The question carries paths of outs only."""
        run_cache.save(entry_made())

        assert run_cache.find(_question()) == entry_made()

    def test_other_inputs_find_nothing(self, run_cache: RunCache) -> None:
        """A parameter differs."""
        run_cache.save(entry_made())

        assert run_cache.find(_question(lr=0.5)) is None

    def test_saving_twice_is_saving_once(self, run_cache: RunCache) -> None:
        """And changes nothing."""
        run_cache.save(entry_made())
        run_cache.save(entry_made())

        assert run_cache.find(_question()) == entry_made()


class WorkspaceLockContract:
    """What every workspace lock must do."""

    def test_it_is_free_again_afterwards(self, workspace_lock: WorkspaceLock) -> None:
        """Also after an error in the body."""
        with pytest.raises(KeyError), workspace_lock.hold(wait_s=0):
            raise KeyError

        with workspace_lock.hold(wait_s=0):
            pass

    def test_a_second_holder_is_refused(self, workspace_lock: WorkspaceLock) -> None:
        """With a message that names the first."""
        with (
            workspace_lock.hold(wait_s=0),
            pytest.raises(BusyError, match="in use by"),
            workspace_lock.hold(wait_s=0),
        ):
            pass


def _question(lr: float = 0.1) -> LockEntry:
    entry = entry_made(lr=lr)
    return replace(entry, outs=(LockItem(spelled="out", content=Content(md5=None)),))
