"""Station `changes`: programs that a Python call starts.

`subprocess.run([sys.executable, "tools/a.py"])`, `os.system("python b.py")`,
`runpy.run_path("c.py")`. Looks at one call; whether the file exists is the closure's question.
"""

from __future__ import annotations

import ast
import re

from branchline.core.changes.dynamic import text_of
from branchline.core.changes.values import Import

STARTERS = frozenset(
    str.split(
        "run call check_call check_output Popen system popen getoutput getstatusoutput run_path "
        "execv execvp execl execlp spawn spawnv create_subprocess_exec create_subprocess_shell"
    )
)
"""Names of functions that start programs."""

_PYTHON = re.compile(r"(?:.*/)?(?:python|pypy)[\d.]*")
_SUFFIXES = (".py", ".sh", ".ipynb")


def started_by(node: ast.Call, name: str) -> tuple[tuple[str, ...], tuple[Import, ...]]:
    """Files that a call executes, as spelled, and modules that it runs.

    Args:
        node: The call.
        name: Its function, one of `STARTERS`.
    """
    first = node.args[0] if node.args else None
    if isinstance(first, ast.List | ast.Tuple):
        return _of_words(first.elts, is_program=False)
    if name == "run_path":
        return _of_words(node.args[:1], is_program=True)
    text = text_of(first)
    if text is None:
        return (), ()
    if any(text_of(argument) is not None for argument in node.args[1:]):
        return _of_words(node.args, is_program=False)  # execl("python", "python", "a.py")
    if " " in text or text.endswith(_SUFFIXES):
        return _of_line(text)
    return (), ()


def _of_words(
    words: list[ast.expr], *, is_program: bool
) -> tuple[tuple[str, ...], tuple[Import, ...]]:
    """One command given as words: the first code file, or the module after `-m`."""
    texts = [text_of(word) for word in words]
    for index, text in enumerate(texts):
        if text is None:
            is_program |= isinstance(words[index], ast.Attribute)  # sys.executable
        elif _PYTHON.fullmatch(text) or text in ("bash", "sh"):
            is_program = True
        elif text == "-m" and is_program:
            module = texts[index + 1] if index + 1 < len(texts) else None
            return ((), (_main(module),)) if module else ((), ())
        elif text.endswith(_SUFFIXES) and (is_program or index == 0):
            return (text,), ()
    return (), ()


def _of_line(text: str) -> tuple[tuple[str, ...], tuple[Import, ...]]:
    from branchline.core.changes.entries import EntryKind, entries_of

    entries = entries_of(text, ".")
    modules = [entry.module for entry in entries if entry.kind is EntryKind.MODULE]
    return (
        tuple(entry.path for entry in entries if entry.path),
        tuple(_main(module) for module in modules),
    )


def _main(module: str) -> Import:
    return Import(module=module, names=("__main__",), is_weak=True)
