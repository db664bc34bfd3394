"""References under refs/branchline: listing, creating with compare-and-swap, naming.

Serves the adapters beside it. Nothing here reads a record.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from branchline.adapters.git.plumbing import read_text, refusal
from branchline.errors import RecordError

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from branchline.adapters.git.plumbing import Git
    from branchline.core.plan.values import Result

HOME = "refs/branchline/"
RESULTS = HOME + "results/"
RUNS = HOME + "runs/"
ANSWERS = HOME + "answers/"
NOISE = HOME + "noise/"
APPROVALS = HOME + "approvals/"
DEPLOYMENTS = HOME + "deployments/"
LOOKS = HOME + "looks/"
INCOMING = "refs/branchline-incoming/"

_COMPONENT = re.compile(r"[0-9A-Za-z_](?:[0-9A-Za-z._-]*[0-9A-Za-z_-])?")
_HEX = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_PATTERNS_AT_ONCE = 500


def list_references(git: Git, patterns: Sequence[str]) -> dict[str, str]:
    """References by prefix or glob: full name -> object name, sorted by name.

    Prefixes that end in a slash are read from git's own files where references are files: that
    costs no process.

    Raises:
        RecordError: git refused.
    """
    if all(pattern.endswith("/") for pattern in patterns) and git.has_reference_files():
        in_files = _list_files(git, patterns)
        if in_files is not None:
            return in_files
    found: dict[str, str] = {}
    for start in range(0, len(patterns), _PATTERNS_AT_ONCE):
        some = patterns[start : start + _PATTERNS_AT_ONCE]
        args = ["for-each-ref", "--format=%(objectname) %(refname)", "--", *some]
        for row in git.run(args, error=RecordError).decode("utf-8", "surrogateescape").splitlines():
            name, _, reference = row.partition(" ")
            found[reference] = name
    return found


def _list_files(git: Git, prefixes: Sequence[str]) -> dict[str, str] | None:
    """References below prefixes, from loose files and packed-refs; None where that is not plain.

    Loose files are read first, as git does: what `git pack-refs` moves meanwhile is seen in one.
    """
    common = git.places.common_dir
    loose: dict[str, str] = {}
    for prefix in prefixes:
        for folder, _, files in os.walk(f"{common}/{prefix}"):
            for name in files:
                path = f"{folder}/{name}"
                held = (read_text(path) or "").strip()
                if name.endswith(".lock") or not held:
                    continue
                if not _HEX.fullmatch(held):
                    return None  # a symbolic reference: git knows better
                loose[os.path.relpath(path, common)] = held
    packed: dict[str, str] = {}
    wanted = tuple(prefixes)
    for row in git.packed_references().splitlines() if prefixes else ():
        held, _, name = row.partition(" ")
        if name.startswith(wanted):
            packed[name] = held
    return dict(sorted({**packed, **loose}.items()))


def those_that_may_exist(git: Git, prefixes: Mapping[str, str]) -> dict[str, str]:
    """The prefixes without those under which there is surely nothing; costs no process.

    Args:
        git: The repository.
        prefixes: Any name -> prefix of references, ending in a slash.
    """
    if not git.has_reference_files():
        return dict(prefixes)
    common = git.places.common_dir
    loose = {key for key, prefix in prefixes.items() if os.path.isdir(f"{common}/{prefix}")}
    # Loose before packed, as git looks: what `git pack-refs` moves meanwhile is seen in one.
    packed = git.packed_references()
    return {key: p for key, p in prefixes.items() if key in loose or f" {p}" in packed}


def results_prefix(key: str) -> str:
    """Prefix of the references of all results under a key.

    Raises:
        RecordError: The key cannot stand in a reference's name.
    """
    return f"{RESULTS}{component(key[:2])}/{component(key)}/"


def result_reference(result: Result) -> str:
    """The one place of a result: its key, what it observed, and from the second attempt on its try.

    A forced repetition (`attempt` 2, 3, ...) must not lose against the result that it repeats.
    """
    from branchline.core.values import digest_of

    seen = digest_of(sorted((item.path, item.digest) for item in result.observed))[:16]
    again = f"-{result.attempt}" if result.attempt > 1 else ""
    return f"{results_prefix(result.key)}{seen}{again}"


def key_of(reference: str) -> str:
    """The key in a result's reference; "" when the name has another shape."""
    parts = reference.removeprefix(RESULTS).split("/")
    return parts[1] if reference.startswith(RESULTS) and len(parts) == 3 else ""


def component(text: str) -> str:
    """A text as one component of a reference's name.

    Raises:
        RecordError: git would refuse it there.
    """
    if not _COMPONENT.fullmatch(text) or ".." in text or text.endswith(".lock"):
        raise RecordError(f"{text!r} cannot name a record")
    return text


def first_free(prefix: str, taken: Container[str]) -> str:
    """The first of `prefix`, `prefix-2`, `prefix-3`, ... that is not taken."""
    if prefix not in taken:
        return prefix
    number = 2
    while f"{prefix}-{number}" in taken:
        number += 1
    return f"{prefix}-{number}"


def transact(
    git: Git,
    *,
    create: Mapping[str, str] | None = None,
    move: Mapping[str, tuple[str, str]] | None = None,
    delete: Mapping[str, str] | None = None,
) -> bool:
    """Change references in one transaction: all or none.

    Args:
        git: The repository.
        create: Reference -> object; it must not exist yet.
        move: Reference -> (new object, object that it must hold now).
        delete: Reference -> object that it must hold now.

    Returns:
        False when somebody else changed one of them first; nothing was changed then.

    Raises:
        RecordError: git refused for another reason (a full disk, no right to write).
    """
    lines = [f"create {name}\0{new}\0" for name, new in (create or {}).items()]
    lines += [f"update {name}\0{new}\0{old}\0" for name, (new, old) in (move or {}).items()]
    lines += [f"delete {name}\0{old}\0" for name, old in (delete or {}).items()]
    if not lines:
        return True
    stdin = "".join(lines).encode("utf-8", "surrogateescape")
    answer = git.ask(["update-ref", "--stdin", "-z"], stdin)
    if answer.code == 0:
        return True
    if "cannot lock ref" in answer.complaint and not _is_refused_by_disk(answer.complaint):
        return False
    raise refusal(["update-ref"], answer, RecordError)


def _is_refused_by_disk(complaint: str) -> bool:
    return any(
        word in complaint
        for word in ("Permission denied", "No space left", "Read-only file system", "quota")
    )
