"""The tables of sections 2 and 3 of the reference on changes, row by row."""

from __future__ import annotations

import pytest

from branchline.core.changes.meaning import meaning_of
from branchline.core.changes.values import Import, Meaning, Reading
from branchline.core.policy import ChangeRules

RULES = ChangeRules()
BASE = '''"""Train a model."""
import os
import sys
from pkg.text import clean

LR = 0.001
PROMPT = "Be brief. "


def scale(x):
    return x * 16


def train(rows, epochs=10):
    """Fit."""
    total = 0
    for row in rows:
        total += scale(row) + (LR * epochs)
    return clean(PROMPT), total
'''


def read(text: str | bytes, rules: ChangeRules = RULES, path: str = "a.py") -> Meaning:
    return meaning_of(path, text.encode() if isinstance(text, str) else text, rules)


def edited(old: str, new: str) -> str:
    assert old in BASE
    return BASE.replace(old, new)


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(
            edited("    total = 0", "    total = 0  # from zero"), id="comment-in-function"
        ),
        pytest.param("# first\n" + BASE, id="comment-elsewhere"),
        pytest.param(edited("LR = 0.001\n", "LR = 0.001\n\n\n\n"), id="blank-lines"),
        pytest.param(edited("rows, epochs=10", "\n    rows,\n    epochs=10,\n"), id="re-wrapped"),
        pytest.param(edited('"Be brief. "', "'Be brief. '"), id="quote-style"),
        pytest.param(edited("LR = 0.001", "LR = 0.001  # type: float"), id="type-comment"),
        pytest.param(edited("LR = 0.001", "LR = 0.001  # noqa: E501"), id="noqa-comment"),
        pytest.param(edited("x * 16", "x * 0x10"), id="hexadecimal-number"),
        pytest.param(edited("0.001", "1e-3"), id="exponent-number"),
        pytest.param(edited("(LR * epochs)", "LR * epochs"), id="redundant-parentheses"),
        pytest.param(edited('"Be brief. "', '"Be " "brief. "'), id="implicit-concatenation"),
        pytest.param(edited('"Be brief. "', 'u"Be brief. "'), id="u-prefix"),
        pytest.param(BASE.replace("\n", "\r\n"), id="crlf"),
        pytest.param("\ufeff" + BASE, id="byte-order-mark"),
        pytest.param(BASE.replace("    ", "\t"), id="tabs"),
        pytest.param(edited("return x * 16", "return x * 1_6"), id="digit-separator"),
    ],
)
def test_cosmetic_edits_keep_the_meaning(after: str) -> None:
    assert read(after).digest == read(BASE).digest
    assert read(after).reading is Reading.PYTHON


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(edited('"""Fit."""', '"""Fit well."""'), id="function-docstring"),
        pytest.param(edited('"""Train a model."""', '"""Train."""'), id="module-docstring"),
        pytest.param(edited("(rows, epochs", "(rows: list, epochs"), id="annotation"),
        pytest.param(edited("import os\nimport sys", "import sys\nimport os"), id="import-order"),
        pytest.param(BASE.replace("total", "result"), id="local-renamed"),
        pytest.param(edited("total = 0", "total = 1"), id="literal-in-the-body"),
        pytest.param(edited("epochs=10", "epochs=11"), id="default-argument"),
        pytest.param(edited("def train", "@cache\ndef train"), id="decorator"),
        pytest.param(edited("LR = 0.001", "LR = 0.002"), id="module-constant"),
        pytest.param(edited("brief. ", "brief.  "), id="one-space-in-a-prompt"),
        pytest.param(edited("x * 16", "x * 17"), id="helper-of-the-same-module"),
        pytest.param(edited("x * 16", "x * 16.0"), id="int-to-float"),
        pytest.param(edited("total = 0", "total = False"), id="int-to-bool"),
        pytest.param(edited("total = 0", "total = -0.0"), id="negative-zero"),
        pytest.param(edited('"Be brief. "', 'b"Be brief. "'), id="text-to-bytes"),
        pytest.param(edited("    return clean", "        return clean"), id="indentation"),
        pytest.param(edited("import clean", "import clean as clean2"), id="import-alias"),
        pytest.param(edited("from pkg.text", "from .pkg.text"), id="import-level"),
        pytest.param(
            edited("(LR * epochs)", "LR) * (epochs").replace("scale(row) +", "(scale(row) +"),
            id="parentheses-that-group",
        ),
    ],
)
def test_edits_that_count_change_the_meaning(after: str) -> None:
    assert read(after).digest != read(BASE).digest


@pytest.mark.parametrize(
    ("rules", "after"),
    [
        (ChangeRules(docstrings=False), edited('"""Fit."""', '"""Fit well."""')),
        (ChangeRules(docstrings=False), edited('"""Fit."""\n', "\n")),
        (ChangeRules(annotations=False), edited("(rows, epochs", "(rows: list[int], epochs")),
        (ChangeRules(annotations=False), edited("LR = 0.001", "LR: float = 0.001")),
        (ChangeRules(import_order=False), edited("import os\nimport sys", "import sys\nimport os")),
        (ChangeRules(import_order=False), edited("import os\nimport sys", "import sys, os")),
    ],
    ids=["docstring", "docstring-removed", "annotation", "annotated-constant", "imports", "merged"],
)
def test_what_the_rules_set_aside_does_not_count(rules: ChangeRules, after: str) -> None:
    assert read(after, rules).digest == read(BASE, rules).digest
    assert read(edited("total = 0", "total = 1"), rules).digest != read(BASE, rules).digest


def test_import_order_counts_where_two_imports_bind_one_name() -> None:
    rules = ChangeRules(import_order=False)

    one = read("from a import f\nfrom b import f\n", rules)
    other = read("from b import f\nfrom a import f\n", rules)

    assert one.digest != other.digest


def test_fields_of_classes_count_even_where_annotations_do_not() -> None:
    rules = ChangeRules(annotations=False)

    assert (
        read("class A:\n    x: int = 1\n", rules).digest
        != read("class A:\n    x = 1\n", rules).digest
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "# /// script\n# dependencies = ['a']\n# ///\nx = 1\n",
            "# /// script\n# dependencies = ['b']\n# ///\nx = 1\n",
            id="pep-723-block",
        ),
        pytest.param("#!/usr/bin/python3\nx = 1\n", "#!/usr/bin/pypy3\nx = 1\n", id="first-line"),
        pytest.param("# cython: cdivision=True\nx = 1\n", "x = 1\n", id="cython-header"),
        pytest.param("# distutils: libraries = m\nx = 1\n", "x = 1\n", id="distutils-header"),
        pytest.param(
            "# pythran export f(int)\nx = 1\n", "# pythran export f(str)\nx = 1\n", id="pythran"
        ),
        pytest.param(
            "# Databricks notebook source\n# MAGIC %run ./a\nx = 1\n",
            "# Databricks notebook source\n# MAGIC %run ./b\nx = 1\n",
            id="databricks-magic",
        ),
        pytest.param(
            '# %% tags=["parameters"]\nx = 1\n# %%\ny = 2\n',
            "# %%\nx = 1\n# %%\ny = 2\n",
            id="jupytext-parameters-tag",
        ),
        pytest.param(
            "# %%\n# %run a.py\nx = 1\n", "# %%\n# %run b.py\nx = 1\n", id="jupytext-magic"
        ),
        pytest.param(
            "import torch\nx = []  # type: List[int]\nf = torch.jit.script(g)\n",
            "import torch\nx = []  # type: List[str]\nf = torch.jit.script(g)\n",
            id="type-comment-with-torch-jit",
        ),
    ],
)
def test_live_comments_count(before: str, after: str) -> None:
    assert read(before).digest != read(after).digest


def test_the_encoding_line_counts_with_the_literals_that_it_changes() -> None:
    body = "x = 'é'\n".encode()

    assert read(b"# coding: utf-8\n" + body).digest != read(b"# coding: latin-1\n" + body).digest
    assert read(b"# coding: utf-8\nx = 1\n").digest == read(b"# coding: latin-1\nx = 1\n").digest


@pytest.mark.parametrize(
    "text",
    [
        "import inspect\ns = inspect.getsource(f)\n",
        "from inspect import getsourcelines\n",
        "import linecache\n",
        "n = f.__code__.co_firstlineno\n",
        "import cloudpickle\n",
        "import triton\n",
        "d = __doc__\n",
        "d = f.__doc__\n",
        "here = __file__\n",
        "import importlib\nm = importlib.import_module(name)\n",
        "import inspect\nn = inspect.currentframe().f_lineno\n",
        "import traceback\nt = traceback.format_exc()\n",
        "fmt = '%(lineno)d %(message)s'\n",
    ],
)
def test_any_doubt_means_bytes(text: str) -> None:
    plain, commented = read(text), read(text + "# note\n")

    assert plain.reading is Reading.BYTES
    assert plain.doubts
    assert plain.digest != commented.digest


def test_a_traceback_on_standard_error_raises_no_doubt() -> None:
    assert read("import traceback\ntraceback.print_exc()\n").doubts == ()


def test_a_syntax_error_means_bytes_and_keeps_the_imports() -> None:
    meaning = read("import a, b\nfrom .c import d\ndef f(:\n")

    assert meaning.reading is Reading.BYTES
    assert meaning.doubts == ("does not parse (line 3): invalid syntax",)
    assert [i.module for i in meaning.imports] == ["a", "b", "c"]


@pytest.mark.parametrize("text", ["print 'x'\n", "raise E, 'x'\n", "def f(:\n", "x = \x00\n"])
def test_text_that_is_no_python_here_never_raises(text: str) -> None:
    assert read(text).reading is Reading.BYTES


def test_python_2_is_told_from_a_broken_file() -> None:
    assert read("print 'x'\n").doubts[0].startswith("is written for another Python")


def test_deep_nesting_means_bytes() -> None:
    meaning = read("x = " + "+".join(["1"] * 20_000) + "\n")

    assert meaning.reading is Reading.BYTES


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("import a, b.c", [("a", (), 0), ("b.c", (), 0)], id="two-names"),
        pytest.param("from .x import y, z", [("x", ("y", "z"), 1)], id="relative"),
        pytest.param("from .. import y", [("", ("y",), 2)], id="two-levels"),
        pytest.param("from a import *", [("a", ("*",), 0)], id="star"),
        pytest.param("def f():\n    import a\n", [("a", (), 0)], id="in-a-function"),
        pytest.param(
            "if x:\n    import a\nelse:\n    import b", [("a", (), 0), ("b", (), 0)], id="branch"
        ),
        pytest.param("m = __import__('a.b')", [("a.b", (), 0)], id="dunder-import"),
        pytest.param("importlib.import_module('a.b')", [("a.b", (), 0)], id="import-module"),
        pytest.param(
            "importlib.import_module('.b', package='a')", [("a.b", (), 0)], id="with-package"
        ),
        pytest.param(
            "importlib.import_module('.b', __package__)", [("b", (), 1)], id="own-package"
        ),
        pytest.param("runpy.run_module('a')", [("a", ("__main__",), 0)], id="run-module"),
        pytest.param(
            "subprocess.run([sys.executable, '-m', 'a.b'])",
            [("a.b", ("__main__",), 0)],
            id="started",
        ),
    ],
)
def test_imports_of_every_form_are_found(
    text: str, expected: list[tuple[str, tuple[str, ...], int]]
) -> None:
    found = [(i.module, i.names, i.level) for i in read(text).imports]

    assert found == expected


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("importlib.import_module('pkg.models.' + name)", ("pkg.models", ("",))),
        ("importlib.import_module(f'pkg.models.{name}')", ("pkg.models", ("",))),
        ("importlib.import_module('pkg.models.net_%s' % name)", ("pkg.models", ("net_",))),
        ("importlib.import_module('pkg.{}'.format(name))", ("pkg", ("",))),
    ],
)
def test_a_module_name_that_begins_constant_is_a_prefix(
    call: str, expected: tuple[str, tuple[str, ...]]
) -> None:
    (found,) = read(call).imports

    assert (found.module, found.names, found.is_prefix) == (*expected, True)


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    import fast\nexcept ImportError:\n    import slow\n",
        "try:\n    import fast\nexcept (ValueError, ModuleNotFoundError):\n    pass\n",
        "with suppress(ImportError):\n    import fast\n",
        "if TYPE_CHECKING:\n    import fast\n",
    ],
)
def test_imports_that_may_fail_are_weak(text: str) -> None:
    assert read(text).imports[0].is_weak
    assert not read("import fast\n").imports[0].is_weak


def test_strings_that_may_name_files_are_mentioned() -> None:
    meaning = read(
        "open('conf/a.yaml')\nPath('data') / 'raw' / 'x.csv'\nos.path.join(root, 'a', 'b.txt')\n"
        "x = 'pkg.models.Net'\ny = 'two words'\n"
    )

    assert {"conf/a.yaml", "data/raw/x.csv", "a/b.txt", "pkg.models.Net"} <= set(meaning.mentions)
    assert "two words" not in meaning.mentions


def test_programs_that_are_started_are_run() -> None:
    meaning = read("subprocess.run(['python', 'tools/a.py'])\nos.system('python b.py --x 1')\n")

    assert meaning.runs == ("tools/a.py", "b.py")


def test_names_in_all_of_a_package_may_be_submodules() -> None:
    meaning = read("__all__ = ['a', 'b']\n", path="pkg/__init__.py")

    assert Import(module="", names=("a", "b"), level=1, is_weak=True, line=1) in meaning.imports
