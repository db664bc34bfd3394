"""YAML text into typed values with lines: YAML 1.2 for what users write, 1.1 for comparisons.

Serves every station that reads files. libyaml's parser (or PyYAML's own where it is missing) finds
the nodes; which value a scalar has is decided in `scalars`. Does not write YAML.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from branchline.core.documents import scalars
from branchline.core.documents.document import Document
from branchline.errors import DocumentError

if TYPE_CHECKING:
    from branchline.core.documents.document import Path

_TAG = "tag:yaml.org,2002:"
_PLAIN = ""
"""Tag that our loader gives to plain scalars: their value decides their type."""

_loader_class: Any = None


def read_yaml(data: bytes, *, file: str) -> Document:
    """Read one YAML 1.2 document, as ruamel.yaml's safe reader (and so DVC) does.

    Duplicate keys are refused everywhere, also beside a merge key.

    Args:
        data: The bytes; UTF-8.
        file: How messages name the text.

    Returns:
        Its value, made of dict, list, str, int, float, bool, None, date, datetime and, where tags
        ask for them, bytes and set.

    Raises:
        DocumentError: It is no YAML, holds more than one document, a duplicate key, an unknown
            tag or a value that cannot be; with file, line and column.
    """
    root = _compose(data, file)
    if root is None:
        return Document(file=file, value=None)
    builder = _Builder(file)
    try:
        value = builder.value_of(root)
    except RecursionError:
        raise DocumentError(f"{file}: the YAML is nested too deeply") from None
    return Document(file=file, value=value, places=_NodePlaces(root, file))


def read_yaml_11(data: bytes, *, file: str) -> object:
    """The value of one YAML document as PyYAML's safe loader reads it (YAML 1.1).

    Raises:
        DocumentError: PyYAML refuses it.
    """
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    _check_text(data, file)
    try:
        return yaml.load(data, loader)  # noqa: S506 # a safe loader, in C where there is one
    except yaml.YAMLError as error:
        raise _yaml_error(error, data, file) from error
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        raise DocumentError(f"{file}: the YAML cannot be read: {error}") from error


def _check_text(data: bytes, file: str) -> None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        raise DocumentError(
            f"{file}:{line}:{column}: byte 0x{data[error.start]:02x} is not UTF-8",
            todo="Save the file as UTF-8.",
        ) from error


def _compose(data: bytes, file: str) -> Any:
    """The root node of the only document, or None when there is none."""
    import yaml

    _check_text(data, file)
    if b"%YAML" in data and (b"\n%YAML" in data or data.startswith(b"%YAML")):
        _check_version(data, file)
    loader = _loader()(data)
    try:
        return loader.get_single_node()
    except yaml.YAMLError as error:
        raise _yaml_error(error, data, file) from error
    except RecursionError:
        raise DocumentError(f"{file}: the YAML is nested too deeply") from None
    finally:
        loader.dispose()


def _check_version(data: bytes, file: str) -> None:
    for number, line in enumerate(data.splitlines(), start=1):
        if line.startswith(b"%YAML") and line.split()[1:2] != [b"1.2"]:
            raise DocumentError(
                f"{file}:{number}:1: {line.decode().strip()} asks for another YAML than 1.2",
                todo="Delete the %YAML line, or write %YAML 1.2.",
            )


def _yaml_error(error: Exception, data: bytes, file: str) -> DocumentError:
    """Our error for one of PyYAML's, with line and column where it knows them.

    Three causes are worth naming: what the parser says about them explains nothing.
    """
    lines = data.decode("utf-8", "replace").splitlines()
    for number, text in enumerate(lines, start=1):
        if text.startswith(("<<<<<<< ", ">>>>>>> ")):
            return DocumentError(
                f"{file}:{number}:1: the YAML cannot be read: an unresolved merge conflict",
                todo="Resolve it: keep one side, and delete the lines of the markers.",
            )
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    context = getattr(error, "context", None)
    where = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark is not None else file
    tail = f" {context}" if context else ""
    line = lines[mark.line] if mark is not None and mark.line < len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        tail += "; a tab indents this line, and YAML wants spaces"
    elif "${" in line and "flow" in str(context):
        tail += "; inside [ ] or { } a text with ${...} needs quotes"
    return DocumentError(f"{where}: the YAML cannot be read: {problem}{tail}")


def _loader() -> Any:
    """Our loader class: finds nodes, leaves plain scalars unresolved."""
    global _loader_class  # noqa: PLW0603 # built once, when yaml is first needed
    if _loader_class is None:
        _loader_class = _make_loader()
    return _loader_class


def _make_loader() -> Any:
    import yaml

    class Resolver:
        def descend_resolver(self, current_node: object, current_index: object) -> None:
            """No rule of ours depends on where a node stands."""

        def ascend_resolver(self) -> None:
            """See descend_resolver."""

        def resolve(self, kind: type, _value: object, implicit: Any) -> str:
            if kind is yaml.ScalarNode:
                return _PLAIN if implicit[0] else _TAG + "str"
            return _TAG + ("seq" if kind is yaml.SequenceNode else "map")

    try:
        from yaml._yaml import CParser
    except ImportError:
        return _make_pure_loader(Resolver)

    class Loader(CParser, Resolver):
        pass

    return Loader


def _make_pure_loader(resolver: type) -> Any:
    from yaml.composer import Composer
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner

    class Loader(Reader, Scanner, Parser, Composer, resolver):  # type: ignore[misc] # the base is made at run time, once yaml is imported
        def __init__(self, stream: bytes) -> None:
            Reader.__init__(self, stream)
            Scanner.__init__(self)
            Parser.__init__(self)
            Composer.__init__(self)

    return Loader


class _Builder:
    """Values out of nodes. Aliased nodes give one shared value, as in ruamel.yaml."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.done: dict[int, object] = {}
        self.open: set[int] = set()

    def value_of(self, node: Any) -> object:
        tag = node.tag
        if node.id == "scalar":
            if tag == _PLAIN:
                try:
                    return scalars.plain_value(node.value)
                except (ValueError, OverflowError) as error:
                    raise self.error(node, f"{node.value!r} cannot be read: {error}") from None
            return node.value if tag == _TAG + "str" else self._tagged_scalar(node)
        return self._collection(node)

    def error(self, node: Any, text: str, *, todo: str = "") -> DocumentError:
        mark = node.start_mark
        return DocumentError(f"{self.file}:{mark.line + 1}:{mark.column + 1}: {text}", todo=todo)

    def _tagged_scalar(self, node: Any) -> object:
        kind = node.tag.removeprefix(_TAG)
        text = node.value
        try:
            if kind == "null":
                return None
            if kind == "bool":
                return scalars.TAGGED_BOOLEANS[text.lower()]
            if kind == "int":
                return scalars.int_value(text)
            if kind == "float":
                return scalars.float_value(text)
            if kind == "timestamp":
                return scalars.stamp_value(text)
            if kind == "binary":
                import base64

                return base64.decodebytes(text.encode("ascii"))
        except (ValueError, KeyError, OverflowError):
            raise self.error(node, f"{text!r} is no {kind}") from None
        raise self._unknown_tag(node)

    def _unknown_tag(self, node: Any) -> DocumentError:
        tag = node.tag.removeprefix(_TAG) if node.tag.startswith(_TAG) else node.tag
        return self.error(
            node, f"the tag {tag} means nothing here", todo="Delete the tag, or quote the value."
        )

    def _collection(self, node: Any) -> object:
        identity = id(node)
        if identity in self.done:
            return self.done[identity]
        if identity in self.open:
            raise self.error(node, "the value contains itself")
        self.open.add(identity)
        kind = node.tag.removeprefix(_TAG)
        value: object
        if node.id == "mapping" and kind == "map":
            value = self._mapping(node)
        elif node.id == "sequence" and kind == "seq":
            value = [self.value_of(child) for child in node.value]
        elif node.id == "mapping" and kind == "set":
            value = set(self._mapping(node))
        elif node.id == "sequence" and kind in ("omap", "pairs"):
            value = self._pairs(node, kind)
        else:
            raise self._unknown_tag(node)
        self.open.discard(identity)
        self.done[identity] = value
        return value

    def _pairs(self, node: Any, kind: str) -> object:
        pairs = []
        for child in node.value:
            if child.id != "mapping" or len(child.value) != 1:
                raise self.error(child, f"an item of !!{kind} must be a mapping of one key")
            key, item = child.value[0]
            pairs.append((self._key(key), self.value_of(item)))
        return dict(pairs) if kind == "omap" else pairs

    def _mapping(self, node: Any) -> dict[Any, object]:
        own: dict[Any, object] = {}
        merged: dict[Any, object] | None = None
        for key_node, value_node in node.value:
            if key_node.tag == _PLAIN and key_node.value == "<<":
                if merged is not None:
                    raise self.error(key_node, "the merge key << stands twice in one mapping")
                merged = self._merged(value_node)
                continue
            key = self._key(key_node)
            if key in own:
                raise self.error(
                    key_node,
                    f"the key {_shown(key)} stands twice in one mapping",
                    todo="Delete or rename one of the two.",
                )
            own[key] = self.value_of(value_node)
        if merged is None:
            return own
        merged.update(own)
        return merged

    def _merged(self, node: Any) -> dict[Any, object]:
        """What `<<: node` brings in; of several mappings the first one wins."""
        sources = node.value if node.id == "sequence" else [node]
        merged: dict[Any, object] = {}
        for source in reversed(sources):
            value = self.value_of(source) if source.id == "mapping" else None
            if not isinstance(value, dict):
                raise self.error(source, "<< takes a mapping or a list of mappings")
            merged.update(value)
        return merged

    def _key(self, node: Any) -> Any:
        if node.tag == _PLAIN and node.value == "=":
            return "="
        key = self.value_of(node)
        if isinstance(key, list):
            key = tuple(key)
        try:
            hash(key)
        except TypeError:
            raise self.error(node, "a mapping cannot be a key") from None
        return key


def _shown(key: object) -> str:
    return f"`{key}`" if isinstance(key, str) else repr(key)


class _NodePlaces:
    """Positions by walking the nodes; each mapping is indexed once, when first asked."""

    def __init__(self, root: Any, file: str) -> None:
        self._root = root
        self._builder = _Builder(file)
        self._indexes: dict[int, dict[Any, tuple[Any, Any]]] = {}

    def position_of(self, path: Path) -> tuple[int, int]:
        node = place = self._root
        for step in path:
            found = self._child(node, step)
            if found is None:
                break
            place, node = found
        return (place.start_mark.line + 1, place.start_mark.column + 1)

    def _child(self, node: Any, step: str | int) -> tuple[Any, Any] | None:
        """The node that names a child (its key, or the item itself) and the child."""
        if node.id == "mapping":
            return self._index(node).get(step)
        if node.id == "sequence" and isinstance(step, int) and 0 <= step < len(node.value):
            return (node.value[step], node.value[step])
        return None

    def _index(self, node: Any) -> dict[Any, tuple[Any, Any]]:
        index = self._indexes.get(id(node))
        if index is None:
            index = self._indexes[id(node)] = {}
            for key_node, value_node in node.value:
                if key_node.tag == _PLAIN and key_node.value == "<<":
                    sources = value_node.value if value_node.id == "sequence" else [value_node]
                    for source in sources:
                        for key, places in self._index(source).items():
                            index.setdefault(key, places)
            for key_node, value_node in node.value:
                if not (key_node.tag == _PLAIN and key_node.value == "<<"):
                    index[self._builder._key(key_node)] = (key_node, value_node)  # noqa: SLF001 # same module
        return index
