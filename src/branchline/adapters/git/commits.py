"""Commits made without a working tree: trees edited in memory, objects written in one process.

Serves `adapters.git.branches`. The same arguments make the same objects, byte for byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from branchline.adapters.git.objects import ObjectReader, ObjectWriter
from branchline.errors import RepositoryError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from branchline.adapters.git.plumbing import Git
    from branchline.ports.branches import Signature

_FOLDER, _FILE = b"40000", b"100644"
_FILE_MODES = (b"100644", b"100755", b"100664")
_Entries = dict[bytes, tuple[bytes, str]]  # name -> (mode, object name)


def commit_object(tree: str, parents: Sequence[str], *, message: str, by: Signature) -> bytes:
    """The content of a commit object.

    Args:
        tree: Object name of its files.
        parents: Object names of the commits that it follows.
        message: Text; a newline is added at its end when there is none.
        by: Author and committer; angle brackets, line breaks and NUL are taken out of the names.
    """
    who = f"{_plain(by.name) or 'unknown'} <{_plain(by.email)}> {max(int(by.at), 0)} +0000"
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
    lines += [f"author {who}", f"committer {who}", ""]
    text = message.replace("\0", "").rstrip("\n") + "\n"
    return ("\n".join(lines) + "\n" + text).encode("utf-8", "replace")


def commit_with_files(
    git: Git,
    parent: str,
    files: Mapping[str, bytes | None],
    *,
    message: str,
    by: Signature,
) -> str:
    """Make a commit that sets or removes files on top of another.

    Raises:
        RepositoryError: The parent is no commit, or a path cannot stand in its tree.
    """
    changes = {_parts(path): content for path, content in sorted(files.items())}
    writer = ObjectWriter(git)
    with ObjectReader(git) as reader:
        tree = _tree_of(reader, parent)
        new_tree = _edited(reader, writer, tree, changes, ())
    if new_tree is None:
        new_tree = writer.tree_object([])
    commit = writer.commit(commit_object(new_tree, (parent,), message=message, by=by))
    writer.write()
    return commit


def _tree_of(reader: ObjectReader, commit: str) -> str:
    (found,) = reader.read([f"{commit}^{{tree}}"])
    if found is None or found[1] != "tree":
        raise RepositoryError(f"`{commit}` names no commit of this repository")
    return found[0]


def _edited(
    reader: ObjectReader,
    writer: ObjectWriter,
    tree: str | None,
    changes: Mapping[tuple[str, ...], bytes | None],
    above: tuple[str, ...],
) -> str | None:
    """A tree with changes below it; None when nothing is left in it."""
    entries = {} if tree is None else _entries(reader, tree)
    inside: dict[str, dict[tuple[str, ...], bytes | None]] = {}
    # Removals come first: a file may make room for a folder of its name.
    for parts, content in sorted(changes.items(), key=lambda item: item[1] is not None):
        name = parts[0].encode("utf-8", "surrogateescape")
        if len(parts) > 1:
            inside.setdefault(parts[0], {})[parts[1:]] = content
        elif content is None:
            if entries.get(name, (_FILE, ""))[0] != _FOLDER:
                entries.pop(name, None)
        else:
            mode = entries.get(name, (_FILE, ""))[0]
            if mode == _FOLDER:
                raise _refused((*above, parts[0]), "is a folder")
            # What was a link or a submodule becomes a file: its content is no path.
            entries[name] = (mode if mode in _FILE_MODES else _FILE, writer.blob(content))
    for folder, below in inside.items():
        _descend(reader, writer, entries, folder, below, above)
    if not entries:
        return None
    return writer.tree_object([(mode, name, held) for name, (mode, held) in entries.items()])


def _descend(
    reader: ObjectReader,
    writer: ObjectWriter,
    entries: _Entries,
    folder: str,
    below: Mapping[tuple[str, ...], bytes | None],
    above: tuple[str, ...],
) -> None:
    name = folder.encode("utf-8", "surrogateescape")
    mode, held = entries.get(name, (_FOLDER, ""))
    if mode != _FOLDER:
        if all(content is None for content in below.values()):
            return
        raise _refused((*above, folder), "is a file, not a folder")
    new = _edited(reader, writer, held or None, below, (*above, folder))
    if new is None:
        entries.pop(name, None)
    else:
        entries[name] = (_FOLDER, new)


def _entries(reader: ObjectReader, tree: str) -> _Entries:
    (found,) = reader.read([tree])
    if found is None or found[1] != "tree":
        raise RepositoryError(f"the tree `{tree}` is missing from this repository")
    content, width = found[2], len(tree) // 2
    entries: _Entries = {}
    at = 0
    while at < len(content):
        end = content.index(b"\0", at)
        mode, _, name = content[at:end].partition(b" ")
        at = end + 1 + width
        entries[name] = (mode, content[end + 1 : at].hex())
    return entries


def _parts(path: str) -> tuple[str, ...]:
    parts = tuple(path.split("/"))
    if any(_is_refused(part) for part in parts):
        raise RepositoryError(
            f"a commit cannot hold a file named {path!r}",
            todo="Name files from the root of the repository, e.g. `params.yaml`.",
        )
    return parts


def _is_refused(part: str) -> bool:
    """What git refuses to check out, here or on a machine whose file names ignore case."""
    low = part.lower().rstrip(". ")
    return low in ("", ".git", "git~1") or part in (".", "..") or "\0" in part or "\\" in part


def _refused(parts: Sequence[str], why: str) -> RepositoryError:
    path = "/".join(parts)
    return RepositoryError(f"`{path}` {why} in that commit", todo="Choose another path.")


def _plain(text: str) -> str:
    return "".join(char for char in text if char not in "<>\n\r\0").strip()
