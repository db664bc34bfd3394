"""Which branchline.yaml files a tree has in force."""

from __future__ import annotations

import pytest

from branchline.config.settings_files import SettingsFiles, names_among, settings_in
from branchline.errors import ConfigError


@pytest.mark.parametrize(
    ("files", "declare"),
    [
        pytest.param({"a/branchline.yaml": b"model: a"}, ["a/branchline.yaml"], id="a-folder"),
        pytest.param(
            {"branchline.yaml": b"model: r", "a/branchline.yaml": b"model: a"},
            ["branchline.yaml"],
            id="the-root-declares-for-all",
        ),
        pytest.param(
            {"dvc.yaml": b"", "a/branchline.yaml": b"model: a"}, [], id="a-pipeline-of-the-root"
        ),
        pytest.param(
            {".gitignore": b"/old\n", "old/branchline.yaml": b"x", "b/c/branchline.yaml": b"y"},
            ["b/c/branchline.yaml"],
            id="ignored-folders-declare-nothing",
        ),
        pytest.param(
            {".venv/branchline.yaml": b"x", "e/pyvenv.cfg": b"", "e/branchline.yaml": b"x"},
            [],
            id="environments-declare-nothing",
        ),
        pytest.param({"train.py": b""}, [], id="none"),
    ],
)
def test_the_files_that_declare(files: dict[str, bytes], declare: list[str]) -> None:
    found = settings_in(names_among(files), files.get)

    assert [path for path, _ in (found.files if found else ())] == declare


def test_all_models_of_folders_are_loaded() -> None:
    found = SettingsFiles(
        files=(("a/branchline.yaml", b"model: x"), ("b/branchline.yaml", b"model: y"))
    )

    loaded = found.load()

    assert [(m.policy.model, m.policy.source) for m in loaded.models] == [
        ("x", "a/branchline.yaml"),
        ("y", "b/branchline.yaml"),
    ]
    assert found.is_of_folders
    assert found.text("b/branchline.yaml") == b"model: y"
    assert found.text("branchline.yaml") is None


def test_a_name_that_two_folders_have_is_said_with_both_lines() -> None:
    files = (("a/branchline.yaml", b"model: x"), ("b/branchline.yaml", b"# ours\nmodel: x"))

    with pytest.raises(ConfigError) as refused:
        SettingsFiles(files=files).load()

    assert refused.value.message == (
        "b/branchline.yaml:2: model is `x`, and so it is in a/branchline.yaml:1"
    )


def test_names_that_differ_only_by_case_are_said_with_both_lines() -> None:
    files = (("a/branchline.yaml", b"model: X"), ("b/branchline.yaml", b"# ours\nmodel: x"))

    with pytest.raises(ConfigError) as refused:
        SettingsFiles(files=files).load()

    assert refused.value.message == (
        "b/branchline.yaml:2: model `x` differs only by case, which many disks do not tell apart"
        " (files, tags), from `X` in a/branchline.yaml:1"
    )
