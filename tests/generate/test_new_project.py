"""Files of a new project: whatever the name, they can be imported and read."""

from __future__ import annotations

import ast
import keyword
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.config import load_policy
from branchline.core.documents import read_yaml
from branchline.generate.new_project import LONGEST_NAME, is_name, package_name, project_files
from branchline.wiring.new_project import templates

NAMES = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9_-]{0,38}[A-Za-z0-9])?", fullmatch=True)
TEMPLATES = templates()
MODULES = sys.stdlib_module_names


@given(name=NAMES)
def test_every_name_gives_a_package_that_can_be_imported(name: str) -> None:
    package = package_name(name, modules=MODULES)

    assert is_name(name)
    assert package.isidentifier()
    assert not keyword.iskeyword(package)
    assert package not in MODULES


@pytest.mark.parametrize(
    ("name", "package"),
    [
        pytest.param("churn", "churn", id="a-plain-name-stays"),
        pytest.param("Churn-Model", "churn_model", id="capitals-and-dashes"),
        pytest.param("a-_-b", "a_b", id="several-dashes-are-one"),
        pytest.param("json", "json_model", id="a-module-of-python"),
        pytest.param("sklearn", "sklearn_model", id="a-library-of-the-project"),
        pytest.param("train", "train_model", id="a-script-beside-the-package"),
        pytest.param("class", "class_model", id="a-keyword"),
        pytest.param("2024-churn", "model_2024_churn", id="a-digit-first"),
        pytest.param("1", "model_1", id="a-digit-alone"),
    ],
)
def test_a_package(name: str, package: str) -> None:
    assert package_name(name, modules=MODULES) == package


@pytest.mark.parametrize(
    "text",
    [
        "", ".", "..", "-x", "x-", "_x", "a b", "a/b", "a.b", "ünï", "a\nb", "a\n", "a\0b", "$(id)",
        "`id`", "<<model>>", "a" * (LONGEST_NAME + 1),
    ],
)  # fmt: skip
def test_what_is_no_name(text: str) -> None:
    assert not is_name(text)


@given(name=NAMES)
def test_every_name_gives_files_that_can_be_read(name: str) -> None:
    package = package_name(name, modules=MODULES)

    files = project_files(TEMPLATES, name, package)

    for path, text in files.items():
        assert "<<" not in text, path
        if path.endswith(".py"):
            ast.parse(text)
            assert max(map(len, text.splitlines()), default=0) <= 100, path
        elif path.endswith(".yaml"):
            read_yaml(text.encode(), file=path)
    (loaded,) = load_policy(files["branchline.yaml"].encode()).models
    assert loaded.policy.model == name


def test_the_usual_tree_is_there() -> None:
    files = project_files(TEMPLATES, "churn", "churn")

    assert {
        ".gitignore", "README.md", "branchline.yaml", "data/schema.yaml", "dvc.yaml",
        "params.yaml", "pyproject.toml", "requirements.txt", "src/churn/api.py",
        "src/churn/data.py", "src/churn/features.py", "src/churn/model.py", "src/evaluate.py",
        "src/prepare.py", "src/train.py", "tests/api/test_api.py", "tests/data/test_data.py",
        "tests/model/test_model.py", "tests/unit/test_code.py",
    } <= set(files)  # fmt: skip
