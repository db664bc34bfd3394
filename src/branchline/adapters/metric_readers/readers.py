"""Adapter `metric_readers`: all readers together, and which of them reads what."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from branchline.adapters.metric_readers.sources import DiskSource, MemorySource, head_of
from branchline.adapters.metric_readers.table import BUILT_IN
from branchline.core.evidence.find import nearest_name
from branchline.core.evidence.found import Fit, Reading, metrics_from
from branchline.errors import BranchlineError, DocumentError, UnknownNameError
from branchline.ports.metric_readers import MetricReaders

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from branchline.ports.metric_readers import MetricReader, MetricSource

_FALLBACK = "yaml"
"""Reads what no reader takes for its own: `a: 1` in a file of any name is YAML."""


class FileReaders(MetricReaders):
    """The built-in readers and those of plugins.

    A plugin is asked where no built-in reader knows the file, and always when it is named.

    Args:
        plugins: Gives name -> what imports the class, of all that are installed; asked late, since
            looking through every installed package takes its time.
    """

    def __init__(self, plugins: Callable[[], Mapping[str, Callable[[], object]]]) -> None:
        self._plugins = plugins
        self._found: Mapping[str, Callable[[], object]] | None = None
        self._made: dict[str, MetricReader] = {}

    def names(self) -> Sequence[str]:
        """See the port."""
        return (*BUILT_IN, *sorted(set(self._others()) - set(BUILT_IN)))

    def at(self, folder: str, path: str) -> MetricSource | None:
        """See the port."""
        try:
            return DiskSource(folder, path)
        except (OSError, ValueError):
            return None

    def held(
        self, path: str, data: bytes, members: Mapping[str, bytes] | None = None
    ) -> MetricSource:
        """See the port."""
        return MemorySource(path, data, members)

    def read(self, source: MetricSource, *, reader: str = "", stage: str = "") -> Reading:
        """See the port."""
        name = reader
        try:
            chosen = self.reader(reader) if reader else self._best(source)
            name = chosen.name
            found = chosen.read(source)
        except UnknownNameError:
            raise
        except BranchlineError as error:
            return Reading(reader=name, problem=_sentence(error.message))
        except (RecursionError, MemoryError):
            return Reading(reader=name, problem=f"{source.path}: it nests too deeply to be read.")
        except Exception as error:  # noqa: BLE001 # a plugin may raise anything
            said = f"{type(error).__name__}: {error}"
            problem = f"{source.path}: the reader `{name}` failed: {said}"
            return Reading(reader=name, problem=_sentence(problem))
        metrics = metrics_from(found, file=source.path, stage=stage)
        if not metrics:
            problem = f"{source.path}: the reader `{name}` finds no metric in it."
            return Reading(reader=name, problem=problem)
        return Reading(metrics=metrics, reader=name)

    def reader(self, name: str) -> MetricReader:
        """One reader.

        Raises:
            UnknownNameError: There is none of that name.
            DocumentError: It is a plugin's, and cannot be loaded.
        """
        if name not in self._made:
            self._made[name] = self._load(name)
        return self._made[name]

    def _load(self, name: str) -> MetricReader:
        if name in BUILT_IN:
            module, _, attribute = BUILT_IN[name].target.partition(":")
            made: MetricReader = getattr(import_module(module), attribute)()
            return made
        if name not in self._others():
            near = nearest_name(name, list(self.names()))
            raise UnknownNameError(
                f"there is no metric reader `{name}`",
                todo=f"Did you mean `{near}`?" if near else f"There are {', '.join(self.names())}.",
            )
        try:
            made = _made(self._others()[name]())
        except Exception as error:  # a stranger's code, which may raise anything
            raise DocumentError(
                f"the metric reader `{name}` cannot be loaded: {type(error).__name__}: {error}",
                todo="Install a version of its package that fits, or name another reader.",
            ) from error
        return made

    def _others(self) -> Mapping[str, Callable[[], object]]:
        if self._found is None:
            self._found = self._plugins()
        return self._found

    def _best(self, source: MetricSource) -> MetricReader:
        """The reader that is surest; among those equally sure the first of the table."""
        head = head_of(source)
        path = source.path.lower()
        named = [n for n, e in BUILT_IN.items() if e.endings and path.endswith(e.endings)]
        others = [n for n, e in BUILT_IN.items() if not e.endings and not e.is_named]
        sure, best = self._surest(named, source, head, enough=Fit.LIKELY)
        if sure.value < Fit.LIKELY.value:
            sure, best = max((sure, best), self._surest(others, source, head), key=_sureness)
        if sure.value < Fit.LIKELY.value:
            plugins = sorted(set(self._others()) - set(BUILT_IN))
            sure, best = max((sure, best), self._surest(plugins, source, head), key=_sureness)
        if not best and source.is_folder:
            raise DocumentError(f"{source.path}: no reader knows this folder")
        return self.reader(best or _FALLBACK)

    def _surest(
        self,
        names: Sequence[str],
        source: MetricSource,
        head: bytes,
        *,
        enough: Fit | None = None,
    ) -> tuple[Fit, str]:
        sure, best = Fit.NO, ""
        for name in names:
            try:
                fit = self.reader(name).fits(source, head)
            except Exception:  # noqa: BLE001 # a plugin that does not work reads nothing
                fit = Fit.NO
            if fit.value > sure.value:
                sure, best = fit, name
            if enough is not None and sure.value >= enough.value:
                break  # the others are not even loaded
        return sure, best


def _sureness(found: tuple[Fit, str]) -> int:
    return found[0].value


def _made(plugin: object) -> MetricReader:
    """What an entry point leads to: a class of a reader, or a function that gives one.

    Raises:
        TypeError: It is neither.
    """
    if not callable(plugin):
        raise TypeError(f"it is {type(plugin).__name__}, no class")
    made: MetricReader = plugin()
    missing = [
        part for part in ("name", "reads", "rule", "fits", "read") if not hasattr(made, part)
    ]
    if missing:
        raise TypeError(f"it has no `{missing[0]}`")
    return made


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
