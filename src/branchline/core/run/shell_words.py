"""Station `run`: where the words of a shell command stand, so that one of them can be replaced.

Knows words, quotes, escapes, comments, redirections and the operators between simple commands.
Expands nothing. What holds other syntax is refused: a word there may mean anything.
`core.changes.words` reads commands, too, to find programs: it never refuses, and keeps no places.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_BLANK = re.compile(r"(?:[ \t]|\\\n)+")
_OPERATOR = re.compile(r"&&|\|\||;|\||\n")
_REDIRECTION = re.compile(r"(?:>>|>\||>|<)(?P<copy>&(?:\d+|-))?")
_REFUSED = re.compile(r"\$\(|`|<<|[<>]\(|>&|&>|&(?!&)|[()]|;;")
_PIECE = re.compile(
    r"""'(?P<single>[^']*)'
    |"(?P<double>(?:[^"\\]|\\.)*)"
    |\\(?P<escaped>[^\n])
    |(?P<variable>\$\{[^}\n]*\}|\$\w+|\$[@*#?$!-])
    |(?P<plain>[^ \t\n'"\\`;&|<>()$]|\$(?![\w{@*#?$!('"-]))""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED_IN_DOUBLE = re.compile(r'\\([$`"\\])|\\\n')
_EXPANDED_IN_DOUBLE = re.compile(r"(?<!\\)(?:\\\\)*\$[A-Za-z_{0-9@*#?$!-]")
_RUN_IN_DOUBLE = re.compile(r"(?<!\\)(?:\\\\)*(?:`|\$\()")
_RESERVED = frozenset(
    str.split("if then else elif fi for while until do done case esac select function { } ! [[")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word of a command.

    Attributes:
        start, end: Where it stands in the text, from 0; the end is excluded.
        raw: As it stands there.
        value: What the program gets; None where the shell puts the value of a variable in.
    """

    start: int
    end: int
    raw: str
    value: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SimpleCommand:
    """A program with its arguments, after assignments of variables; redirections are left out."""

    words: tuple[Word, ...]

    @property
    def assignments(self) -> tuple[Word, ...]:
        """The words before the program."""
        count = 0
        while count < len(self.words) and is_assignment(self.words[count].raw):
            count += 1
        return self.words[:count]

    @property
    def arguments(self) -> tuple[Word, ...]:
        """The program and what it is given; empty where only variables are set."""
        return self.words[len(self.assignments) :]


def is_assignment(raw: str) -> bool:
    """Whether a word at the beginning of a command sets a variable.

    >>> is_assignment("LR=0.1"), is_assignment("--lr=0.1")
    (True, False)
    """
    return re.match(r"[A-Za-z_]\w*=", raw) is not None


def simple_commands(text: str) -> tuple[SimpleCommand, ...]:
    """The simple commands of a shell text, in order.

    Raises:
        ValueError: It holds syntax of the shell that is not understood here; says which.

    >>> [[w.value for w in c.words] for c in simple_commands("cd a && LR=1 python 'b c.py' > log")]
    [['cd', 'a'], ['LR=1', 'python', 'b c.py']]
    """
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._words: list[Word] = []
        self._found: list[SimpleCommand] = []
        self._is_target = False

    def read(self) -> tuple[SimpleCommand, ...]:
        while self._at < len(self._text):
            if blank := _BLANK.match(self._text, self._at):
                self._at = blank.end()
            elif self._text[self._at] == "#":
                stop = self._text.find("\n", self._at)
                self._at = len(self._text) if stop < 0 else stop
            elif not self._mark():
                self._word()
        self._end()
        return tuple(self._found)

    def _mark(self) -> bool:
        """Take an operator or a redirection; False where a word begins."""
        refused = _REFUSED.match(self._text, self._at)
        # `2>&1` is a redirection, though its middle looks like what is refused.
        if refused and not _REDIRECTION.fullmatch(self._text, self._at, self._at + 3):
            raise ValueError(f"it has `{refused[0]}`")
        if operator := _OPERATOR.match(self._text, self._at):
            self._end()
            self._at = operator.end()
            return True
        redirection = _REDIRECTION.match(self._text, self._at)
        if redirection is None:
            return False
        if self._words and self._words[-1].end == self._at and self._words[-1].raw.isdigit():
            self._words.pop()
        self._is_target = redirection["copy"] is None
        self._at = redirection.end()
        return True

    def _word(self) -> None:
        start, parts, is_known = self._at, [], True
        while piece := _PIECE.match(self._text, self._at):
            self._at = piece.end()
            if piece["double"] is not None:
                if _RUN_IN_DOUBLE.search(piece["double"]):
                    raise ValueError("it has a command inside a word")
                is_known = is_known and not _EXPANDED_IN_DOUBLE.search(piece["double"])
                parts.append(_ESCAPED_IN_DOUBLE.sub(lambda m: m[1] or "", piece["double"]))
            elif piece["variable"] is not None:
                is_known = False
            else:
                parts.append(piece["single"] or piece["escaped"] or piece["plain"] or "")
            if self._text.startswith(("\\\n", "$("), self._at):
                raise ValueError("it has a line break or a command inside a word")
        raw = self._text[start : self._at]
        if not raw:
            raise ValueError(f"it has `{self._text[self._at]}` that nothing closes or follows")
        if self._is_target:
            self._is_target = False
            return
        if not self._words and raw in _RESERVED:
            raise ValueError(f"it has `{raw}`")
        value = "".join(parts) if is_known else None
        self._words.append(Word(start=start, end=self._at, raw=raw, value=value))

    def _end(self) -> None:
        if self._is_target:
            raise ValueError("it has a redirection to nowhere")
        if self._words:
            self._found.append(SimpleCommand(words=tuple(self._words)))
        self._words = []
