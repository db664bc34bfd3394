"""Adapter `metric_readers`: what loggers leave: Lightning, TensorBoard, DVCLive, MLflow.

A folder may hold several runs; where it does, names begin with the folder that tells them apart.
"""

from __future__ import annotations

import re
from dataclasses import replace
from posixpath import commonpath, dirname
from typing import TYPE_CHECKING

from branchline.adapters.metric_readers.documents import JsonFile
from branchline.adapters.metric_readers.event_files import is_event_file, scalars_of
from branchline.adapters.metric_readers.sources import head_of, whole
from branchline.adapters.metric_readers.tables import CsvFile
from branchline.core.evidence.found import Fit, Found
from branchline.core.evidence.written import name_of, number_in
from branchline.errors import DocumentError
from branchline.ports.metric_readers import MetricReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from branchline.ports.metric_readers import MetricSource

_EVENTS = re.compile(r"(?:^|/)events\.out\.tfevents\.[^/]+$")
_LIVE = re.compile(r"(?:^|/)plots/metrics/((?:[^/]+/)*[^/]+)\.tsv$")
_MLFLOW = re.compile(r"(?:^|/)([0-9a-f]{32})/metrics/(.+)$")
_MOST_METRIC = 64 << 20
_NO_NAMES = ("epoch", "step", "hp_metric")


class TensorBoard(MetricReader):
    """Event files."""

    name = "tensorboard"
    reads = "event files of TensorBoard, or a folder with some"
    rule = "The highest step of each scalar counts."

    def fits(self, source: MetricSource, head: bytes) -> Fit:
        """See the port."""
        if not source.is_folder:
            is_named = _EVENTS.search(source.path) is not None
            return Fit.CERTAIN if is_event_file(head) or is_named else Fit.NO
        return Fit.LIKELY if _some(source, lambda path: bool(_EVENTS.search(path))) else Fit.NO

    def read(self, source: MetricSource) -> Sequence[Found]:
        """See the port."""
        if not source.is_folder:
            return _of_events([source], source)
        files = [m for m in source.members() if is_event_file(head_of(m))]
        return [item for run in _runs(files) for item in _of_events(run, source, files)]


def _runs(files: Sequence[MetricSource]) -> list[list[MetricSource]]:
    """Event files by their folder: those of one folder are of one run."""
    by_folder: dict[str, list[MetricSource]] = {}
    for file in files:
        by_folder.setdefault(dirname(file.path), []).append(file)
    return list(by_folder.values())


def _of_events(
    run: Sequence[MetricSource], source: MetricSource, files: Sequence[MetricSource] = ()
) -> list[Found]:
    last: dict[str, Found] = {}
    prefix = _prefix(run[0], files)
    for file in run:
        for scalar in scalars_of(file):
            name = name_of(scalar.tag)
            known = last.get(name)
            if name in _NO_NAMES or (known is not None and (known.step or 0) > scalar.step):
                continue
            inside = file.path.removeprefix(source.path).lstrip("/")
            last[name] = Found(
                name=f"{prefix}{name}",
                value=scalar.value,
                text=repr(scalar.value),
                place=", ".join(filter(None, (inside, f"step {scalar.step}"))),
                step=scalar.step,
            )
    # A step of one run tells nothing of another: each name is said once.
    return [replace(item, step=None) for item in last.values()]


def _prefix(file: MetricSource, files: Sequence[MetricSource]) -> str:
    """What the names of a file begin with: its folder, where the files stand in several."""
    folders = {dirname(other.path) for other in files}
    if len(folders) < 2:
        return ""
    own = dirname(file.path)
    shared = commonpath(sorted(folders))
    inside = own.removeprefix(shared).strip("/")
    return f"{name_of(inside)}." if inside else ""


class Lightning(MetricReader):
    """Lightning's CSVLogger."""

    name = "lightning"
    reads = "the folder of Lightning's CSVLogger: `version_0/metrics.csv`"
    rule = "The last row that has the column counts."

    def fits(self, source: MetricSource, head: bytes) -> Fit:  # noqa: ARG002 # a folder has none
        """See the port."""
        is_one = source.is_folder and _some(source, _is_metrics_csv)
        return Fit.LIKELY if is_one else Fit.NO

    def read(self, source: MetricSource) -> Sequence[Found]:
        """See the port."""
        files = [m for m in source.members() if _is_metrics_csv(m.path)]
        return [
            item for file in files for item in _inside(CsvFile().read(file), file, source, files)
        ]


def _is_metrics_csv(path: str) -> bool:
    return path.rpartition("/")[2] == "metrics.csv"


def _inside(
    found: Sequence[Found], file: MetricSource, source: MetricSource, files: Sequence[MetricSource]
) -> Iterator[Found]:
    """What a file of a folder says, with its place in that folder."""
    inside = file.path.removeprefix(source.path).lstrip("/")
    prefix = _prefix(file, files)
    for item in found:
        if item.name not in _NO_NAMES:
            yield replace(item, name=f"{prefix}{item.name}", place=f"{inside}, {item.place}")


class DvcLive(MetricReader):
    """DVCLive's folder."""

    name = "dvclive"
    reads = "the folder of DVCLive: its `metrics.json`, else the last rows of `plots/metrics`"
    rule = "The summary counts, as DVCLive leaves it at its end."

    def fits(self, source: MetricSource, head: bytes) -> Fit:  # noqa: ARG002 # a folder has none
        """See the port."""
        if not source.is_folder:
            return Fit.NO
        has_curves = _some(source, lambda path: _LIVE.search(path) is not None)
        is_named = source.path.rpartition("/")[2] == "dvclive"
        return Fit.CERTAIN if has_curves or is_named else Fit.NO

    def read(self, source: MetricSource) -> Sequence[Found]:
        """See the port."""
        members = source.members()
        summary = [m for m in members if m.path == f"{source.path}/metrics.json"]
        if summary:
            return list(_inside(JsonFile().read(summary[0]), summary[0], source, ()))
        found: list[Found] = []
        for file in members:
            match = _LIVE.search(file.path)
            name = name_of(match[1]) if match is not None else ""
            rows = CsvFile().read(file) if name else ()
            kept = [item for item in rows if item.name not in ("step", "timestamp")]
            found += [replace(item, name=name) for item in _inside(kept, file, source, ())]
        return found


class MlflowStore(MetricReader):
    """MLflow's file store."""

    name = "mlflow"
    reads = "the folder of MLflow's file store: `mlruns/0/RUN/metrics`"
    rule = "The highest step of each metric counts, the later row of two; several runs by their id."

    def fits(self, source: MetricSource, head: bytes) -> Fit:  # noqa: ARG002 # a folder has none
        """See the port."""
        is_one = source.is_folder and _some(source, lambda path: bool(_MLFLOW.search(path)))
        return Fit.CERTAIN if is_one else Fit.NO

    def read(self, source: MetricSource) -> Sequence[Found]:
        """See the port."""
        files = [(m, match) for m in source.members() if (match := _MLFLOW.search(m.path))]
        runs = {match[1] for _, match in files}
        found = []
        for file, match in files:
            name = name_of(match[2])
            item = _last_row(file)
            inside = file.path.removeprefix(source.path).lstrip("/")
            full = f"{match[1][:8]}.{name}" if len(runs) > 1 else name
            found.append(replace(item, name=full, place=f"{inside}, {item.place}"))
        return found


def _last_row(file: MetricSource) -> Found:
    best: tuple[int, int] = (-1, -1)
    chosen: Found | None = None
    lines = whole(file, _MOST_METRIC).decode("utf-8", "replace").splitlines()
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if not words:
            continue
        written = number_in(words[1]) if len(words) in (2, 3) else None
        step = words[2] if len(words) == 3 else "0"
        if written is None or not step.lstrip("-").isdecimal():
            raise DocumentError(f"{file.path}:{number}: it is no row `time value step`")
        if (int(step), number) > best or chosen is None:
            best = (int(step), number)
            chosen = Found(name="", value=written.value, text=written.text, place=f"line {number}")
    if chosen is None:
        raise DocumentError(f"{file.path}: it is empty")
    return chosen


def _some(source: MetricSource, fits: Callable[[str], bool]) -> bool:
    return any(fits(member.path) for member in source.members())
