"""Station `changes`: Python's syntax tree in a canonical form of our own.

Not `ast.dump`, whose text differs between versions of Python: absent fields are left out, so that a
field which a later Python adds changes nothing while it is unused. The form is injective: names and
texts carry their length. Comments, layout, quotes, number spelling and redundant parentheses are
not in the tree and so not in the form. Resolves no import and judges nothing.
"""

from __future__ import annotations

import ast
import hashlib

# What typing.TYPE_CHECKING says, without importing typing; checkers know the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from branchline.core.policy import ChangeRules

# The context follows from the place; `kind` is the u of u'a'; comments are read elsewhere.
_SKIPPED = frozenset({"ctx", "kind", "type_comment", "type_ignores"})
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def parse(data: bytes | str) -> ast.Module:
    """The syntax tree of a source, from bytes so that the encoding line counts.

    Raises:
        SyntaxError: It is not Python of this version.
        ValueError: It holds null bytes.
        RecursionError, MemoryError: It is nested too deeply.
    """
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "invalid escape sequence" is the user's business
        return ast.parse(data)


def digest_of_text(parts: Iterable[bytes]) -> str:
    """SHA-256, as 64 hexadecimal characters, of byte strings laid end to end."""
    hasher = hashlib.sha256()
    for part in parts:
        hasher.update(part)
    return hasher.hexdigest()


class Canon:
    """Writes trees in the canonical form.

    Args:
        rules: Whether docstrings, annotations and the order of imports count.
    """

    def __init__(self, rules: ChangeRules) -> None:
        self._docstrings = rules.docstrings
        self._annotations = rules.annotations
        self._import_order = rules.import_order
        self._in_class = False
        self._known: dict[int, bytes] = {}
        self._kept: list[ast.stmt] = []

    def statements(self, body: Sequence[ast.stmt]) -> bytes:
        """The form of statements in order."""
        if not self._import_order:
            body = _sorted_imports(body)
        return b"[%d%s]" % (len(body), b"".join(map(self.statement, body)))

    def module(self, tree: ast.Module) -> bytes:
        """The form of a whole module."""
        return self.statements(self.body_of(tree))

    def statement(self, statement: ast.stmt) -> bytes:
        """The form of one statement of a module; made once for all who ask."""
        form = self._known.get(id(statement))
        if form is None:
            parts: list[bytes] = []
            self._node(parts, statement)
            form = self._known[id(statement)] = b"".join(parts)
            self._kept.append(statement)  # alive, so that its id stays its own
        return form

    def body_of(self, node: ast.AST) -> list[ast.stmt]:
        """The statements of a module, class or function that count, in the order that counts."""
        body: list[ast.stmt] = list(node.body)  # type: ignore[attr-defined] # the callers give nodes with bodies
        if not self._docstrings and isinstance(node, _DOCUMENTED) and _docstring(body):
            body = body[1:]
        return body

    def _body(self, parts: list[bytes], body: Sequence[ast.stmt]) -> None:
        if not self._import_order:
            body = _sorted_imports(body)
        parts.append(b"[%d" % len(body))
        for statement in body:
            self._node(parts, statement)
        parts.append(b"]")

    def _node(self, parts: list[bytes], node: ast.AST) -> None:
        kind = type(node)
        if (
            kind is ast.AnnAssign
            and not self._annotations
            and self._without_annotation(parts, node)
        ):
            return
        start, fields = _SHAPES.get(kind) or _shape_of(kind)
        parts.append(start)
        for name, label in fields:
            value = getattr(node, name, None)
            if value is None:
                if kind is ast.Constant:
                    parts.append(b" None")
            elif isinstance(value, ast.AST):
                if self._annotations or name not in ("annotation", "returns"):
                    parts.append(label)
                    self._node(parts, value)
            elif isinstance(value, list):
                if name == "body" and kind in _DOCUMENTED:
                    parts.append(label)
                    outside, self._in_class = self._in_class, kind is ast.ClassDef
                    self._body(parts, self.body_of(node))
                    self._in_class = outside
                elif value:
                    parts.append(label)
                    self._items(parts, value)
            else:
                parts.append(label)
                parts.append(_constant(value))
        parts.append(b")")

    def _items(self, parts: list[bytes], values: list[object]) -> None:
        parts.append(b"[%d" % len(values))
        for value in values:
            if isinstance(value, ast.AST):
                self._node(parts, value)
            else:
                parts.append(
                    _constant(value)
                )  # names, and None where a dict or a default has a gap
        parts.append(b"]")

    def _without_annotation(self, parts: list[bytes], node: ast.AST) -> bool:
        """Write `x: int = 1` as `x = 1`, except in a class, where it makes a field."""
        if not isinstance(node, ast.AnnAssign) or node.value is None or self._in_class:
            return False
        self._node(parts, ast.Assign(targets=[node.target], value=node.value))
        return True


def _shape_of(kind: type[ast.AST]) -> tuple[bytes, tuple[tuple[str, bytes], ...]]:
    """How nodes of a class begin, and their fields that count with what stands before each."""
    fields = tuple((n, b" %s=" % n.encode()) for n in kind._fields if n not in _SKIPPED)
    shape = _SHAPES[kind] = (b"(" + kind.__name__.encode(), fields)
    return shape


_SHAPES: dict[type[ast.AST], tuple[bytes, tuple[tuple[str, bytes], ...]]] = {}


def _constant(value: object) -> bytes:
    """A leaf of the tree with its type: 1, 1.0 and True differ, 0x10 and 16 do not."""
    if isinstance(value, str):
        text = value.encode("utf-8", "surrogatepass")
        return b"s%d:%s" % (len(text), text)
    if isinstance(value, bool):
        return b"b1" if value else b"b0"
    if isinstance(value, int):
        return b"i" + hex(value).encode()  # hex: decimal digits are limited in number
    if isinstance(value, float):
        return b"f" + value.hex().encode()
    if isinstance(value, complex):
        return f"c{value.real.hex()},{value.imag.hex()}".encode()
    if isinstance(value, bytes):
        return b"y%d:%s" % (len(value), value)
    return b"None" if value is None else b"..."


def _docstring(body: Sequence[ast.stmt]) -> bool:
    first = body[0] if body else None
    return (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )


def _sorted_imports(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """The same statements with each uninterrupted run of imports in one fixed order."""
    result: list[ast.stmt] = []
    run: list[ast.stmt] = []
    for statement in body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            run.append(statement)
            continue
        result.extend(_sorted_run(run))
        run = []
        result.append(statement)
    result.extend(_sorted_run(run))
    return result


def _sorted_run(run: list[ast.stmt]) -> list[ast.stmt]:
    single: list[tuple[tuple[str, ...], ast.stmt]] = []
    bound: list[str] = []
    for statement in run:
        assert isinstance(statement, ast.Import | ast.ImportFrom)  # noqa: S101 # for the type checker; the caller filtered
        for alias in statement.names:
            if alias.name == "*":
                return run  # what a star binds, and hides, is not known
            if isinstance(statement, ast.ImportFrom):
                one: ast.stmt = ast.ImportFrom(
                    module=statement.module, names=[alias], level=statement.level
                )
                origin = "." * statement.level + (statement.module or "")
                bound.append(alias.asname or alias.name)
            else:
                one = ast.Import(names=[alias])
                origin = ""
                bound.append(alias.asname or alias.name)
            single.append(((origin, alias.name, alias.asname or ""), one))
    if len(set(bound)) != len(bound):
        return run  # two imports bind one name: the last wins, so the order counts
    return [statement for _, statement in sorted(single, key=lambda pair: pair[0])]


def parts_of(tree: ast.Module, canon: Canon) -> tuple[tuple[str, str], ...]:
    """Named parts of a module and short digests, in the order of the source.

    Functions, classes without their methods, methods, assigned names, the imports, the rest.
    """
    found: dict[str, list[bytes]] = {}
    for statement in canon.body_of(tree):
        for label, form in _labelled(statement, canon):
            found.setdefault(label, []).append(form)
    return tuple((label, digest_of_text(forms)[:16]) for label, forms in found.items())


def _labelled(statement: ast.stmt, canon: Canon) -> Iterable[tuple[str, bytes]]:
    if isinstance(statement, _FUNCTIONS):
        yield f"function `{statement.name}`", canon.statement(statement)
    elif isinstance(statement, ast.ClassDef):
        methods = [s for s in statement.body if isinstance(s, _FUNCTIONS)]
        rest = [s for s in canon.body_of(statement) if not isinstance(s, _FUNCTIONS)]
        shell = ast.ClassDef(
            name=statement.name,
            bases=statement.bases,
            keywords=statement.keywords,
            decorator_list=statement.decorator_list,
            body=rest,
        )
        yield f"class `{statement.name}`", canon.statement(shell)
        for method in methods:
            yield f"method `{statement.name}.{method.name}`", canon.statement(method)
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        yield "the imports", canon.statement(statement)
    elif (name := _assigned_name(statement)) is not None:
        yield f"`{name}`", canon.statement(statement)
    elif isinstance(statement, ast.Expr) and _docstring([statement]):
        yield "the docstring", canon.statement(statement)
    else:
        yield "statements of the module", canon.statement(statement)


def _assigned_name(statement: ast.stmt) -> str | None:
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
    elif isinstance(statement, ast.AnnAssign):
        target = statement.target
    else:
        return None
    return target.id if isinstance(target, ast.Name) else None
