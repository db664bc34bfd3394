"""Serves the port `registry` by annotated tags in GTO's grammar. Decides nothing.

The rules stand in `core.verdict.registered` (how tags are read) and `core.effects.registering` (how
versions are numbered). A tag is created once and never moved, so that of two who want the same
number one gets it, and the other looks again.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import sleep, time
from typing import TYPE_CHECKING

from branchline.adapters.git.registry_message import (
    Said,
    read_message,
    stage_message,
    version_message,
)
from branchline.adapters.git.tags import TagObject, TagShelf, seconds_of
from branchline.core.effects.registering import check_model_name, next_version
from branchline.core.verdict.registered import is_stage_name, read_tag, state_of
from branchline.errors import RegistryError, UnknownNameError
from branchline.ports.registry import ModelVersion, NewVersion, Registry, StageEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from branchline.adapters.git.plumbing import Git
    from branchline.core.verdict.registered import Assigned, ModelState, RegisteredVersion

_TRIES = 40
_LONGEST_PAUSE_S = 0.2


class GitRegistry(Registry):
    """The registry in one repository's tags, or in those of a remote.

    Args:
        git: The repository.
        remote: Name or URL of the remote that holds the truth; "" when this repository does.
        now: The clock, seconds since 1970.
    """

    def __init__(self, git: Git, *, remote: str = "", now: Callable[[], float] = time) -> None:
        self._shelf = TagShelf(git, remote=remote)
        self._now = now

    def models(self) -> Sequence[str]:
        """See the port."""
        return sorted({e.name for tag in self._shelf.read() if (e := read_tag(tag)) is not None})

    def versions(self, model: str) -> Sequence[ModelVersion]:
        """See the port."""
        view = _View(self._shelf.read(), model)
        return [view.version(item) for item in view.state.versions]

    def history(self, model: str, stage: str = "") -> Sequence[StageEvent]:
        """See the port."""
        view = _View(self._shelf.read(), model)
        return [view.event(e) for e in view.state.assigned if stage in ("", e.stage)]

    def register(self, new: NewVersion, *, bump: str = "patch") -> tuple[ModelVersion, bool]:
        """See the port."""
        check_model_name(new.model, self.models())
        made = False
        name = ""
        for attempt in range(_TRIES):
            _pause(attempt)
            view = _View(self._shelf.read(), new.model)
            there = view.state.at(new.commit)
            if there is not None:
                return _same(view.version(there), new), made
            # Most often there is none: looked for when a name turned out to be taken.
            strays = _strays(self._shelf, new.model) if attempt else _Strays()
            taken = [item.version for item in view.state.versions]
            version = next_version([*taken, *strays.versions], bump=bump)
            name = f"{new.model}@{version}"
            made = self._shelf.create(
                name,
                new.commit,
                message=version_message(new, version),
                tagger=new.by,
                at=self._next_moment(view.state),
            )
        raise _busy(new.model, self._shelf.lock_of(name))

    def assign(
        self, model: str, version: str, stage: str, *, by: str, reason: str = ""
    ) -> tuple[StageEvent, bool]:
        """See the port."""
        if not is_stage_name(stage):
            raise UnknownNameError(f"{stage!r} cannot name a stage")
        first: str | None = None
        name = ""
        for attempt in range(_TRIES):
            _pause(attempt)
            view = _View(self._shelf.read(), model)
            wanted = view.needed(version)
            last = view.last(stage)
            if last is not None and stage in wanted.stages:
                return view.event(view.last(stage, version) or last), False
            if first is None:
                first = last.tag if last else ""
            elif first != (last.tag if last else ""):
                raise _conflict(view, stage, last)
            if wanted.is_retired:
                raise RegistryError(f"{model}@{version} is retired and cannot get `{stage}`")
            strays = _strays(self._shelf, model) if attempt else _Strays()
            counter = max(view.state.counter, *strays.numbers, 0)
            name = f"{wanted.model}#{stage}#{counter + 1}"
            if self._shelf.create(
                name,
                wanted.commit,
                message=stage_message(wanted.model, version, stage, by=by, reason=reason),
                tagger=by,
                at=self._next_moment(view.state),
            ):
                view = _View(self._shelf.read(), model)
                return view.event(view.made_by(name)), True
        raise _busy(model, self._shelf.lock_of(name))

    def _next_moment(self, state: ModelState) -> int:
        """Now, but after every tag of the model: tags keep whole seconds and are read in order."""
        return max(int(self._now()), seconds_of(state.newest_at) + 1)


class _View:
    """The tags of one model as they were read, and what they say."""

    def __init__(self, tags: Sequence[TagObject], model: str) -> None:
        self.model = model
        self._tags = {tag.name: tag for tag in tags}
        self._said: dict[str, Said] = {}
        for tag in tags:
            event = read_tag(tag)
            if event is not None:
                self._said[tag.name] = read_message(
                    tag.message, model=event.name, commit=tag.commit
                )
        named = {name: said.version for name, said in self._said.items() if said.version}
        self.state = state_of(tags, model, said=named)

    def version(self, item: RegisteredVersion) -> ModelVersion:
        """A version in the port's words."""
        tag, said = self._tags[item.tag], self._said[item.tag]
        return ModelVersion(
            model=item.model,
            version=item.version,
            commit=item.commit,
            registered_at=tag.tagged_at,
            by=said.by or tag.tagger,
            stages=item.stages,
            is_retired=item.is_retired,
            asked=said.asked,
        )

    def event(self, item: Assigned) -> StageEvent:
        """An event in the port's words."""
        tag, said = self._tags[item.tag], self._said[item.tag]
        return StageEvent(
            model=self.model,
            stage=item.stage,
            version=item.version,
            commit=item.commit,
            number=item.number,
            at=tag.tagged_at,
            by=said.by or tag.tagger,
            reason=said.reason,
        )

    def last(self, stage: str, version: str = "") -> Assigned | None:
        """The newest event of a stage, of all versions or of one."""
        found = [
            event
            for event in self.state.assigned
            if event.stage == stage and version in ("", event.version)
        ]
        return found[-1] if found else None

    def made_by(self, tag: str) -> Assigned:
        """The event that a tag stands for.

        Raises:
            RegistryError: Somebody deleted the tag.
        """
        for event in self.state.assigned:
            if event.tag == tag:
                return event
        raise RegistryError(f"the tag {tag} was deleted as soon as it was made")

    def needed(self, version: str) -> RegisteredVersion:
        """A version that must exist.

        Raises:
            UnknownNameError: It does not.
        """
        found = self.state.version(version)
        if found is not None:
            return found
        known = ", ".join(item.version for item in self.state.versions[-5:])
        raise UnknownNameError(
            f"no version {version} of `{self.model}` is registered",
            todo=f"Newest: {known}." if known else "`branchline models` lists what is registered.",
        )


def _same(there: ModelVersion, new: NewVersion) -> ModelVersion:
    """The version that a commit has, when it is what shall be registered.

    Raises:
        RegistryError: It is not, or was taken back.
    """
    label = f"{there.model}@{there.version}"
    if there.is_retired:
        raise RegistryError(
            f"commit {new.commit[:12]} was registered as {label}, which is retired",
            todo="Register it from a commit of its own (an empty one will do).",
        )
    if there.asked is None or there.asked.digest != new.digest:
        holds = "other files" if there.asked else "files that its tag does not name"
        raise RegistryError(
            f"commit {new.commit[:12]} is registered as {label} already, with {holds}",
            todo="A commit has one version of a model. Register it from a commit of its own "
            "(an empty one will do).",
        )
    return there


def _conflict(view: _View, stage: str, last: Assigned | None) -> RegistryError:
    holder = f"{view.model}@{last.version} (event {last.number})" if last else "another version"
    by = f" by {view.event(last).by}" if last else ""
    return RegistryError(
        f"`{stage}` was given to {holder}{by} meanwhile",
        todo="Look again, and repeat the command if you still want it.",
    )


@dataclass(frozen=True, slots=True)
class _Strays:
    """What tags that are no events take away from a model: versions, and numbers of events."""

    versions: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()


def _strays(shelf: TagShelf, model: str) -> _Strays:
    named = (read_tag(TagObject(name=name, id="", commit="")) for name in shelf.strays())
    found = [tag for tag in named if tag is not None and tag.name == model]
    return _Strays(
        versions=tuple(tag.version for tag in found if tag.version),
        numbers=tuple(tag.counter for tag in found if tag.counter is not None),
    )


def _pause(attempt: int) -> None:
    """Let others finish; two who lost against each other should not do so again."""
    if attempt:
        sleep(min(0.01 * attempt, _LONGEST_PAUSE_S))


def _busy(model: str, lock: str) -> RegistryError:
    if lock:
        return RegistryError(
            f"could not add to the registry of `{model}`: {lock} stands in the way",
            todo="A git process that was killed left it. If no git runs there, delete that file.",
        )
    return RegistryError(f"could not add to the registry of `{model}`: others kept adding to it")
