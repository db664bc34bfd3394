"""Port `registry`: a fake in memory, and what every implementation must do.

To check an implementation, inherit `RegistryContract` in a test module and give it a fixture
`registry` that returns an empty one, and `commits`, full hashes that it knows.
"""

# ruff: noqa: S101 - a contract suite is made of assertions

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from branchline.core.effects.registering import check_model_name, next_version
from branchline.core.verdict.registered import is_stage_name, version_order
from branchline.errors import RegistryError, UnknownNameError
from branchline.ports.registry import ModelVersion, NewVersion, Registry, StageEvent

if TYPE_CHECKING:
    from collections.abc import Sequence

BY = "Ada <ada@example.org>"


def new_version(commit: str, *, model: str = "m", digest: str = "d1") -> NewVersion:
    """A model to register, for tests."""
    return NewVersion(
        model=model,
        commit=commit,
        run=commit[:7],
        digest=digest,
        paths={"model.pkl": digest, "ä b/c": "0" * 32},
        outcome="passed",
        metrics={"auc": 0.9412, "n": 3},
        params={"params.yaml:train.lr": "0.1"},
        key="k" * 64,
        by=BY,
    )


class FakeRegistry(Registry):
    """A registry in memory.

    Attributes:
        kept: Versions by model, in the order of their numbers. events: All stages' events.
        retired: (model, version) pairs; a test adds to it.
        error: Raised by every call when a test sets it.
    """

    def __init__(self) -> None:
        self.kept: dict[str, list[ModelVersion]] = {}
        self.events: list[StageEvent] = []
        self.retired: set[tuple[str, str]] = set()
        self.error: RegistryError | None = None

    def models(self) -> Sequence[str]:
        """See the port."""
        self._answer()
        return sorted(self.kept)

    def versions(self, model: str) -> Sequence[ModelVersion]:
        """See the port."""
        self._answer()
        return [self._now(version) for version in self.kept.get(model, ())]

    def history(self, model: str, stage: str = "") -> Sequence[StageEvent]:
        """See the port."""
        self._answer()
        return [e for e in self.events if e.model == model and stage in ("", e.stage)]

    def register(self, new: NewVersion, *, bump: str = "patch") -> tuple[ModelVersion, bool]:
        """See the port."""
        self._answer()
        check_model_name(new.model, self.models())
        kept = self.kept.setdefault(new.model, [])
        for version in kept:
            if version.commit == new.commit:
                if version.asked is None or version.asked.digest != new.digest:
                    raise RegistryError(f"commit {new.commit[:12]} is {version.version} already")
                return self._now(version), False
        made = ModelVersion(
            model=new.model,
            version=next_version([version.version for version in kept], bump=bump),
            commit=new.commit,
            registered_at=f"2026-01-01T00:00:{len(kept):02}Z",
            by=new.by,
            asked=new,
        )
        kept.append(made)
        kept.sort(key=lambda version: version_order(version.version))
        return made, True

    def assign(
        self, model: str, version: str, stage: str, *, by: str, reason: str = ""
    ) -> tuple[StageEvent, bool]:
        """See the port."""
        self._answer()
        found = next((v for v in self.versions(model) if v.version == version), None)
        if found is None or not is_stage_name(stage):
            raise UnknownNameError(f"no version {version} of `{model}` is registered")
        if found.is_retired:
            raise RegistryError(f"{model}@{version} is retired")
        history = self.history(model, stage)
        if history and history[-1].version == version:
            return history[-1], False
        event = StageEvent(
            model=model,
            stage=stage,
            version=version,
            commit=found.commit,
            number=1 + sum(event.model == model for event in self.events),
            at=f"2026-01-01T00:01:{len(self.events):02}Z",
            by=by,
            reason=reason,
        )
        self.events.append(event)
        return event, True

    def _answer(self) -> None:
        if self.error is not None:
            raise self.error

    def _now(self, version: ModelVersion) -> ModelVersion:
        last = {e.stage: e.version for e in self.events if e.model == version.model}
        is_retired = (version.model, version.version) in self.retired
        held = () if is_retired else (s for s, v in last.items() if v == version.version)
        return replace(version, stages=tuple(sorted(held)), is_retired=is_retired)


class RegistryContract:
    """What every registry must do."""

    def test_a_name_that_differs_only_by_case_is_refused(
        self, registry: Registry, commits: Sequence[str]
    ) -> None:
        """Tags are files, and many disks do not tell `M` from `m`."""
        registry.register(new_version(commits[0]))

        with pytest.raises(RegistryError, match="differs only by case from 'm'"):
            registry.register(new_version(commits[1], model="M"))

        assert list(registry.models()) == ["m"]

    def test_an_empty_registry_is_empty(self, registry: Registry) -> None:
        """Nothing is no error."""
        assert list(registry.models()) == []
        assert list(registry.versions("m")) == []
        assert list(registry.history("m")) == []

    def test_what_was_registered_comes_back(
        self, registry: Registry, commits: Sequence[str]
    ) -> None:
        """Every field, and the commit."""
        made, is_new = registry.register(new_version(commits[0]))

        assert is_new
        assert (made.model, made.version, made.commit) == ("m", "v1.0.0", commits[0])
        assert made.asked == new_version(commits[0])
        assert made.by == BY
        assert list(registry.versions("m")) == [made]
        assert list(registry.models()) == ["m"]

    def test_registering_twice_is_once(self, registry: Registry, commits: Sequence[str]) -> None:
        """The same digest at the same commit is the version that is there."""
        first, _ = registry.register(new_version(commits[0]))

        again, is_new = registry.register(new_version(commits[0]))

        assert (again, is_new) == (first, False)
        assert len(registry.versions("m")) == 1

    def test_other_files_at_the_same_commit_are_refused(
        self, registry: Registry, commits: Sequence[str]
    ) -> None:
        """A commit has one version of a model."""
        registry.register(new_version(commits[0]))

        with pytest.raises(RegistryError, match="already"):
            registry.register(new_version(commits[0], digest="d2"))

    def test_numbers_rise(self, registry: Registry, commits: Sequence[str]) -> None:
        """Each model has its own numbers; `bump` says which part."""
        bumps = ("patch", "patch", "minor", "major")
        made = [
            registry.register(new_version(commit, digest=commit), bump=bump)[0].version
            for commit, bump in zip(commits, bumps, strict=False)
        ]

        assert made == ["v1.0.0", "v1.0.1", "v1.1.0", "v2.0.0"]
        assert registry.register(new_version(commits[0], model="team/n"))[0].version == "v1.0.0"
        assert list(registry.models()) == ["m", "team/n"]

    def test_a_stage_is_held_by_the_version_that_got_it_last(
        self, registry: Registry, commits: Sequence[str]
    ) -> None:
        """Giving it back is a new event."""
        for commit in commits[:2]:
            registry.register(new_version(commit, digest=commit))

        for version in ("v1.0.0", "v1.0.1", "v1.0.0"):
            _, is_new = registry.assign("m", version, "production", by=BY, reason=f"so {version}")
            assert is_new

        held = {version.version: version.stages for version in registry.versions("m")}
        history = registry.history("m", "production")
        assert held == {"v1.0.0": ("production",), "v1.0.1": ()}
        assert [event.version for event in history] == ["v1.0.0", "v1.0.1", "v1.0.0"]
        assert [event.number for event in history] == sorted({e.number for e in history})
        assert history[-1].reason == "so v1.0.0"
        assert (history[-1].by, history[-1].commit) == (BY, commits[0])

    def test_giving_a_stage_twice_is_once(self, registry: Registry, commits: Sequence[str]) -> None:
        """Nothing is added when the version has it already."""
        registry.register(new_version(commits[0]))
        first, _ = registry.assign("m", "v1.0.0", "production", by=BY)
        registry.assign("m", "v1.0.0", "staging", by=BY)

        again, is_new = registry.assign("m", "v1.0.0", "production", by=BY)

        assert (again, is_new) == (first, False)
        assert len(registry.history("m")) == 2
        assert registry.versions("m")[0].stages == ("production", "staging")

    def test_an_unknown_version_gets_nothing(
        self, registry: Registry, commits: Sequence[str]
    ) -> None:
        """Nor one of an unknown model."""
        registry.register(new_version(commits[0]))

        for model, version in (("m", "v9.0.0"), ("x", "v1.0.0"), ("m", "latest")):
            with pytest.raises(UnknownNameError):
                registry.assign(model, version, "production", by=BY)

    @pytest.mark.parametrize("model", ["", "a b", "-a", "a@b", "a#b", "../a", "a\n", "a!", "ä"])
    def test_a_name_that_cannot_be_a_tag_is_refused(
        self, registry: Registry, commits: Sequence[str], model: str
    ) -> None:
        """With an error of ours, before anything is made."""
        with pytest.raises(RegistryError, match="cannot name a model"):
            registry.register(new_version(commits[0], model=model))

        assert list(registry.models()) == []

    @pytest.mark.parametrize("stage", ["", "a b", "-a", "a#b", "a!", "..", "a\n"])
    def test_a_stage_that_cannot_be_a_tag_is_refused(
        self, registry: Registry, commits: Sequence[str], stage: str
    ) -> None:
        """Likewise."""
        registry.register(new_version(commits[0]))

        with pytest.raises(UnknownNameError):
            registry.assign("m", "v1.0.0", stage, by=BY)
