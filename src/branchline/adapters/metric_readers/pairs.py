"""Adapter `metric_readers`: lines for people, `Test accuracy: 0.93`, `epoch 3: auc=0.91 loss=0.2`.

Up to five words stand for a name before a colon, one before an equals sign. What is no number
though its name is that of a metric (`Accuracy: 9833/10000`) is kept as what it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from branchline.adapters.metric_readers.dialect import NO_METRICS, Dialect, said
from branchline.core.directions import goal_of
from branchline.core.evidence.written import NUMBER, WRAPPED, name_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from branchline.adapters.metric_readers.lines import Line
    from branchline.core.evidence.found import Found

_UNIT = r"(?:%|[nuµμm]?s|secs?|seconds|min|minutes|h|hours|[kmgt]i?b|b|bytes|fps|hz|db)"
_SEPARATED = re.compile(
    rf"([:=])[ \t]{{0,30}}((?:{NUMBER})"
    rf"(?:[ \t]?\(?(?:±|\+/-|\+-)[ \t]?{NUMBER}\)?)?(?:[ \t]?{_UNIT}(?![\w(])(?![ \t]*[=:]))?)"
    r"(?![\w./:]|,\d)(?![ \t]?\([\d.]+\))",
    re.IGNORECASE,
)
_NO_NUMBER = re.compile(r"([:=])[ \t]{0,30}([^\s:=,;|][^:=;|{}\[\]]{0,60})")
_BORDER = re.compile(r"[,;|{}\[\]\t:=]|\s-+\s|\s{2,}|\.\s|>>>?")
_WORD = re.compile(r"[A-Za-z_@(][\w./@%()'+-]*|&")
_LEVELS = frozenset(
    {"info", "debug", "warning", "warn", "error", "critical", "root", "notset", "print", "log"}
)
_NO_NAMES = _LEVELS | NO_METRICS
_BAR = re.compile(r"(?:^|\s|:)\d{1,3}%\|")
_FILE = re.compile(r"\.(?:py|pyx|ipynb|c|cc|cpp|cu|h|rs|go|js|sh|r|jl)$", re.IGNORECASE)
_MOST_WORDS = 5
_UNREADABLE = frozenset({"n/a", "na", "none", "null", "undefined", "?"})


class Pairs(Dialect):
    """Names and values in a line of text."""

    def take(self, line: Line) -> Sequence[Found] | None:
        """See the base."""
        text = WRAPPED.sub(r"\1", line.text) if "(" in line.text else line.text
        self.steps.look(text)
        voice = "bar" if _BAR.search(text) else ""
        step = self.steps.now
        if voice and step is None:
            step = 0
        found: list[Found] = []
        starts: set[int] = set()
        end = 0
        for match in _SEPARATED.finditer(text):
            name = _name(text[end : match.start()], match[1])
            end = match.end()
            starts.add(match.start())
            found += said(name, _value(match[2]), line, step=step, voice=voice) if name else []
        if line.text.count(":") + line.text.count("=") > len(starts):
            found += _unreadable(line, step, starts)
        return found or None


def _value(text: str) -> str:
    """A number with its unit and its spread."""
    return text.replace("(", " ").replace(")", "")


def _unreadable(line: Line, step: int | None, numbers: Collection[int]) -> list[Found]:
    """Metrics by their names whose values are none; `numbers`: where values that are some begin."""
    found: list[Found] = []
    for match in _NO_NUMBER.finditer(line.text):
        text = match[2].strip()
        is_meant = text[:1].isdigit() or text.lower() in _UNREADABLE
        if match.start() in numbers or not is_meant:
            continue
        name = _name(line.text[: match.start()], match[1])
        if name and goal_of(name_of(name)) is not None:
            found += said(name, text, line, step=step)
    return found


def _name(before: str, separator: str) -> str:
    """The name at the end of what stands before a value; "" where there is none."""
    piece = _BORDER.split(before.rstrip()[-200:])[-1]
    words = piece.replace('"', " ").replace("'", " ").split()
    kept: list[str] = []
    for word in reversed(words):
        if _WORD.fullmatch(word) is None or word.lower() in _NO_NAMES:
            break
        kept.insert(0, word)
    if separator == "=":
        kept = kept[-1:]
    is_file = bool(kept) and _FILE.search(kept[-1]) is not None
    return "" if is_file or len(kept) > _MOST_WORDS else " ".join(kept)
