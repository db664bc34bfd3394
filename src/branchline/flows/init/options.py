"""Options of a script's command line, by its syntax tree: argparse, click, typer, absl, fire, argv.

Serves `init`. Never imports or runs the script; what is computed is left unknown.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

__all__ = ["Option", "Parser", "callee", "constants_of", "keyword", "options_of", "variable_of"]

_MOST_CONSTANTS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An option of the script's command line.

    Attributes:
        name: As typed (`--epochs`); without dashes where it is told by its place.
        default: Its default when that is a plain value; else None.
        is_required: Whether the script does not start without it.
        line: From 1.
        choices: What it may be; empty when that is not said.
    """

    name: str
    default: object
    is_required: bool
    line: int
    choices: tuple[str, ...] = ()

    @property
    def variable(self) -> str:
        """What the script calls its value: `--out-dir` -> out_dir."""
        return variable_of(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parser:
    """How a script reads its command line.

    Attributes:
        library: argparse, click, typer, absl, fire, sys.argv; "" where it takes no options.
        line: Of the first sign of it.
        options: In the order of their lines.
        required_words: How many words `sys.argv` must have behind the script's name.
    """

    library: str = ""
    line: int = 1
    options: tuple[Option, ...] = ()
    required_words: int = 0


def variable_of(name: str) -> str:
    """What a script calls the value of an option.

    >>> variable_of("--out-dir"), variable_of("trainer.epochs")
    ('out_dir', 'trainer_epochs')
    """
    return name.lstrip("-").replace("-", "_").replace(".", "_")


def options_of(tree: ast.Module) -> Parser:
    """How a script reads its command line."""
    found = _declared(tree)
    library, line = _library(tree)
    if library in ("fire", "typer"):
        found = [*found, *_of_functions(tree, library)]
    words, word_line = _argv_words(tree)
    if not library and words:
        library, line = "sys.argv", word_line
    elif library:
        words = 0
    if found and not library:
        library, line = "argparse", found[0].line
    once = {option.name: option for option in reversed(found)}
    ordered = sorted(once.values(), key=lambda option: option.line)
    return Parser(library=library, line=line, options=tuple(ordered), required_words=words)


def constants_of(tree: ast.Module) -> tuple[tuple[str, object, int], ...]:
    """Names in capitals that the top level gives a plain value: (name, value, line)."""
    found = []
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if isinstance(node, ast.AnnAssign):
            target = node.target
        value = getattr(node, "value", None)
        if (
            isinstance(target, ast.Name)
            and target.id.isupper()
            and isinstance(value, ast.Constant)
            and isinstance(value.value, int | float | str)
        ):
            found.append((target.id, value.value, node.lineno))
    return tuple(found[:_MOST_CONSTANTS])


def _library(tree: ast.Module) -> tuple[str, int]:
    """The library that parses options, and where it is called."""
    signs = {
        ("argparse", "ArgumentParser"): "argparse",
        ("click", "command"): "click",
        ("click", "group"): "click",
        ("typer", "Typer"): "typer",
        ("typer", "run"): "typer",
        ("fire", "Fire"): "fire",
        ("app", "run"): "absl",
    }
    alone = {"ArgumentParser": "argparse", "HfArgumentParser": "argparse", "Fire": "fire"}
    has_flags = "absl" in _modules(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call | ast.Attribute):
            continue
        function = node.func if isinstance(node, ast.Call) else node
        name, owner = callee(function)
        library = signs.get((owner, name)) or (alone.get(name) if not owner else None)
        if library == "absl" and not has_flags:
            continue
        if library:
            return library, node.lineno
    return "", 1


def _modules(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


def _declared(tree: ast.AST) -> list[Option]:
    """Calls of `add_argument`, `click.option`, `click.argument` and `flags.DEFINE_...`."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name, _ = callee(node.func)
        if name.startswith("DEFINE_"):
            found += _flag(name, node)
        elif name in ("add_argument", "option", "argument") and isinstance(
            node.func, ast.Attribute
        ):
            texts = [a.value for a in node.args if isinstance(a, ast.Constant)]
            names = [text for text in texts if isinstance(text, str)]
            if names:
                long = next((text for text in names if text.startswith("--")), names[0])
                found.append(_option(long.partition("/")[0], node))
    return found


def _option(name: str, node: ast.Call) -> Option:
    keywords = {keyword.arg: keyword.value for keyword in node.keywords}
    default = _plain(keywords.get("default"))
    required = keywords.get("required")
    is_positional = not name.startswith("-")
    optional_positional = isinstance(nargs := keywords.get("nargs"), ast.Constant) and (
        nargs.value in ("?", "*")
    )
    return Option(
        name=name,
        default=default,
        is_required=(isinstance(required, ast.Constant) and required.value is True)
        or (is_positional and not optional_positional and "default" not in keywords),
        line=node.lineno,
        choices=_choices(keywords.get("choices") or keywords.get("type")),
    )


def _flag(name: str, node: ast.Call) -> list[Option]:
    """`flags.DEFINE_string("out", "model", ...)`; required where `required=True`."""
    first = _plain(node.args[0]) if node.args else None
    if not isinstance(first, str):
        return []
    keywords = {keyword.arg: keyword.value for keyword in node.keywords}
    default = keywords.get("default") or (node.args[1] if node.args[1:] else None)
    required = keywords.get("required")
    choices = node.args[2] if name == "DEFINE_enum" and node.args[2:] else None
    return [
        Option(
            name=f"--{first}",
            default=_plain(default),
            is_required=isinstance(required, ast.Constant) and required.value is True,
            line=node.lineno,
            choices=_choices(keywords.get("enum_values") or choices),
        )
    ]


def _choices(node: ast.expr | None) -> tuple[str, ...]:
    if isinstance(node, ast.Call):  # click.Choice([...])
        node = node.args[0] if node.args else None
    if not isinstance(node, ast.List | ast.Tuple):
        return ()
    return tuple(str(item.value) for item in node.elts if isinstance(item, ast.Constant))


def _of_functions(tree: ast.Module, library: str) -> list[Option]:
    """Parameters of the functions that fire or typer make a command of."""
    functions = {
        node.name: node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    called = [
        argument.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and callee(node.func)[0] in ("Fire", "run")
        for argument in node.args[:1]
        if isinstance(argument, ast.Name)
    ]
    if library == "typer":
        called += [
            name
            for name, node in functions.items()
            if any(callee(d.func if isinstance(d, ast.Call) else d)[0] == "command"
                   for d in node.decorator_list)
        ]  # fmt: skip
    return [
        option
        for name in dict.fromkeys(called)
        if name in functions
        for option in _parameters(functions[name], library)
    ]


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef, library: str) -> list[Option]:
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    pairs = [*zip(positional, [*defaults, *arguments.defaults], strict=True)]
    pairs += [*zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    found = []
    for argument, given in pairs:
        default = given
        is_ellipsis = False
        is_option = given is not None
        if isinstance(given, ast.Call):  # typer.Option(0.1, "--lr"), typer.Argument(...)
            is_option = callee(given.func)[0] != "Argument"
            default = given.args[0] if given.args else None
            is_ellipsis = isinstance(default, ast.Constant) and default.value is Ellipsis
        is_required = default is None or is_ellipsis
        dashes = "--" if is_option or library == "fire" else ""
        spelled = argument.arg if library == "fire" else argument.arg.replace("_", "-")
        found.append(
            Option(
                name=dashes + spelled if dashes else argument.arg,
                default=None if is_ellipsis else _plain(default),
                is_required=is_required,
                line=argument.lineno,
            )
        )
    return found


def _argv_words(tree: ast.AST) -> tuple[int, int]:
    """The largest index of `sys.argv` that is used outside a condition on its length."""
    most, line = 0, 1
    for node in ast.walk(tree):
        if isinstance(node, ast.IfExp) and "argv" in ast.dump(node.test):
            return 0, node.lineno  # `sys.argv[1] if len(sys.argv) > 1 else ...`
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute):
            index = node.slice.value if isinstance(node.slice, ast.Constant) else None
            if node.value.attr == "argv" and isinstance(index, int) and index > most:
                most, line = index, node.lineno
    return most, line


def _plain(node: ast.expr | None) -> object:
    """A plain value, also behind `Path("out")` and a minus; None when it is computed."""
    if isinstance(node, ast.Call) and node.args:
        node = node.args[0]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _plain(node.operand)
        return -inner if isinstance(inner, int | float) else None
    return node.value if isinstance(node, ast.Constant) else None


def callee(function: ast.expr) -> tuple[str, str]:
    """Name of what is called and of what it hangs on: `np.save` -> save, np."""
    if isinstance(function, ast.Name):
        return function.id, ""
    if isinstance(function, ast.Attribute):
        owner = function.value
        if isinstance(owner, ast.Name):
            return function.attr, owner.id
        return function.attr, owner.attr if isinstance(owner, ast.Attribute) else ""
    return "", ""


def keyword(node: ast.Call, name: str) -> list[ast.expr]:
    """The value of a keyword, where it is given."""
    return [given.value for given in node.keywords if given.arg == name]
