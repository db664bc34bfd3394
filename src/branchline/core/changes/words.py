"""Station `changes`: shell text into simple commands, as far as that is needed to find programs.

Knows quotes, escapes, comments, operators, redirections, `cd` and subshells. Does not expand
anything but variables that were assigned constants before; what it cannot tell stays as written,
with its `$`.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field

_NAME = re.compile(r"[A-Za-z_]\w*")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(\+?)=(.*)", re.S)
_KEYWORDS = frozenset(
    ("if", "then", "else", "elif", "fi", "do", "done", "while", "until", "!", "{", "}", "time")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One simple command.

    Attributes:
        words: Program and arguments, quotes removed.
        cwd: Folder it runs in, from the root.
        variables: Assignments in force, also those before the program.
        stdin: File that `<` names, as written; "" when there is none.
    """

    words: tuple[str, ...]
    cwd: str
    variables: dict[str, str] = field(default_factory=dict)
    stdin: str = ""


def commands_of(text: str, cwd: str) -> tuple[Command, ...]:
    """The simple commands of a shell text in order, those of `$(...)` and backquotes included.

    Args:
        text: Shell source, one or more lines.
        cwd: Folder it starts in, from the root.
    """
    return tuple(_Reader(text, cwd).read())


def joined(folder: str, path: str) -> str | None:
    """A path seen from a folder, normalised; None when it leaves the repository."""
    if path.startswith(("/", "~")):
        return None
    found = posixpath.normpath(posixpath.join(folder, path))
    return None if found == ".." or found.startswith("../") else found


class _Reader:
    def __init__(self, text: str, cwd: str) -> None:
        self._text = text.replace("\\\r\n", " ").replace("\\\n", " ")
        self._at = 0
        self._cwd = cwd
        self._stack: list[str] = []
        self._variables: dict[str, str] = {}
        self._found: list[Command] = []
        self._words: list[str] = []
        self._stdin = ""
        self._redirect = ""

    def read(self) -> list[Command]:
        while self._at < len(self._text):  # here documents are cut out on the way
            char = self._text[self._at]
            if char in " \t\r":
                self._at += 1
            elif char == "#":
                self._skip_line()
            elif char in "\n;&|()":
                self._operator(char)
            elif char in "<>":
                self._redirection(char)
            else:
                self._take(self._word())
        self._end()
        return self._found

    def _skip_line(self) -> None:
        stop = self._text.find("\n", self._at)
        self._at = len(self._text) if stop < 0 else stop

    def _operator(self, char: str) -> None:
        if self._text.startswith("&>", self._at):
            self._at += 1
            return
        self._end()
        if char == "(":
            self._stack.append(self._cwd)
        elif char == ")" and self._stack:
            self._cwd = self._stack.pop()
        self._at += 1

    def _redirection(self, char: str) -> None:
        run = re.compile(r"[<>&|-]+").match(self._text, self._at)
        mark = run[0] if run else char
        self._at += len(mark)
        if (
            self._words
            and self._words[-1].isdigit()
            and self._text[self._at - len(mark) - 1].isdigit()
        ):
            self._words.pop()
        if mark.startswith("<<") and mark != "<<<":
            self._here_document()
        elif not mark.endswith(("&", "&-")) or mark in ("&>", ">&"):
            self._redirect = mark

    def _here_document(self) -> None:
        """Skip `<<EOF ... EOF`: its lines are input, not commands."""
        while self._at < len(self._text) and self._text[self._at] in " \t":
            self._at += 1
        mark = self._word()
        stop = re.compile(rf"^\t*{re.escape(mark)}\s*$", re.M)
        line = self._text.find("\n", self._at)
        match = stop.search(self._text, line) if line >= 0 and mark else None
        if match is not None:
            # The rest of the line still belongs to the command.
            self._text = self._text[:line] + self._text[match.end() :]

    def _word(self) -> str:
        parts: list[str] = []
        text, end = self._text, len(self._text)
        while self._at < end:
            char = text[self._at]
            if char in " \t\r\n;&|()<>":
                break
            if char == "\\":
                parts.append(text[self._at + 1 : self._at + 2])
                self._at += 2
            elif char == "'":
                stop = text.find("'", self._at + 1)
                stop = end if stop < 0 else stop
                parts.append(text[self._at + 1 : stop])
                self._at = stop + 1
            elif char == '"':
                self._at += 1
                parts.append(self._quoted())
            elif char in "$`":
                parts.append(self._expansion())
            else:
                parts.append(char)
                self._at += 1
        return "".join(parts)

    def _quoted(self) -> str:
        parts: list[str] = []
        text, end = self._text, len(self._text)
        while self._at < end:
            char = text[self._at]
            if char == '"':
                self._at += 1
                break
            if char == "\\" and text[self._at + 1 : self._at + 2] in ('"', "\\", "$", "`"):
                parts.append(text[self._at + 1])
                self._at += 2
            elif char in "$`":
                parts.append(self._expansion())
            else:
                parts.append(char)
                self._at += 1
        return "".join(parts)

    def _expansion(self) -> str:
        """`$NAME`, `${NAME...}`, `$(command)` or a backquoted command, as text or as `$...`."""
        text, start = self._text, self._at
        if text[start] == "`":
            stop = text.find("`", start + 1)
            stop = len(text) if stop < 0 else stop
            return self._nested(start + 1, stop)
        if text.startswith("$(", start):
            return self._nested(start + 2, _closing(text, start + 1))
        if text.startswith("${", start):
            stop = text.find("}", start)
            stop = len(text) - 1 if stop < 0 else stop
            self._at = stop + 1
            name = _NAME.match(text, start + 2)
            default = text[name.end() : stop].partition("-")[2] if name else ""
            return self._variables.get(name[0] if name else "", default or text[start : stop + 1])
        match = _NAME.match(text, start + 1)
        self._at = match.end() if match else start + 2
        name_text = match[0] if match else ""
        return self._variables.get(name_text, text[start : self._at])

    def _nested(self, start: int, stop: int) -> str:
        self._at = stop + 1
        inner = _Reader(self._text[start:stop], self._cwd)
        inner._variables = dict(self._variables)
        self._found.extend(inner.read())
        return "$(...)"

    def _take(self, word: str) -> None:
        if self._redirect:
            if self._redirect == "<":
                self._stdin = word
            self._redirect = ""
            return
        if not self._words and word in _KEYWORDS:
            return
        self._words.append(word)

    def _end(self) -> None:
        words, self._words = self._words, []
        stdin, self._stdin, self._redirect = self._stdin, "", ""
        own: dict[str, str] = {}
        while words and (match := _ASSIGNMENT.fullmatch(words[0])):
            known = self._variables.get(match[1], "") if match[2] else ""
            own[match[1]] = known + match[3]
            words = words[1:]
        if not words:
            self._variables.update(own)
            return
        if words[0] in ("export", "declare", "local", "readonly"):
            for word in words[1:]:
                if match := _ASSIGNMENT.fullmatch(word):
                    self._variables[match[1]] = match[3]
            return
        if words[0] in ("cd", "pushd"):
            target = joined(self._cwd, words[1]) if len(words) > 1 else None
            self._cwd = target if target is not None and "$" not in target else self._cwd
            return
        self._found.append(
            Command(
                words=tuple(words),
                cwd=self._cwd,
                variables={**self._variables, **own},
                stdin=stdin,
            )
        )


def _closing(text: str, start: int) -> int:
    """Offset of the parenthesis that closes the one at `start`; the end when none does."""
    depth = 0
    for offset in range(start, len(text)):
        depth += (text[offset] == "(") - (text[offset] == ")")
        if depth == 0:
            return offset
    return len(text)
