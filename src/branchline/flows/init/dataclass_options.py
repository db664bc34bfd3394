"""Options that Hugging Face's `HfArgumentParser` makes of dataclasses. Serves `init`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from branchline.flows.init.options import Option, callee, keyword

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["dataclass_options"]

_LIBRARY = ("TrainingArguments", "Seq2SeqTrainingArguments")
_FOLDER = "outputs"


def dataclass_options(tree: ast.Module) -> list[Option]:
    """Fields of the dataclasses that an `HfArgumentParser` is given; empty without one.

    The folder of the library's own arguments must be given in its older releases: a folder of the
    repository is put there, which costs nobody anything.
    """
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    found: list[Option] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and callee(node.func)[0] == "HfArgumentParser":
            given = node.args[0] if node.args else None
            parts = given.elts if isinstance(given, ast.Tuple | ast.List) else [given]
            for part in parts:
                name = callee(part)[0] if part is not None else ""
                found += _of_class(classes, name, node.lineno)
    return found


def _of_class(classes: dict[str, ast.ClassDef], name: str, line: int) -> Iterator[Option]:
    if name in _LIBRARY:
        yield Option(name="--output_dir", default=_FOLDER, is_required=True, line=line,
                     choices=(_FOLDER,))  # fmt: skip
    made = classes.pop(name, None)
    if made is None:
        return
    for base in made.bases:
        yield from _of_class(classes, callee(base)[0], line)
    for field in made.body:
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            default, is_required = _default(field.value)
            yield Option(name=f"--{field.target.id}", default=default, is_required=is_required,
                         line=field.lineno)  # fmt: skip


def _default(value: ast.expr | None) -> tuple[object, bool]:
    """(default where it is plain, whether there is none)."""
    if isinstance(value, ast.Call) and callee(value.func)[0] == "field":
        given = keyword(value, "default")
        if not given:
            return None, not keyword(value, "default_factory")
        value = given[0]
    if value is None:
        return None, True
    return (value.value, False) if isinstance(value, ast.Constant) else (None, False)
