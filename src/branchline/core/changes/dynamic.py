"""Station `changes`: imports that are made by a call, as far as their text tells.

`importlib.import_module("pkg.models." + name)` means everything below `pkg.models`. Looks at one
node; follows nothing.
"""

from __future__ import annotations

import ast

from branchline.core.changes.values import Import


def name_of(node: ast.AST) -> str:
    """`f` of `f` and of `a.b.f`; "" of anything else."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def text_of(node: ast.AST | None) -> str | None:
    """The value of a string literal; None of anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None


def dynamic_import(node: ast.Call, name: str) -> Import | None:
    """The module that a call imports, or the beginning of its name; None when it cannot be told.

    Args:
        node: A call of `import_module`, `__import__`, `run_module` or `find_spec`.
        name: Which of them.
    """
    argument = _argument(node, 0, ("name", "mod_name"))
    text = text_of(argument)
    start = text if text is not None else _prefix_of(argument)
    if start is None:
        return None
    level = len(start) - len(start.lstrip("."))
    module = start[level:]
    package = text_of(_argument(node, 1, ("package",))) if level else None
    if package is not None:
        above = package.split(".")
        above = above[: len(above) - level + 1]
        level, module = 0, ".".join([*above, module] if module else above)
    if text is not None:
        names = ("__main__",) if name == "run_module" else ()
        return Import(module=module, names=names, level=level, is_weak=True, line=node.lineno)
    head, _, rest = module.rpartition(".")
    return Import(
        module=head, names=(rest,), level=level, is_weak=True, line=node.lineno, is_prefix=True
    )


def _argument(node: ast.Call, index: int, keywords: tuple[str, ...]) -> ast.expr | None:
    for keyword in node.keywords:
        if keyword.arg in keywords:
            return keyword.value
    return node.args[index] if len(node.args) > index else None


def _prefix_of(node: ast.AST | None) -> str | None:
    """The constant text that an expression begins with; None when it begins otherwise."""
    if isinstance(node, ast.JoinedStr) and node.values:
        return text_of(node.values[0]) or _own_package(node.values[0])
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return text_of(node.left) or _own_package(node.left) or _prefix_of(node.left)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        text = text_of(node.left)
        return text.partition("%")[0] or None if text else None
    if isinstance(node, ast.Call) and name_of(node.func) == "format":
        text = text_of(node.func.value) if isinstance(node.func, ast.Attribute) else None
        return text.partition("{")[0] or None if text else None
    return None


def _own_package(node: ast.AST) -> str | None:
    """`__name__` and `__package__` at the beginning mean the file's own package."""
    inner = node.value if isinstance(node, ast.FormattedValue) else node
    is_own = isinstance(inner, ast.Name) and inner.id in ("__name__", "__package__")
    return "." if is_own else None
