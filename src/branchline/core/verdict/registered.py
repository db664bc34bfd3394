"""Which versions of a model are registered and who holds which stage, read from annotated tags.

The registry is annotated git tags in GTO's grammar, replayed in the order in which they were made:
`name@v1.2.3` registers a version at the tag's commit, `name@v1.2.3!` takes it back,
`name#production#4` (the counter may be missing) gives the commit's version a stage,
`name#production!#5` takes it back, `name@deprecated` retires the whole model until another tag of
it follows. `folder=name` puts the name into a folder of a monorepo. The one reader of tags: the
baseline and the registry both use it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_NAME = r"[a-zA-Z0-9](?:[a-zA-Z0-9/_-]*[a-zA-Z0-9])?"
_FOLDER = r"[a-zA-Z0-9_./-]+"
_NUMBER = r"(?:0|[1-9]\d*)"
_WORD = r"(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_SEMVER = (
    rf"(?P<major>{_NUMBER})\.(?P<minor>{_NUMBER})\.(?P<patch>{_NUMBER})"
    rf"(?:-(?P<pre>{_WORD}(?:\.{_WORD})*))?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?"
)
_TAG = re.compile(
    rf"(?:(?P<folder>{_FOLDER})[=:])?(?P<name>{_NAME})"
    rf"(?:@(?P<deprecated>deprecated)|(?:@(?P<version>v{_SEMVER})|\#(?P<stage>{_NAME}))(?P<back>!)?)"
    r"(?:\#(?P<counter>[0-9]+))?",
    re.ASCII,
)
_VERSION = re.compile(f"v{_SEMVER}", re.ASCII)
_MODEL = re.compile(rf"(?:{_FOLDER}=)?{_NAME}", re.ASCII)
_STAGE = re.compile(_NAME, re.ASCII)


class NamedTag(Protocol):
    """What this module reads of an annotated tag (`ports.repo.Tag` has it)."""

    @property
    def name(self) -> str:
        """The tag's name."""
        ...

    @property
    def commit(self) -> str:
        """The commit that it points at."""
        ...

    @property
    def tagged_at(self) -> str:
        """When it was made: UTC, ISO 8601; tags of one second are ordered by their counters."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A tag of the registry, taken apart.

    Attributes:
        tag: Its name. name: The model, with its folder as `folder=name` when it has one.
        commit: The tag's commit. version, alias: One of them, else "".
        takes_back: Whether it ends in an exclamation mark.
        is_deprecation: `name@deprecated`. counter: None where it has none.
    """

    tag: str
    name: str
    commit: str
    at: str = ""
    version: str = ""
    alias: str = ""
    takes_back: bool = False
    is_deprecation: bool = False
    counter: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredVersion:
    """A version as the tags say it stands.

    Attributes:
        model: With its folder. tag: The tag that registered it first.
        stages: Stages that it holds now, sorted. is_retired: Taken back, or its model retired.
    """

    model: str
    version: str
    commit: str
    tag: str
    stages: tuple[str, ...] = ()
    is_retired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """That a version got a stage.

    Attributes:
        version: "" when no version is registered at the commit. number: The tag's counter.
    """

    tag: str
    stage: str
    version: str
    commit: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelState:
    """What the tags of one model add up to.

    Attributes:
        versions: In the order of their numbers. assigned: Events of all stages, oldest first.
        holders: Stage -> commits that hold it, the last one counts.
        is_retired: The whole model is deprecated.
        counter: Highest counter of its tags. newest_at: When its newest tag was made.
    """

    versions: tuple[RegisteredVersion, ...] = ()
    assigned: tuple[Assigned, ...] = ()
    holders: Mapping[str, tuple[str, ...]]
    is_retired: bool = False
    counter: int = 0
    newest_at: str = ""

    def version(self, name: str) -> RegisteredVersion | None:
        """The version of that name; None when there is none."""
        return next((item for item in self.versions if item.version == name), None)

    def at(self, commit: str) -> RegisteredVersion | None:
        """The version at a commit, a live one first; None when there is none."""
        found = [item for item in self.versions if item.commit == commit]
        return next((item for item in reversed(found) if not item.is_retired), None) or next(
            iter(found), None
        )

    def holder(self, stage: str) -> str | None:
        """The commit that holds a stage; None when none does."""
        held = self.holders.get(stage, ())
        return held[-1] if held else None


def read_tag(tag: NamedTag) -> Registration | None:
    """A tag in GTO's grammar; None for any other tag."""
    found = _TAG.fullmatch(tag.name)
    if found is None:
        return None
    folder = f"{found['folder']}=" if found["folder"] else ""
    return Registration(
        tag=tag.name,
        name=folder + found["name"],
        commit=tag.commit,
        at=tag.tagged_at,
        version=found["version"] or "",
        alias=found["stage"] or "",
        takes_back=found["back"] is not None,
        is_deprecation=found["deprecated"] is not None,
        counter=int(found["counter"]) if found["counter"] else None,
    )


def is_model_name(name: str) -> bool:
    """Whether a name can stand in a tag of the registry."""
    return _MODEL.fullmatch(name) is not None


def is_stage_name(name: str) -> bool:
    """Whether a stage's name can stand in a tag."""
    return _STAGE.fullmatch(name) is not None


def is_of(event: Registration, model: str) -> bool:
    """Whether a tag is one of a model; one in a folder counts for the bare name too."""
    return model.replace(":", "=") in (event.name, event.name.rpartition("=")[2])


def version_order(version: str) -> tuple[int, int, int, bool, tuple[tuple[int, int, str], ...]]:
    """A sort key by which versions stand in the precedence of Semantic Versioning 2.0.0.

    Raises:
        ValueError: It is no version such as `v1.2.3`.

    >>> sorted(["v1.10.0", "v1.9.0", "v1.10.0-rc.1", "v1.10.0-rc.b"], key=version_order)
    ['v1.9.0', 'v1.10.0-rc.1', 'v1.10.0-rc.b', 'v1.10.0']
    """
    found = _VERSION.fullmatch(version)
    if found is None:
        raise ValueError(f"{version!r} is no version such as v1.2.3")
    words = tuple(
        (0, int(word), "") if word.isdigit() else (1, 0, word)
        for word in (found["pre"] or "").split(".")
        if word
    )
    numbers = (int(found["major"]), int(found["minor"]), int(found["patch"]))
    return (*numbers, found["pre"] is None, words)


def is_version(text: str) -> bool:
    """Whether a text is a version such as `v1.2.3`."""
    return _VERSION.fullmatch(text) is not None


def state_of(
    tags: Iterable[NamedTag], model: str, *, said: Mapping[str, str] | None = None
) -> ModelState:
    """What the tags of a model add up to.

    Args:
        tags: Annotated tags, oldest first.
        model: The model's name; a tag with a folder counts for its bare name too.
        said: Stage tag -> version that its message names, for commits with several versions.
    """
    events = _in_order([e for e in map(read_tag, tags) if e is not None and is_of(e, model)])
    replay = _Replay(said or {})
    for event in events:
        replay.take(event)
    return replay.state(events)


class _Replay:
    """The state while tags are gone through."""

    def __init__(self, said: Mapping[str, str]) -> None:
        self._said = said
        self._made: dict[str, Registration] = {}
        self._live: dict[str, bool] = {}
        self._active: dict[str, dict[str, None]] = {}
        self._assigned: list[Registration] = []

    def take(self, event: Registration) -> None:
        """Go one tag on."""
        if event.version:
            if not event.takes_back:
                self._made.setdefault(event.version, event)
            if event.version in self._made:
                self._live[event.version] = not event.takes_back
        elif event.alias:
            held = self._active.setdefault(event.alias, {})
            held.pop(event.commit, None)
            if not event.takes_back:
                held[event.commit] = None
                self._assigned.append(event)

    def state(self, events: Sequence[Registration]) -> ModelState:
        """What it came to."""
        is_retired = bool(events) and events[-1].is_deprecation
        gone = {e.commit for v, e in self._made.items() if not self._live[v]}
        gone -= {e.commit for v, e in self._made.items() if self._live[v]}
        holders = {
            stage: tuple(commit for commit in held if commit not in gone)
            for stage, held in self._active.items()
        }
        if is_retired:
            holders = {}
        assigned = self._events()
        by_version: dict[str, set[str]] = {}
        for event in assigned:  # the last event of a holding commit says which version it means
            if holders.get(event.stage, ())[-1:] == (event.commit,):
                for held in by_version.values():
                    held.discard(event.stage)
                by_version.setdefault(event.version, set()).add(event.stage)
        versions = tuple(
            RegisteredVersion(
                model=self._made[version].name,
                version=version,
                commit=self._made[version].commit,
                tag=self._made[version].tag,
                stages=tuple(sorted(by_version.get(version, ()))),
                is_retired=is_retired or not self._live[version],
            )
            for version in sorted(self._made, key=version_order)
        )
        return ModelState(
            versions=versions,
            assigned=assigned,
            holders={stage: held for stage, held in holders.items() if held},
            is_retired=is_retired,
            counter=max((event.counter or 0 for event in events), default=0),
            newest_at=max((event.at for event in events), default=""),
        )

    def _events(self) -> tuple[Assigned, ...]:
        return tuple(
            Assigned(
                tag=event.tag,
                stage=event.alias,
                version=self._version_of(event),
                commit=event.commit,
                number=event.counter if event.counter is not None else number,
            )
            for number, event in enumerate(self._assigned, start=1)
        )

    def _version_of(self, event: Registration) -> str:
        """The version that a stage was given to: what the tag says, else the one at its commit."""
        said = self._said.get(event.tag, "")
        if said in self._made and self._made[said].commit == event.commit:
            return said
        at = [v for v, made in self._made.items() if made.commit == event.commit]
        live = [version for version in at if self._live[version]]
        return max(live or at, key=version_order, default="")


def _in_order(events: list[Registration]) -> list[Registration]:
    """Tags as given, but those of one second by their counters: git keeps no fractions."""
    ordered = list(events)
    start = 0
    while start < len(events):
        end = start + 1
        while end < len(events) and events[end].at == events[start].at:
            end += 1
        places = [i for i in range(start, end) if events[i].counter is not None]
        counted = sorted((events[i] for i in places), key=lambda event: event.counter or 0)
        for place, event in zip(places, counted, strict=True):
            ordered[place] = event
        start = end
    return ordered
