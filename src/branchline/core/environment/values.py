"""What is said, asked and found of the packages that surround the code. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from branchline.core.values import digest_of


class Strength(Enum):
    """How much a hint at the interpreter says."""

    EXACT = "exact"
    """One version: `.python-version`, the image of a Dockerfile."""
    SET = "set"
    """Versions that it was tried with: tox, a CI matrix, classifiers."""
    RANGE = "range"
    """What it may be: `requires-python`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """What a file of the project says of the interpreter.

    Attributes:
        file: From the root. line: From 1.
        quote: The line, as it stands.
        says: Minor versions ("3.8"), or a range in PEP 440's or Poetry's grammar.
        strength: How much that is.
    """

    file: str
    line: int
    quote: str
    says: tuple[str, ...]
    strength: Strength


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python of this machine: its full version and its absolute path."""

    version: str
    path: str

    @property
    def minor(self) -> str:
        """Its minor version: "3.9"."""
        return ".".join(self.version.split(".")[:2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Where packages come from, as requirement files say; may hold passwords, so is never kept.

    Attributes:
        default: Address that stands for the usual index; "" is the usual one.
        more: Further addresses.
        links: Folders and pages with files.
        is_closed: Whether nothing but `links` is asked.
    """

    default: str = ""
    more: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    is_closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A set of packages that is to be found.

    Attributes:
        root: Absolute root of the tree.
        file: The file that the user knows: a lock, requirements, pyproject.toml; from the root.
        sources: Files in pip's grammar, pyproject.toml or setup.py, that say what is wanted.
        wishes: Further requirements, one a line.
        constraints: Versions that packages must have if they are wanted at all, one a line.
        overrides: The same, stronger than what the files say.
        complete: Whole text of a file with pins and hashes that needs no finding; "" elsewhere.
        hashes: Package -> digests that a lock allows; the files must have one of them.
        no_build: Packages of which only built files are taken; ":all:" is each.
        python: Absolute path of the interpreter.
        python_version: Its version.
        as_of: Only files that were there before this moment, ISO 8601 with its zone; "" is now.
        index: Where packages come from.
        local: Folders of the repository that are installed, from the root.
        state: Digest of what `sources` and `local` hold.
    """

    root: str
    file: str
    sources: tuple[str, ...] = ()
    wishes: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    complete: str = ""
    hashes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    no_build: tuple[str, ...] = ()
    python: str = ""
    python_version: str = ""
    as_of: str = ""
    index: Index = field(default_factory=Index)
    local: tuple[str, ...] = ()
    state: str = ""

    def digest(self, place: str) -> str:
        """Names the answer among those that were found before.

        Args:
            place: Digest of where packages come from besides: the variables of the machine.
        """
        return digest_of(
            [
                *(self.file, list(self.sources), list(self.wishes), list(self.constraints)),
                *(list(self.overrides), self.complete, [[n, list(h)] for n, h in self.hashes]),
                *(list(self.no_build), self.python_version, self.as_of, self.state),
                *(digest_of([self.index.default, *self.index.more, *self.index.links]), place),
            ]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One package: normalised name, version, where it is from ("" for an index), digests."""

    name: str
    version: str
    source: str = ""
    hashes: tuple[str, ...] = ()
    marker: str = ""

    @property
    def pin(self) -> str:
        """As a line in pip's grammar, without digests."""
        what = f"{self.name} @ {self.source}" if self.source else f"{self.name}=={self.version}"
        return f"{what} ; {self.marker}" if self.marker else what


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A set of packages that was found.

    Attributes:
        packages: By name.
        as_of: The moment, as asked.
        python_version: Full.
        local: Folders of the repository that are installed beside them.
    """

    packages: tuple[Package, ...]
    as_of: str = ""
    python_version: str = ""
    local: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Of the set, whatever file or moment it came from: the same set has the same digest."""
        rows = [
            [p.name, p.version, p.source, p.marker, *sorted(p.hashes)]
            for p in sorted(self.packages, key=lambda p: (p.name, p.version, p.marker))
        ]
        return digest_of(["packages", rows])

    @property
    def text(self) -> str:
        """In pip's grammar, with digests."""
        lines = []
        for package in self.packages:
            hashes = "".join(f" \\\n    --hash={item}" for item in package.hashes)
            lines.append(f"{package.pin}{hashes}\n")
        return "".join(lines)
