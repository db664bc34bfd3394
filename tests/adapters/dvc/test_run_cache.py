"""DVC's run cache: found by exact key, newest first, damage passed over."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from branchline.adapters.dvc.run_cache import DvcRunCache
from branchline.core.pipeline import Content, LockItem
from branchline.core.plan.entries import exact_key, exact_value
from branchline.testing.locks import RunCacheContract, entry_made

if TYPE_CHECKING:
    from pathlib import Path

    from branchline.core.pipeline import LockEntry


@pytest.fixture
def run_cache(tmp_path: Path) -> DvcRunCache:
    return DvcRunCache(str(tmp_path))


class TestContract(RunCacheContract):
    pass


def file_of(root: Path, entry: LockEntry) -> Path:
    key = exact_key(entry)
    return root / "runs" / key[:2] / key / exact_value(entry)


def test_the_newest_of_two_results_wins(tmp_path: Path, run_cache: DvcRunCache) -> None:
    first, second = entry_made(out="1" * 32), entry_made(out="2" * 32)
    run_cache.save(first)
    run_cache.save(second)
    os.utime(file_of(tmp_path, first), (1000, 1000))
    os.utime(file_of(tmp_path, second), (2000, 2000))

    assert run_cache.find(first) == second
    os.utime(file_of(tmp_path, first), (3000, 3000))
    assert run_cache.find(first) == first


def test_a_damaged_result_is_passed_over_and_mended(tmp_path: Path, run_cache: DvcRunCache) -> None:
    run_cache.save(entry_made())
    file_of(tmp_path, entry_made()).write_text("{")

    assert run_cache.find(entry_made()) is None
    run_cache.save(entry_made())
    assert run_cache.find(entry_made()) == entry_made()


def test_sizes_do_not_enter_the_key(run_cache: DvcRunCache) -> None:
    entry = entry_made()
    run_cache.save(entry)
    dep = LockItem(spelled="in", content=Content(md5="a" * 32, size_bytes=None))

    assert run_cache.find(replace(entry, deps=(dep,))) == entry


def test_what_json_cannot_hold_is_left_out(tmp_path: Path, run_cache: DvcRunCache) -> None:
    day = dt.date(2026, 1, 1)
    entry = replace(entry_made(), params={"params.yaml": {"day": day}})  # type: ignore[dict-item] # YAML has dates

    run_cache.save(entry)

    assert run_cache.find(entry) is None
    assert not (tmp_path / "runs").exists()
