"""The house keeps its measure: sizes of files and functions, names, docstrings, purity."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src" / "branchline").rglob("*.py"))
CODE = [*SOURCES, *sorted((ROOT / "tests").rglob("*.py"))]
MOST_LINES_OF_A_FILE = 600
MOST_LINES_OF_A_SOURCE = 400
MOST_LINES_OF_A_FUNCTION = 80
BANNED_WORDS = {"util", "utils", "helper", "helpers", "common", "manager", "misc"}


def spelled(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_file_has_more_than_600_lines() -> None:
    lengths = {spelled(path): len(path.read_text().splitlines()) for path in CODE}

    assert {path: n for path, n in lengths.items() if n > MOST_LINES_OF_A_FILE} == {}


def test_no_source_has_more_than_400_lines() -> None:
    lengths = {spelled(path): len(path.read_text().splitlines()) for path in SOURCES}

    assert {path: n for path, n in lengths.items() if n > MOST_LINES_OF_A_SOURCE} == {}


def test_no_function_has_more_than_80_lines() -> None:
    too_long = {}
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MOST_LINES_OF_A_FUNCTION:
                    too_long[f"{spelled(path)}:{node.lineno} {node.name}"] = lines

    assert too_long == {}


def test_no_file_is_named_after_nothing() -> None:
    assert [spelled(p) for p in CODE if BANNED_WORDS & set(p.stem.split("_"))] == []


def test_every_module_says_what_it_is() -> None:
    assert [spelled(p) for p in SOURCES if not ast.get_docstring(ast.parse(p.read_bytes()))] == []


@pytest.mark.parametrize("folder", ["core", "render", "generate"])
def test_pure_rooms_open_no_file_and_print_nothing(folder: str) -> None:
    calls = []
    for path in SOURCES:
        if path.relative_to(ROOT / "src" / "branchline").parts[0] != folder:
            continue
        calls += [
            f"{spelled(path)}:{node.lineno}"
            for node in ast.walk(ast.parse(path.read_bytes()))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("open", "print", "input")
        ]

    assert calls == []
