"""What the place where outputs are kept asks of the workflows: libraries, variables, a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from branchline.generate.workflows.values import Facts

_KINDS = {
    "s3": ("s3fs", ("AWS_",)),
    "gs": ("gcsfs", ("GOOGLE_", "GCS_")),
    "azure": ("adlfs", ("AZURE_",)),
    "ssh": ("sshfs", ("SSH_",)),
}
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
            "there is no `store:` in branchline.yaml: a model that a job trains stands on its"
            " machine alone, and no version of it is registered, unless DVC names a default remote;"
            " write e.g. `store: s3://bucket/prefix`",
        )
    library = libraries(facts.store)
    if library and not facts.writes_requirements:
        return (f"`{library[0]}` must be in {facts.requirements}: the store is reached by it",)
    return ()
