"""From a working tree to the question which packages and which interpreter it wants.

Serves the stations `plan` and `run`. Finds no versions itself: port `environments` does.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from branchline.core.environment.pins import has_credentials, index_of, is_complete, lines_of
from branchline.core.environment.pythons import RELEASES, choose, minor_key, wanted_minors
from branchline.core.environment.values import Asked, Hint, Interpreter, Strength
from branchline.errors import EnvironmentFailedError
from branchline.flows.environments.files import (
    added_by,
    constraints_in,
    hints_in,
    made_of,
    package_file,
    state_of,
    text_of,
)
from branchline.flows.lock_files import CONSTRAINTS_FILE, included_files, local_packages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.flows.project import Project
    from branchline.flows.reading import Reader

NEWEST = "newest"
"""Stands for `as_of: none`: what is newest when it is looked for."""
_USUAL_YEARS = 3
_DIGESTS = "requirements with digests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a working tree wants, and what says so.

    Attributes:
        file: The file that the user knows; "" when none says which packages.
        form: What it is: "complete lock", "pins", "wishes", "constraints of branchline env repair".
        python: The interpreter. hint: What speaks for it; None is custom.
        hints: All that files say of it, in order of trust.
        as_of: Day up to which files count, ISO 8601; "" is not bounded, or does not matter.
        why_as_of: Why that day.
        asked: For port `environments`.
        notes: What a user should know.
        state: Digest of what the user's own files say.
    """

    file: str
    form: str
    python: Interpreter
    hint: Hint | None
    hints: tuple[Hint, ...]
    as_of: str
    why_as_of: str
    asked: Asked
    notes: tuple[str, ...] = ()
    state: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether the packages are all that is needed; a requirement file may have left some out.

        pip and uv refuse such a file, so they are asked to look.
        """
        return self.form != _DIGESTS


def question_of(
    project: Project,
    reader: Reader,
    *,
    as_of: str = "",
    python: str = "",
    heeds_constraints: bool = True,
) -> Question:
    """What a working tree wants.

    Args:
        project: Ports.
        reader: Reads its files.
        as_of: `commit`, `none` or a day, instead of what branchline.yaml says.
        python: A minor version, instead of what files say.
        heeds_constraints: Whether the file of `branchline env repair` counts.

    Raises:
        EnvironmentFailedError: A lock cannot be read, or no interpreter fits.
    """
    rules = project.policy.environment
    file = package_file(project, reader)
    files = included_files(reader, project, file) if file else ()
    local = local_packages(project, files)
    _refuse_passwords(project, files)
    state = state_of(project, reader, files, local)
    day, why = _day(project, as_of or rules.as_of, files)
    hints = hints_in(project, reader)
    if not heeds_constraints:
        hints = tuple(hint for hint in hints if hint.file != CONSTRAINTS_FILE)
    found, hint = _interpreter(project, python or rules.python, hints, day)
    asked = Asked(
        root=project.root,
        file=file,
        python=found.path,
        python_version=found.version,
        as_of=f"{day}T23:59:59Z" if day else "",
        index=index_of([(posixpath.dirname(f), text_of(project, f)) for f in files if _is_pip(f)]),
        local=local,
        state=state,
    )
    asked, form = _of_file(project, asked, file, files)
    question = Question(
        file=file,
        form=form,
        python=found,
        hint=hint,
        hints=hints,
        as_of="" if asked.complete else day,
        why_as_of="" if asked.complete else why,
        asked=asked,
        state=state,
    )
    text = constraints_in(project, reader) if heeds_constraints else ""
    return _with_constraints(question, text) if text else question


def _with_constraints(question: Question, text: str) -> Question:
    """The question under what `branchline env repair` found.

    While the user's files are as they were then, that is the answer. After a change it bounds the
    versions, and the change is looked at.
    """
    _, state = made_of(text)
    if state and question.state.startswith(state):
        asked = replace(question.asked, complete=text, wishes=(), constraints=(), sources=())
        return replace(
            question,
            form="tried by branchline env repair",
            asked=asked,
            as_of="",
            why_as_of=f"{CONSTRAINTS_FILE} has every version",
        )
    pins = tuple(line.text for line in lines_of(text) if not line.is_option)
    note = (
        f"{question.file or 'what the project needs'} changed after {CONSTRAINTS_FILE} was made:"
        " its versions still bound what is found; branchline env repair brings it up to date"
    )
    asked = question.asked
    if asked.complete:
        # The lock has its own versions: it is newer than what was tried.
        return replace(question, notes=(*question.notes, note))
    return replace(
        question,
        asked=replace(
            asked,
            constraints=(*asked.constraints, *pins),
            wishes=(*asked.wishes, *added_by(text)),
        ),
        notes=(*question.notes, note),
    )


def _is_pip(path: str) -> bool:
    return path.endswith((".txt", ".in", "requirements.lock"))


def _of_file(project: Project, asked: Asked, file: str, files: Sequence[str]) -> tuple[Asked, str]:
    """The question of a file by its form, and what that form is."""
    name = file.rpartition("/")[2]
    if not file:
        return asked, "nothing"
    if name == "uv.lock":
        text = project.environments.export(project.root, file)
        return replace(asked, complete=text), "lock of uv"
    if name in ("poetry.lock", "pdm.lock", "Pipfile.lock") or name.endswith((".yml", ".yaml")):
        from branchline.core.environment.locks import read_lock

        beside = posixpath.join(posixpath.dirname(file), "pyproject.toml")
        data = project.workspace.read(file) or b""
        locked = read_lock(file, data, project.workspace.read(beside) or b"")
        # A lock has its versions: what was there on which day is settled.
        as_of = asked.as_of if name.startswith("environment.") else ""
        made = replace(
            asked,
            wishes=locked.wishes,
            constraints=locked.constraints,
            hashes=locked.hashes,
            complete=locked.complete,
            as_of=as_of,
        )
        tools = {"poetry.lock": "Poetry", "pdm.lock": "PDM", "Pipfile.lock": "Pipenv"}
        return made, f"lock of {tools[name]}" if name in tools else "file of conda"
    if not _is_pip(file):
        return replace(asked, sources=(file,)), "wishes of a project"
    texts = [text_of(project, path) for path in files]
    if is_complete(texts) and len(files) == 1:
        return replace(asked, complete=texts[0]), _DIGESTS
    return replace(asked, sources=(file,)), "requirements"


def _refuse_passwords(project: Project, files: Sequence[str]) -> None:
    """See that no requirement has a password in its address; an index's own is used, not kept.

    Raises:
        EnvironmentFailedError: One has.
    """
    for path in files:
        for line in lines_of(text_of(project, path)) if _is_pip(path) else ():
            if not line.is_option and has_credentials(line.text):
                raise EnvironmentFailedError(
                    f"{path}:{line.number}: the requirement has a password in its address",
                    todo="Put it into a variable and write ${NAME} in its place.",
                )


def _day(project: Project, wanted: str, files: Sequence[str]) -> tuple[str, str]:
    """The day up to which files count, and why."""
    if wanted == "none":
        return "", "environment.as_of is none: the newest versions"
    if wanted != "commit":
        return wanted, "environment.as_of"
    head = project.repo.head()
    if head.commit is None or not head.committed_at:
        return project.machine.now()[:10], "today: there is no commit yet"
    dirty = set(project.repo.dirty_paths())
    edited = next((path for path in files if path in dirty), "")
    if edited:
        return project.machine.now()[:10], f"today: {edited} differs from the commit"
    return head.committed_at[:10], f"the day of commit {head.short or head.commit[:7]}"


def _interpreter(
    project: Project, wanted: str, hints: Sequence[Hint], day: str
) -> tuple[Interpreter, Hint | None]:
    """The interpreter, and what speaks for it.

    Raises:
        EnvironmentFailedError: This machine has none that fits.
    """
    here = project.environments.interpreters()
    if wanted:
        rows: list[tuple[str, Hint | None]] = [(wanted, None)]
    elif hints:
        rows = list(wanted_minors(hints, day))
    else:
        rows = [(minor, None) for minor in _by_custom(here, day)]
    chosen = choose(rows, here)
    if chosen is not None:
        return chosen
    hint = rows[0][1] if rows else None
    minor = rows[0][0] if rows else "of any version"
    says = f", which {hint.file}:{hint.line} asks for (`{hint.quote}`)" if hint else ""
    says = says or (", which environment.python asks for" if wanted else "")
    have = ", ".join(sorted({item.minor for item in here}, key=minor_key)) or "none"
    if minor.startswith("2."):
        raise EnvironmentFailedError(
            f"Python {minor} cannot be used{says}: environments are made with Python 3",
            todo='Name one that the code may run with: environment: {python: "3.8"} in'
            " branchline.yaml; code of Python 2 has to be ported first (2to3).",
        )
    raise EnvironmentFailedError(
        f"Python {minor} is not on this machine{says}; here: {have}",
        todo=f"Install it: uv python install {minor}, or pyenv install {minor}; or say which one"
        ' is to be used: environment: {python: "3.11"} in branchline.yaml.',
    )


def _by_custom(here: Sequence[Interpreter], day: str) -> list[str]:
    """Minor versions where no file says a word: this machine's own while it fits the time."""
    order = [minor for minor, _ in wanted_minors((), day)]
    usual = here[0].minor if here else ""
    if usual in order[:_USUAL_YEARS] and minor_key(usual) <= minor_key(order[0]):
        return [usual, *order]
    return order


def known_minors() -> tuple[str, ...]:
    """Minor versions that can be asked for."""
    return tuple(minor for minor, _ in RELEASES)


def is_exact(hint: Hint | None) -> bool:
    """Whether a hint leaves no choice."""
    return hint is not None and hint.strength is Strength.EXACT
