"""No edit that changes what a program prints may be called cosmetic.

Random small projects, random edits of the kinds that people make. Each version is run; when what it
prints differs, the digest over its closure must differ too. The other way round only edits that are
cosmetic by construction are counted: they must never raise an alarm.
"""

from __future__ import annotations

import builtins
import io
import random
import tokenize
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from branchline.core.changes.closure import closure_of
from branchline.core.changes.entries import entries_of
from branchline.core.changes.meaning import meaning_of
from branchline.core.policy import ChangeRules
from branchline.core.values import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from branchline.core.changes.values import Meaning

EDITS = 2_400
RULES = ChangeRules()
Files = dict[str, str]


class Texts:
    """A `SourceTree` over texts; meanings are remembered by content."""

    known: dict[tuple[str, str], Meaning] = {}  # noqa: RUF012 # shared on purpose

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files
        self.folders: dict[str, set[str]] = {".": set()}
        for path in files:
            parts = path.split("/")
            for depth, name in enumerate(parts):
                self.folders.setdefault("/".join(parts[:depth]) or ".", set()).add(name)

    def is_file(self, path: str) -> bool:
        return path in self.files

    def is_dir(self, path: str) -> bool:
        return path in self.folders

    def names(self, path: str) -> Iterable[str] | None:
        return self.folders.get(path)

    def meaning(self, path: str) -> Meaning | None:
        if path not in self.files:
            return None
        key = (path, self.files[path])
        if key not in self.known:
            self.known[key] = meaning_of(path, self.files[path].encode(), RULES)
        return self.known[key]


def fingerprint(files: Mapping[str, str]) -> str:
    tree = Texts(files)
    closure = closure_of(entries_of("python train.py", "."), tree, RULES)
    digests = []
    for file in closure.files:
        meaning = tree.meaning(file.path)
        assert meaning is not None
        digests.append((file.path, files[file.path] if file.by_bytes else meaning.digest))
    return digest_of(digests)


class Program:
    """`python train.py` run in this process, with an importer over texts and its own `print`."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files
        self.out: list[str] = []
        self.modules: dict[str, ModuleType] = {}

    def say(self, *values: object) -> None:
        self.out.append(" ".join(map(str, values)))

    def run(self, path: str, space: dict[str, object]) -> None:
        space["__builtins__"] = {**vars(builtins), "print": self.say, "__import__": self.find}
        exec(compile(self.files[path], path, "exec", dont_inherit=True), space)

    def load(self, name: str) -> ModuleType:
        if name in self.modules:
            return self.modules[name]
        stem = name.replace(".", "/")
        is_package = f"{stem}/__init__.py" in self.files
        path = f"{stem}/__init__.py" if is_package else f"{stem}.py"
        is_namespace = any(known.startswith(stem + "/") for known in self.files)
        if path not in self.files and not is_namespace:
            raise ModuleNotFoundError(name)
        module = self.modules[name] = ModuleType(name)
        if path in self.files:
            module.__dict__["__package__"] = name if is_package else name.rpartition(".")[0]
            self.run(path, module.__dict__)
        return module

    def find(
        self,
        name: str,
        space: Mapping[str, object] | None = None,
        _local: object = None,
        names: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        if level:
            package = str((space or {})["__package__"])
            base = package.rsplit(".", level - 1)[0] if level > 1 else package
            name = f"{base}.{name}" if name else base
        steps = name.split(".")
        self.load(steps[0])
        for length in range(2, len(steps) + 1):
            inner = self.load(".".join(steps[:length]))
            setattr(self.modules[".".join(steps[: length - 1])], steps[length - 1], inner)
        module = self.modules[name]
        for wanted in names or ():
            if wanted != "*" and not hasattr(module, wanted):
                setattr(module, wanted, self.load(f"{name}.{wanted}"))
        return module if names else self.modules[steps[0]]


def printed(files: Mapping[str, str]) -> str:
    """What the program prints, an error that ends it included."""
    program = Program(files)
    try:
        program.run("train.py", {"__name__": "__main__", "__package__": ""})
    except SyntaxError:
        program.out.append("SyntaxError")  # its text holds line numbers, which nobody prints
    except Exception as error:  # noqa: BLE001 # whatever the drawn program does
        program.out.append(f"{type(error).__name__}: {error}")
    return "\n".join(program.out)


# Projects


def draw_project(draw: random.Random) -> Files:
    """A package of a few modules, a script, perhaps a sub-package and a module nobody imports."""
    names = [f"m{index}" for index in range(draw.randint(2, 4))]
    files: Files = {"pkg/__init__.py": draw.choice(["", "", "KIND = 'full'\n"])}
    for index, name in enumerate(names):
        files[f"pkg/{name}.py"] = draw_module(draw, index, names[:index])
    files["other.py"] = "UNUSED = 1\n\n\ndef idle():\n    return UNUSED\n"
    if draw.random() < 0.5:
        files["pkg/deep/__init__.py"] = ""
        files["pkg/deep/leaf.py"] = "from .. import m0\nDEPTH = m0.SCALE + 2\n"
    lines = ["import pkg.m0", f"from pkg.{names[-1]} import work, SCALE"]
    if "pkg/deep/leaf.py" in files:
        lines.append("from pkg.deep.leaf import DEPTH as depth")
    else:
        lines.append("depth = 3")
    lines += [
        "try:",
        "    from pkg import fast",
        "except ImportError:",
        "    fast = None",
        f"print('start', depth, {draw.randint(0, 9)})",
        f"for step in range({draw.randint(1, 3)}):",
        "    print(step, work(step), work(step, 2) if step else pkg.m0.SCALE)",
        "print(SCALE, fast is None)",
        "print(work.__name__, 0x10 + 1, 'it''s', \"done\")",
    ]
    files["train.py"] = "\n".join(lines) + "\n"
    return files


def draw_module(draw: random.Random, index: int, before: Sequence[str]) -> str:
    lines = [f'"""Module {index}."""', ""]
    uses = ""
    if before:
        origin = draw.choice(list(before))
        form = draw.choice(["relative", "from", "star", "function", "plain"])
        if form == "relative":
            lines.append(f"from . import {origin}")
            uses = f" + {origin}.SCALE"
        elif form == "from":
            lines.append(f"from pkg.{origin} import work as earlier")
            uses = " + len(str(earlier(1)))"
        elif form == "star":
            lines.append(f"from pkg.{origin} import *")
            uses = " + FACTORS[0]"
        elif form == "plain":
            lines.append(f"import pkg.{origin}, pkg")
            uses = f" + pkg.{origin}.SCALE"
        else:
            uses = " + late()"
            lines += [
                "def late():",
                f"    from .{origin} import SCALE as far",
                "    return far",
                "",
            ]
    lines += [
        f"SCALE = {draw.randint(1, 20)}",
        f"FACTORS = [{draw.randint(1, 9)}, {draw.randint(1, 9)}]",
        f"PROMPT = 'say {draw.randint(0, 9)} things'",
        "",
        "",
        "def helper(value):",
        '    """Help."""',
        f"    if value > {draw.randint(0, 3)}:",
        f"        return value * {draw.randint(2, 5)}",
        "    return value - SCALE",
        "",
        "",
        f"def work(value, times={draw.randint(1, 4)}):",
        "    total = 0",
        "    for factor in FACTORS:",
        f"        total = total + helper(value) * factor{uses}",
        "    text = f'{PROMPT!r}:{total:>4}'",
        "    return text * times if times < 3 else [total, PROMPT]",
        "",
    ]
    return "\n".join(lines)


# Edits: each takes and gives the text of one module (or the files), None where it does not fit


def lines_where(text: str, test: Callable[[str], bool]) -> list[int]:
    return [number for number, line in enumerate(text.split("\n")) if test(line)]


def add_comment(text: str, draw: random.Random) -> str:
    lines = text.split("\n")
    at = draw.randrange(len(lines))
    if draw.random() < 0.5 and lines[at].strip() and '"""' not in lines[at]:
        lines[at] += f"  # note {draw.randint(0, 99)}"
    else:
        lines.insert(at, " " * draw.choice([0, 4]) + f"# remark {draw.randint(0, 99)}")
    return "\n".join(lines)


def add_blank(text: str, draw: random.Random) -> str:
    lines = text.split("\n")
    lines.insert(draw.randrange(len(lines)), "" if draw.random() < 0.7 else "    ")
    return "\n".join(lines)


def use_crlf(text: str, _draw: random.Random) -> str:
    return text.replace("\r\n", "\n").replace("\n", "\r\n")


def swap_quotes(text: str, draw: random.Random) -> str:
    """Other quotes around one plain literal."""
    found = [
        token
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.STRING and token.string[0] in "'\"" and token.string[:3] != '"""'
    ]
    if not found:
        return text
    token = draw.choice(found)
    lines = text.split("\n")
    row, start = token.start
    inner = token.string[1:-1]
    quote = "'" if token.string[0] == '"' else '"'
    if quote in inner or token.start[0] != token.end[0]:
        return text
    line = lines[row - 1]
    lines[row - 1] = line[:start] + quote + inner + quote + line[token.end[1] :]
    return "\n".join(lines)


def respell_number(text: str, draw: random.Random) -> str:
    numbers = [
        token
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.NUMBER and token.string.isdigit()
    ]
    if not numbers:
        return text
    token = draw.choice(numbers)
    lines = text.split("\n")
    line = lines[token.start[0] - 1]
    value = int(token.string)
    spelled = draw.choice([hex(value), bin(value), f"({value})", oct(value)])
    if line[token.start[1] - 1 : token.start[1]].isalpha():
        return text
    lines[token.start[0] - 1] = line[: token.start[1]] + spelled + line[token.end[1] :]
    return "\n".join(lines)


def wrap(text: str, _draw: random.Random) -> str:
    text = text.replace(
        "\n    return value - SCALE\n", "\n    return (\n        value - SCALE\n    )\n"
    )
    return text.replace("\nFACTORS = [", "\nFACTORS = [\n    ")


COSMETIC: list[Callable[[str, random.Random], str]] = [
    add_comment, add_blank, use_crlf, swap_quotes, respell_number, wrap,
]  # fmt: skip


def change_number(text: str, draw: random.Random) -> str:
    at = [i for i, char in enumerate(text) if char.isdigit() and not text[i - 1].isalnum()]
    if not at:
        return text
    place = draw.choice(at)
    return text[:place] + str((int(text[place]) + draw.randint(1, 8)) % 10) + text[place + 1 :]


def change_text(text: str, draw: random.Random) -> str:
    return text.replace("things", draw.choice(["things ", "Things", "items", "things\\n"]), 1)


def rename_function(text: str, _draw: random.Random) -> str:
    return text.replace("helper(", "assist(")


def rename_local(text: str, _draw: random.Random) -> str:
    return text.replace("total", "result")


def rename_work(text: str, _draw: random.Random) -> str:
    return text.replace("def work(", "def toil(") + "\nwork = toil\n"


def swap_operator(text: str, draw: random.Random) -> str:
    old, new = draw.choice([(" + ", " - "), (" * ", " + "), (" > ", " >= "), (" < ", " <= ")])
    return text.replace(old, new, 1)


def move_function(text: str, _draw: random.Random) -> str:
    start, end = text.find("def helper("), text.find("def work(")
    if start < 0 or end < 0:
        return text
    return text[:start] + text[end:] + "\n\n" + text[start:end]


def repeat_statement(text: str, draw: random.Random) -> str:
    lines = text.split("\n")
    hits = lines_where(text, lambda line: line.startswith(("SCALE", "print", "FACTORS")))
    if not hits:
        return text
    lines.append(lines[draw.choice(hits)])
    return "\n".join(lines)


def add_condition(text: str, draw: random.Random) -> str:
    return text.replace("SCALE =", f"SCALE = {draw.randint(0, 1)} and", 1)


def drop_docstring(text: str, draw: random.Random) -> str:
    return text.replace('"""Help."""', draw.choice(['"""Aid."""', "pass", '"""Help.  """']), 1)


def annotate(text: str, _draw: random.Random) -> str:
    return text.replace("def helper(value)", "def helper(value: int) -> int", 1)


def decorate(text: str, _draw: random.Random) -> str:
    return text.replace("def helper(", "@(lambda f: lambda v: f(v) + 1)\ndef helper(", 1)


def retype_number(text: str, draw: random.Random) -> str:
    hits = lines_where(text, lambda line: line.startswith("SCALE = "))
    lines = text.split("\n")
    for hit in hits:
        lines[hit] += draw.choice([".0", " == 1", " + 0.0", "0"])
    return "\n".join(lines)


def dedent_line(text: str, draw: random.Random) -> str:
    """The same words at another depth: layout that is not cosmetic."""
    lines = text.split("\n")
    hits = lines_where(text, lambda line: line.startswith("    ") and bool(line.strip()))
    if not hits:
        return text
    hit = draw.choice(hits)
    lines[hit] = lines[hit][4:] if draw.random() < 0.7 else "    " + lines[hit]
    return "\n".join(lines)


def comment_out(text: str, draw: random.Random) -> str:
    lines = text.split("\n")
    hit = draw.randrange(len(lines))
    indent = len(lines[hit]) - len(lines[hit].lstrip())
    lines[hit] = " " * indent + "# " + lines[hit].lstrip()
    return "\n".join(lines)


def hash_in_text(text: str, _draw: random.Random) -> str:
    return text.replace("'say ", "'say # ", 1)


MEANING: list[Callable[[str, random.Random], str]] = [
    change_number, change_text, rename_function, rename_local, rename_work, swap_operator,
    move_function, repeat_statement, add_condition, drop_docstring, annotate, decorate,
    retype_number, dedent_line, comment_out, hash_in_text,
]  # fmt: skip


def edit_files(files: Files, draw: random.Random) -> Files:
    """Edits that touch the set of files: new, shadowing, moved, deleted ones."""
    changed = dict(files)
    kind = draw.randrange(5)
    if kind == 0:
        changed["pkg/fast.py"] = "SPEED = 1\n"
    elif kind == 1:
        changed["m0.py"] = "SCALE = 99\n"
    elif kind == 2:
        changed["pkg/deep/__init__.py"] = "print('deep')\n"
    elif kind == 3:
        changed["pkg/m0/__init__.py"] = changed.pop("pkg/m0.py", "X = 1\n").replace(
            "SCALE = ", "SCALE = 1"
        )
    else:
        changed.pop(draw.choice(sorted(set(files) - {"train.py"})))
    return changed


def edit(files: Files, draw: random.Random) -> tuple[Files, str]:
    """One edit, and its name; names of cosmetic ones begin with "cosmetic"."""
    if draw.random() < 0.1:
        return edit_files(files, draw), "files"
    path = draw.choice(sorted(files))
    is_cosmetic = draw.random() < 0.4
    change = draw.choice(COSMETIC if is_cosmetic else MEANING)
    try:
        text = change(files[path], draw)
    except (tokenize.TokenError, IndentationError):
        return files, "none"
    name = f"{'cosmetic' if is_cosmetic else 'meaning'} {change.__name__} of {path}"
    return {**files, path: text}, name


def are_sound(files: Files) -> bool:
    """Whether every file parses; one that does not counts by bytes, comments included."""
    try:
        for path, text in files.items():
            compile(text, path, "exec")
    except SyntaxError:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One edit: whether it changed what is printed, whether it changed the digest.

    `was_sound` says that all files parsed before it: one that does not counts by bytes.
    """

    name: str
    prints_else: bool
    digest_moved: bool
    was_sound: bool

    @property
    def is_missed(self) -> bool:
        """The program prints something else, and the digest did not move."""
        return self.prints_else and not self.digest_moved

    @property
    def is_false_alarm(self) -> bool:
        """Cosmetic by construction, and the digest moved."""
        return self.name.startswith("cosmetic") and self.digest_moved and self.was_sound


def battery(seed: int, edits: int) -> list[Judged]:
    """So many edits of projects that chance draws, each judged."""
    draw = random.Random(seed)
    judged: list[Judged] = []
    while len(judged) < edits:
        files = draw_project(draw)
        key, output = fingerprint(files), printed(files)
        for _ in range(12):
            after, name = edit(files, draw)
            if after == files:
                continue
            new_key, new_output = fingerprint(after), printed(after)
            judged.append(
                Judged(
                    name=name,
                    prints_else=new_output != output,
                    digest_moved=new_key != key,
                    was_sound=are_sound(files),
                )
            )
            if draw.random() < 0.5:  # edits build on one another
                files, key, output = after, new_key, new_output
    return judged


def test_no_edit_that_changes_what_is_printed_is_called_cosmetic() -> None:
    judged = battery(20261121, EDITS)

    assert [edit.name for edit in judged if edit.is_missed] == []
    assert [edit.name for edit in judged if edit.is_false_alarm] == []
    assert sum(edit.prints_else for edit in judged) > EDITS * 0.2  # the battery is not idle
