"""Where the parameters of a search stand: in a file that the training reads, or in its command.

Serves the flow `trials`. The one place that reads what is set, sets a point and puts it back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from branchline.config.param_edit import edit_params
from branchline.config.params import DEFAULT_FILE, param_at, parse_params
from branchline.core.evidence.find import nearest_name
from branchline.core.run.spaces import is_met
from branchline.core.run.spots import Spot, SpotKind, spot_of
from branchline.errors import BranchlineError, ConfigError, ParamsError
from branchline.flows.hydra_config import has_key, uses_hydra
from branchline.flows.inputs import leaves_of
from branchline.flows.tuned_commands import CommandPlace, command_place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from branchline.core.pipeline import Pipeline
    from branchline.core.plan.values import Result
    from branchline.core.values import JsonValue
    from branchline.flows.project import Project
    from branchline.flows.search import Search


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One parameter: its file from the root, and its dotted key there."""

    file: str
    key: str


@dataclass(slots=True)
class TunedParams:
    """The parameters of a search in one working tree: what is set, and how to set them.

    Args:
        project: The working tree.
        asked: The search.
        names: Parameters, as under `tune.space`; None takes all of it.

    Raises:
        ConfigError: One of them stands nowhere.
    """

    project: Project
    asked: Search
    names: Sequence[str] | None = None
    current: Mapping[str, JsonValue] = field(init=False)
    """The values that were set when this was made. What a command leaves to its program lacks."""
    edited: tuple[str, ...] = field(init=False, default=())
    """Files that do not say what they said when this was made, on disk or as they are read."""
    _places: Mapping[str, Place | CommandPlace] = field(init=False)
    _before: Mapping[str, bytes] = field(init=False)
    _pipeline: Pipeline = field(init=False)

    def __post_init__(self) -> None:
        space = list(self.asked.space)
        names = space if self.names is None else sorted(self.names, key=_order_in(space))
        self._pipeline = self.project.pipeline
        self._places = {name: place_of(self.project, self.asked, name) for name in names}
        read = self.project.workspace.read
        self._before = {p.file: read(p.file) or b"" for p in self._places.values()}
        self.current = dict(self._values_now())

    def _values_now(self) -> list[tuple[str, JsonValue]]:
        found: list[tuple[str, JsonValue]] = []
        for name, place in self._places.items():
            if isinstance(place, Place):
                found.append((name, value_now(self.project, place)))
            else:
                written, data = self.asked.space.get(name), self._before[place.file]
                found += [(name, v) for v in place.value(data, choices_of(written))]
                for value in examples_of(written):
                    place.edited(data, value)  # refused now, not in the middle of the search
        return found

    def check_seed(self, name: str, said: str) -> None:
        """Refuse a seed that training could not be given.

        Args:
            name: The parameter; one of those that this was made for.
            said: The beginning of the message, e.g. `gate.replicates.seed names`.

        Raises:
            ConfigError: Nothing says what it is now, or it is no whole number.
        """
        value, place = self.current.get(name), self._places[name]
        if isinstance(value, int) and not isinstance(value, bool):
            return
        if name not in self.current and isinstance(place, CommandPlace):
            raise ConfigError(
                f"{said} `{name}`, and the command of stage `{place.stage.address}` does not say"
                " which one it uses now",
                todo="Write the value that is its default into the command, e.g."
                f" {place.line_with(self._before[place.file], 0)}.",
            )
        raise ConfigError(
            f"{said} `{name}`, which is {value!r}, must be a whole number",
            todo="Name the parameter that training seeds its chance with, e.g. train.seed.",
        )

    @property
    def files(self) -> frozenset[str]:
        """Files that are written to set a point."""
        return frozenset(p.file for p in self._places.values() if isinstance(p, Place))

    def are_read_by(self, result: Result) -> bool:
        """Whether a stage's result may depend on what the search sets."""
        places = self._places.values()
        keys = [f"{p.file}:{p.key}." for p in places if isinstance(p, Place)]
        if any(not isinstance(p, Place) and p.stage.address == result.stage for p in places):
            return True
        read = {seen.path for seen in result.observed} | {item.name for item in result.inputs}
        return bool(read & self.files) or any(
            key.startswith(f"{name}.") or f"{name}.".startswith(key)
            for name in read
            for key in keys
        )

    def edits(self, point: Mapping[str, JsonValue]) -> dict[str, bytes]:
        """Files, with their bytes, that set a point; parameters that it lacks stay as they were.

        A parameter whose `when` the point does not have leaves its command.

        Raises:
            ConfigError: A command cannot hold a value.
        """
        values: dict[str, dict[str, JsonValue]] = {}
        for name, place in self._places.items():
            if isinstance(place, Place) and name in point:
                values.setdefault(place.file, {})[place.key] = point[name]
        files = {file: edit_params(file, self._before[file], v) for file, v in values.items()}
        # In the order of the space: what is added to a command must make the same text each time.
        for name, place in self._places.items():
            if isinstance(place, Place):
                continue
            data = files.get(place.file, self._before[place.file])
            if name in point:
                files[place.file] = place.edited(data, point[name])
            elif not self._counts(name, point):
                files[place.file] = place.left_out(data)
        return files

    def _counts(self, name: str, point: Mapping[str, JsonValue]) -> bool:
        """Whether a point has the values under which a parameter counts."""
        return is_met(self.asked.space.get(name), {**self.current, **point})

    def set(self, point: Mapping[str, JsonValue]) -> None:
        """Let the working tree train a point: files are written, commands change in memory.

        The stages are read again as they would stand there, so that a trial runs exactly the
        commands that the best values will have, references to parameters filled in anew.
        """
        edits = self.edits(point)
        written = self.files
        self._write({**self._before, **edits}, sorted(written))
        files = {file: data for file, data in edits.items() if data != self._before[file]}
        if set(files) - written or set(files) & set(self._pipeline.files):
            self.project.pipeline = self.project.reread(files)
        else:
            self.project.pipeline = self._pipeline

    def put_back(self) -> None:
        """Let the working tree be what it was."""
        self._write(self._before, sorted(self._before))
        self.project.pipeline = self._pipeline

    def _write(self, files: Mapping[str, bytes], paths: Sequence[str]) -> None:
        workspace = self.project.workspace
        for path in paths:
            if workspace.read(path) != files[path]:
                workspace.replace(path, files[path])
        self.edited = tuple(path for path, data in files.items() if data != self._before[path])


def _order_in(space: Sequence[str]) -> Callable[[str], int]:
    places = {name: place for place, name in enumerate(space)}
    return lambda name: places.get(name, len(places))


def choices_of(written: Any) -> list[JsonValue]:
    """The values that a parameter may take, where they are few; empty for a range."""
    if isinstance(written, dict):
        return list(written["choice"]) if "choice" in written else []
    return list(written) if isinstance(written, list | tuple) else []


def examples_of(written: Any) -> list[JsonValue]:
    """Values of a parameter, one of a range, to see whether they can be set."""
    bounds = written.get("float") or written.get("int") if isinstance(written, dict) else None
    return [bounds[0]] if bounds else choices_of(written)


def place_of(project: Project, asked: Search, name: str) -> Place | CommandPlace:
    """Where a parameter of `tune.space` stands.

    `train.lr` or `conf/model.yaml:train.lr` is a key of a file: the files that stages declare under
    `params` are looked at in their order, then `params.yaml`. `--lr`, `$LR` and `hydra:model.lr`
    stand in the command of a stage. A key that no file declares may be one of Hydra's.

    Raises:
        ConfigError: It stands nowhere; names the files that were looked at.
    """
    among = choices_of(asked.space.get(name))
    is_flag = bool(among) and all(isinstance(value, bool) for value in among)
    try:
        spot = spot_of(name, is_flag=is_flag)
    except ValueError as error:
        raise ConfigError(f"tune.space names `{name}`", todo=f"{_upper(str(error))}.") from error
    if spot is not None:
        return command_place(project, asked.stages, name, spot)
    file, colon, key = name.rpartition(":")
    candidates = [file] if colon else list(param_files(project))
    for candidate in candidates:
        if has_param(project, candidate, key):
            place = Place(file=candidate, key=key)
            _refuse_group(name, value_now(project, place), among)
            return place
    spot = _hydra_spot(project, asked, name)
    if spot is not None:
        return command_place(project, asked.stages, name, spot)
    looked = ", ".join(candidates) or DEFAULT_FILE
    near = nearest_name(key, [leaf for file in candidates for leaf in _leaves(project, file)])
    meant = f"Did you mean `{near}`? Else write" if near else "Write"
    raise ConfigError(
        f"tune.space names `{name}`, which is not set in {looked}",
        todo=f"{meant} {key} with a first value into the file that the training reads, and declare"
        f" it under `params` of its stage. In the command of a stage, an option is named --{key}, a"
        f" variable ${key.upper().replace('.', '_')}, a key of Hydra hydra:{key}.",
    )


def _refuse_group(name: str, value: JsonValue, among: Sequence[JsonValue]) -> None:
    """See that a parameter is one value.

    Raises:
        ConfigError: It holds others, and is to be something else.
    """
    if not isinstance(value, dict) or (among and all(isinstance(item, dict) for item in among)):
        return
    inside = ", ".join(f"{name}.{inner}" for inner in list(value)[:5])
    raise ConfigError(
        f"tune.space names `{name}`, which holds other parameters",
        todo=f"Name one of them: {inside}." if inside else "Name a parameter.",
    )


def _leaves(project: Project, file: str) -> list[str]:
    """Dotted names of the values of a parameter file."""
    data = project.workspace.read(file)
    if data is None:
        return []
    try:
        values = cast("Mapping[str, JsonValue]", parse_params(file, data))
    except BranchlineError:
        return []
    return [name for name, _ in leaves_of(values)]


def _hydra_spot(project: Project, asked: Search, name: str) -> Spot | None:
    """A key of the space that stands in no file of parameters, as one of Hydra's."""
    if name not in asked.space and name != asked.seeds.name:
        return None  # a value that only the user's own search knows
    stage, colon, key = name.rpartition(":")
    try:
        spot = spot_of(f"hydra:{key}")
    except ValueError:
        return None
    having = [
        s.address
        for s in project.pipeline.stages
        if (not colon or stage in (s.name, s.address))
        and uses_hydra(project, s)
        and has_key(project, s, key)
    ]
    if spot is None or not having:
        return None
    only = having[0] if len(having) == 1 else ""
    return Spot(kind=SpotKind.OVERRIDE, key=spot.key, stage=only)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def param_files(project: Project) -> Sequence[str]:
    """Parameter files of the stages, then `params.yaml` where it is there."""
    found = dict.fromkeys(p.path for stage in project.pipeline.stages for p in stage.params)
    found.update(dict.fromkeys(project.pipeline.params))
    if project.workspace.read(DEFAULT_FILE) is not None:
        found.setdefault(DEFAULT_FILE)
    return tuple(found)


def has_param(project: Project, file: str, key: str) -> bool:
    """Whether a file sets a parameter."""
    data = project.workspace.read(file)
    if data is None:
        return False
    try:
        param_at(file, parse_params(file, data), key)
    except ParamsError:
        return False
    return True


def value_now(project: Project, place: Place) -> JsonValue:
    """The value that a file sets."""
    data = project.workspace.read(place.file)
    if data is None:
        return None
    found = param_at(place.file, parse_params(place.file, data), place.key)
    value: JsonValue = found  # type: ignore[assignment] # a parameter file holds plain values
    return value
