"""Which command a parameter of a search stands in, and the file that declares that command.

Serves `tuned_params`: an option, a variable before the program, an override of Hydra.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from branchline.config.command_edit import edit_command, written_commands
from branchline.config.graph import closure_of
from branchline.config.problems import nearest
from branchline.core.run.command_words import found_in, replaced, value_in, without
from branchline.core.run.spots import SpotKind
from branchline.errors import ConfigError
from branchline.flows.hydra_config import uses_hydra

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from branchline.config.command_edit import Written
    from branchline.core.pipeline import Stage
    from branchline.core.run.spots import Spot
    from branchline.core.values import JsonValue
    from branchline.flows.project import Project

_REFERENCE = re.compile(r"\$\{([^}]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandPlace:
    """Where a parameter stands in a command.

    Attributes:
        stage: Declares the command.
        model: Whose it is, where several stand in branchline.yaml.
        name: As under `tune.space`.
        spot: What of the command it is.
        item: Which text of a list of commands. line: Which line of a text that runs line by line.
    """

    stage: Stage
    model: str
    name: str
    spot: Spot
    item: int = 0
    line: int = 0

    @property
    def file(self) -> str:
        """The file that declares the command, from the root."""
        return self.stage.file

    def value(self, data: bytes, among: Sequence[JsonValue]) -> tuple[JsonValue, ...]:
        """The value that a file sets; empty where it leaves that to the program."""
        _, lines = self._lines(data)
        try:
            found = value_in(lines[self.line].rstrip("\n"), self.spot, _escaped(list(among)))
        except ValueError as error:
            raise _refused(self.name, self.stage, str(error)) from error
        return tuple(map(_unescaped, found)) or ((None,) if None in among else ())

    def edited(self, data: bytes, value: JsonValue) -> bytes:
        """A file that sets another value.

        Raises:
            ConfigError: The value cannot stand there.
        """
        return self._changed(data, lambda body: replaced(body, self.spot, _escaped(value)))

    def line_with(self, data: bytes, value: JsonValue) -> str:
        """The command that sets a value, to be shown.

        Raises:
            ConfigError: The value cannot stand there.
        """
        return self._lines(self.edited(data, value))[1][self.line].strip()

    def left_out(self, data: bytes) -> bytes:
        """A file that leaves the value to the program."""
        return self._changed(data, lambda body: without(body, self.spot))

    def _changed(self, data: bytes, change: Callable[[str], str]) -> bytes:
        written, lines = self._lines(data)
        body = lines[self.line].rstrip("\n")
        try:
            new = change(body)
        except ValueError as error:
            raise _refused(self.name, self.stage, str(error)) from error
        lines[self.line] = new + lines[self.line][len(body) :]
        return edit_command(data, written, "".join(lines), file=self.file)

    def _lines(self, data: bytes) -> tuple[Written, list[str]]:
        written = written_commands(data, self.stage, model=self.model)[self.item]
        return written, _lines_of(written.text, is_list=self.stage.cmd_is_list)


def command_place(project: Project, targets: Sequence[str], name: str, spot: Spot) -> CommandPlace:
    """Where a parameter stands, or where it is to be added.

    Args:
        project: The working tree.
        targets: Stages that a trial runs, with all they need; empty means all.
        name: As under `tune.space`.
        spot: What it means.

    Raises:
        ConfigError: It stands in none, in several, or in what is not understood.
    """
    stages = _tuned_stages(project.pipeline.stages, targets, spot)
    having, doubts = [], []
    for stage in stages:
        for line in _lines_in(stage):
            try:
                having += [stage] * len(found_in(line, spot))
            except ValueError as error:
                if spot.key.lstrip("+") in line:
                    doubts.append((stage, str(error)))
    if len(having) > 1:
        raise _ambiguous(name, spot, having)
    if not having and doubts:
        raise _refused(name, *doubts[0])
    stage = having[0] if having else _to_add(project, stages, targets, name, spot)
    return _in_stage(project, stage, name, spot, is_there=bool(having))


def _in_stage(
    project: Project, stage: Stage, name: str, spot: Spot, *, is_there: bool
) -> CommandPlace:
    data = project.workspace.read(stage.file) or b""
    model = project.policy.model
    found: list[CommandPlace] = []
    empty: list[CommandPlace] = []
    for item, written in enumerate(written_commands(data, stage, model=model)):
        for line, text in enumerate(_lines_of(written.text, is_list=stage.cmd_is_list)):
            place = CommandPlace(
                stage=stage, model=model, name=name, spot=spot, item=item, line=line
            )
            if _stands_in(text, spot):
                found.append(place)
            elif text.strip():
                empty.append(place)
    if is_there and not found:
        raise _refused(name, stage, "it comes from a `${...}`")
    if not is_there and len(empty) != 1:
        raise _refused(name, stage, f"it is {len(empty)} commands, and `{spot.words}` is in none")
    return (found or empty)[0]


def _stands_in(text: str, spot: Spot) -> bool:
    try:
        return bool(found_in(text.rstrip("\n"), spot))
    except ValueError:
        return False


def _tuned_stages(stages: Sequence[Stage], targets: Sequence[str], spot: Spot) -> list[Stage]:
    """The stages whose commands a search may change."""
    # An address is exact: in another folder a stage may have it for its name.
    by_name = {stage.name: stage for stage in reversed(stages)}
    by_name.update({stage.address: stage for stage in stages})
    if spot.stage:
        if spot.stage not in by_name:
            raise ConfigError(
                f"tune.space names `{spot.stage}:{spot.words}`, and there is no stage"
                f" `{spot.stage}`{nearest(spot.stage, list(by_name))}"
            )
        return [by_name[spot.stage]]
    wanted = [by_name[target].address for target in targets if target in by_name]
    needed = closure_of(stages, wanted)
    return [s for s in stages if not s.frozen and (not needed or s.address in needed)]


def _to_add(
    project: Project, stages: Sequence[Stage], targets: Sequence[str], name: str, spot: Spot
) -> Stage:
    """The stage to whose command a parameter is added that stands in none."""
    may = list(stages)
    if spot.kind is SpotKind.OVERRIDE:
        may = [stage for stage in may if uses_hydra(project, stage)] or may
    if len(may) > 1 and len(targets) == 1:
        may = [stage for stage in may if targets[0] in (stage.name, stage.address)] or may
    if len(may) == 1:
        return may[0]
    names = ", ".join(f"`{stage.address}`" for stage in may)
    raise ConfigError(
        f"tune.space names `{name}`, which stands in the command of no stage ({names})",
        todo=f"Say whose it is, e.g. {may[0].address}:{spot.words}."
        if may
        else "Declare a stage with a command.",
    )


def _ambiguous(name: str, spot: Spot, having: Sequence[Stage]) -> ConfigError:
    stages = list(dict.fromkeys(stage.address for stage in having))
    if len(stages) == 1:
        return _refused(name, having[0], f"`{spot.words}` stands in it {len(having)} times")
    names = " and ".join(f"`{address}`" for address in stages)
    return ConfigError(
        f"tune.space names `{name}`, which stands in the commands of {names}",
        todo="Say which: " + " or ".join(f"{address}:{spot.words}" for address in stages) + ".",
    )


def _refused(name: str, stage: Stage, why: str) -> ConfigError:
    """Why a command cannot be changed at a place, and what can be done instead."""
    reference = _REFERENCE.search(why)
    if reference and not reference[1].startswith("."):
        todo = f"Tune the parameter instead that the command takes: {reference[1]}."
    else:
        todo = (
            "Write it once, with a value, into a plain command of the stage; or let the command"
            " take it from params.yaml as ${...} and tune that."
        )
    return ConfigError(
        f"{stage.file}:{stage.line}: tune.space names `{name}`, and the command of stage"
        f" `{stage.address}` cannot be changed there: {why}",
        todo=todo,
    )


def _lines_in(stage: Stage) -> list[str]:
    texts = [_lines_of(text, is_list=stage.cmd_is_list) for text in stage.cmd]
    return [line.rstrip("\n") for lines in texts for line in lines]


def _lines_of(text: str, *, is_list: bool) -> list[str]:
    """The commands of a text with their ends: each line of a text is one, unless in a list."""
    return [text] if is_list else text.splitlines(keepends=True)


def _escaped(value: Any) -> Any:
    """A value for a text in which `${` begins a reference."""
    if isinstance(value, str):
        return value.replace("${", "\\${")
    if isinstance(value, list | tuple):
        return [_escaped(item) for item in value]
    if isinstance(value, dict):
        return {key: _escaped(item) for key, item in value.items()}
    return value


def _unescaped(value: JsonValue) -> JsonValue:
    return value.replace("\\${", "${") if isinstance(value, str) else value
