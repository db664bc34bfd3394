"""What parameters of functions are, by the calls that pass them. Serves `init`.

A parameter belongs to its function: `path` of one is not the `path` of another.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Protocol

from branchline.flows.init.folding import UNKNOWN, gives_value
from branchline.flows.init.options import callee

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from branchline.flows.init.folding import Folding

__all__ = ["Source", "bind_parameters", "functions_around"]


class Source(Protocol):
    """One file as it was read.

    Attributes:
        file: From the root.
        tree: Its syntax tree.
        functions: By name; classes stand for their `__init__`.
        methods: By `Class.method`.
        values: Names that are given a value.
        foreign: Names of libraries that are not the repository's.
        around: As `functions_around` tells.
    """

    file: str
    tree: ast.Module
    functions: dict[str, ast.FunctionDef]
    methods: dict[str, ast.FunctionDef]
    values: dict[str, ast.expr]
    foreign: set[str]
    around: dict[int, tuple[ast.FunctionDef, ...]]


def functions_around(tree: ast.Module) -> dict[int, tuple[ast.FunctionDef, ...]]:
    """The functions in which each call stands, outermost first, by the call's `id`."""
    found: dict[int, tuple[ast.FunctionDef, ...]] = {}
    waiting: list[tuple[ast.AST, tuple[ast.FunctionDef, ...]]] = [(tree, ())]
    while waiting:
        node, around = waiting.pop()
        if isinstance(node, ast.Call):
            found[id(node)] = around
        inner = (*around, node) if isinstance(node, ast.FunctionDef) else around
        waiting += [(child, inner) for child in ast.iter_child_nodes(node)]
    return found


def bind_parameters(sources: Collection[Source], foldings: Mapping[str, Folding]) -> None:
    """Give parameters of functions what their callers pass, where that can be told.

    The first call that tells counts: `save(model, "out/model.pkl")` tells what `path` is.

    Args:
        sources: The files of one script.
        foldings: What expressions come to, by file; gets what is bound.
    """
    for _ in range(2):  # a value may go through one more function
        for caller in sources:
            for node in ast.walk(caller.tree):
                if isinstance(node, ast.Call):
                    with foldings[caller.file].within(*caller.around[id(node)]):
                        _bind_call(node, caller, sources, foldings)
    for source in sources:
        for function in (*source.functions.values(), *source.methods.values()):
            _bind_defaults(function, foldings[source.file])


def _bind_call(
    node: ast.Call, caller: Source, sources: Collection[Source], foldings: Mapping[str, Folding]
) -> None:
    name, owner = callee(node.func)
    if owner in caller.foreign:
        return  # `lightgbm.train` is not the `train` that stands here
    made = _class_of(node.func, caller)
    is_known = any(f"{made}.{name}" in holder.methods for holder in sources)
    for holder in sources:
        function = holder.methods.get(f"{made}.{name}") if is_known else holder.functions.get(name)
        if function is not None:
            _bind(node, function, foldings[caller.file], foldings[holder.file])


def _class_of(function: ast.expr, caller: Source) -> str:
    """The class of which a method is called: `Trainer(...).fit`, `trainer.fit`; "" if not known."""
    holder = function.value if isinstance(function, ast.Attribute) else None
    if isinstance(holder, ast.Name):
        holder = caller.values.get(holder.id)
    return callee(holder.func)[0] if isinstance(holder, ast.Call) else ""


def _bind_defaults(function: ast.FunctionDef, folding: Folding) -> None:
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    tail = positional[len(positional) - len(arguments.defaults) :]
    pairs = [*zip(tail, arguments.defaults, strict=True)]
    pairs += [(a, d) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d]
    for argument, default in pairs:
        value = folding.value(default)
        if value is not UNKNOWN:
            folding.bind(argument.arg, value, function)


def _bind(call: ast.Call, function: ast.FunctionDef, caller: Folding, called: Folding) -> None:
    names = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
    if names[:1] in (["self"], ["cls"]):
        names = names[1:]
    passed = [*zip(names, call.args, strict=False)]
    for keyword in call.keywords:
        if keyword.arg:
            passed.append((keyword.arg, keyword.value))
            continue
        spread = caller.value(keyword.value)  # **settings
        for key, item in spread.items() if isinstance(spread, dict) else ():
            called.bind(str(key), item, function)
    for name, node in passed:
        if gives_value(function, name) or isinstance(node, ast.Starred):
            continue
        value = caller.value(node)
        if value is not UNKNOWN:
            called.bind(name, value, function)
