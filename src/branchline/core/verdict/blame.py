"""Station `verdict`: why a run that was made again came out otherwise. Pure.

Compares what a stage depended on then with what it depended on now, and says what further trainings
told. What was not recorded cannot be compared; then that is what it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from branchline.core.changes.values import PACKAGES, InputKind
from branchline.core.plan.view import MODE_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.changes.values import Input
    from branchline.core.plan.values import Result

UNSET = "unset"
"""Digest of a variable that is not set."""
_PLAIN = ("python", "platform")
_LEFT_OUT = ("branchline", "packages_digest")
PACKAGES_LISTED = "packages"
"""Version of a record that lists what an environment held: `numpy==2.1.0 scipy==1.14.1`."""
_LOCK = "lock:"


class SuspectKind(Enum):
    """What sort of thing differs."""

    INTERPRETER = "interpreter"
    PACKAGES = "packages"
    DATA = "data"
    VARIABLE = "variable"
    MACHINE = "machine"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """One thing that a stage depended on and that is not as it was.

    Attributes:
        kind: What sort. name: Of the input.
        was, now: As far as they may be shown; "" where only digests are known.
    """

    kind: SuspectKind
    name: str
    was: str = ""
    now: str = ""

    @property
    def was_unset(self) -> bool:
        """Whether it is a variable that was not set then: that can be put back."""
        return self.kind is SuspectKind.VARIABLE and self.was == UNSET

    @property
    def sentence(self) -> str:
        """What it is, in words.

        >>> Suspect(kind=SuspectKind.VARIABLE, name="$SEED", was="unset").sentence
        '`$SEED`, which was not set and is now'
        """
        if self.kind is SuspectKind.VARIABLE:
            if self.was == UNSET:
                return f"`{self.name}`, which was not set and is now"
            if self.now == UNSET:
                return f"`{self.name}`, which was set and is not now"
            return f"`{self.name}`, which has another value"
        if self.kind is SuspectKind.PACKAGES and not self.was:
            return f"the packages of `{self.name}`, which are others now"
        names = {
            SuspectKind.INTERPRETER: "Python",
            SuspectKind.MACHINE: "the machine",
            SuspectKind.PACKAGES: f"package `{self.name}`",
        }
        what = names.get(self.kind, f"`{self.name}`")
        if not self.was or not self.now:
            return f"{what}, which has other content"
        return f"{what}, which was {self.was} and is {self.now}"


def parted(
    order: Sequence[str], then: Mapping[str, Result], now: Mapping[str, Result]
) -> list[str]:
    """Stages where it began: their outputs differ, and what earlier stages made for them does not.

    Args:
        order: Addresses, each after those it needs.
        then: Stage -> result, as recorded; stages whose result is not known are left out.
        now: The same of the run that was made again.
    """
    differing: set[str] = set()
    found = []
    for stage in order:
        old, new = then.get(stage), now.get(stage)
        if old is None or new is None:
            continue
        before = {out.path: out.content.md5 for out in old.outs}
        after = {out.path: out.content.md5 for out in new.outs}
        moved = {path for path in {*before, *after} if before.get(path) != after.get(path)}
        if moved and not _reads(new, differing):
            found.append(stage)
        differing |= moved
    return found


def _reads(result: Result, paths: set[str]) -> bool:
    """Whether a stage reads one of these paths, or something in or around it."""
    names = {item.name.removesuffix(MODE_SUFFIX) for item in result.inputs}
    names |= {seen.path for seen in result.observed}
    return any(_is_within(name, path) or _is_within(path, name) for name in names for path in paths)


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def suspects_of(then: Result, now: Result) -> tuple[Suspect, ...]:
    """What a stage depended on and is not as it was; the commit is the same.

    Args:
        then: As recorded.
        now: Made again.
    """
    found: dict[tuple[SuspectKind, str], Suspect] = {}
    for suspect in (*_of_versions(then.versions, now.versions), *_of_inputs(then, now)):
        found.setdefault((suspect.kind, suspect.name), suspect)
    return tuple(found.values())


def _of_versions(then: Mapping[str, str], now: Mapping[str, str]) -> list[Suspect]:
    kinds = {"python": SuspectKind.INTERPRETER, "platform": SuspectKind.MACHINE}
    found = []
    for name in then:
        if name in _LEFT_OUT or not then[name] or then[name] == now.get(name):
            continue
        if name == PACKAGES_LISTED:
            found += _of_packages(then[name], now.get(name, ""))
            continue
        kind = kinds.get(name, SuspectKind.PACKAGES)
        shows = name in _PLAIN
        found.append(
            Suspect(
                kind=kind,
                name=name.removeprefix(_LOCK),
                was=then[name] if shows else "",
                now=now.get(name, "") if shows else "",
            )
        )
    return found


def _of_packages(then: str, now: str) -> list[Suspect]:
    """Packages whose versions differ, each by its name."""
    before, after = (
        {name: version for name, _, version in (pin.partition("==") for pin in text.split())}
        for text in (then, now)
    )
    return [
        Suspect(
            kind=SuspectKind.PACKAGES,
            name=name,
            was=before.get(name, "not there"),
            now=after.get(name, "not there"),
        )
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name)
    ]


def _of_inputs(then: Result, now: Result) -> list[Suspect]:
    before = {(item.kind, item.name): item for item in then.inputs}
    after = {(item.kind, item.name): item for item in now.inputs}
    found = [
        _suspect(before.get(place), after.get(place), *place)
        for place in dict.fromkeys((*before, *after))
        if place[1] != PACKAGES and _digest(before.get(place)) != _digest(after.get(place))
    ]
    seen, sees = ({o.path: o.digest for o in r.observed if not o.is_look} for r in (then, now))
    found += [
        Suspect(kind=SuspectKind.DATA, name=path)
        for path in seen
        if path in sees and seen[path] != sees[path]
    ]
    return found


def _digest(item: Input | None) -> str | None:
    return item.digest if item is not None else None


def _suspect(before: Input | None, after: Input | None, kind: InputKind, name: str) -> Suspect:
    if kind is InputKind.VARIABLE:
        was, now = _digest(before) or UNSET, _digest(after) or UNSET
        return Suspect(
            kind=SuspectKind.VARIABLE,
            name=name,
            was=UNSET if was == UNSET else "",
            now=UNSET if now == UNSET else "",
        )
    if kind is InputKind.ENVIRONMENT:
        if name == "python":
            was, now = (item.value if item else "" for item in (before, after))
            return Suspect(kind=SuspectKind.INTERPRETER, name=name, was=was, now=now)
        return Suspect(kind=SuspectKind.PACKAGES, name=name)
    is_data = kind is InputKind.DATA
    return Suspect(kind=SuspectKind.DATA if is_data else SuspectKind.OTHER, name=name)


class Tried(Enum):
    """What further trainings told.

    Attributes:
        NOTHING: None was made, or it came to nothing.
        CHANCE: A second one of the same inputs came out otherwise than the first.
        SAME: It came out as the first.
    """

    NOTHING = "nothing"
    CHANCE = "chance"
    SAME = "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blame:
    """Who is to blame.

    Attributes:
        suspects: What differs, as far as it is recorded.
        proved: Those that, put back, brought the recorded numbers back.
        tried: What a second training told.
        stages: Where it began; empty when that is not known.
        known: Whether the record says what the stages depended on.
        has_exact_packages: Whether a lock file named exact versions, and they were used.
    """

    suspects: tuple[Suspect, ...] = ()
    proved: tuple[Suspect, ...] = ()
    tried: Tried = Tried.NOTHING
    stages: tuple[str, ...] = ()
    known: bool = True
    has_exact_packages: bool = False


def blame_sentence(blame: Blame) -> str:
    """One or two sentences that name who is to blame, or what is not known."""
    where = f" It began in {_listed([f'`{s}`' for s in blame.stages])}." if blame.stages else ""
    if blame.tried is Tried.CHANCE:
        return (
            "To blame: chance. A second training here, of the same inputs, came out otherwise than"
            f" the first: a seed that is not set, threads, a GPU.{where} `branchline noise` tells"
            " how much chance does."
        )
    if blame.proved:
        named = _listed([suspect.sentence for suspect in blame.proved])
        return f"To blame: {named}. Put back, the recorded numbers come out again.{where}"
    if not blame.known:
        return (
            "Which input is to blame cannot be told: the results of the run are not recorded here"
            f" (`branchline records fetch`).{where}"
        )
    agree = blame.tried is Tried.SAME
    if blame.suspects:
        named = _listed([suspect.sentence for suspect in blame.suspects], word="or")
        only = " Nothing else that is recorded differs." if len(blame.suspects) == 1 else ""
        chance = (
            " Two trainings here agree, so it is not chance."
            if agree
            else " Chance was not ruled out."
        )
        return f"To blame, as far as the record tells: {named}.{only}{chance}{where}"
    packages = (
        "" if blame.has_exact_packages else "packages (no lock with exact versions was used), "
    )
    rest = f"{packages}variables that branchline.yaml does not name, or the machine itself"
    if agree:
        return (
            "To blame is something that the record does not hold: all recorded inputs are the same,"
            f" and two trainings here agree. What is left is {rest}.{where}"
        )
    return (
        "Which input is to blame is not known: all recorded inputs are the same. What is left is"
        f" chance, {rest}.{where}"
    )


def _listed(names: Sequence[str], *, word: str = "and") -> str:
    """Names as a list in words.

    >>> _listed(["a", "b", "c"], word="or")
    'a; b; or c'
    """
    if len(names) < 2:
        return "".join(names)
    if not any(", " in name for name in names):
        return f"{', '.join(names[:-1])} {word} {names[-1]}"
    return f"{'; '.join(names[:-1])}; {word} {names[-1]}"
