"""Values of the station `changes`: what differs, and does it matter to the model?

Holds no rule; the rules stand in the modules beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

ALGORITHM = "2"
"""Version of our reading of meaning. It enters every key: raising it never mixes two readings."""


class ChangeEffect(Enum):
    """What a change does to the model."""

    MODEL = "model"
    COSMETIC = "cosmetic"
    NONE = "none"
    UNKNOWN = "unknown"


class InputKind(Enum):
    """What sort of thing a result depends on."""

    COMMAND = "command"
    PARAMETER = "parameter"
    CODE = "code"
    DATA = "data"
    ENVIRONMENT = "environment"
    VARIABLE = "variable"


class Reading(Enum):
    """How a file was read for its meaning."""

    PYTHON = "python"
    NOTEBOOK = "notebook"
    YAML = "yaml"
    JSON = "json"
    TOML = "toml"
    REQUIREMENTS = "requirements"
    BYTES = "bytes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One import statement, not yet resolved.

    Attributes:
        module: Dotted name without leading dots; "" for `from . import x`.
        names: Names after `from ... import`; each may be a submodule. ("*",) for a star.
        level: Number of leading dots.
        is_weak: Inside `try ... except ImportError` or `suppress(ImportError)`.
        line: From 1.
        is_prefix: A dynamic import whose name starts with `module`: everything below may be meant.
    """

    module: str
    names: tuple[str, ...] = ()
    level: int = 0
    is_weak: bool = False
    line: int = 0
    is_prefix: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What one file says, with all that does not count left out.

    Attributes:
        reading: How it was read; BYTES when any doubt remained.
        digest: SHA-256 hex over algorithm version, reading and canonical content.
        parts: Named parts and their digests, in order (functions, classes, notebook cells, YAML
            keys), for sentences such as "function `fit` changed".
        imports: Imports, in order (Python and notebooks).
        mentions: String literals that may name files, modules or Hydra targets.
        runs: Further files that it executes (`%run x`, `!python y.py`, `python z.py` in a shell
            script), as spelled.
        doubts: Why bytes were taken, or why the closure may be incomplete; each a short phrase
            with its line.
    """

    reading: Reading
    digest: str
    parts: tuple[tuple[str, str], ...] = ()
    imports: tuple[Import, ...] = ()
    mentions: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


PACKAGES = "packages"
"""Name of the input that stands for a made environment; its value is `name==version` of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One thing that a stage's result depends on, as it is now.

    Attributes:
        kind: What sort of thing.
        name: The path, `params.yaml:train.lr`, `python`, `$SEED`, or "" for the command.
        digest: Digest of its meaning; None when not known yet (an output still to be made) or
            missing.
        exact: git blob id or md5 of the bytes, to tell cosmetic changes; None where it has none.
        value: Parameters: the value as text. Commands: the text. Else "".
        via: How it became an input: "declared", "entry point", "imported by src/train.py",
            "read by the last run", "named in conf/config.yaml", ...
        pending: Address of the stage that will make it, when that stage has to run first.
    """

    kind: InputKind
    name: str
    digest: str | None
    exact: str | None = None
    value: str = ""
    via: str = "declared"
    pending: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happened to one input between two runs.

    Attributes:
        kind, name: The input.
        effect: What that does to the model.
        sentence: For people: "`src/model.py` changed in meaning: function `fit`".
    """

    kind: InputKind
    name: str
    effect: ChangeEffect
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSet:
    """All changes of a stage's inputs against one earlier result; empty when nothing changed."""

    changes: tuple[Change, ...] = ()
