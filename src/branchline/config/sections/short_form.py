"""Section `train` of branchline.yaml: the short form, one stage.

Data only; `kinds` says how it is checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from branchline.config.kinds import Flag, Key, Kind, ListOf, MapOf, OneOf, Section, Text
from branchline.config.sections.training import COMMAND, TEXTS


@dataclass(frozen=True)
class Nothing(Kind):
    """A value that is left out on purpose: `params.yaml:` with nothing behind it."""

    words: str = "nothing, which means all of it"

    def accepts(self, value: object) -> bool:
        """Whether there is none."""
        return value is None

    def schema(self) -> dict[str, Any]:
        """As JSON Schema."""
        return {"type": "null"}


METRICS_FILE = OneOf(
    (
        Text("a file or folder"),
        Section(
            {
                "path": Key(Text("a file or folder"), "Where it stands.", required=True),
                "reader": Key(
                    Text("a metric reader"),
                    "What reads it (docs/reference/metric-readers.md); the one that fits best when"
                    " not set.",
                ),
                "printed": Key(
                    Flag(),
                    "Branchline writes the file: it is what the command prints.",
                    default=False,
                ),
            },
            words="{path: train.log, printed: true}",
        ),
    )
)

TRAIN = OneOf(
    (
        COMMAND,
        Section(
            {
                "run": Key(COMMAND, "The command.", required=True),
                "deps": Key(TEXTS, "Files and folders it reads, besides the code it imports."),
                "params": Key(
                    ListOf(OneOf((Text("a parameter"), MapOf(OneOf((TEXTS, Nothing())), "files")))),
                    "Parameters it uses, as in dvc.yaml.",
                ),
                "outs": Key(
                    TEXTS,
                    "Files and folders it leaves. Those that you name must be there at its end; of "
                    "the defaults here and of `metrics` one is enough.",
                    ["model"],
                ),
                "metrics": Key(
                    ListOf(METRICS_FILE),
                    "Metrics files it leaves, or folders of a logger; what is printed by"
                    " {path: train.log, printed: true}.",
                    ["metrics.json"],
                ),
            },
            words="{run: ..., outs: [...], metrics: [...]}",
        ),
    )
)
