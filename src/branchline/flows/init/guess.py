"""What `init` believes, how sure it is, and what it rests on. Values; serves `init` only."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from branchline.core.secrecy import redacted

if TYPE_CHECKING:
    from branchline.flows.init.view import View
    from branchline.ports.metric_readers import MetricReaders

__all__ = ["About", "Certainty", "Guess", "Look", "Question"]

_LONGEST_QUOTE = 100


class Certainty(Enum):
    """How sure a guess is, the surest first."""

    OBSERVED = "observed"
    """It happened when the command ran (`init --check`)."""
    DECLARED = "declared"
    """The repository says so: a pipeline, a settings file, a command in its README."""
    READ = "read in code"
    """The code says so, as far as it was followed."""
    BY_NAME = "by its name"
    """Files and fields are called so; nothing else speaks for it."""


class About(Enum):
    """What a guess is about, in the order in which guesses are told."""

    LAYOUT = "layout"
    COMMAND = "command"
    PARAMETERS = "parameters"
    DATA = "data"
    EVALUATION = "evaluation"
    MODEL = "model"
    OUTPUT = "output"
    METRICS = "metrics"
    PREDICTIONS = "predictions"
    PLOTS = "plots"
    CHECKS = "checks"
    ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """Something that was found.

    Attributes:
        about: What it concerns.
        sentence: What is believed.
        certainty: How sure.
        where: `file:line` of the evidence; "" where it is no line of a file.
        quote: The text that stands there, cut at 100 characters.
    """

    about: About
    sentence: str
    certainty: Certainty
    where: str = ""
    quote: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Something where a wrong guess would cost the user, and where nothing decides it.

    Attributes:
        key: Names it: answers are given by key.
        text: What is asked.
        answers: The choices; empty for a free text.
        safe: What is taken where nobody can be asked: one of the choices, or a text.
        told: The sentence that is said when nobody was asked.
    """

    key: str
    text: str
    answers: tuple[str, ...] = ()
    safe: str
    told: str


@dataclass(slots=True)
class Look:
    """Collects guesses, questions, and what could not be told (a sentence each, with what to do).

    Attributes:
        view: Where quotes are taken from.
        readers: What reads metrics; None where nothing does.
        answers: Given to questions, by key.
        asked: Questions that came up, in order.
    """

    view: View
    readers: MetricReaders | None = None
    answers: dict[str, str] = field(default_factory=dict)
    guesses: list[Guess] = field(default_factory=list)
    asked: list[Question] = field(default_factory=list)
    unknowns: list[str] = field(default_factory=list)

    def saw(self, about: About, sentence: str, certainty: Certainty, path: str, line: int) -> None:
        """Note a guess that rests on a line of a file."""
        self.guesses.append(
            Guess(
                about=about,
                sentence=sentence,
                certainty=certainty,
                where=f"{path}:{line}",
                quote=cut(self.view.line(path, line)),
            )
        )

    def saw_at(self, about: About, sentence: str, certainty: Certainty, where: str) -> None:
        """Note a guess that rests on `file:line`."""
        path, _, line = where.rpartition(":")
        self.saw(about, sentence, certainty, path, int(line) if line.isdecimal() else 0)

    def choose(self, question: Question) -> str:
        """The answer to a question; the safe one, and a sentence, where none was given."""
        self.asked.append(question)
        given = self.answers.get(question.key)
        if given is not None and (not question.answers or given in question.answers):
            return given
        self.unknowns.append(question.told)
        return question.safe


def cut(text: str) -> str:
    """A quote, at most 100 characters long, secrets masked."""
    text = redacted(text)
    return text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 3] + "..."
