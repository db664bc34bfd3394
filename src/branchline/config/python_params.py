"""Parameters that stand in a Python file: literal assignments, class attributes, `self.x`.

Serves `params`. The file is parsed, never run; what is no literal is no parameter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from branchline.errors import DocumentError

if TYPE_CHECKING:
    import ast
    from collections.abc import Mapping, Sequence


def read_python_params(data: bytes, *, file: str) -> Mapping[str, object]:
    """All literal parameters of a Python file.

    Module assignments by name, class attributes below the class's name, and what the class's
    `__init__` assigns to `self`; a later assignment wins. Tuples and sets keep their type.

    Raises:
        DocumentError: It does not parse; with file, line and column.
    """
    import ast

    try:
        tree = ast.parse(data, filename=file)
    except SyntaxError as error:
        raise DocumentError(
            f"{file}:{error.lineno or 1}:{error.offset or 1}: the Python cannot be read: "
            f"{error.msg}"
        ) from error
    except ValueError as error:
        raise DocumentError(f"{file}: the Python cannot be read: {error}") from error
    return _assignments(tree.body, of_self=False)


def _assignments(body: Sequence[ast.stmt], *, of_self: bool) -> dict[str, object]:
    import ast

    found: dict[str, object] = {}
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            found[statement.name] = _assignments(statement.body, of_self=False)
        elif isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
            found.update(_assignments(statement.body, of_self=True))
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            name = _target_name(statement, of_self=of_self)
            if name is not None and statement.value is not None:
                _assign(found, name, statement.value)
    return found


def _assign(found: dict[str, object], name: str, node: ast.expr) -> None:
    import ast

    try:
        found[name] = cast("object", ast.literal_eval(node))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return


def _target_name(statement: ast.Assign | ast.AnnAssign, *, of_self: bool) -> str | None:
    """The name that a plain assignment binds, or None when it binds none or several."""
    import ast

    if isinstance(statement, ast.AnnAssign):
        target: ast.expr = statement.target
    elif len(statement.targets) == 1:
        target = statement.targets[0]
    else:
        return None
    if isinstance(target, ast.Name):
        return None if of_self else target.id
    owner = target.value if isinstance(target, ast.Attribute) else None
    if isinstance(owner, ast.Name) and owner.id == "self":
        return cast("ast.Attribute", target).attr
    return None
