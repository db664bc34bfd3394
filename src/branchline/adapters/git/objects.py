"""git objects in bulk: one `cat-file --batch` reads many, one pack writes many.

Serves the adapters beside it. Object names are computed here, so that a record of many files costs
one process instead of one a file.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import TYPE_CHECKING

from branchline.errors import BranchlineError, RecordError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from subprocess import Popen
    from types import TracebackType

    from branchline.adapters.git.plumbing import Git

_KINDS = {"commit": 1, "tree": 2, "blob": 3}
_LOOSE_AT_MOST = 24  # Above this a pack is cheaper to write, and 200 loose files hasten git's gc.
_REQUESTS = 256  # Names of one round: 256 * 100 bytes fit a pipe, so neither side can block.


class ObjectReader:
    """One `git cat-file --batch` process; use it as a context manager, or close it.

    Raises:
        RecordError: The process died.
    """

    def __init__(self, git: Git) -> None:
        import subprocess

        try:
            self._process: Popen[bytes] = subprocess.Popen(
                git.command(["cat-file", "--batch"]),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=git.places.root,
                env=git.environ,
            )
        except FileNotFoundError:
            raise git.missing() from None

    def __enter__(self) -> ObjectReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(at_once=error is not None)

    def close(self, *, at_once: bool = False) -> None:
        """End the process."""
        process = self._process
        for pipe in (process.stdin, process.stdout):
            if pipe is not None and not pipe.closed:
                with contextlib.suppress(OSError):  # git was killed, with our last question unread
                    pipe.close()
        if at_once:
            process.kill()
        process.wait()

    def read(self, names: Sequence[str]) -> list[tuple[str, str, bytes] | None]:
        """Objects by name (`<hash>`, `<tree>:<path>`), in order.

        Returns:
            (hash, kind, content) of each; None where there is no such object.
        """
        found: list[tuple[str, str, bytes] | None] = []
        for start in range(0, len(names), _REQUESTS):
            found += self._round(names[start : start + _REQUESTS])
        return found

    def _round(self, names: Sequence[str]) -> list[tuple[str, str, bytes] | None]:
        stdin = self._process.stdin
        # A name with a line break would be read as two requests.
        asked = [name for name in names if "\n" not in name]
        if stdin is None or not asked:
            return [None for _ in names]
        try:
            stdin.write("".join(f"{name}\n" for name in asked).encode("utf-8", "surrogateescape"))
            stdin.flush()
        except BrokenPipeError:
            raise self._ended() from None
        answers = {name: self._answer() for name in asked}
        return [answers.get(name) for name in names]

    def _answer(self) -> tuple[str, str, bytes] | None:
        stdout = self._process.stdout
        header = b"" if stdout is None else stdout.readline()
        if stdout is None or not header.endswith(b"\n"):
            raise self._ended()
        words = header.rsplit(b" ", 2)
        if len(words) != 3 or not words[2].strip().isdigit():
            return None
        size = int(words[2])
        content = stdout.read(size + 1)
        if len(content) != size + 1:
            raise self._ended()
        return words[0].decode("ascii", "replace"), words[1].decode("ascii"), content[:size]

    def _ended(self) -> BranchlineError:
        """The error for a git that ended before it had answered."""
        from branchline.adapters.git.plumbing import killed

        code = self._process.wait()  # it closed its pipe, so it has ended or is about to
        if code < 0:
            return killed(["cat-file"], -code)
        return RecordError("`git cat-file` ended early")


class ObjectWriter:
    """Collects blobs, trees and commits and writes them with one process.

    Args:
        git: The repository.
    """

    def __init__(self, git: Git) -> None:
        self._git = git
        self._hash = git.object_format()
        self._objects: dict[str, tuple[str, bytes]] = {}

    def blob(self, content: bytes) -> str:
        """Add a blob; returns its object name."""
        return self._add("blob", content)

    def tree(self, files: Mapping[str, bytes]) -> str:
        """Add a tree of files, folders made as their paths need; returns its object name.

        Raises:
            RecordError: A path that git could not hold or check out.
        """
        return self._tree([(_parts(path), content) for path, content in files.items()])

    def tree_object(self, entries: Iterable[tuple[bytes, bytes, str]]) -> str:
        """Add one tree of (mode, file name, object name) entries; returns its object name."""
        # git sorts a folder as if its name ended in a slash.
        ordered = sorted(entries, key=lambda one: one[1] + (b"/" if one[0] == b"40000" else b""))
        lines = [b"%s %s\0" % (mode, name) + bytes.fromhex(held) for mode, name, held in ordered]
        return self._add("tree", b"".join(lines))

    def commit(self, content: bytes) -> str:
        """Add a commit object; returns its object name."""
        return self._add("commit", content)

    def write(self) -> None:
        """Write all that was added.

        Raises:
            RecordError: git refused, e.g. because the disk is full.
        """
        if not self._objects:
            return
        if len(self._objects) <= _LOOSE_AT_MOST:
            self._write_loose()
        else:
            pack = pack_of(self._objects.values(), self._hash)
            self._git.run(["index-pack", "--stdin"], pack, error=RecordError)
        self._objects = {}

    def _write_loose(self) -> None:
        """Write each object as git itself writes a few: zlib, read-only, renamed into its place.

        Where others share the repository git sets the modes, which it knows how to.
        """
        if self._git.is_shared():
            pack = pack_of(self._objects.values(), self._hash)
            self._git.run(["unpack-objects", "-q"], pack, error=RecordError)
            return
        folder = os.path.join(self._git.places.common_dir, "objects")
        for name, (kind, content) in self._objects.items():
            try:
                _write_object(f"{folder}/{name[:2]}", name[2:], _framed(kind, content))
            except OSError as error:
                raise RecordError(
                    f"git's object {name} cannot be written: {error.strerror}",
                    todo="See that the repository is writable and that the disk is not full.",
                ) from error

    def _add(self, kind: str, content: bytes) -> str:
        framed = _framed(kind, content)
        name = hashlib.new(self._hash, framed, usedforsecurity=False).hexdigest()
        self._objects[name] = (kind, content)
        return name

    def _tree(self, files: Sequence[tuple[tuple[str, ...], bytes]]) -> str:
        entries: list[tuple[bytes, bytes]] = []
        folders: dict[str, list[tuple[tuple[str, ...], bytes]]] = {}
        for parts, content in files:
            if len(parts) == 1:
                line = b"100644 %s\0" % _encoded(parts[0])
                entries.append((_encoded(parts[0]), line + bytes.fromhex(self.blob(content))))
            else:
                folders.setdefault(parts[0], []).append((parts[1:], content))
        for name, inside in folders.items():
            line = b"40000 %s\0" % _encoded(name)
            # git sorts a folder as if its name ended in a slash.
            entries.append((_encoded(name) + b"/", line + bytes.fromhex(self._tree(inside))))
        return self._add("tree", b"".join(entry for _, entry in sorted(entries)))


def _framed(kind: str, content: bytes) -> bytes:
    """What git digests and stores: the kind and the size stand before the content."""
    return b"%s %d\0" % (kind.encode(), len(content)) + content


def _write_object(folder: str, name: str, framed: bytes) -> None:
    """Write a loose object; one that is there is touched, so that `git gc` takes it for new."""
    import zlib

    path = f"{folder}/{name}"
    try:
        os.utime(path)
    except FileNotFoundError:
        pass
    else:
        return
    os.makedirs(folder, exist_ok=True)
    # `git gc` removes what is left under this name after a while.
    temporary = os.path.join(folder, f"tmp_obj_{os.urandom(6).hex()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
    try:
        with open(descriptor, "wb") as file:
            file.write(zlib.compress(framed, 1))
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def tree_entries(content: bytes, name_bytes: int) -> list[tuple[str, str, bool]]:
    """Entries of a tree object.

    Args:
        content: The object.
        name_bytes: Length of an object name: 20 or 32.

    Returns:
        (file name, object name, whether it is a folder) of each, in git's order.
    """
    entries = []
    at = 0
    while at < len(content):
        end = content.index(b"\0", at)
        mode, _, name = content[at:end].partition(b" ")
        at = end + 1 + name_bytes
        entries.append(
            (
                name.decode("utf-8", "surrogateescape"),
                content[end + 1 : at].hex(),
                mode == b"40000",
            )
        )
    return entries


def pack_of(objects: Iterable[tuple[str, bytes]], hash_name: str) -> bytes:
    """A pack file (version 2, no deltas) of (kind, content) pairs."""
    import zlib

    parts = []
    for kind, content in objects:
        size = len(content)
        byte, size = _KINDS[kind] << 4 | size & 15, size >> 4
        header = bytearray()
        while size:
            header.append(byte | 0x80)
            byte, size = size & 0x7F, size >> 7
        header.append(byte)
        parts.append(bytes(header) + zlib.compress(content, 1))
    body = b"PACK" + (2).to_bytes(4, "big") + len(parts).to_bytes(4, "big") + b"".join(parts)
    return body + hashlib.new(hash_name, body, usedforsecurity=False).digest()


def _parts(path: str) -> tuple[str, ...]:
    parts = tuple(path.split("/"))
    if any(part in ("", ".", "..") or part.lower() == ".git" or "\0" in part for part in parts):
        raise RecordError(f"a record cannot hold a file named {path!r}")
    return parts


def _encoded(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")
