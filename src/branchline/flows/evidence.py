"""Gathers the evidence of a run from what its stages left. Serves the station `evidence`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from branchline.core.changes.values import InputKind
from branchline.core.evidence import Evidence, StageFacts
from branchline.core.evidence.values import MODEL_SUFFIXES
from branchline.core.pipeline import maker_of
from branchline.core.plan.values import Action
from branchline.core.plan.view import MODE_SUFFIX
from branchline.core.policy import MakeEnvironment
from branchline.core.secrecy import shown
from branchline.core.values import digest_of
from branchline.errors import RegistryError
from branchline.flows.inputs import leaves_of
from branchline.flows.metrics_left import metrics_in
from branchline.flows.plot_files import plots_left
from branchline.flows.reading import with_folders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from branchline.core.evidence import Plot
    from branchline.core.evidence.model_tests import Examined
    from branchline.core.plan.values import Plan, Produced, Result, StagePlan
    from branchline.core.values import JsonValue
    from branchline.flows.metrics_left import MetricsLeft
    from branchline.flows.plan import Planner
    from branchline.flows.project import Project
    from branchline.flows.walked import Walked


class EvidenceReader:
    """Reads what one run left.

    Args:
        project: Ports.
        planner: Knows the inputs of each stage.
        plan: As it was carried out.
        walked: Results and attempts.
    """

    def __init__(self, project: Project, planner: Planner, plan: Plan, walked: Walked) -> None:
        self._project = project
        self._planner = planner
        self._plan = plan
        self._walked = walked

    def gather(
        self, *, duration_s: float, dirty: Sequence[str], with_unmade: bool = True
    ) -> Evidence:
        """The evidence of the run.

        Args:
            duration_s: Wall time until now.
            dirty: What git does not have as it is now.
            with_unmade: Whether metrics files count that no stage of the plan makes: whoever wrote
                them may have done it for other parameters.

        What cannot be read of the metrics is said in `Evidence.unread`.
        """
        project = self._project
        head = project.repo.head()
        results = self._walked.results
        left = self._metrics(with_unmade=with_unmade)
        return Evidence(
            metrics=tuple(left.metrics),
            unread=tuple(left.unread),
            params=self._params(),
            outs={o.path: o.content.md5 or "" for r in results.values() for o in r.outs},
            plots=self._plots(with_unmade=with_unmade),
            stages=tuple(
                self._facts(entry, results[entry.stage])
                for entry in self._plan.stages
                if entry.stage in results
            ),
            data=self._data(),
            evaluation_data=self._evaluation_data(),
            commit=head.commit,
            branch=head.branch,
            is_dirty=self._is_dirty(set(dirty)),
            versions={**project.machine.versions(), **self._lock_digests()},
            duration_s=round(duration_s, 3),
            tests=self._tests(),
        )

    def _tests(self) -> tuple[Examined, ...]:
        """What came of the tests of the model; loads nothing where there are none."""
        if not (self._planner.options.with_tests and self._project.policy.tests):
            return ()
        from branchline.flows.model_tests import outcomes_of_tests

        return outcomes_of_tests(self._planner, self._walked)

    def measured(self, evidence: Evidence) -> Evidence:
        """The same with the size of the model, and what the tests measured."""
        from branchline.core.evidence.measured import Measured
        from branchline.core.policy import MODEL_SIZE

        size = self._model_size()
        own = () if size is None else (Measured(name=MODEL_SIZE, value=size),)
        told = [item for test in evidence.tests for item in test.reported.measured]
        return replace(evidence, measured=(*own, *told))

    def _model_size(self) -> float | None:
        """Bytes of all files of the model; None where it is not known, or which output it is."""
        from branchline.core.effects.model_outputs import model_outputs

        results = [r for r in self._walked.results.values() if r.report is None]
        try:
            outs = [out for _, out in model_outputs(results, self._project.policy)]
        except RegistryError:
            return None
        sizes = [self._size(out) for out in outs]
        known = [size for size in sizes if size is not None]
        return float(sum(known)) if sizes and len(known) == len(sizes) else None

    def _size(self, out: Produced) -> int | None:
        if out.content.size_bytes is not None:
            return out.content.size_bytes
        now = self._project.workspace.content(out.path)
        is_same = now is not None and now.md5 == out.content.md5
        return now.size_bytes if now is not None and is_same else None

    def _metrics(self, *, with_unmade: bool) -> MetricsLeft:
        files = {
            out.path: result.stage
            for result in self._walked.results.values()
            for out in result.outs
            if out.kind == "metric"
        }
        makers = {out.path: r.stage for r in self._walked.results.values() for out in r.outs}
        for path in self._project.pipeline.metrics:
            made_in = maker_of(path, makers)
            if made_in is not None or with_unmade:
                files.setdefault(path, makers.get(made_in or "", ""))
        left = metrics_in(self._project, self._planner.stages, files)
        if "" in files.values():
            from branchline.flows.stale_metrics import leave_out_stale

            leave_out_stale(self._project, self._planner, self._walked, left)
        return left

    def _params(self) -> dict[str, JsonValue]:
        found: dict[str, JsonValue] = {}
        for entry in self._plan.stages:
            gathered = self._planner.gathered.get(entry.stage)
            for file, values in (gathered.params if gathered else {}).items():
                found.update({f"{file}:{key}": shown(key, v) for key, v in leaves_of(values)})
        return found

    def _plots(self, *, with_unmade: bool) -> tuple[Plot, ...]:
        options = {o.path: o.plot for s in self._planner.stages for o in s.outs if o.plot}
        results = tuple(self._walked.results.values())
        return plots_left(self._project, results, options, with_unmade=with_unmade)

    def _facts(self, entry: StagePlan, result: Result) -> StageFacts:
        return StageFacts(
            stage=entry.stage,
            action="reuse" if entry.action is Action.REUSE else "run",
            key=result.key,
            run=result.run,
            duration_s=result.duration_s,
            cpu_s=result.cpu_s,
            peak_memory_bytes=result.peak_memory_bytes,
            attempts=self._walked.attempts.get(entry.stage, 1),
        )

    def _data(self) -> dict[str, str]:
        """Data that no stage makes, by content."""
        makers = self._planner.producers.makers
        return {
            item.name: item.digest
            for result in self._walked.results.values()
            for item in result.inputs
            if item.kind is InputKind.DATA and item.digest and not makers(item.name)
        }

    def _evaluation_data(self) -> str:
        """Digest of the data that the metrics were computed on; "" when that is not known."""
        named = self._project.policy.gate.data
        if named:
            digests = [(path, self._digest(path)) for path in named]
            return "" if any(not digest for _, digest in digests) else digest_of(digests)
        found: dict[str, str] = {}
        for result in self._walked.results.values():
            if not any(out.kind == "metric" for out in result.outs):
                continue
            for item in result.inputs:
                if item.kind is InputKind.DATA and not item.name.endswith(MODEL_SUFFIXES):
                    found[item.name] = item.digest or ""
            for seen in result.observed:
                if not seen.is_look and not self._planner.inputs.reader.is_code(seen.path):
                    found[seen.path] = seen.digest
        return digest_of(sorted(found.items()))

    def _digest(self, path: str) -> str:
        """Content of a file or folder, from the workspace or as a stage's result promises it."""
        content = self._project.workspace.content(path) or self._planner.producers.content(path)
        return (content.md5 or "") if content is not None else ""

    def _is_dirty(self, dirty: set[str]) -> bool:
        """Whether anything that the results depend on is not committed."""
        if self._differs_from_pointers():
            return True
        # What a run writes itself is committed after it: dvc.lock, metrics, .gitignore.
        dirty -= set(self._project.lock_files.paths(self._planner.stages))
        outs = {out.path for r in self._walked.results.values() for out in r.outs}
        dirty -= outs | {f"{path.rpartition('/')[0]}/.gitignore".lstrip("/") for path in outs}
        if not dirty:
            return False
        # No result depends on what git ignores, and a run of another model here wrote its own.
        settings = {p for p in self._project.config_files if not p.endswith(".gitignore")}
        if dirty & settings:
            return True
        touched = {above for path in dirty for above in with_folders(path)}
        for result in self._walked.results.values():
            for item in result.inputs:
                is_parameter = item.kind is InputKind.PARAMETER
                path = item.name.partition(":")[0] if is_parameter else item.name
                if path.removesuffix(MODE_SUFFIX) in touched:
                    return True
            if any(seen.path in dirty for seen in result.observed):
                return True
        return False

    def _differs_from_pointers(self) -> bool:
        """Whether data that git knows by a `.dvc` file are not what that file says.

        git ignores such data, so its status is clean whatever they hold.
        """
        names = {item.name for r in self._walked.results.values() for item in r.inputs}
        names |= {seen.path for r in self._walked.results.values() for seen in r.observed}
        found = {
            pointer.path: pointer
            for pointer in map(self._planner.producers.pointer, names)
            if pointer
        }
        for path, pointer in found.items():
            promised = pointer.content
            if promised.md5 is None or promised.legacy:
                continue  # It promises nothing, or in DVC 2's way of counting line ends.
            now = self._project.workspace.content(path)
            if now is not None and now.md5 != promised.md5:
                return True
        return False

    def _lock_digests(self) -> dict[str, str]:
        surroundings = self._planner.inputs.surroundings
        if self._project.policy.environment.make is MakeEnvironment.ALWAYS:
            from branchline.flows.environments.planned import planned_versions

            return planned_versions(self._project, surroundings.inputs())
        reader = self._planner.inputs.reader
        return {
            f"lock:{path}": (reader.digest(path) or "")[:16] for path in surroundings.lock_files()
        }
