"""git by its plumbing commands: where a repository is, one process, one answer.

Serves the adapters beside it; decides nothing. No shell is used, the environment carries only what
git needs from outside (identity, transport, configuration), and output is in the C locale.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from branchline.errors import BranchlineError, MissingToolError, ProgramKilledError, RepositoryError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_KEPT = re.compile(
    r"GIT_(SSH|SSH_COMMAND|SSH_VARIANT|ASKPASS|TERMINAL_PROMPT|PROXY_COMMAND|SSL_\w+|HTTP_\w+"
    r"|CONFIG_(GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_\d+|VALUE_\d+)|ALLOW_PROTOCOL|PROTOCOL_FROM_USER"
    r"|EXEC_PATH|(AUTHOR|COMMITTER)_(NAME|EMAIL|DATE))"
)
_HEX = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one git process said.

    Attributes:
        code: Exit status. out: Standard output. complaint: Standard error, decoded.
    """

    code: int
    out: bytes
    complaint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where a repository keeps things; absolute paths.

    Attributes:
        root: Working tree; the git directory itself when the repository is bare.
        git_dir: Of this working tree. common_dir: Shared by all linked working trees.
        is_bare: Without a working tree.
        is_apart: git is to be told of both, for the working tree's own `.git` does not count.
    """

    root: str
    git_dir: str
    common_dir: str
    is_bare: bool = False
    is_apart: bool = False


def git_environment(outer: Mapping[str, str]) -> dict[str, str]:
    """The environment that git gets: the caller's, less every GIT_* that could redirect it."""
    kept = {
        name: value
        for name, value in outer.items()
        if not name.startswith("GIT_") or _KEPT.fullmatch(name)
    }
    kept["LC_ALL"] = "C"
    kept["LANGUAGE"] = ""
    return kept


def find_places(start: str) -> Places:
    """Find the repository that holds a folder, without a git process.

    Raises:
        RepositoryError: There is none.
    """
    folder = os.path.realpath(start)
    while True:
        dot_git = os.path.join(folder, ".git")
        if _is_git_dir(dot_git):
            return Places(root=folder, git_dir=dot_git, common_dir=_common_dir(dot_git))
        pointed = _pointed_git_dir(dot_git)
        if pointed:
            return Places(root=folder, git_dir=pointed, common_dir=_common_dir(pointed))
        if _is_git_dir(folder):
            return Places(root=folder, git_dir=folder, common_dir=folder, is_bare=True)
        parent = os.path.dirname(folder)
        if parent == folder:
            raise RepositoryError(
                f"{os.path.abspath(start)} is not inside a git repository",
                todo="Change into a repository, or make one with `git init`.",
            )
        folder = parent


def read_text(path: str) -> str | None:
    """A small file of git's own; None when it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return None


def _is_git_dir(path: str) -> bool:
    return os.path.isfile(os.path.join(path, "HEAD")) and (
        os.path.isdir(os.path.join(path, "objects"))
        or os.path.isfile(os.path.join(path, "commondir"))
    )


def _pointed_git_dir(dot_git: str) -> str | None:
    """What a `.git` file (linked working tree, submodule) points at."""
    text = read_text(dot_git) if os.path.isfile(dot_git) else None
    if text is None or not text.startswith("gitdir:"):
        return None
    target = text[len("gitdir:") :].strip("\n").strip()
    path = os.path.normpath(os.path.join(os.path.dirname(dot_git), target))
    return path if _is_git_dir(path) else None


def _common_dir(git_dir: str) -> str:
    text = read_text(os.path.join(git_dir, "commondir"))
    return git_dir if text is None else os.path.normpath(os.path.join(git_dir, text.strip("\n")))


class Git:
    """One repository and the git program.

    Args:
        places: Where it is; see `Git.open`.
        environ: The caller's environment; the process's own when None.
        quarantine: Variables by which git's hooks see objects that are not taken yet.
    """

    def __init__(
        self,
        places: Places,
        environ: Mapping[str, str] | None = None,
        *,
        quarantine: Mapping[str, str] | None = None,
    ) -> None:
        self.places = places
        self._environ = git_environment(os.environ if environ is None else environ)
        self._environ.update(quarantine or {})
        self._has_reference_files: bool | None = None
        self._packed: tuple[tuple[int, int, int, int], str] | None = None

    @classmethod
    def open(cls, start: str, environ: Mapping[str, str] | None = None) -> Git:
        """The repository that holds `start`.

        Raises:
            RepositoryError: There is none.
        """
        return cls(find_places(start), environ)

    @property
    def environ(self) -> dict[str, str]:
        """What git's processes get; a copy."""
        return dict(self._environ)

    def command(self, args: Sequence[str]) -> list[str]:
        """The command line of a git process: no hooks, no optional locks, no pager."""
        # A user's reference-transaction or pre-push hook is about branches, not about records.
        fixed = ["git", "--no-optional-locks", "--no-pager", "-c", "core.hooksPath=/dev/null"]
        if self.places.is_bare:
            fixed += ["-c", "safe.bareRepository=all", f"--git-dir={self.places.git_dir}"]
        elif self.places.is_apart:
            fixed += [f"--git-dir={self.places.git_dir}", f"--work-tree={self.places.root}"]
        return [*fixed, *args]

    def ask(self, args: Sequence[str], stdin: bytes = b"") -> Answer:
        """Run git and return what it said, whatever its exit status.

        Raises:
            MissingToolError: git is not on this machine.
            ProgramKilledError: A signal ended it.
        """
        import subprocess

        try:
            done = subprocess.run(
                self.command(args),
                input=stdin,
                capture_output=True,
                cwd=self.places.root,
                env=self._environ,
                check=False,
            )
        except FileNotFoundError:
            raise self.missing() from None
        if done.returncode < 0:
            raise killed(args, -done.returncode)
        complaint = done.stderr.decode("utf-8", "replace").strip()
        return Answer(code=done.returncode, out=done.stdout, complaint=complaint)

    def run(
        self,
        args: Sequence[str],
        stdin: bytes = b"",
        *,
        error: type[BranchlineError] = RepositoryError,
    ) -> bytes:
        """Run git and return its output.

        Raises:
            BranchlineError: git refused; an `error` with its message.
            MissingToolError: git is not on this machine.
        """
        answer = self.ask(args, stdin)
        if answer.code != 0:
            raise refusal(args, answer, error)
        return answer.out

    def missing(self) -> BranchlineError:
        """The error for a process that could not start."""
        if not os.path.isdir(self.places.root):
            return RepositoryError(f"{self.places.root} is not a folder any more")
        return MissingToolError(
            "`git` is not on this machine's PATH",
            todo="Install git, e.g. `apt-get install git`, and run the command again.",
        )

    def object_format(self) -> str:
        """Name of the repository's hash: sha1 or sha256."""
        return self._extension("objectformat") or "sha1"

    def has_reference_files(self) -> bool:
        """Whether references are files (and not a reftable); looked up once."""
        if self._has_reference_files is None:
            self._has_reference_files = self._extension("refstorage") in (None, "files")
        return self._has_reference_files

    def is_shared(self) -> bool:
        """Whether others write here, too, so that modes of files are set for them."""
        return self._extension("sharedrepository") is not None

    def packed_references(self) -> str:
        """The text of packed-refs, read again when the file moved; "" when there is none."""
        path = os.path.join(self.places.common_dir, "packed-refs")
        try:
            stat = os.stat(path)
        except OSError:
            return ""
        stamp = (stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_size)
        if self._packed is None or self._packed[0] != stamp:
            self._packed = (stamp, read_text(path) or "")
        return self._packed[1]

    def _extension(self, name: str) -> str | None:
        text = read_text(os.path.join(self.places.common_dir, "config")) or ""
        found = re.search(rf"^\s*{name}\s*=\s*\"?(\w+)", text, re.IGNORECASE | re.MULTILINE)
        return found[1].lower() if found else None


def refusal(
    args: Sequence[str], answer: Answer, error: type[BranchlineError] = RepositoryError
) -> BranchlineError:
    """The error for a git process that failed: its first complaint, the rest as details."""
    lines = [text for text in answer.complaint.splitlines() if text.strip()]
    said = lines[0] if lines else f"exit status {answer.code}"
    verb = next((arg for arg in args if not arg.startswith("-")), "")
    return error(f"`git {verb}` refused: {said}", details=lines[1:])


def killed(args: Sequence[str], number: int) -> ProgramKilledError:
    """The error for a git process that a signal ended: neither yes nor no."""
    import signal

    verb = next((arg for arg in args if not arg.startswith("-")), "")
    name = next((s.name for s in signal.Signals if s == number), f"signal {number}")
    return ProgramKilledError(
        f"`git {verb}` was killed by {name}",
        todo="Run the command again; if the machine ran out of memory, give it more.",
    )


def is_object_name(text: str) -> bool:
    """Whether a text is a full object name in hexadecimal (SHA-1 or SHA-256)."""
    return _HEX.fullmatch(text) is not None
