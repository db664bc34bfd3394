"""Metrics that a script prints or writes as text, by the templates in its calls. Serves `init`.

`print(f"accuracy: {score:.3f}")`, `print("acc", a)`, `log.info("auc = %.2f", auc)` and
`"f1: {}".format(f1)` all come to a text in which values are holes; a metric is a name before one.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from branchline.core.directions import goal_of
from branchline.flows.init.options import callee

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["NUMBER", "REPORT", "is_printing", "names_printed", "sample_of", "template_of"]

_HOLE = "\0"
NUMBER = "0.5"
"""What stands in a sample for a value."""
REPORT = """\
              precision    recall  f1-score   support

           0       0.50      0.50      0.50         2

    accuracy                           0.50         4
   macro avg       0.50      0.50      0.50         4
weighted avg       0.50      0.50      0.50         4
"""
"""What scikit-learn's `classification_report` prints."""
_NAMED = re.compile(
    r"([A-Za-z][\w@./-]*(?: [A-Za-z0-9][\w@./-]*){0,3})"
    r"(?:[*_`]{1,2})?[\"']?\s*(?:[:=|]\s*)?(?:[*_`]{1,2})?\0"
)
_OLD_HOLE = re.compile(r"%\(?[\w ]*\)?[-+ #0]*\d*(?:\.\d+)?[sdifgeEGr]")
_NEW_HOLE = re.compile(r"\{[^{}]*\}")
_LOGGING = {"info", "debug", "warning", "log", "success"}
_LOGGERS = {"logging", "logger", "log", "LOG", "LOGGER", "_logger", "_LOG"}
_SAYING = {"echo", "secho"}


def is_printing(node: ast.Call) -> bool:
    """Whether a call writes a line for people: print, click.echo, tqdm.write, a logger."""
    name, owner = callee(node.func)
    if name == "print" and owner in ("", "console", "rich", "accelerator"):
        return True
    if name in _LOGGING and owner in _LOGGERS:
        return True
    return (name in _SAYING and owner in ("click", "typer", "")) or (
        name == "write" and owner in ("tqdm", "stdout")
    )


def names_printed(arguments: Sequence[ast.expr]) -> tuple[str, ...]:
    """Names of metrics in what a call prints: names that tell which way is better."""
    if len(arguments) > 1 and isinstance(arguments[0], ast.Constant):
        first = arguments[0].value
        if isinstance(first, str) and _OLD_HOLE.search(first):  # log.info("auc %.2f", auc)
            return _named(_OLD_HOLE.sub(_HOLE, first))
    return _named(" ".join(template_of(node) for node in arguments))


def sample_of(arguments: Sequence[ast.expr]) -> str:
    """The text that a call prints, with a number for each value."""
    if len(arguments) > 1 and isinstance(arguments[0], ast.Constant):
        first = arguments[0].value
        if isinstance(first, str) and _OLD_HOLE.search(first):
            return _OLD_HOLE.sub(NUMBER, first)
    return " ".join(template_of(node) for node in arguments).replace(_HOLE, NUMBER)


def template_of(node: ast.expr) -> str:
    """A text with a hole for each value that is only known when it runs."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(
                _hole(part) if isinstance(part, ast.FormattedValue) else template_of(part)
                for part in parts
            )
        case ast.BinOp(left=left, op=ast.Mod()):
            return _OLD_HOLE.sub(_HOLE, template_of(left))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return template_of(left) + template_of(right)
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(text)), attr="format")):
            return _NEW_HOLE.sub(lambda m: _HOLE + "%" * m[0].endswith("%}"), text)
    return _HOLE


def _hole(part: ast.FormattedValue) -> str:
    """A value of an f-string; `{share:.1%}` prints its sign, too."""
    spec = part.format_spec
    last = spec.values[-1] if isinstance(spec, ast.JoinedStr) and spec.values else None
    is_percent = isinstance(last, ast.Constant) and str(last.value).endswith("%")
    return f"{_HOLE}%" if is_percent else _HOLE


def _named(template: str) -> tuple[str, ...]:
    found = []
    for line in template.splitlines() or [template]:
        for match in _NAMED.finditer(line):
            name = match[1].strip()
            if goal_of(name) is not None:
                found.append(name)
    return tuple(dict.fromkeys(found))
