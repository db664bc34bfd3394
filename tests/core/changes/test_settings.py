"""YAML, JSON and TOML by value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from branchline.core.changes.meaning import meaning_of
from branchline.core.changes.values import Meaning, Reading
from branchline.core.policy import ChangeRules

if TYPE_CHECKING:
    from pathlib import Path


def read(path: str, text: str) -> Meaning:
    return meaning_of(path, text.encode(), ChangeRules())


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        pytest.param("a.yaml", "lr: 0.1\n", "# note\nlr: 0.1\n", id="yaml-comment"),
        pytest.param(
            "a.yaml",
            "# @package _global_\nlr: 0.1\n",
            "#   @package  _global_\n# note\nlr: 0.1  # @package other\n",
            id="yaml-comment-beside-a-package",
        ),
        pytest.param("a.yaml", "a:\n  b: 1\n", "a:\n      b: 1\n", id="yaml-indentation"),
        pytest.param("a.yaml", "a: 'x'\n", 'a: "x"\n', id="yaml-quotes"),
        pytest.param("a.yaml", "a: [1, 2]\n", "a:\n- 1\n- 2\n", id="yaml-flow"),
        pytest.param("a.yaml", "a: {x: 1}\nb: {x: 1}\n", "a: &a {x: 1}\nb: *a\n", id="yaml-anchor"),
        pytest.param("a.json", '{"a": 1}', '{\n "a" : 1 }', id="json-layout"),
        pytest.param("a.toml", "a = 1\n", "# note\na  =  1\n", id="toml-comment"),
        pytest.param("a.toml", "[a]\nb = 1\n", "a.b = 1\n", id="toml-table"),
    ],
)
def test_layout_does_not_count(path: str, before: str, after: str) -> None:
    assert read(path, before).digest == read(path, after).digest
    assert read(path, before).reading is not Reading.BYTES


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        pytest.param("a.yaml", "lr: 0.001\n", "lr: 1e-3\n", id="yaml-1.1-reads-a-text"),
        pytest.param("a.yaml", "m: 10\n", "m: 010\n", id="yaml-1.1-reads-an-octal"),
        pytest.param("a.yaml", "on: 'yes'\n", "on: yes\n", id="yaml-1.1-reads-a-boolean"),
        pytest.param("a.yaml", "t: '12:30:00'\n", "t: 12:30:00\n", id="yaml-1.1-reads-a-number"),
        pytest.param("a.yaml", "a: 1\nb: 2\n", "b: 2\na: 1\n", id="yaml-key-order"),
        pytest.param("a.yaml", "a: 1\n", "# @package _global_\na: 1\n", id="package-of-hydra"),
        pytest.param(
            "a.yaml",
            "#@package a.b\na: 1\n",
            "#@package a.c\na: 1\n",
            id="another-package",
        ),
        pytest.param(
            "a.yaml",
            "# @package a.b\na: 1\n",
            "# note\n# @package a.b\na: 1\n",
            id="a-package-below-a-comment-is-none-for-hydra",
        ),
        pytest.param(
            "a.yaml",
            "# @package a.b\na: 1\n",
            "\ufeff# @package a.b\na: 1\n",
            id="a-package-behind-a-byte-order-mark",
        ),
        pytest.param("a.yaml", "a: 1\n", "a: 1.0\n", id="yaml-type"),
        pytest.param("a.json", '{"a": 1}', '{"a": 1.0}', id="json-int-to-float"),
        pytest.param("a.json", '{"a": 1, "b": 2}', '{"b": 2, "a": 1}', id="json-key-order"),
        pytest.param("a.json", '{"a": 0.0}', '{"a": -0.0}', id="json-negative-zero"),
        pytest.param("a.toml", "a = 1\n", "a = 1.0\n", id="toml-type"),
        pytest.param("a.toml", "a = 2026-01-01\n", "a = '2026-01-01'\n", id="toml-date"),
    ],
)
def test_values_count_with_their_types(path: str, before: str, after: str) -> None:
    assert read(path, before).digest != read(path, after).digest


@pytest.mark.parametrize(
    ("path", "text"),
    [
        pytest.param("a.yaml", "a: 1\na: 2\n", id="yaml-duplicate-key"),
        pytest.param("a.yaml", "a: !mine 1\n", id="yaml-unknown-tag"),
        pytest.param("a.yaml", "a: [1\n", id="yaml-broken"),
        pytest.param("a.yaml", "a: 1\n---\nb: 2\n", id="yaml-two-documents"),
        pytest.param("a.json", '{"a": 1, "a": 2}', id="json-duplicate-key"),
        pytest.param("a.json", "{", id="json-broken"),
        pytest.param("a.toml", "a = \n", id="toml-broken"),
    ],
)
def test_what_cannot_be_read_counts_by_bytes(path: str, text: str) -> None:
    meaning = read(path, text)

    assert meaning.reading is Reading.BYTES
    assert meaning.doubts
    assert meaning.digest != read(path, text + "\n").digest


def test_aliases_that_explode_count_by_bytes() -> None:
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 30)]

    assert read("a.yaml", "\n".join(lines)).reading is Reading.BYTES


def test_targets_and_defaults_of_hydra_are_mentioned() -> None:
    text = "defaults:\n- model: resnet\n- base\n- _self_\nnet:\n  _target_: pkg.net.Net\n"

    assert {"model/resnet.yaml", "base.yaml", "pkg.net.Net"} <= set(read("a.yaml", text).mentions)


def test_parts_are_keys_of_two_levels() -> None:
    assert [label for label, _ in read("a.yaml", "a: 1\nb: {c: 2, d: 3}\n").parts] == [
        "`a`", "`b.c`", "`b.d`",
    ]  # fmt: skip


@pytest.mark.parametrize("header", ["# @package _global_\n", "# note\n# @package _global_\n"])
def test_what_hydra_composes_otherwise_reads_otherwise(tmp_path: Path, header: str) -> None:
    hydra = pytest.importorskip("hydra")
    (tmp_path / "model").mkdir()
    (tmp_path / "config.yaml").write_text("defaults:\n  - model: net\n")
    file = tmp_path / "model" / "net.yaml"
    told = {}
    for text in ("# @package _global_\nlr: 1\n", f"{header}lr: 1\n"):
        file.write_text(text)
        with hydra.initialize_config_dir(version_base=None, config_dir=str(tmp_path)):
            told[read("a.yaml", text).digest] = hydra.compose("config")

    composed = [str(one) for one in told.values()]
    assert len(set(composed)) == len(composed)
    assert len(composed) == (1 if header.startswith("# @") else 2)
