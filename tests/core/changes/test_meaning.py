"""How a reading is chosen, and what a cache needs to know."""

from __future__ import annotations

import pytest

from branchline.core.changes.meaning import (
    cache_suffix,
    meaning_from_json,
    meaning_of,
    meaning_to_json,
    reading_of,
)
from branchline.core.changes.values import Reading
from branchline.core.policy import ChangeRules

RULES = ChangeRules()


@pytest.mark.parametrize(
    ("path", "reading"),
    [
        ("src/train.py", Reading.PYTHON),
        ("a.ipynb", Reading.NOTEBOOK),
        ("conf/a.yml", Reading.YAML),
        ("a.json", Reading.JSON),
        ("a.toml", Reading.TOML),
        ("requirements.txt", Reading.REQUIREMENTS),
        ("requirements/gpu.txt", Reading.REQUIREMENTS),
        ("uv.lock", Reading.REQUIREMENTS),
        ("environment.yml", Reading.REQUIREMENTS),
        ("data/train.csv", Reading.BYTES),
        ("notes.txt", Reading.BYTES),
        ("Makefile", Reading.BYTES),
        (".py", Reading.BYTES),
    ],
)
def test_the_name_decides_the_reading(path: str, reading: Reading) -> None:
    assert reading_of(path) is reading


def test_a_script_without_suffix_is_read_by_its_first_line() -> None:
    data = b"#!/usr/bin/env python3\nimport a\n"

    assert [i.module for i in meaning_of("bin/train", data, RULES).imports] == ["a"]
    assert meaning_of("bin/other", b"import a\n", RULES).reading is Reading.BYTES


def test_a_large_file_counts_by_bytes() -> None:
    data = b"x = 1\n" * 200_000

    assert meaning_of("a.py", data, RULES).reading is Reading.BYTES


def test_crlf_in_data_counts() -> None:
    one, other = meaning_of("a.csv", b"1\n", RULES), meaning_of("a.csv", b"1\r\n", RULES)

    assert one.digest != other.digest


def test_the_cache_suffix_tells_apart_what_is_read_differently() -> None:
    suffixes = {
        cache_suffix("a.py", RULES),
        cache_suffix("pkg/__init__.py", RULES),
        cache_suffix("a.py", ChangeRules(docstrings=False)),
        cache_suffix("a.py", ChangeRules(annotations=False)),
        cache_suffix("a.py", ChangeRules(import_order=False)),
        cache_suffix("a.yaml", RULES),
        cache_suffix("uv.lock", RULES),
        cache_suffix("poetry.lock", RULES),
        cache_suffix("requirements.txt", RULES),
        cache_suffix("Makefile", RULES),
        cache_suffix("run.sh", RULES),
        cache_suffix("a.csv", RULES),
    }

    assert len(suffixes) == 12
    assert cache_suffix("a.py", RULES) == cache_suffix("deep/b.py", RULES)


def test_a_meaning_survives_the_cache() -> None:
    data = b"from .a import b\nopen('c/d.csv')\n__file__\ndef f(): pass\n"
    meaning = meaning_of("a.py", data, RULES)

    assert meaning_from_json(meaning_to_json(meaning)) == meaning


@pytest.mark.parametrize("value", [None, [], ["python"], {"a": 1}, ["odd", "", [], [], [], [], []]])
def test_a_cache_entry_of_another_form_is_no_meaning(value: object) -> None:
    assert meaning_from_json(value) is None  # type: ignore[arg-type] # foreign data on purpose
