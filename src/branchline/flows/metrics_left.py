"""The metrics that stages left, in whatever form. Serves the station `evidence`.

What cannot be read is kept as a sentence: the gate says it of every metric that it misses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from branchline.core.evidence import Metric
    from branchline.core.pipeline import Content, Stage
    from branchline.flows.project import Project
    from branchline.ports.metric_readers import MetricSource

_MOST_HELD = 64 << 20
"""Bytes that are held at once; a larger file is read piece by piece."""


class MetricsLeft:
    """Reads metrics files of one pipeline, each with the reader that its stage names.

    Args:
        project: Ports.
        stages: Their outputs say which reader is wanted.
    """

    def __init__(self, project: Project, stages: Iterable[Stage]) -> None:
        self._project = project
        self._readers = {out.path: out.reader for stage in stages for out in stage.outs}
        self.metrics: list[Metric] = []
        self.unread: list[str] = []
        """Why a file gave no metric, a sentence each."""

    def read_files(self, files: Mapping[str, str]) -> None:
        """Read files of the working tree.

        Args:
            files: Path -> address of the stage that made it; "" for none.
        """
        for path, stage in files.items():
            source = self._source(path)
            if source is None:
                self._miss(path, stage)
            else:
                self._take(source, stage)

    def read_stored(self, path: str, content: Content, stage: str) -> None:
        """Read what the store holds; nothing where it does not hold it any more."""
        source = self._stored(path, content)
        if source is not None:
            self._take(source, stage)

    def _take(self, source: MetricSource, stage: str) -> None:
        readers = self._project.metric_readers
        reading = readers.read(source, reader=self._readers.get(source.path, ""), stage=stage)
        self.metrics += reading.metrics
        if reading.problem:
            self.unread.append(reading.problem)

    def _miss(self, path: str, stage: str) -> None:
        made = f"stage `{stage}` did not leave it" if stage else "no stage makes it"
        self.unread.append(f"{path}: there is no such metrics file; {made}.")

    def _source(self, path: str) -> MetricSource | None:
        """What stands in the working tree; None where nothing does."""
        project = self._project
        content = project.workspace.content(path)
        if content is None:
            return None
        if content.is_folder or content.size_bytes is None or content.size_bytes > _MOST_HELD:
            return project.metric_readers.at(project.root, path)
        data = project.workspace.read(path)
        return None if data is None else project.metric_readers.held(path, data)

    def _stored(self, path: str, content: Content) -> MetricSource | None:
        store, readers = self._project.store, self._project.metric_readers
        if not content.is_folder:
            data = store.read(content)
            return None if data is None else readers.held(path, data)
        members = store.members(content)
        if members is None:
            return None
        held: dict[str, bytes] = {}
        left = _MOST_HELD
        for name, member in members:
            data = store.read(member) if (member.size_bytes or 0) <= left else None
            if data is not None:
                held[name] = data
                left -= len(data)
        return readers.held(path, b"", held)


def metrics_in(project: Project, stages: Sequence[Stage], files: Mapping[str, str]) -> MetricsLeft:
    """Read metrics files of the working tree; see `MetricsLeft.read_files`."""
    left = MetricsLeft(project, stages)
    left.read_files(files)
    return left
