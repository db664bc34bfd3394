"""Verb: find versions and an interpreter with which an old repository runs, and say why.

Each idea is tried for real before it is believed. First what is newest today, to see what fails;
then what there was on the commit's day; then what the failures themselves ask for.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from branchline.core.environment.failures import Diagnosis, FailureKind
from branchline.core.environment.pins import lines_of, name_of, normal, package_of
from branchline.core.environment.pythons import minor_key, wanted_minors
from branchline.errors import EnvironmentFailedError
from branchline.flows.environments.asking import Question, question_of
from branchline.flows.environments.files import text_of
from branchline.flows.lock_files import CONSTRAINTS_FILE
from branchline.flows.reading import Reader
from branchline.flows.repairing.trying import Tried, commands_of, try_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from branchline.core.pipeline import Stage
    from branchline.flows.project import Project

MOST_TRIES = 14
_MOST_PYTHONS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Idea:
    """One environment to try.

    Attributes:
        as_of: `none`, or a day.
        python: Minor version; "" is what files say.
        wishes, constraints, overrides, no_build: As in `Asked`.
        why: What each of them is for, by its text.
    """

    as_of: str
    python: str = ""
    wishes: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    no_build: tuple[str, ...] = ()
    why: tuple[tuple[str, str], ...] = field(default=(), compare=False)

    def sentence(self) -> str:
        """What is special about it."""
        parts = ["the newest versions" if self.as_of == "none" else f"versions as of {self.as_of}"]
        parts += [f"with {', '.join(self.wishes)}"] if self.wishes else []
        bounds = (*self.constraints, *self.overrides)
        parts += [f"{', '.join(bounds)}"] if bounds else []
        parts += [f"built files only of {', '.join(self.no_build)}"] if self.no_build else []
        return "; ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An idea, and what came of it.

    Attributes:
        idea: As it was tried. python: Full version of the interpreter; "" where none fitted.
        packages: How many were found. tried: How it ended.
    """

    idea: Idea
    python: str
    packages: int
    tried: Tried


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """What was tried, and what came of it.

    Attributes:
        attempts: In order; the last one ran, if any did.
        is_needed: False when the first one ran: nothing was broken.
        file: Name of the file with the versions. text: What it shall hold; "" when nothing ran.
        before: What it held; "" where there was none.
    """

    attempts: tuple[Attempt, ...]
    is_needed: bool
    text: str
    file: str = CONSTRAINTS_FILE
    before: str = ""

    @property
    def is_found(self) -> bool:
        """Whether the commands ran in the end."""
        return bool(self.attempts) and self.attempts[-1].tried.diagnosis is None


def repair(
    project: Project,
    words: Sequence[str],
    *,
    limit_s: float,
    is_stopped: Callable[[], bool],
    say: Callable[[str], None],
    on_attempt: Callable[[Attempt], None],
) -> Repair:
    """Look for an environment in which commands run. Writes nothing.

    Args:
        project: Ports.
        words: A command; none tries the stages.
        limit_s: Time for the commands of one try.
        is_stopped: Asked often; True gives up.
        say: Told what takes time.
        on_attempt: Told of each try when it has ended.

    Raises:
        UsageError: There is nothing to try.
        InterruptedRunError: It was given up.
        EnvironmentFailedError: A lock file cannot be read, or the index is at fault.
    """
    stages = commands_of(project, words)
    reader = Reader(project.workspace, project.meanings, project.policy.changes)
    day = _day_of(project)
    today = Idea(as_of="none")
    waiting = [today]
    seen = {today}
    attempts: list[Attempt] = []
    while waiting and len(attempts) < MOST_TRIES:
        idea = waiting.pop(0)
        attempt, question = _attempt(project, reader, idea, stages, limit_s, is_stopped, say)
        attempts.append(attempt)
        on_attempt(attempt)
        if attempt.tried.diagnosis is None and question is not None:
            return Repair(
                attempts=tuple(attempts),
                is_needed=len(attempts) > 1,
                text=_text(project, question, attempt, attempts),
                before=text_of(project, CONSTRAINTS_FILE),
            )
        follow = _next(project, reader, idea, attempt)
        if idea is today and day:
            follow.insert(0, Idea(as_of=day))
        fresh = [item for item in follow if item not in seen]
        seen.update(fresh)
        waiting = [*fresh, *waiting]
    return Repair(attempts=tuple(attempts), is_needed=True, text="")


def _day_of(project: Project) -> str:
    """The day that branchline.yaml names, else that of the commit."""
    rules = project.policy.environment
    if rules.as_of not in ("commit", "none"):
        return rules.as_of
    head = project.repo.head()
    return (head.committed_at or project.machine.now())[:10]


def _attempt(
    project: Project,
    reader: Reader,
    idea: Idea,
    stages: tuple[Stage, ...],
    limit_s: float,
    is_stopped: Callable[[], bool],
    say: Callable[[str], None],
) -> tuple[Attempt, Question | None]:
    try:
        question = _question(project, reader, idea)
    except EnvironmentFailedError as error:
        diagnosis = Diagnosis(
            kind=FailureKind.NO_WHEEL, sentence=error.message, quote=error.todo or ""
        )
        tried = Tried(found=None, diagnosis=diagnosis)
        return Attempt(idea=idea, python="", packages=0, tried=tried), None
    tried = try_in(
        project,
        question,
        stages,
        limit_s=limit_s,
        is_stopped=is_stopped,
        say=say,
    )
    count = len(tried.found.packages) if tried.found else 0
    return (
        Attempt(idea=idea, python=question.python.version, packages=count, tried=tried),
        question,
    )


def _question(project: Project, reader: Reader, idea: Idea) -> Question:
    question = question_of(
        project, reader, as_of=idea.as_of, python=idea.python, heeds_constraints=False
    )
    asked = question.asked
    is_bent = idea.constraints or idea.wishes or idea.overrides or idea.no_build
    if asked.complete and is_bent:
        # What a lock has is no longer all that counts: it is looked for anew, under its versions.
        pins = tuple(p.pin for line in lines_of(asked.complete) if (p := package_of(line)))
        bent = {name_of(bound) for bound in (*idea.constraints, *idea.overrides)}
        wishes = tuple(pin for pin in pins if name_of(pin) not in bent)
        wishes = (*wishes, *(name_of(pin) for pin in pins if name_of(pin) in bent))
        asked = replace(asked, complete="", wishes=wishes)
    # What is newest today is looked for again tomorrow.
    newest = f"{asked.state} {project.machine.now()[:10]}" if idea.as_of == "none" else asked.state
    return replace(
        question,
        asked=replace(
            asked,
            wishes=(*asked.wishes, *idea.wishes),
            constraints=(*asked.constraints, *idea.constraints),
            overrides=idea.overrides,
            no_build=idea.no_build,
            state=newest,
        ),
    )


def _next(project: Project, reader: Reader, idea: Idea, attempt: Attempt) -> list[Idea]:
    """What a failure asks for, best first."""
    diagnosis = attempt.tried.diagnosis
    if diagnosis is None:
        return []
    remedy = diagnosis.remedy
    reason = f"{diagnosis.sentence}{f' ({diagnosis.place})' if diagnosis.place else ''}"
    found: list[Idea] = []

    def also(key: str, **changes: object) -> None:
        found.append(replace(idea, why=(*idea.why, (key, reason)), **changes))  # type: ignore[arg-type]

    if remedy.wish and remedy.wish not in idea.wishes:
        also(remedy.wish, wishes=(*idea.wishes, remedy.wish))
    if remedy.constraint:
        rest = _without(idea.constraints, name_of(remedy.constraint))
        also(remedy.constraint, constraints=(*rest, remedy.constraint))
    if remedy.no_build and remedy.no_build not in idea.no_build:
        also(remedy.no_build, no_build=(*idea.no_build, remedy.no_build))
    if remedy.is_newer:
        also("as_of", as_of="none")
    if remedy.other_python or remedy.python_below or remedy.no_build:
        now = ".".join(attempt.python.split(".")[:2])
        for minor in _other_pythons(project, reader, now, remedy.python_below)[:_MOST_PYTHONS]:
            also("python", python=minor)
    if diagnosis.kind in (FailureKind.CONFLICT, FailureKind.NO_WHEEL):
        if idea.constraints:
            also("constraints", overrides=(*idea.overrides, *idea.constraints), constraints=())
        loose = _loosened(project, reader, idea, diagnosis)
        if loose:
            also("pins", overrides=(*idea.overrides, *loose))
    return found


def _without(bounds: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(bound for bound in bounds if name_of(bound) != name)


def _other_pythons(project: Project, reader: Reader, now: str, below: str) -> list[str]:
    """Other minor versions of this machine: by the project's hints, else the nearest first."""
    question = question_of(project, reader, python=now or "", heeds_constraints=False)
    here = {item.minor for item in project.environments.interpreters()} - {now}
    if below:
        here = {minor for minor in here if minor_key(minor) < minor_key(below)}
    hinted = [m for m, hint in wanted_minors(question.hints, question.as_of) if hint is not None]
    first = [minor for minor in hinted if minor in here]
    at = minor_key(below or now or "3.11")
    older = sorted((m for m in here if minor_key(m) < at), key=minor_key, reverse=True)
    newer = sorted((m for m in here if minor_key(m) > at), key=minor_key)
    return list(dict.fromkeys([*first, *older, *newer]))


def _loosened(
    project: Project, reader: Reader, idea: Idea, diagnosis: Diagnosis
) -> tuple[str, ...]:
    """Pins of the user's own that a conflict names, without their versions."""
    question = question_of(project, reader, as_of="none", heeds_constraints=False)
    file = question.file
    if not file.endswith((".txt", ".in")):
        return ()
    have = {name_of(bound) for bound in idea.overrides}
    names = []
    for line in lines_of(text_of(project, file)):
        package = None if line.is_option else package_of(line)
        name = normal(package.name.partition("[")[0]) if package else ""
        if package and not package.source and name not in have and name in diagnosis.quote.lower():
            names.append(name)
    return tuple(dict.fromkeys(names))


def _text(
    project: Project, question: Question, attempt: Attempt, attempts: Sequence[Attempt]
) -> str:
    """The file: what it is, why each bound is there, and every version that ran."""
    found = attempt.tried.found
    lines = [
        f"# Written by `branchline env repair` on {project.machine.now()[:10]}: versions with which"
        " the project ran.",
        f"# python {attempt.python}",
        f"# made of {question.file or 'nothing'} {question.state[:32]}",
        f"# {attempt.idea.sentence()}",
    ]
    first = attempts[0].tried.diagnosis
    if first is not None and len(attempts) > 1:
        lines.append(f"# what failed first: {_one_line(first)}")
    for key, reason in attempt.idea.why:
        lines.append(
            f"# added {key}: {reason}" if key in attempt.idea.wishes else f"# {key}: {reason}"
        )
    lines.append("# Outside Branchline: pip install --no-deps -r branchline-constraints.txt")
    body = found.text if found else ""
    return "".join(f"{' '.join(line.split())}\n" for line in lines) + "\n" + body


def _one_line(diagnosis: Diagnosis) -> str:
    place = f" ({diagnosis.place})" if diagnosis.place else ""
    return f"{diagnosis.sentence}{place}"
