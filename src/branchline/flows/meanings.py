"""Meanings that travel with records, so that a fresh clone parses only what differs.

Serves the station `changes`. The cache of one clone (`ports.meanings`) stays there; CI starts with
none. A record is as trustworthy as the results beside it: whoever may write one may write both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.core.changes.seeds import Seeds
    from branchline.core.changes.values import Meaning
    from branchline.core.plan.values import Result
    from branchline.ports.records import Records

FILE = "meanings.json"
FEWEST = 20
"""Fewer files are parsed sooner than a record of them is written."""
MOST_RECORDS = 4


def meanings_to_record(meanings: Mapping[str, Meaning]) -> dict[str, bytes]:
    """The file for a run's record; none when there is little to tell.

    Args:
        meanings: By cache key, what the walk read.
    """
    if len(meanings) < FEWEST:
        return {}
    import json

    from branchline.core.changes.seeds import seeds_to_json

    # One line: the same closure makes the same blob in every record.
    text = json.dumps(seeds_to_json(meanings), separators=(",", ":"))
    return {FILE: text.encode()}


def recorded_meanings(records: Records, last: Mapping[str, Result]) -> Sequence[Seeds]:
    """What the newest run and the runs of the last results recorded, newest first.

    Args:
        records: Where to look.
        last: Stage -> its newest result.
    """
    ids = list(records.run_ids()[-1:])
    if not ids:
        return ()
    ids += sorted({result.run for result in last.values()} - set(ids), reverse=True)
    stored = records.runs(ids[:MOST_RECORDS], names=(FILE,))
    texts = dict.fromkeys(run.files[FILE] for run in reversed(stored) if FILE in run.files)
    if not texts:
        return ()
    from branchline.core.changes.seeds import Seeds

    return [Seeds(text) for text in texts]
