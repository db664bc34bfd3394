"""Station `run`: how a parameter that stands in a command is named under `tune.space`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

_NAME = re.compile(
    r"(?:(?P<stage>[^$]*[^:$]):)?"
    r"(?:(?P<option>-{1,2}[A-Za-z][\w.-]*)|\$(?P<variable>[A-Za-z_]\w*)|hydra:(?P<override>.+))",
    re.DOTALL | re.ASCII,
)
_KEY = re.compile(r"\+{0,2}[A-Za-z_][\w./@-]*", re.ASCII)
_NEARLY = (
    (re.compile(r"(?:.+:)?env:([A-Za-z_]\w*)"), "${0}"),
    (re.compile(r"(?:.+:)?\$\{([A-Za-z_]\w*)\}"), "${0}"),
    (re.compile(r"(?:.+:)?(-{1,2}[A-Za-z][\w.-]*)[=\s].*"), "{0}"),
    (re.compile(r"(?:.+:)?hydra:([^=]+)=.*"), "hydra:{0}"),
)


class SpotKind(Enum):
    """What of a command is set."""

    OPTION = "option"
    VARIABLE = "variable"
    OVERRIDE = "override"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One thing that a command sets.

    Attributes:
        kind: What it is.
        key: `--lr`, `LR`, `optimizer.lr`; a key of Hydra may begin with `+`.
        stage: Address of the stage that the name says; "" when it says none.
        is_flag: Whether an option is there or not, and takes no value.
    """

    kind: SpotKind
    key: str
    stage: str = ""
    is_flag: bool = False

    @property
    def words(self) -> str:
        """How it is named in a space, without its stage."""
        if self.kind is SpotKind.OVERRIDE:
            return f"hydra:{self.key}"
        return f"${self.key}" if self.kind is SpotKind.VARIABLE else self.key


def spot_of(name: str, *, is_flag: bool = False) -> Spot | None:
    """What a name of `tune.space` sets in a command; None where it is no such name.

    Raises:
        ValueError: It is nearly such a name; says how it is written.

    >>> spot_of("train:--lr")
    Spot(kind=<SpotKind.OPTION: 'option'>, key='--lr', stage='train', is_flag=False)
    >>> spot_of("train.lr") is None
    True
    """
    for pattern, written in _NEARLY:
        if nearly := pattern.fullmatch(name):
            raise ValueError(f"write it as {written.format(nearly[1].strip())}")
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    stage = found["stage"] or ""
    if found["option"]:
        return Spot(kind=SpotKind.OPTION, key=found["option"], stage=stage, is_flag=is_flag)
    if found["variable"]:
        return Spot(kind=SpotKind.VARIABLE, key=found["variable"], stage=stage)
    if not _KEY.fullmatch(found["override"]):
        raise ValueError("a key of Hydra is words with dots, such as hydra:optimizer.lr")
    return Spot(kind=SpotKind.OVERRIDE, key=found["override"], stage=stage)
