"""Port `meanings`: what was read out of files before, in `.branchline/cache.db`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.ports.meanings import MeaningCache

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from branchline.adapters.dvc.cache_database import CacheDatabase
    from branchline.core.changes.values import Meaning


_FEW = 3
"""So many new meanings at once are what a trial changes, not code that was read."""


class SqliteMeaningCache(MeaningCache):
    """Meanings by content; a row that cannot be read counts as absent.

    Args:
        database: Where they are kept.
        remembers: Keep what was asked for in memory, too, and write only what is asked for first:
            for a search, whose trials ask for the same code again and again, and each for
            parameters that nobody will ask for again.
    """

    def __init__(self, database: CacheDatabase, *, remembers: bool = False) -> None:
        self._database = database
        self._remembers = remembers
        self._known: dict[str, Meaning] = {}

    def load(self, keys: Iterable[str]) -> Mapping[str, Meaning]:
        """See the port."""
        asked = list(dict.fromkeys(keys))
        found = {key: self._known[key] for key in asked if key in self._known}
        wanted = [key for key in asked if key not in found]
        for key, text in self._database.lookup("SELECT key, value FROM meaning WHERE key", wanted):
            meaning = _from_text(text)
            if meaning is not None:
                found[key] = meaning
        if self._remembers:
            self._known.update(found)
        return found

    def save(self, meanings: Mapping[str, Meaning]) -> None:
        """See the port."""
        is_first = not self._known
        if self._remembers:
            self._known.update(meanings)
        if meanings and (is_first or len(meanings) > _FEW):
            self._database.write(
                "INSERT OR REPLACE INTO meaning VALUES (?, ?)",
                [(key, _to_text(meaning)) for key, meaning in meanings.items()],
            )


def _to_text(meaning: Meaning) -> str:
    import json

    imports = [
        (i.module, i.names, i.level, i.is_weak, i.line, i.is_prefix) for i in meaning.imports
    ]
    return json.dumps(
        (
            meaning.reading.value,
            meaning.digest,
            meaning.parts,
            imports,
            meaning.mentions,
            meaning.runs,
            meaning.doubts,
        ),
        separators=(",", ":"),
    )


def _from_text(text: str) -> Meaning | None:
    import json

    from branchline.core.changes.values import Import, Meaning, Reading

    try:
        reading, digest, parts, imports, mentions, runs, doubts = json.loads(text)
        return Meaning(
            reading=Reading(reading),
            digest=digest,
            parts=tuple((name, part) for name, part in parts),
            imports=tuple(
                Import(
                    module=module,
                    names=tuple(names),
                    level=level,
                    is_weak=is_weak,
                    line=line,
                    is_prefix=is_prefix,
                )
                for module, names, level, is_weak, line, is_prefix in imports
            ),
            mentions=tuple(mentions),
            runs=tuple(runs),
            doubts=tuple(doubts),
        )
    except (ValueError, TypeError):
        return None
