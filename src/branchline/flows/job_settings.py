"""What box.json says about jobs. Pure."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from branchline.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.values import JsonValue

_ENVIRONMENTS = ("auto", "off")
_SUBMODULES = ("refuse", "empty")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSettings:
    """What box.json says about jobs.

    Attributes:
        secrets: Variables that only jobs of protected branches get.
        variables: Further variables that every job gets.
        environments: Whether an environment is made for a lock file: auto or off.
        submodules: What becomes of commits with submodules, which a box does not fetch: refuse
            them, or walk them with their folders empty.
        jobs, cpus, gpus, memory_bytes: What jobs may take in all; None means the machine.
        max_attempts: So many times a job is taken up again after its runner died.
    """

    secrets: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    environments: str = "auto"
    submodules: str = "refuse"
    jobs: int | None = None
    cpus: float | None = None
    gpus: int | None = None
    memory_bytes: int | None = None
    max_attempts: int = 3


def job_settings(box: Mapping[str, JsonValue]) -> JobSettings:
    """The settings of jobs out of box.json.

    Raises:
        ConfigError: A value has the wrong type; names it.
    """
    return JobSettings(
        secrets=_names(box, "secrets"),
        variables=_names(box, "variables"),
        environments=_choice(box, "environments", _ENVIRONMENTS),
        submodules=_choice(box, "submodules", _SUBMODULES),
        jobs=_whole(box, "jobs", low=1),
        cpus=_number(box, "cpus"),
        gpus=_whole(box, "gpus"),
        memory_bytes=_whole(box, "memory_bytes"),
        max_attempts=_whole(box, "max_attempts", low=1) or 3,
    )


def unknown_keys(box: Mapping[str, JsonValue]) -> tuple[str, ...]:
    """Keys of box.json that nobody reads, sorted."""
    return tuple(sorted(set(box) - {field.name for field in fields(JobSettings)}))


def _choice(box: Mapping[str, JsonValue], key: str, choices: tuple[str, ...]) -> str:
    """One of some words; the first is what holds where none is written."""
    chosen = box.get(key, choices[0])
    if chosen not in choices:
        raise ConfigError(f"box.json: {key} is {chosen!r}, must be one of {', '.join(choices)}")
    return str(chosen)


def _names(box: Mapping[str, JsonValue], key: str) -> tuple[str, ...]:
    value = box.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ConfigError(f"box.json: {key} is {value!r}, must be a list of names of variables")
    return tuple(str(item) for item in value)


def _number(box: Mapping[str, JsonValue], key: str) -> float | None:
    value = box.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise ConfigError(f"box.json: {key} is {value!r}, must be a number above 0")
    return float(value)


def _whole(box: Mapping[str, JsonValue], key: str, *, low: int = 0) -> int | None:
    value = box.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        raise ConfigError(f"box.json: {key} is {value!r}, must be a whole number of at least {low}")
    return value
