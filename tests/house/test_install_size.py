"""What an install of the base package adds: at most 10 packages and 25 MB.

Measured on the installed distributions of this environment, because tests have no network.
"""

from __future__ import annotations

from importlib import metadata

from packaging.requirements import Requirement

MOST_PACKAGES = 10
MOST_BYTES = 25_000_000


def installed_by(name: str) -> dict[str, metadata.Distribution]:
    """The distributions that installing this one brings, itself included, extras left out."""
    found: dict[str, metadata.Distribution] = {}
    waiting = [name]
    while waiting:
        wanted = waiting.pop().lower().replace("_", "-")
        if wanted in found:
            continue
        found[wanted] = metadata.distribution(wanted)
        for text in found[wanted].requires or []:
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
    return found


def size_bytes(distribution: metadata.Distribution) -> int:
    """Bytes of its files on disk."""
    places = [distribution.locate_file(file) for file in distribution.files or []]
    return sum(place.stat().st_size for place in places if place.is_file())  # type: ignore[attr-defined] # a Path here


def test_an_install_is_small() -> None:
    found = installed_by("branchline")

    sizes = {name: size_bytes(distribution) for name, distribution in found.items()}
    assert len(found) <= MOST_PACKAGES, sorted(found)
    assert sum(sizes.values()) <= MOST_BYTES, sizes
    assert len(found) > 1
