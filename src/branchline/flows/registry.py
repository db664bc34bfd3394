"""Look at the registry, move a stage, check a version's files. Each verb is one function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.core.effects.registering import ROLLBACK, check_promotion, version_before
from branchline.core.pipeline import Content
from branchline.errors import BranchlineError, RegistryError, UnknownNameError
from branchline.flows.history import History
from branchline.render.registry import FileView, VersionView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.effects.registering import RegistryRules
    from branchline.core.plan.values import Result
    from branchline.ports.artifacts import Artifacts, Damage
    from branchline.ports.records import Records
    from branchline.ports.registry import ModelVersion, Registry, StageEvent
    from branchline.ports.repo import Repo
    from branchline.render.run_view import RunView


def all_versions(registry: Registry, model: str = "") -> tuple[ModelVersion, ...]:
    """Versions of one model or of all, newest first within a model.

    Raises:
        UnknownNameError: No such model.
    """
    if model and not registry.versions(model):
        raise _unknown_model(registry, model)
    return tuple(
        version
        for name in ([model] if model else registry.models())
        for version in reversed(registry.versions(name))
    )


def version_of(registry: Registry, model: str, name: str = "") -> ModelVersion:
    """A version by its number or by a stage that it holds; the newest live one when "".

    Raises:
        UnknownNameError: There is none; `todo` says what is near.
    """
    versions = registry.versions(model)
    if not versions:
        raise _unknown_model(registry, model)
    for version in reversed(versions):
        is_newest = not name and not version.is_retired
        if is_newest or name in (
            version.version,
            version.version.removeprefix("v"),
            *version.stages,
        ):
            return version
    import difflib

    known = [v.version for v in versions] + sorted({s for v in versions for s in v.stages})
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"Did you mean `{near[0]}`? " if near else ""
    raise UnknownNameError(
        f"no version {name} of `{model}` is registered" if name else f"`{model}` is retired",
        todo=f"{hint}`branchline models {model}` lists them.",
    )


def promote(
    registry: Registry,
    rules: RegistryRules,
    *,
    model: str,
    version: str,
    stage: str,
    by: str,
    override: str = "",
    reason: str = "",
) -> tuple[StageEvent, bool]:
    """Give a stage to a version.

    Returns:
        The event, and whether this call made it.

    Raises:
        UnknownNameError: No such model, version or stage.
        RegistryError: It may not get it, or somebody else was quicker.
    """
    found = version_of(registry, model, version)
    check_promotion(
        stage,
        rules,
        label=f"{model}@{found.version}",
        outcome=found.asked.outcome if found.asked else "",
        is_retired=found.is_retired,
        has_held=stage in found.stages,
        override=override,
    )
    why = f"override: {override.strip()}" if override.strip() else reason
    return registry.assign(model, found.version, stage, by=by, reason=why)


def rollback(
    registry: Registry,
    rules: RegistryRules,
    *,
    model: str,
    stage: str,
    by: str,
    reason: str = "",
) -> tuple[StageEvent, str]:
    """Give a stage back to the version that held it before: a new event, nothing is deleted.

    Returns:
        The event, and the version that held the stage until now.

    Raises:
        UnknownNameError: No such model or stage.
        RegistryError: Nobody held it before.
    """
    versions = registry.versions(model)
    if not versions:
        raise _unknown_model(registry, model)
    check_promotion(stage, rules, label=model, outcome="", is_retired=False, has_held=True)
    history = registry.history(model, stage)
    holder = next((v.version for v in versions if stage in v.stages), "")
    before = version_before(history, retired=[v.version for v in versions if v.is_retired])
    if not before:
        raise RegistryError(
            f"nothing to go back to: no version of `{model}` held `{stage}` before "
            f"{holder or 'this'}",
            todo=f"Give it to any version: branchline promote {model} VERSION {stage}.",
        )
    why = f"{ROLLBACK}{history[-1].version}" + (f": {reason.strip()}" if reason.strip() else "")
    event, _ = registry.assign(model, before, stage, by=by, reason=why)
    return event, holder


def held_stages(registry: Registry, rules: RegistryRules, model: str) -> dict[str, str]:
    """Stage -> version that holds it; "" for one that nobody holds."""
    held = dict.fromkeys(rules.stages, "")
    for version in registry.versions(model):
        held.update(dict.fromkeys(version.stages, version.version))
    return held


def provenance(
    registry: Registry, records: Records, repo: Repo, version: ModelVersion
) -> VersionView:
    """All that is known of a version: how it was made, from what, and which files it is."""
    asked = version.asked
    run = _run_of(records, repo, asked.run) if asked and asked.run else None
    result = _result_of(records, run, asked.key) if run and asked else None
    known = {out.path: out.content for out in result.outs} if result else {}
    files = (
        tuple(
            FileView(
                path=path, digest=digest, size_bytes=known.get(path, Content(md5=None)).size_bytes
            )
            for path, digest in sorted(asked.paths.items())
        )
        if asked
        else ()
    )
    return VersionView(
        version=version,
        history=tuple(
            event for event in registry.history(version.model) if event.version == version.version
        ),
        files=files,
        command=_command(result),
        data=dict(run.evidence.data) if run else {},
        environment=dict(run.evidence.versions) if run else {},
        subject=run.subject if run else "",
        run_is_here=run is not None,
    )


def damage_of(artifacts: Artifacts, version: ModelVersion) -> tuple[Damage, ...]:
    """Files of a version that are not what was registered; every byte is read again.

    Raises:
        RegistryError: Its tag does not say which files it is.
    """
    if version.asked is None or not version.asked.paths:
        raise RegistryError(
            f"the tag {version.model}@{version.version} does not say which files it stands for",
            todo="It was made by another tool; `branchline models` shows such versions without "
            "a verdict.",
        )
    return tuple(
        damage
        for path, digest in sorted(version.asked.paths.items())
        for damage in artifacts.damage(path, Content(md5=digest))
    )


def _run_of(records: Records, repo: Repo, run: str) -> RunView | None:
    if run not in records.run_ids():
        return None
    try:
        return History(records, repo).find(run)
    except BranchlineError:
        return None


def _result_of(records: Records, run: RunView, key: str) -> Result | None:
    """The result that made the model: of the registered key, by the run that the record names."""
    made_by = {facts.key: facts.run for facts in run.evidence.stages}
    results: Sequence[Result] = records.results([key]).get(key, ()) if key else ()
    wanted = made_by.get(key, "")
    return next((r for r in results if r.run == wanted), next(iter(results), None))


def _command(result: Result | None) -> str:
    command = result.entry.cmd if result else None
    return command if isinstance(command, str) else " && ".join(command or ())


def _unknown_model(registry: Registry, model: str) -> UnknownNameError:
    import difflib

    known = registry.models()
    if model in known:
        return UnknownNameError(
            f"no version of `{model}` is registered any more, only stages that one held",
            todo="`branchline apply` registers what a run on the default branch made.",
        )
    near = difflib.get_close_matches(model, known, n=1, cutoff=0.5)
    hint = f"Did you mean `{near[0]}`?" if near else f"Registered: {', '.join(known) or 'none'}."
    return UnknownNameError(f"no model `{model}` is registered", todo=hint)
