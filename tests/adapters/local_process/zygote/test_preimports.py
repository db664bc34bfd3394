"""What a script will import for sure, read from its source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from branchline.adapters.local_process.zygote.preimports import (
    Preimports,
    hidden_by,
    installed_folders,
    top_names,
)

if TYPE_CHECKING:
    from pathlib import Path


def read(folder: Path, files: dict[str, str]) -> Preimports:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    made = Preimports(str(folder), installed_folders())
    made.read_script(str(folder / "train.py"))
    return made


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param("import json, csv", ["json", "csv"], id="names"),
        pytest.param("import xml.etree.ElementTree as E", ["xml.etree.ElementTree"], id="dotted"),
        pytest.param("from xml import etree", ["xml"], id="from"),
        pytest.param("if input():\n    import csv", [], id="perhaps"),
        pytest.param("try:\n    import csv\nexcept ImportError: pass", [], id="if-it-is-there"),
        pytest.param("def f():\n    import csv", [], id="later"),
        pytest.param("import not_here\nimport csv", ["csv"], id="not-found"),
        pytest.param("from __future__ import annotations", [], id="no-module"),
        pytest.param("import helper\nimport csv", ["decimal", "csv"], id="through-our-module"),
        pytest.param("import pkg.mod", ["fractions", "decimal", "bisect"], id="through-packages"),
        pytest.param("from pkg import mod", ["fractions", "decimal", "bisect"], id="a-submodule"),
        pytest.param("import loop_a\nimport csv", ["csv"], id="a-circle"),
        pytest.param("import bisect, statistics", ["bisect", "statistics"], id="ours-comes-later"),
    ],
)
def test_found(tmp_path: Path, script: str, expected: list[str]) -> None:
    found = read(
        tmp_path,
        {
            "train.py": script,
            "helper.py": "import decimal",
            "pkg/__init__.py": "import fractions",
            "pkg/mod.py": "from .near import thing\nfrom . import other",
            "pkg/near.py": "import decimal",
            "pkg/other.py": "from ..pkg import near\nimport bisect",
            "loop_a.py": "import loop_b",
            "loop_b.py": "import loop_a",
        },
    )

    assert [name for name, _ in found.found] == expected
    assert not found.is_cut


def test_which_warnings_are_said_is_taken_in_its_place(tmp_path: Path) -> None:
    script = (
        "import json, warnings\nwarnings.simplefilter('ignore', FutureWarning)\nimport csv\n"
        "from warnings import filterwarnings\nfilterwarnings(action='ignore', lineno=3)\n"
        "filterwarnings(chosen)\nfilterwarnings(**chosen)\nfilterwarnings('ignore', '', Own)\n"
    )

    found = read(tmp_path, {"train.py": script})

    assert found.filters == [
        (2, "simplefilter", ["ignore", FutureWarning], {}),
        (4, "filterwarnings", [], {"action": "ignore", "lineno": 3}),
    ]


@pytest.mark.parametrize(
    "setting",
    [
        "os.environ['A'] = '1'",
        "os.environ.setdefault('A', '1')",
        "del os.environ['A']",
        "environ.update(A='1')",
        "os.putenv('A', '1')",
        "load_dotenv()",
        "sys.path.insert(0, 'src')",
        "sys.path = []",
        "sys.path[0] = 'x'",
        "sys.path += ['src']",
        "os.chdir('x')",
        "variables = os.environ",
        "from os import environ as variables",
        "def f(variables=os.environ): pass",
        "import setting",
        "def f():\n    os.environ['A'] = '1'",
    ],
)
def test_nothing_is_taken_after_a_setting(tmp_path: Path, setting: str) -> None:
    script = f"import json\n{setting}\nimport csv\n"

    found = read(tmp_path, {"train.py": script, "setting.py": "import os\nos.environ['A'] = '1'"})

    assert found.is_cut
    assert "csv" not in [name for name, _ in found.found]


@pytest.mark.parametrize(
    "reading",
    [
        "{**os.environ}",
        "os.environ['A']",
        "os.environ.get('A')",
        "print(sys.path)",
        "path.append(1)",
        "a.path = 1",
    ],
)
def test_a_look_at_a_setting_is_none(tmp_path: Path, reading: str) -> None:
    found = read(tmp_path, {"train.py": f"import json\n{reading}\nimport csv\n"})

    assert [name for name, _ in found.found] == ["json", "csv"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("csv.py", "csv.py", id="file"),
        pytest.param("csv/__init__.py", "csv", id="package"),
        pytest.param("csv.abi3.so", "csv.abi3.so", id="compiled"),
        pytest.param("csv/data.txt", "", id="a-folder-comes-last"),
        pytest.param("csv.txt", "", id="no-module"),
        pytest.param("sys.py", "", id="built-in"),
        pytest.param("other.py", "", id="another-name"),
    ],
)
def test_hidden_by(tmp_path: Path, name: str, expected: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("")

    assert hidden_by(str(tmp_path), top_names(["csv", "sys", "xml.etree"])) == expected
