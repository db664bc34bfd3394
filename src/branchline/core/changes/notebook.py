"""Station `changes`: Jupyter notebooks by their code cells.

Markdown, outputs, counts, ids and the language's version do not count; the kernel's name, the
order of the cells, their magics and the tags that change an execution do.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from branchline.core.changes import doubts
from branchline.core.changes.facts import Facts, facts_of
from branchline.core.changes.raw import bytes_meaning, content_digest
from branchline.core.changes.syntax import Canon, digest_of_text, parse
from branchline.core.changes.values import Import, Meaning, Reading

if TYPE_CHECKING:
    from branchline.core.policy import ChangeRules

_LIVE_TAGS = frozenset({"parameters", "injected-parameters", "skip-execution", "raises-exception"})
_MAGIC_LINE = re.compile(r"^(\s*)([%!?].*|[\w.]+\?{1,2}\s*)$")
_MAGIC_VALUE = re.compile(r"^(\s*)([A-Za-z_][\w, \t.\[\]'\"]*=\s*)([%!].*)$")
_PYTHON_CELL = re.compile(r"%%(?:time|timeit|capture|prun|memit|mprun)\b")
_SHELL_CELL = re.compile(r"%%(?:bash|sh|script|!|sx|system)\b")


def notebook_meaning(data: bytes, rules: ChangeRules) -> Meaning:
    """What a notebook says; see the module for what counts."""
    import json

    try:
        document = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        return bytes_meaning(data, doubts=(f"{doubts.SYNTAX} (line 0): it is no JSON: {error}",))
    cells = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(cells, list) or document.get("nbformat") != 4:
        return bytes_meaning(data, doubts=("is a notebook of an old format",))
    return _Cells(rules).meaning(document, cells, data)


class _Cells:
    """Reads one notebook cell by cell."""

    def __init__(self, rules: ChangeRules) -> None:
        self._rules = rules
        self._canon = Canon(rules)
        self._facts = Facts()
        self._forms: list[bytes] = []
        self._sources: list[str] = []
        self._parts: list[tuple[str, str]] = []

    def meaning(self, document: dict[str, object], cells: list[object], data: bytes) -> Meaning:
        number = 0
        for cell in cells:
            if not isinstance(cell, dict):
                return bytes_meaning(data, doubts=("has a cell of an unknown form",))
            if cell.get("cell_type") != "code":
                continue
            number += 1
            self._cell(cell, number)
        kernel = _kernel(document)
        facts = self._facts
        # Bytes here are those of the cells: outputs never count.
        by_bytes = facts.by_bytes
        content = [f"{kernel}\n".encode(), *self._forms]
        if by_bytes:
            content.extend(source.encode("utf-8", "surrogatepass") for source in self._sources)
        return Meaning(
            reading=Reading.NOTEBOOK,
            digest=content_digest(Reading.NOTEBOOK, _lengthed(content)),
            parts=tuple(self._parts),
            imports=tuple(facts.imports),
            mentions=tuple(facts.mentions),
            runs=tuple(facts.runs),
            doubts=tuple(facts.doubts),
        )

    def _cell(self, cell: dict[str, object], number: int) -> None:
        source = cell.get("source", "")
        text = "".join(map(str, source)) if isinstance(source, list) else str(source)
        metadata = cell.get("metadata")
        listed = metadata.get("tags") if isinstance(metadata, dict) else None
        tags = sorted(_LIVE_TAGS & {str(tag) for tag in listed or ()})
        form = self._form(text.replace("\r\n", "\n"), number)
        if not form and not tags:
            return  # empty, or comments only
        self._sources.append(text)
        whole = _lengthed([" ".join(tags).encode(), form])
        self._forms.append(whole)
        self._parts.append((f"cell {number}", digest_of_text([whole])[:16]))

    def _form(self, text: str, number: int) -> bytes:
        """Canonical form of one cell's source; b"" when it does nothing."""
        stripped = text.lstrip()
        if stripped.startswith("%%"):
            first, _, rest = stripped.partition("\n")
            if not _PYTHON_CELL.match(first):
                self._other_cell(first, rest)
                return b"cell magic:" + stripped.encode("utf-8", "surrogatepass")
            self._magic(first)
            return _lengthed(
                [first.strip().encode("utf-8", "surrogatepass"), self._form(rest, number)]
            )
        try:
            tree = _tree(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            self._facts.doubts[f"cell {number} does not parse: {error}"] = None
            return b"text:" + text.encode("utf-8", "surrogatepass")
        if not tree.body:
            return b""
        found = facts_of(tree, self._rules)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _is_magic(node):
                argument = node.args[0]
                if isinstance(argument, ast.Constant):
                    found.mentions.pop(str(argument.value), None)
                    self._magic(str(argument.value))
        self._facts.imports.extend(found.imports)
        self._facts.mentions.update(found.mentions)
        self._facts.runs.update(found.runs)
        self._facts.doubts.update(
            {f"cell {number} {d}" if not _is_known(d) else d: None for d in found.doubts}
        )
        self._facts.by_bytes |= found.by_bytes
        return self._canon.module(tree)

    def _other_cell(self, first: str, rest: str) -> None:
        """A cell in another language: shell cells are followed, others only kept."""
        if _SHELL_CELL.match(first):
            self._shell(rest)
        elif match := re.match(r"%%writefile\s+(?:-a\s+)?(\S+)", first):
            self._facts.mentions[match[1]] = None

    def _magic(self, text: str) -> None:
        text = text.strip()
        if text.startswith("!"):
            self._shell(text.lstrip("!"))
            return
        name, _, rest = text.lstrip("%").partition(" ")
        words = rest.split()
        if name == "run":
            target = next((w for w in words if not w.startswith("-")), "")
            if "-m" in words[:-1]:
                module = words[words.index("-m") + 1]
                self._facts.imports.append(Import(module=module, names=("__main__",), is_weak=True))
            elif target:
                has_suffix = "." in target.rpartition("/")[2]
                self._facts.runs[target.strip("\"'")] = None
                if not has_suffix:
                    self._facts.runs[target.strip("\"'") + ".py"] = None
        elif name in ("load_ext", "reload_ext", "aimport") and words:
            self._facts.imports.append(Import(module=words[0], is_weak=True))
        elif name in ("sx", "system", "sh"):
            self._shell(rest)

    def _shell(self, text: str) -> None:
        from branchline.core.changes.entries import entries_of

        for entry in entries_of(text, "."):
            if entry.path:
                self._facts.runs[entry.path] = None
            if entry.module and entry.kind.value == "module":
                self._facts.imports.append(
                    Import(module=entry.module, names=("__main__",), is_weak=True)
                )


def _is_known(doubt: str) -> bool:
    return doubt.startswith((doubts.READS_CODE, doubts.READS_DOCSTRINGS, doubts.OPEN_IMPORT))


def _kernel(document: dict[str, object]) -> str:
    metadata = document.get("metadata")
    kernel = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    return str(kernel.get("name", "")) if isinstance(kernel, dict) else ""


def _lengthed(parts: list[bytes]) -> bytes:
    return b"".join(b"%d:%s;" % (len(part), part) for part in parts)


def _tree(text: str) -> ast.Module:
    """The tree of a cell; lines of magic become calls that hold their text.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: It is no Python even so.
    """
    try:
        return parse(text)
    except SyntaxError:
        lines = [_without_magic(line) for line in text.replace("\\\n", "\x00").split("\n")]
        return parse("\n".join(lines).replace("\x00", "\\\n"))


def _without_magic(line: str) -> str:
    if match := _MAGIC_LINE.match(line):
        kept = match[2].replace("\x00", "\n")
        return f"{match[1]}__magic__({kept!r})"
    if match := _MAGIC_VALUE.match(line):
        kept = match[3].replace("\x00", "\n")
        return f"{match[1]}{match[2]}__magic__({kept!r})"
    return line


def _is_magic(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Name) and node.func.id == "__magic__" and bool(node.args)
