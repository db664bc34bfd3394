"""What the place where outputs are kept asks of the workflows: libraries, variables, a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.generate.workflows.values import may_be_own

if TYPE_CHECKING:
    from collections.abc import Iterable

    from branchline.generate.workflows.values import Facts

_KINDS = {
    "s3": ("s3fs", ("AWS_",)),
    "gs": ("gcsfs", ("GOOGLE_", "GCS_")),
    "azure": ("adlfs", ("AZURE_",)),
    "ssh": ("sshfs", ("SSH_",)),
}
_USUAL = {
    "s3": "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "azure": "AZURE_STORAGE_CONNECTION_STRING",
}
"""Names under which most keep what opens a store; SSH takes none of a variable."""
_SAME = {"gcs": "gs", "az": "azure", "abfs": "azure", "abfss": "azure", "sftp": "ssh"}


def kind_of(store: str | None) -> str:
    """Kind of a store's address; "" for none, `folder` for a folder.

    >>> kind_of("az://container/x"), kind_of("/mnt/models"), kind_of(None)
    ('azure', 'folder', '')
    """
    if not store:
        return ""
    scheme, mark, _ = store.partition("://")
    return _SAME.get(scheme, scheme) if mark and scheme != "file" else "folder"


def libraries(kind: str) -> tuple[str, ...]:
    """What is installed besides Branchline, so that a store is reached."""
    return (_KINDS[kind][0],) if kind in _KINDS else ()


def variables(kind: str, names: Iterable[str]) -> tuple[str, ...]:
    """Those of the settings' secrets and variables that open a store, by their names."""
    prefixes = _KINDS[kind][1] if kind in _KINDS else ()
    return tuple(name for name in names if name.startswith(prefixes)) if prefixes else ()


def notes_of_store(facts: Facts) -> tuple[str, ...]:
    """What whoever writes the workflows must know of the place where models are kept."""
    if not facts.registers:
        return ()
    if not facts.store:
        return (
            "there is no `store:` in branchline.yaml, and DVC names no address as its default"
            " remote: a model that a job trains stands on its machine alone, and no version of it"
            " is registered; write e.g. `store: s3://bucket/prefix`",
        )
    notes = []
    library = libraries(facts.store)
    if library and not facts.writes_requirements:
        notes.append(f"`{library[0]}` must be in {facts.requirements}: the store is reached by it")
    if facts.store in ("http", "https"):
        notes.append("the store is an address that is only read: no version is registered")
    opens = variables(facts.store, (*facts.secrets, *facts.variables))
    is_let_in = bool(opens) or facts.register_takes_role or may_be_own(facts.parts[-1].runs_on)
    if facts.store in _USUAL and not is_let_in:
        notes.append(
            f"no job gets what opens the store: write github: {{secrets: [{_USUAL[facts.store]}]}}"
            " into branchline.yaml, and set these in the environments"
        )
    return tuple(notes)
