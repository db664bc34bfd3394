"""Station `changes`: meanings as a run's record holds them, so that another clone need not parse.

The file `meanings.json` of a record: what each file of the closure said, by git blob id. The parts
of a file (its functions) are left out: they would be most of the size, and whoever has to name them
reads the file anyway. What cannot be read counts as absent: the file is parsed then.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from branchline.core.changes.meaning import meaning_from_json, meaning_to_json
from branchline.core.changes.values import ALGORITHM
from branchline.core.values import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from branchline.core.changes.values import Meaning
    from branchline.core.values import JsonValue

_PARTS = 2  # The position of the parts in `meaning_to_json`.
_DIGEST = re.compile(r"[0-9a-f]{64}")


def seeds_to_json(meanings: Mapping[str, Meaning]) -> dict[str, JsonValue]:
    """The meanings of a record.

    Args:
        meanings: By cache key, `<blob>:<what else decides the reading>`.

    Returns:
        The same for the same meanings, in whatever order they come.
    """
    grouped: dict[str, dict[str, JsonValue]] = {}
    for key in sorted(meanings):
        blob, _, suffix = key.partition(":")
        fields = meaning_to_json(meanings[key])
        kept = [f for at, f in enumerate(_listed(fields)) if at != _PARTS]
        grouped.setdefault(suffix, {})[blob] = kept
    return {"schema_version": SCHEMA_VERSION, "algorithm": ALGORITHM, "meanings": grouped}


class Seeds:
    """Recorded meanings, each decoded when it is asked for.

    Args:
        text: A `meanings.json`; anything else holds no meaning.
    """

    def __init__(self, text: bytes) -> None:
        self._groups = _groups(text)

    def find(self, key: str) -> Meaning | None:
        """The meaning by its cache key, without parts; None when there is none that can be used."""
        blob, _, suffix = key.partition(":")
        group = self._groups.get(suffix)
        fields = group.get(blob) if isinstance(group, dict) else None
        if not isinstance(fields, list) or len(fields) != 6:
            return None
        meaning = meaning_from_json([*fields[:_PARTS], [], *fields[_PARTS:]])
        return meaning if meaning is not None and _is_sound(meaning) else None


def _groups(text: bytes) -> dict[str, JsonValue]:
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    # Another version may say the same of a file in another way: no mixing.
    if not isinstance(whole, dict) or whole.get("algorithm") != ALGORITHM:
        return {}
    groups = whole.get("meanings")
    return groups if isinstance(groups, dict) else {}


def _is_sound(meaning: Any) -> bool:
    """Whether the fields of a `Meaning` are of their types: JSON holds what it likes."""
    texts = (*meaning.mentions, *meaning.runs, *meaning.doubts)
    return (
        isinstance(meaning.digest, str)
        and _DIGEST.fullmatch(meaning.digest) is not None
        and all(isinstance(text, str) for text in texts)
        and all(
            isinstance(i.module, str)
            and all(isinstance(name, str) for name in i.names)
            and type(i.level) is int
            and i.level >= 0
            and type(i.line) is int
            for i in meaning.imports
        )
    )


def _listed(fields: JsonValue) -> list[JsonValue]:
    return list(fields) if isinstance(fields, list) else []
