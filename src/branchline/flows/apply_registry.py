"""Appliers of what concerns the registry: versions, stages, and their mirror in a tracker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.core.effects.registering import RegistryRules, check_promotion, is_overtaken
from branchline.core.effects.values import Mirror, Promote, Register
from branchline.core.pipeline import Content
from branchline.errors import EffectError
from branchline.flows.registry import held_stages, promote
from branchline.ports.registry import NewVersion
from branchline.ports.tracker import TrackedRun, TrackedVersion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from branchline.core.values import JsonValue
    from branchline.flows.apply import Appliers
    from branchline.ports.artifacts import Artifacts
    from branchline.ports.registry import ModelVersion, Registry
    from branchline.ports.tracker import Tracker


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryAppliers:
    """Applies `Register`, `Promote` and `Mirror`.

    Attributes:
        registry: The truth.
        rules: From the default branch.
        artifacts: Lays the model's files out for a tracker; None sends it no files.
        tracker: (kind, uri as written) -> the tracker; None where there is none.
    """

    registry: Registry
    rules: RegistryRules
    artifacts: Artifacts | None = None
    tracker: Callable[[str, str], Tracker] | None = None

    def table(self) -> Appliers:
        """Who applies what; to be joined with other tables by `|`."""
        return {Register: self.register, Promote: self.promote, Mirror: self.mirror}

    def register(self, effect: Register) -> str:
        """Register a version, and give it its stage unless something newer went past it.

        Files that the newest version holds already are that version: a change that trained nothing
        makes no new one.
        """
        version, is_new = self._version(effect)
        label = f"{version.model}@{version.version}"
        said = f"{label} is registered" if is_new else f"{label} holds these files already"
        if not effect.stage:
            return said
        history = self.registry.history(effect.model, effect.stage)
        if is_overtaken(history, version.version):
            return f"{said}; `{effect.stage}` has gone on since"
        check_promotion(
            effect.stage,
            self.rules,
            label=label,
            outcome=effect.outcome,
            is_retired=version.is_retired,
        )
        self.registry.assign(
            effect.model, version.version, effect.stage, by=effect.by, reason="registered"
        )
        return f"{said} and has `{effect.stage}`"

    def promote(self, effect: Promote) -> str:
        """Give a version a stage, by the rules that hold for a person too."""
        event, is_new = promote(
            self.registry,
            self.rules,
            model=effect.model,
            version=effect.version,
            stage=effect.stage,
            by=effect.by,
            reason=effect.reason,
        )
        verb = "has" if is_new else "had"
        return f"{event.model}@{event.version} {verb} `{event.stage}`"

    def mirror(self, effect: Mirror) -> str:
        """Show a run in a tracker, with its version and all stages of its model."""
        if self.tracker is None:
            raise EffectError(f"no tracker of kind {effect.kind} is set up here")
        body = effect.body
        model, digest = _text(body, "model"), _text(body, "digest")
        version = self._registered(model, _text(body, "commit"), digest) if digest else None
        if digest and version is None:
            raise EffectError(f"run {effect.run} waits until its model is registered")
        tracker = self.tracker(effect.kind, effect.uri)
        paths = {path: md5 for path, md5 in _mapping(body, "paths").items() if isinstance(md5, str)}
        folder = ""
        if paths and self.artifacts is not None:
            contents = {path: Content(md5=md5) for path, md5 in paths.items()}
            folder = self.artifacts.lay_out("artifacts", effect.run, contents)
        run_id = tracker.show_run(tracked_run(effect, {"model": folder} if folder else {}))
        if version is None:
            return f"run {effect.run} is shown there"
        shown = TrackedVersion(
            model=model,
            version=version.version,
            commit=version.commit,
            run=effect.run,
            digest=digest,
        )
        tracker.show_version(shown, run_id=run_id, source="model" if folder else "")
        tracker.show_stages(model, held_stages(self.registry, self.rules, model))
        return f"run {effect.run} and {model}@{version.version} are shown there"

    def _version(self, effect: Register) -> tuple[ModelVersion, bool]:
        there = self._registered(effect.model, effect.commit, effect.digest)
        if there is not None:
            return there, False
        new = NewVersion(
            model=effect.model,
            commit=effect.commit,
            run=effect.run,
            digest=effect.digest,
            paths=effect.paths,
            outcome=effect.outcome,
            metrics=effect.metrics,
            params=effect.params,
            key=effect.key,
            by=effect.by,
        )
        made, is_new = self.registry.register(new)
        return made, is_new

    def _registered(self, model: str, commit: str, digest: str) -> ModelVersion | None:
        """The version of a commit, or else the newest one, if it holds these files."""
        versions = [v for v in self.registry.versions(model) if not v.is_retired]
        for version in [v for v in versions if v.commit == commit] + versions[-1:]:
            if version.asked is not None and version.asked.digest == digest:
                return version
        return None


def tracked_run(effect: Mirror, artifacts: Mapping[str, str]) -> TrackedRun:
    """What a tracker shows of a run."""
    body = effect.body
    facts = {
        **_mapping(body, "versions"),
        **{f"data:{k}": v for k, v in _mapping(body, "data").items()},
    }
    duration = body.get("duration_s")
    return TrackedRun(
        model=_text(body, "model"),
        run=effect.run,
        commit=_text(body, "commit"),
        branch=_text(body, "branch"),
        key=_text(body, "key"),
        outcome=_text(body, "outcome"),
        started_at=_text(body, "started_at"),
        duration_s=float(duration) if isinstance(duration, int | float) else 0.0,
        params={name: str(value) for name, value in _mapping(body, "params").items()},
        metrics={
            name: float(value)
            for name, value in _mapping(body, "metrics").items()
            if isinstance(value, int | float)
        },
        tags={name: str(value) for name, value in facts.items()},
        artifacts=artifacts,
    )


def show_model(
    registry: Registry, tracker: Tracker, rules: RegistryRules, model: str
) -> tuple[int, int]:
    """Show all versions of a model and who holds which stage, from what their tags say.

    Returns:
        How many versions are shown, and how many say too little of themselves to be shown.
    """
    shown = left_out = 0
    for version in registry.versions(model):
        asked = version.asked
        if asked is None or version.is_retired:
            left_out += asked is None
            continue
        run = TrackedRun(
            model=model,
            run=asked.run,
            commit=asked.commit,
            key=asked.key,
            outcome=asked.outcome,
            started_at=version.registered_at,
            params=asked.params,
            metrics=asked.metrics,
        )
        label = TrackedVersion(
            model=model,
            version=version.version,
            commit=version.commit,
            run=asked.run,
            digest=asked.digest,
        )
        tracker.show_version(label, run_id=tracker.show_run(run))
        shown += 1
    tracker.show_stages(model, held_stages(registry, rules, model))
    return shown, left_out


def _text(body: Mapping[str, JsonValue], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""


def _mapping(body: Mapping[str, JsonValue], name: str) -> dict[str, JsonValue]:
    value = body.get(name)
    return dict(value) if isinstance(value, dict) else {}
